import type { Lengths } from '../../src/serving/traffic/workload.ts';

const most = 10_000_000;
const wanted = 'expected a number of tokens (1000), uniform:100..2000, or lognormal:MEDIAN:SIGMA with :MAX at the end if there is one';

/** Reads a law of lengths from a flag; text says why not. */
export function parseLengths(text: string): Lengths | string {
  const tokens = (typed: string): number | undefined => {
    const value = Number(typed);
    return /^\d+$/.test(typed) && value >= 1 && value <= most ? value : undefined;
  };
  const [kind = '', ...parts] = text.trim().split(':');
  if (parts.length === 0) {
    const fixed = tokens(kind);
    return fixed === undefined ? `${wanted}, got "${text}"` : { kind: 'fixed', tokens: fixed };
  }
  if (kind === 'uniform' && parts.length === 1) {
    const [min, max, ...more] = (parts[0] ?? '').split('..').map(tokens);
    if (min !== undefined && max !== undefined && more.length === 0) return min <= max ? { kind: 'uniform', min, max } : `${min} is above ${max}`;
  }
  if (kind === 'lognormal' && parts.length >= 2 && parts.length <= 3) {
    const median = tokens(parts[0] ?? '');
    const sigma = Number(parts[1]);
    const max = parts.length === 3 ? tokens(parts[2] ?? '') : most;
    if (median !== undefined && max !== undefined && parts[1] !== '' && sigma > 0 && sigma <= 5)
      return median <= max ? { kind: 'lognormal', median, sigma, max } : `the median ${median} is above the most ${max}`;
  }
  return `${wanted}, got "${text}"`;
}
