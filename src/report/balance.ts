import type { BalanceRecord } from '../serving/experts/rebalancer.ts';
import type { Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { quantity, unknown } from './wording.ts';

/** How evenly the experts of a pool were loaded in the window, and what keeping them so took in the run. */
export interface BalanceSummary {
  readonly pool: string;
  readonly policy: BalanceRecord['policy'];
  /** Mean over largest of its ranks: in the mean over time, at the beginning of the window and at its end, and at its least. */
  readonly balancedness: number;
  readonly first: number;
  readonly last: number;
  readonly least: number;
  /** Times at which popularity changed. */
  readonly changes: number;
  /** Placements that took effect, what moved for them, and how long that took. [B, s] */
  readonly rebalanced: number;
  readonly bytes: number;
  readonly moving: number;
}

/** Over `window`: each level holds until the next one. */
export function balanceSummary(
  { policy, levels, rebalanced, bytes, moving, changes }: BalanceRecord,
  pool: string,
  { from, to }: { readonly from: number; readonly to: number },
): BalanceSummary {
  let [sum, time, least] = [0, 0, 1];
  const held: number[] = [];
  levels.forEach(({ at, balancedness }, i) => {
    const inside = Math.min(to, levels[i + 1]?.at ?? Infinity) - Math.max(from, at);
    if (inside <= 0) return;
    held.push(balancedness);
    sum += inside * balancedness;
    time += inside;
    least = Math.min(least, balancedness);
  });
  const only = levels.at(-1)?.balancedness ?? 1;
  return {
    pool,
    policy,
    balancedness: time > 0 ? sum / time : only,
    first: held[0] ?? only,
    last: held.at(-1) ?? only,
    least: held.length > 0 ? least : only,
    changes,
    rebalanced,
    bytes,
    moving,
  };
}

/** Balance of experts as time went on. */
export function balanceSection({ balances }: Summary): Section | undefined {
  if (balances.length === 0) return undefined;
  const share = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : unknown);
  return {
    title: 'Balance of experts',
    blocks: [
      {
        kind: 'table',
        caption: 'Balancedness in the window: what the mean rank gets over what the fullest one gets, in the mean of the layers',
        columns: columns(['pool', 'balancer', 'mean', 'first', 'last', 'least'], 2),
        rows: balances.map(({ pool, policy, balancedness, first, last, least }) =>
          row(pool, policy, share(balancedness), share(first), share(last), share(least)),
        ),
      },
      {
        kind: 'table',
        caption: 'What keeping it took in the run',
        columns: columns(['pool', 'changes of popularity', 'placements', 'weights moved', 'time moving']),
        rows: balances.map(({ pool, changes, rebalanced, bytes, moving }) =>
          row(pool, `${changes}`, `${rebalanced}`, quantity(bytes, 'B'), quantity(moving, 's')),
        ),
      },
    ],
  };
}
