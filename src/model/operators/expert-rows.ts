import type { ExpertFeedForward, TensorClass } from '../model.ts';
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

/** Rows that arrive at the die that gets most of them, over those that each die gets in the mean. */
export function hottestDie(pass: Pass, layer: ExpertFeedForward): number {
  const { instance } = pass;
  const { experts } = instance.layout;
  const skew = experts.load.kind === 'skew' ? experts.load.skew : 0;
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
  const skew = experts.load.kind === 'skew' ? experts.load.skew : 0;
  const slots = layer.routed + experts.redundant;
  const rows = ((expertTokens * layer.perToken) / dies) * (dies > 1 ? 1 + skew : 1);
  const local = slots / dies;
  const hit = local * (1 - power(1 - Math.min(1, layer.perToken / slots), expertTokens));
  const routedWork: ExpertRows = { rows, local, groups: Math.max(Math.min(local, rows), hit), intermediate: layer.intermediate, tensor: 'experts' };
  if (!instance.sharedApart) return routedWork;
  const shared: ExpertRows = { rows: expertTokens / experts.sharedDies, local: 1, groups: 1, intermediate: layer.sharedIntermediate, tensor: 'shared' };
  return shared.rows * shared.intermediate > rows * layer.intermediate ? shared : routedWork;
}
