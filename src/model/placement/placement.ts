/** Which experts lie on which rank: a list of expert numbers for each rank; an expert may have copies on several. */
export type Placement = readonly (readonly number[])[];

/** How evenly ranks are loaded. */
export interface Balance {
  /** (largest - mean) / mean over ranks. */
  readonly imbalance: number;
  /** Mean over largest: 1 where all are loaded alike. */
  readonly balancedness: number;
}

/** Experts in their order, as many on each rank or one more or less; copies beyond the experts follow round the experts from the first. */
export function contiguous(experts: number, slots: number, ranks: number): Placement {
  const from = (rank: number): number => Math.floor((rank * slots) / ranks);
  return Array.from({ length: ranks }, (_, rank) => Array.from({ length: from(rank + 1) - from(rank) }, (__, slot) => (from(rank) + slot) % experts));
}

/** Load of each rank: copies of an expert get equal parts of its tokens. */
export function rankLoads(placement: Placement, loads: readonly number[]): readonly number[] {
  const copies = loads.map(() => 0);
  for (const rank of placement) for (const expert of rank) copies[expert] = (copies[expert] ?? 0) + 1;
  return placement.map((rank) => rank.reduce((sum, expert) => sum + (loads[expert] ?? 0) / (copies[expert] ?? 1), 0));
}

export function balanceOf(loads: readonly number[]): Balance {
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const largest = Math.max(...loads);
  return mean > 0 ? { imbalance: largest / mean - 1, balancedness: mean / largest } : { imbalance: 0, balancedness: 1 };
}
