import { stageDies } from '../model/layout.ts';
import type { DeployedPool } from '../serving/deploy.ts';
import type { Interval } from '../serving/metrics.ts';
import type { Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { count, percent, quantity } from './wording.ts';

/** What adapters came to in the window, on one pool. */
export interface AdaptersSummary {
  readonly pool: string;
  readonly rank: number;
  /** Adapters that are resident at once on a data-parallel rank, and what one takes on a die. [B] */
  readonly slots: number;
  readonly bytes: number;
  /** Prompts that started with an adapter: it was resident, or was loaded. */
  readonly hits: number;
  readonly loads: number;
  readonly hitShare: number;
  /** Over the host links of all dies of a rank. */
  readonly loadedBytes: number;
  /** Of the time of the iterations: products of adapters; loads that held them up; those in which a prompt waited for a slot. */
  readonly productShare: number;
  readonly loadShare: number;
  readonly heldShare: number;
  /** By which loads held iterations up, all together. [s] */
  readonly loading: number;
}

/** Undefined where no pool serves adapters at a price. */
export function adaptersSummary(pools: readonly DeployedPool[], { pools: meters }: Interval): readonly AdaptersSummary[] | undefined {
  const each = pools.flatMap(({ plant, layout }, p): readonly AdaptersSummary[] => {
    const meter = meters[p];
    if (plant.adapters === undefined || meter === undefined) return [];
    const { rank, slots, cost } = plant.adapters;
    const { hits, loads, products, loading, held } = meter.adapters;
    const shareOf = (time: number): number => (meter.busy > 0 ? time / meter.busy : 0);
    return [
      {
        pool: plant.name,
        rank,
        slots,
        bytes: cost.bytes,
        hits,
        loads,
        hitShare: hits + loads > 0 ? hits / (hits + loads) : 0,
        loadedBytes: loads * cost.bytes * stageDies(layout),
        productShare: shareOf(products),
        loadShare: shareOf(loading),
        heldShare: shareOf(held),
        loading,
      },
    ];
  });
  return each.length === 0 ? undefined : each;
}

/** What adapters cost, pool by pool. */
export function adapterSection({ adapters }: Summary): Section | undefined {
  if (adapters === undefined) return undefined;
  return {
    title: 'Adapters',
    blocks: [
      {
        kind: 'table',
        caption:
          'Adapters (LoRA) in the steady window: prompts that found theirs resident or had it loaded; of the time of iterations products, loads, and prompts that wait while all slots are in use',
        columns: columns(['', 'slots', 'one on a die', 'resident', 'loaded', 'of bytes', 'products', 'loads', 'full']),
        rows: adapters.map((one) =>
          row(
            `${one.pool}, r ${one.rank}`,
            `${one.slots}`,
            quantity(one.bytes, 'B'),
            percent(one.hitShare),
            count(one.loads, 'adapter'),
            quantity(one.loadedBytes, 'B'),
            percent(one.productShare),
            percent(one.loadShare),
            percent(one.heldShare),
          ),
        ),
      },
    ],
  };
}
