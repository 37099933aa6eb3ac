import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Basis, CaseKind } from '../../src/ledger/case.ts';
import { parseMeasure } from '../../src/ledger/measure.ts';
import type { Ledger, TrustCase } from '../views/trust/ledger.ts';

const validation = fileURLToPath(new URL('../../validation/', import.meta.url));

interface CaseFile {
  readonly id: string;
  readonly title: string;
  readonly kind: CaseKind;
  readonly family?: string;
  readonly basis: Basis;
  readonly source: { readonly document: string; readonly place?: string | number; readonly tag: string };
  readonly measured: unknown;
  readonly tolerance: string;
  readonly assumes?: readonly string[];
  readonly missing?: string;
}

/** The cases with their recorded errors. A case without one was never judged: the build says so. */
export function ledger(): Ledger {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(validation, file), 'utf8'));
  const errors = read('recorded.json') as Readonly<Record<string, number>>;
  const intervals = read('intervals.json') as Readonly<Record<string, readonly [number, number]>>;
  const [documents, machines, notes] = [new Names(), new Names(), new Names()];
  const cases = files().map((file): TrustCase => {
    const content = parse(readFileSync(join(validation, 'cases', file), 'utf8')) as CaseFile;
    const { id, source, measured: text, assumes = [], missing } = content;
    const measured = parseMeasure(String(text));
    const error = errors[id];
    if ('problem' in measured) throw new Error(`${file}: ${measured.problem}`);
    if (error === undefined) throw new Error(`${file}: no error is recorded; run supernode validate --record`);
    return {
      id,
      title: content.title,
      kind: content.kind,
      family: content.family,
      basis: content.basis,
      document: documents.of(source.document),
      place: source.place === undefined ? undefined : String(source.place),
      tag: source.tag,
      machine: machines.of(machineIn(content) ?? ''),
      unit: measured.unit,
      measured: measured.value,
      error,
      tolerance: content.tolerance === 'exact' ? 0 : Number.parseFloat(content.tolerance) / 100,
      interval: intervals[id],
      assumes: assumes.length === 0 ? undefined : assumes.map((note) => notes.of(note)),
      missing: missing === undefined ? undefined : notes.of(missing),
      file,
    };
  });
  return { documents: documents.all, machines: machines.all, notes: notes.all, cases };
}

function files(): readonly string[] {
  return readdirSync(join(validation, 'cases'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The first machine that a case names, wherever in its question. */
function machineIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { machine } = value as { readonly machine?: unknown };
  if (typeof machine === 'string') return machine;
  for (const inner of Object.values(value)) {
    const found = machineIn(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Texts that many cases share, once each. */
class Names {
  readonly all: string[] = [];
  readonly #places = new Map<string, number>();

  of(name: string): number {
    const place = this.#places.get(name) ?? this.all.push(name) - 1;
    this.#places.set(name, place);
    return place;
  }
}
