import { unreachable } from '../../base/errors.ts';
import { expectedMaximum } from '../../kernel/order.ts';
import type { ExpertLoad } from '../layout.ts';
import type { ExpertFeedForward, TensorClass } from '../model.ts';
import { hitShare } from '../popularity.ts';
import type { Pass } from './pass.ts';

/** Expert work of the slowest die. */
export interface ExpertRows {
  /** Token rows in all its experts. */
  readonly rows: number;
  /** Experts on the die. */
  readonly local: number;
  /** Experts that get at least one of them, in the mean: weights that are read. */
  readonly groups: number;
  readonly intermediate: number;
  readonly tensor: Extract<TensorClass, 'experts' | 'shared'>;
}

/** `base` to a power of any size at or above 0: exact at whole numbers, linear in between. */
function power(base: number, exponent: number): number {
  const whole = Math.floor(exponent);
  let result = 1;
  let square = base;
  for (let n = whole; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= square;
    square *= square;
  }
  return result * (1 - (exponent - whole) * (1 - base));
}

/** Different dies that the experts of one token lie on, in the mean of random choices. */
export function ranksOfToken({ instance }: Pass, layer: ExpertFeedForward): number {
  const dies = instance.routedDies;
  return dies * (1 - power(1 - 1 / dies, layer.perToken));
}

/**
 * (slowest - mean) / mean over `dies` that share `experts` of a layer. Unequally popular ones are dealt by chance: the sum of n of N draws
 * spreads by variation / sqrt(n) x sqrt((N - n) / (N - 1)), and the slowest is the largest of so many such sums.
 */
function slowest(load: ExpertLoad, experts: number, dies: number, tokenRows: number): number {
  switch (load.kind) {
    case 'uniform':
      return 0;
    case 'skew':
      return load.skew;
    case 'popularity': {
      const local = experts / dies;
      return dies <= 1 || experts <= 1 ? 0 : load.variation * Math.sqrt((experts - local) / (experts - 1) / local) * expectedMaximum(dies);
    }
    case 'placed':
      return dies <= 1 ? 0 : imbalanceOf(load, tokenRows);
    default:
      return unreachable(load);
  }
}

/** Between steps that were worked out, along a line in 1 / sqrt(rows): chance falls by it. */
function imbalanceOf({ rows, imbalances }: Extract<ExpertLoad, { kind: 'placed' }>, tokenRows: number): number {
  const last = rows.length - 1;
  const at = rows.findIndex((other) => other >= tokenRows);
  if (at === 0) return imbalances[0] ?? 0;
  if (at < 0) return imbalances[last] ?? 0;
  const [low, high] = [1 / Math.sqrt(rows[at - 1] ?? 1), 1 / Math.sqrt(rows[at] ?? 1)];
  const share = (low - 1 / Math.sqrt(tokenRows)) / (low - high);
  return (imbalances[at - 1] ?? 0) + share * ((imbalances[at] ?? 0) - (imbalances[at - 1] ?? 0));
}

/** Rows that arrive at the die that gets most of them, over those that each die gets in the mean. */
export function hottestDie(pass: Pass, layer: ExpertFeedForward): number {
  const { instance, expertTokens } = pass;
  const { experts } = instance.layout;
  const skew = slowest(experts.load, layer.routed + experts.redundant, instance.routedDies, expertTokens * layer.perToken);
  if (!instance.sharedApart) return 1 + skew;
  const mean = (layer.perToken + 1) / experts.parallel;
  return Math.max(((1 + skew) * layer.perToken) / instance.routedDies, 1 / experts.sharedDies) / mean;
}

/**
 * Rows of the die with the most work. Routed dies get the tokens of the group times the experts of each, evenly but for the skew of the
 * slowest; dies of shared copies get every token once, over all copies. Experts that are hit: 1 - (1 - p)^tokens of those on the die.
 */
export function expertRows(pass: Pass, layer: ExpertFeedForward): ExpertRows {
  const { instance, expertTokens } = pass;
  const { experts } = instance.layout;
  const dies = instance.exchanges ? instance.routedDies : Math.max(1, experts.parallel);
  const slots = layer.routed + experts.redundant;
  const skew = slowest(experts.load, slots, dies, expertTokens * layer.perToken);
  const unequal = experts.load.kind === 'popularity' || experts.load.kind === 'placed' ? experts.load : undefined;
  const rows = ((expertTokens * layer.perToken) / dies) * (dies > 1 ? 1 + skew : 1);
  const local = slots / dies;
  const chance = Math.min(1, layer.perToken / slots);
  const hit = unequal !== undefined ? local * hitShare(unequal.variation, chance * (1 + skew), expertTokens) : local * (1 - power(1 - chance, expertTokens));
  const routedWork: ExpertRows = {
    rows,
    local,
    groups: unequal !== undefined ? Math.max(Math.min(1, rows), hit) : Math.max(Math.min(local, rows), hit),
    intermediate: layer.intermediate,
    tensor: 'experts',
  };
  if (!instance.sharedApart) return routedWork;
  const shared: ExpertRows = { rows: expertTokens / experts.sharedDies, local: 1, groups: 1, intermediate: layer.sharedIntermediate, tensor: 'shared' };
  return shared.rows * shared.intermediate > rows * layer.intermediate ? shared : routedWork;
}
