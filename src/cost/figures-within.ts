import type { Figure } from '../catalogue/figure.ts';

/** A sourced figure inside a record, and the record with it multiplied. */
export interface PlacedFigure<T> {
  readonly name: string;
  readonly unit: string;
  readonly figure: Figure;
  readonly times: (factor: number) => T;
}

type Path = readonly (string | number)[];

/** Every figure with a source under `parts` of a record (which keep their keys), in the order of their keys. */
export function figuresWithin<T extends object>(root: T, title: string, parts: (root: T) => object): readonly PlacedFigure<T>[] {
  const found: PlacedFigure<T>[] = [];
  const visit = (value: unknown, path: Path, names: readonly string[]): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isFigure(value)) {
      const name = `${title}: ${names.join(': ')}`;
      found.push({
        name,
        unit: unitOf(path),
        figure: value,
        times: (factor) => replaced(root, path, (figure) => ({ ...(figure as Figure), value: value.value * factor })) as T,
      });
      return;
    }
    if (Array.isArray(value))
      for (const [i, item] of value.entries()) visit(item, [...path, i], [...names.slice(0, -1), labelOf(item) ?? `${names.at(-1) ?? ''} ${i + 1}`]);
    else for (const [key, item] of Object.entries(value)) visit(item, [...path, key], [...names, worded(key)]);
  };
  visit(parts(root), [], []);
  return found;
}

function isFigure(value: object): value is Figure {
  return 'value' in value && typeof value.value === 'number' && 'kind' in value && 'source' in value;
}

/** What tells an item of a list from the others: its name and what it is restricted to. */
function labelOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const entry = item as Readonly<Record<string, unknown>>;
  const ranks = typeof entry['ranks'] === 'number' ? `EP${entry['ranks']}` : undefined;
  const tokens = typeof entry['tokens'] === 'number' ? `${entry['tokens']} tokens` : undefined;
  const generations = Array.isArray(entry['generations']) ? entry['generations'].join(' and ') : undefined;
  const chunk = typeof entry['upTo'] === 'number' && Number.isFinite(entry['upTo']) ? `up to ${entry['upTo']} B` : undefined;
  const keys = ['library', 'name', 'operator', 'operation', 'algorithm', 'generation', 'format'] as const;
  const said = [...keys.map((key) => entry[key]), generations, chunk, ranks, tokens].filter((part) => typeof part === 'string');
  return said.length === 0 ? undefined : said.join(', ');
}

function worded(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const units: Readonly<Record<string, string>> = {
  bandwidth: 'B/s',
  cpuPort: 'B/s',
  linkBandwidth: 'B/s',
  peak: 'flop/s',
  ceiling: 'flop/s',
  floor: 's',
  start: 's',
  token: 's',
  time: 's',
  step: 's',
  fill: 's',
  rank: 's',
  expert: 's',
  element: 's',
  local: 'B/s',
  latency: 's',
  hostGap: 's',
  capacity: 'B',
  cache: 'B',
};

function unitOf(path: Path): string {
  return units[String(path.at(-1))] ?? '';
}

/** A copy in which the value at a path is another one. */
function replaced(value: unknown, path: Path, change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === key ? replaced(item, rest, change) : item));
  const entry = value as Readonly<Record<string, unknown>>;
  return { ...entry, [key]: replaced(entry[key], rest, change) };
}
