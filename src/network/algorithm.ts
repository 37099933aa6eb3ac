import type { CollectiveAlgorithm, CollectiveOperation } from '../catalogue/library.ts';

/** What an algorithm asks of each of `n` ranks. */
export interface Demand {
  /** One after the other; of shots: signals, which every rank gives to every other. */
  readonly steps: number;
  /** Through its port for each byte of the vector. */
  readonly bytes: number;
  /** Latencies of the plane one after the other: signals of a shot are under way at the same time. Absent: one in each step. */
  readonly latencies?: number;
}

/** Whole binary logarithm, rounded up. */
function doublings(n: number): number {
  let steps = 0;
  for (let reach = 1; reach < n; reach *= 2) steps++;
  return steps;
}

/**
 * Steps and bytes of an algorithm (Thakur, Rabenseifner, Gropp, IJHPCA 2005; double binary trees: Sanders, Speck, Träff 2009). The vector is the whole that is
 * reduced or gathered; for all-to-all, what one rank holds before it. `undefined` where an algorithm cannot do an operation.
 */
export function demandOf(algorithm: CollectiveAlgorithm, operation: CollectiveOperation, n: number): Demand | undefined {
  const others = (n - 1) / n;
  const reduces = operation === 'all-reduce';
  switch (algorithm) {
    case 'ring':
      if (reduces) return { steps: 2 * (n - 1), bytes: 2 * others };
      if (operation === 'broadcast') return { steps: n - 1, bytes: 1 };
      return operation === 'all-to-all' ? undefined : { steps: n - 1, bytes: others };
    case 'tree':
      if (reduces) return { steps: 2 * doublings(n), bytes: 2 };
      return operation === 'broadcast' ? { steps: doublings(n), bytes: 1 } : undefined;
    case 'recursive-doubling':
      if (reduces) return { steps: doublings(n), bytes: doublings(n) };
      return operation === 'all-gather' || operation === 'reduce-scatter' ? { steps: doublings(n), bytes: others } : undefined;
    case 'pairwise':
      return operation === 'all-to-all' ? { steps: n - 1, bytes: others } : undefined;
    case 'full-mesh':
      if (reduces) return undefined;
      return { steps: 1, bytes: operation === 'broadcast' ? n - 1 : others };
    case 'one-shot':
      return reduces ? { steps: n - 1, bytes: n - 1, latencies: 1 } : undefined;
    case 'two-shot':
      return reduces ? { steps: 2 * (n - 1), bytes: 2 * others, latencies: 2 } : undefined;
    case 'in-switch':
      if (reduces) return { steps: 2, bytes: 1 };
      if (operation === 'broadcast') return { steps: 1, bytes: 1 };
      return operation === 'all-to-all' ? undefined : { steps: 1, bytes: others };
  }
}

/** Bytes of one rank's part, by which libraries change their protocol. */
export function chunkOf(bytes: number, n: number): number {
  return bytes / n;
}
