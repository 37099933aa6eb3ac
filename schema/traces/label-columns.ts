import type { Labels } from '../../src/serving/traffic/arrival.ts';
import type { LineProblems } from './problems.ts';

/** Columns that say whose a request is and what it asks for. */
export const labelColumns: readonly (keyof Labels)[] = ['tenant', 'priority', 'model', 'adapter'];

const MOST = 1_000_000;

/** Reads label columns: tenants and adapters by any name, numbered in order of appearance (adapters from 1; nothing there is none), the others as whole numbers. */
export class LabelReader {
  readonly #problems: LineProblems;
  readonly #at: ReadonlyMap<keyof Labels, number>;
  readonly #tenants = new Map<string, number>();
  readonly #adapters = new Map<string, number>();

  constructor(problems: LineProblems, header: readonly string[]) {
    this.#problems = problems;
    this.#at = new Map(labelColumns.flatMap((name) => (header.includes(name) ? [[name, header.indexOf(name)] as const] : [])));
  }

  /** Names of the tenants by their numbers; undefined where there is no such column. */
  get tenants(): readonly string[] | undefined {
    return this.#at.has('tenant') ? [...this.#tenants.keys()] : undefined;
  }

  /** The labels of a row; undefined where the table has none. */
  read(cells: readonly string[], line: number): Partial<Labels> | undefined {
    if (this.#at.size === 0) return undefined;
    const labels: Partial<Labels> = {};
    for (const [name, at] of this.#at) labels[name] = this.#valueOf(name, cells[at] ?? '', line);
    return labels;
  }

  #valueOf(name: keyof Labels, text: string, line: number): number {
    switch (name) {
      case 'tenant':
        return numbered(this.#tenants, text, 0);
      case 'adapter':
        return text === '' ? 0 : numbered(this.#adapters, text, 1);
      case 'priority':
      case 'model': {
        const value = Number(text);
        const least = name === 'model' ? 0 : -MOST;
        if (text !== '' && Number.isInteger(value) && value >= least && value <= MOST) return value;
        this.#problems.add(line, `${name}: expected a whole number from ${least} to ${MOST}, got "${text}"`);
        return 0;
      }
    }
  }
}

function numbered(known: Map<string, number>, name: string, from: number): number {
  const number = known.get(name) ?? known.size + from;
  known.set(name, number);
  return number;
}
