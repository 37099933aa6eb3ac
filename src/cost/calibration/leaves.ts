import type { ResidualSample } from './residual.ts';

/** A box of feature space in which residuals are alike. */
export interface Leaf {
  readonly centre: readonly number[];
  /** Extent of its box per feature. */
  readonly widths: readonly number[];
}

interface Node {
  readonly rows: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** How much the best split of this box explains. */
  readonly gain: number;
  readonly feature: number;
  readonly threshold: number;
}

const FEWEST = 5;
const THRESHOLDS = 24;
/** A residual beyond this counts as this when boxes are split: one outlier makes no box. */
const CLIP = 0.5;

/** The leaves of a regression tree grown best split first. */
export function splitLeaves(sample: ResidualSample, count: number): readonly Leaf[] {
  const { features, width, values } = sample;
  const all = Array.from({ length: values.length }, (_, i) => i);
  const bounds = (pick: (a: number, b: number) => number): number[] =>
    Array.from({ length: width }, (_, f) => all.reduce((most, i) => pick(most, features[i * width + f] ?? 0), features[f] ?? 0));
  const nodes: Node[] = [bestSplit(sample, all, bounds(Math.min), bounds(Math.max))];
  while (nodes.length < count) {
    let at = 0;
    for (let n = 1; n < nodes.length; n++) if ((nodes[n] as Node).gain > (nodes[at] as Node).gain) at = n;
    const node = nodes[at] as Node;
    if (node.gain <= 0) break;
    const { feature, threshold } = node;
    const left = node.rows.filter((i) => (features[i * width + feature] ?? 0) <= threshold);
    const right = node.rows.filter((i) => (features[i * width + feature] ?? 0) > threshold);
    nodes[at] = bestSplit(sample, left, node.low, replaced(node.high, feature, threshold));
    nodes.push(bestSplit(sample, right, replaced(node.low, feature, threshold), node.high));
  }
  return nodes.map(({ rows, low, high }) => ({
    centre: low.map((_, f) => rows.reduce((sum, i) => sum + (features[i * width + f] ?? 0), 0) / rows.length),
    widths: low.map((least, f) => (high[f] ?? 0) - least),
  }));
}

function replaced(values: readonly number[], at: number, value: number): readonly number[] {
  return values.map((old, i) => (i === at ? value : old));
}

function bestSplit({ features, width, values }: ResidualSample, rows: readonly number[], low: readonly number[], high: readonly number[]): Node {
  let best = { gain: 0, feature: 0, threshold: 0 };
  const clipped = (i: number): number => Math.max(-CLIP, Math.min(CLIP, values[i] ?? 0));
  let total = 0;
  for (const i of rows) total += clipped(i);
  for (let f = 0; f < width; f++) {
    const least = low[f] ?? 0;
    const step = ((high[f] ?? 0) - least) / THRESHOLDS;
    if (!(step > 0)) continue;
    const counts = new Float64Array(THRESHOLDS + 1);
    const sums = new Float64Array(THRESHOLDS + 1);
    for (const i of rows) {
      const bin = Math.max(0, Math.min(THRESHOLDS, Math.ceil(((features[i * width + f] ?? 0) - least) / step - 1e-9)));
      counts[bin] = (counts[bin] ?? 0) + 1;
      sums[bin] = (sums[bin] ?? 0) + clipped(i);
    }
    let below = 0;
    let sum = 0;
    for (let bin = 0; bin < THRESHOLDS; bin++) {
      below += counts[bin] ?? 0;
      sum += sums[bin] ?? 0;
      const above = rows.length - below;
      if (below < FEWEST || above < FEWEST) continue;
      const gain = (sum * sum) / below + ((total - sum) * (total - sum)) / above - (total * total) / rows.length;
      if (gain > best.gain) best = { gain, feature: f, threshold: least + bin * step + 1e-9 * step };
    }
  }
  return { rows, low, high, ...best };
}
