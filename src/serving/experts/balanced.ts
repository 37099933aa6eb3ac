import type { Machine } from '../../catalogue/machine.ts';
import type { StepSetting } from '../../cost/check.ts';
import { dataRanks, exchangeRanks, routedDies, type Layout } from '../../model/layout.ts';
import type { ExpertFeedForward, Model } from '../../model/model.ts';
import type { Places } from '../../model/placement/placed.ts';
import { expertsPerDie, weightBytesPerDie } from '../../model/weights.ts';
import { dieBandwidth, planeFor } from '../../network/reach.ts';
import type { Prices } from '../prices.ts';
import type { ExpertTraffic } from './popularity.ts';
import { Rebalancer, type Balancing } from './rebalancer.ts';

/** The balance of experts in a scenario: what they are asked for, and what each pool that holds some does about it. */
export interface ExpertBalance {
  readonly traffic: ExpertTraffic;
  /** By the role of the pool; pools that are not in it are balanced as their layout says. */
  readonly pools: Readonly<Partial<Record<'prefill' | 'decode' | 'merged', Balancing>>>;
}

/** A pool as it was deployed. */
interface Pool {
  readonly setting: StepSetting;
  readonly plant: { readonly role: 'prefill' | 'decode' | 'merged'; readonly maxSequences: number; readonly tokenBudget: number };
}

/** Slots of the routed experts of a layout, and the ranks and nodes that they are spread over. */
export function placesOf(layout: Pick<Layout, 'experts'>, routed: number, machine: Machine): Places {
  const ranks = routedDies(layout);
  return { slots: routed + layout.experts.redundant, ranks, nodes: Math.ceil(ranks / (machine.node.chips * machine.chip.dies)) };
}

export function expertsOf(model: Model): ExpertFeedForward | undefined {
  return model.groups.map(({ feedForward }) => feedForward).find((part) => part.kind === 'experts');
}

/** A control loop for each pool that has one. */
export function rebalancers({ traffic, pools: balancing }: ExpertBalance, pools: readonly Pool[], prices: Prices, seed: number): readonly Rebalancer[] {
  return pools.flatMap(({ setting, plant }, pool) => {
    const { machine, model, precision, layout } = setting;
    const own = balancing[plant.role];
    const moe = expertsOf(model);
    const plane = planeFor(machine, exchangeRanks(layout));
    if (own === undefined || moe === undefined || plane === undefined) return [];
    const queryTokens = 1 + layout.draftTokens;
    const perRank = plant.role === 'decode' ? plant.maxSequences * queryTokens : plant.tokenBudget;
    const weights = weightBytesPerDie(model, precision, layout, 'experts').find(({ name }) => name === 'experts')?.bytes ?? 0;
    const of = {
      pool,
      balancing: own,
      places: placesOf(layout, moe.routed, machine),
      perToken: moe.perToken,
      stepTokens: perRank * dataRanks(layout),
      queryTokens,
      slotBytes: weights / expertsPerDie(moe.routed, layout),
      bandwidth: dieBandwidth(machine, plane) * plane.efficiency.value,
      planes: machine.planes.length,
      exchangePlane: machine.planes.indexOf(plane),
    };
    return [new Rebalancer(of, traffic, seed, prices)];
  });
}
