import { meanLength } from '../src/serving/traffic/lengths.ts';
import type { Lengths } from '../src/serving/traffic/workload.ts';
import { lengthAt, type LengthTable } from './workload-sources.ts';

/** Share of drawn lengths at or below `tokens`: a draw is rounded to whole tokens. */
function shareUpTo({ share, tokens }: Extract<Lengths, { kind: 'empirical' }>, length: number): number {
  const edge = length + 0.5;
  const next = tokens.findIndex((value) => value > edge);
  if (next === -1) return 1;
  if (next === 0) return 0;
  const from = tokens[next - 1] ?? 0;
  const below = share[next - 1] ?? 0;
  return below + (((share[next] ?? 1) - below) * (edge - from)) / ((tokens[next] ?? 0) - from);
}

/** The least length with at least the share `q` of the draws at or below it. */
function drawnAt(lengths: Extract<Lengths, { kind: 'empirical' }>, q: number): number {
  let low = 0;
  let high = lengths.tokens.at(-1) ?? 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (shareUpTo(lengths, middle) >= q) high = middle;
    else low = middle;
  }
  return high;
}

/** How far a quantile table is from its source: mean and quantiles relative, and the greatest distance of the distributions. */
export function fitOf(lengths: Lengths, source: LengthTable): Readonly<Record<'mean' | 'p50' | 'p90' | 'p95' | 'p99' | 'distance', number>> {
  if (lengths.kind !== 'empirical') throw new Error('a preset has quantile tables');
  const at = (q: number) => drawnAt(lengths, q) / lengthAt(source, q) - 1;
  let distance = 0;
  source.lengths.forEach((length, i) => {
    distance = Math.max(distance, Math.abs(shareUpTo(lengths, length) - (source.cumulative[i] ?? 0)));
  });
  return { mean: (meanLength(lengths) ?? Number.NaN) / source.mean - 1, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), distance };
}
