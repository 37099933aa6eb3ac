import { chunkOf, demandOf } from '../../src/network/algorithm.ts';
import type { CollectiveAlgorithm, CollectiveOperation } from '../../src/catalogue/library.ts';
import type { CollectiveRow } from './tables.ts';
import { solve } from './solve.ts';

/** One way as it was fitted: times in seconds, rates in B/s. */
export interface FittedWay {
  readonly algorithm: CollectiveAlgorithm;
  readonly ranks?: readonly [number, number] | undefined;
  readonly above: number;
  readonly upTo: number;
  readonly start: number;
  readonly step: number;
  readonly efficiency: number;
  readonly local: number | undefined;
}

/** What libraries of general collectives run, and what all-reduces of frameworks do. */
const algorithms: Readonly<Record<'general' | 'custom', Readonly<Partial<Record<CollectiveOperation, readonly CollectiveAlgorithm[]>>>>> = {
  general: {
    'all-reduce': ['ring', 'tree'],
    'all-gather': ['ring'],
    'reduce-scatter': ['ring'],
    'all-to-all': ['pairwise'],
  },
  custom: { 'all-reduce': ['one-shot', 'two-shot'] },
};

interface Fit {
  readonly way: FittedWay;
  readonly loss: number;
}

/** The best algorithm with its constants over rows between two chunks. A port's bytes are never quicker than the port. */
function fitWay(rows: readonly CollectiveRow[], algorithms: readonly CollectiveAlgorithm[], port: number, above: number, upTo: number): Fit | undefined {
  let best: Fit | undefined;
  for (const algorithm of algorithms) {
    const demands = rows.map(({ operation, ranks }) => demandOf(algorithm, operation, ranks));
    if (demands.some((demand) => demand === undefined)) continue;
    // With one size of group, or as many steps in each, steps and start are one.
    const varied = new Set(demands.map((demand) => demand?.steps)).size > 1;
    const columns = [
      rows.map(() => 1),
      demands.map((demand) => (varied ? (demand?.steps ?? 0) : 0)),
      demands.map((demand, i) => ((demand?.bytes ?? 0) * (rows[i]?.bytes ?? 0)) / port),
      rows.map(({ bytes }) => bytes / 1e12),
    ];
    const { coefficients, loss } = solve(
      columns,
      rows.map(({ time }) => time),
      [0, 0, 1, 0],
    );
    if (best !== undefined && loss >= best.loss * 0.98) continue;
    const [start = 0, step = 0, inverse = 1, local = 0] = coefficients;
    best = { loss, way: { algorithm, above, upTo, start, step, efficiency: 1 / inverse, local: local > 0 ? 1e12 / local : undefined } };
  }
  return best;
}

/** The ways of one operation: up to `most` ranges of the chunk, each with the algorithm and constants that fit it best. */
export function fitOperation(rows: readonly CollectiveRow[], port: number, most: number, family: 'general' | 'custom'): readonly FittedWay[] {
  const operation = rows[0]?.operation ?? 'all-reduce';
  const chunks = [...new Set(rows.map(({ bytes, ranks }) => chunkOf(bytes, ranks)))].toSorted((a, b) => a - b);
  const count = chunks.length;
  const known = new Map<string, Fit | undefined>();
  const segment = (from: number, to: number): Fit | undefined => {
    const key = `${from} ${to}`;
    if (!known.has(key)) {
      const above = from === 0 ? 0 : (chunks[from - 1] ?? 0);
      const upTo = chunks[to - 1] ?? 0;
      const own = rows.filter(({ bytes, ranks }) => chunkOf(bytes, ranks) > above && chunkOf(bytes, ranks) <= upTo);
      known.set(key, own.length < 6 ? undefined : fitWay(own, algorithms[family][operation] ?? [], port, above, upTo));
    }
    return known.get(key);
  };
  // Fewest losses with so many ranges up to each chunk.
  let least: ({ readonly loss: number; readonly ways: readonly FittedWay[] } | undefined)[] = [{ loss: 0, ways: [] }, ...chunks.map(() => undefined)];
  for (let k = 0; k < most; k++) {
    const next: typeof least = [undefined, ...chunks.map(() => undefined)];
    for (let to = 1; to <= count; to++) {
      for (let from = 0; from < to; from++) {
        const before = least[from];
        if (before === undefined) continue;
        const part = segment(from, to);
        if (part === undefined) continue;
        const loss = before.loss + part.loss;
        if (loss < (next[to]?.loss ?? Infinity)) next[to] = { loss, ways: [...before.ways, part.way] };
      }
    }
    least = next;
  }
  return least[count]?.ways ?? [];
}

/**
 * Large all-reduces that the switches do for groups of at least `least` ranks, where that fits much better than what smaller groups do: the chunk above
 * which they do, and their constants.
 */
export function fitInSwitch(rows: readonly CollectiveRow[], errors: ReadonlyMap<CollectiveRow, number>, port: number, least: number): FittedWay | undefined {
  const own = rows.filter(({ ranks }) => ranks >= least).toSorted((a, b) => a.bytes - b.bytes);
  let best: FittedWay | undefined;
  let gain = 0.3;
  for (let from = 1; from <= own.length - 4; from++) {
    const part = own.slice(from);
    const first = part[0];
    const before = own[from - 1];
    if (first === undefined || before === undefined) continue;
    const fit = fitWay(part, ['in-switch'], port, chunkOf(before.bytes, before.ranks), chunkOf(part.at(-1)?.bytes ?? 0, first.ranks));
    const without = part.reduce((sum, row) => sum + Math.abs(errors.get(row) ?? 0), 0);
    if (fit === undefined || without - fit.loss <= gain) continue;
    gain = without - fit.loss;
    best = { ...fit.way, ranks: [least, 1024] };
  }
  return best;
}
