import type { ExpertLoad } from '../layout.ts';
import { eplb } from './eplb.ts';
import { contiguous, type Balance, type Placement } from './placement.ts';
import { powerLaw, stepBalance } from './popularity.ts';

export const placements = ['contiguous', 'eplb', 'eplb-hierarchical'] as const;
export type PlacementKind = (typeof placements)[number];

/** What experts of each layer are asked for, in any unit: tokens that were counted, or shares. */
export type LayerLoads = readonly (readonly number[])[];

/** Places of experts: slots with copies of them, over ranks that stand in nodes. */
export interface Places {
  readonly slots: number;
  readonly ranks: number;
  readonly nodes: number;
}

/** Routing groups that the balancer keeps together, as the models that are routed by groups have them. */
const groups = 8;

/** The experts of one layer on ranks. */
export function placed(kind: PlacementKind, loads: readonly number[], { slots, ranks, nodes }: Places): Placement {
  switch (kind) {
    case 'contiguous':
      return contiguous(loads.length, slots, ranks);
    case 'eplb':
      return eplb(loads, { slots, ranks, groups: 1, nodes: 1 });
    case 'eplb-hierarchical':
      return eplb(loads, { slots, ranks, groups, nodes });
  }
}

/** Layers of a power law that stand for all. */
const drawn = 16;

export function powerLawLayers(experts: number, exponent: number): LayerLoads {
  return Array.from({ length: drawn }, (_, layer) => powerLaw(experts, exponent, layer));
}

/** Balance of each layer in steps of so many token rows: popularity, and the chance of who gets which token. */
export function layerBalances(layers: LayerLoads, on: readonly Placement[], rows: number): readonly Balance[] {
  return layers.map((loads, layer) => stepBalance(on[layer] ?? [], loads, rows, layer));
}

/** That of all layers together: a step waits for the fullest rank of each. */
export function meanBalance(balances: readonly Balance[]): Balance {
  const imbalance = balances.reduce((sum, balance) => sum + balance.imbalance, 0) / balances.length;
  return { imbalance, balancedness: 1 / (1 + imbalance) };
}

/** Rows of steps whose balance is worked out; what lies between them is read off in 1 / sqrt(rows), by which chance falls. */
const steps: readonly number[] = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

/** The load of a layout whose experts are asked for and placed like this, in the mean over the layers. */
export function placedLoad(layers: LayerLoads, on: readonly Placement[]): ExpertLoad {
  const imbalances = steps.map((rows) => meanBalance(layerBalances(layers, on, rows)).imbalance);
  const variation = layers.reduce((sum, loads, layer) => sum + variationOf(loads, on[layer] ?? []), 0) / layers.length;
  return { kind: 'placed', variation, rows: steps, imbalances };
}

/** Coefficient of variation of what the slots get: copies share the tokens of their expert. */
function variationOf(loads: readonly number[], placement: Placement): number {
  const copies = loads.map(() => 0);
  for (const expert of placement.flat()) copies[expert] = (copies[expert] ?? 0) + 1;
  const each = placement.flat().map((expert) => (loads[expert] ?? 0) / (copies[expert] ?? 1));
  const mean = each.reduce((sum, load) => sum + load, 0) / each.length;
  const square = each.reduce((sum, load) => sum + (load - mean) * (load - mean), 0) / each.length;
  return mean > 0 ? Math.sqrt(square) / mean : 0;
}
