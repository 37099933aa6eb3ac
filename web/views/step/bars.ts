import type { Bar, GroupExplanation, OperatorExplanation } from '../../../src/cost/explain.ts';
import { categoryOf, type Category } from './categories.ts';

/** A run of one microbatch on a stream, cut by what it works on. Shares are of the layer. */
export interface DrawnBar {
  readonly microbatch: number;
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
  readonly pieces: readonly { readonly category: Category; readonly from: number; readonly to: number }[];
}

export interface Lane {
  readonly stream: string;
  readonly bars: readonly DrawnBar[];
}

/** The steady layer as lanes of bars. Operators of all microbatches divide their runs as those of the first one do. */
export function lanesOf(group: GroupExplanation, operators: readonly OperatorExplanation[]): readonly Lane[] {
  const own = operators.filter((operator) => operator.group === group.name);
  const streams = [...new Set(group.timeline.map(({ stream }) => stream))].sort((a, b) => (a < b ? -1 : 1));
  return streams.map((stream) => ({
    stream,
    bars: group.timeline.filter((bar) => bar.stream === stream).map((bar) => drawn(bar, own, group.layerTime, streams.length > 1)),
  }));
}

function drawn(bar: Bar, operators: readonly OperatorExplanation[], layer: number, streams: boolean): DrawnBar {
  const run = operators.filter(({ stream, stage }) => (!streams || stream === bar.stream) && bar.stages.includes(stage));
  const sum = run.reduce((all, { start, end }) => all + end - start, 0);
  // A run that began in the layer before is cut at the layer's begin: its operators are counted from its end.
  const span = bar.start === 0 ? Math.max(bar.end, sum) : bar.end - bar.start;
  const begin = bar.end - span;
  const pieces: { category: Category; from: number; to: number }[] = [];
  let at = 0;
  for (const { stage, start, end } of run) {
    const category = categoryOf(stage);
    const next = at + (sum > 0 ? (end - start) / sum : 0);
    const last = pieces.at(-1);
    const [from, to] = [at, next].map((share) => Math.min(Math.max((begin + share * span) / layer, 0), 1)) as [number, number];
    if (last?.category === category) last.to = to;
    else if (to > from) pieces.push({ category, from, to });
    at = next;
  }
  return { microbatch: bar.microbatch, from: bar.start / layer, to: Math.min(1, bar.end / layer), names: [...new Set(run.map(({ name }) => name))], pieces };
}
