import { percent } from './wording.ts';

/**
 * Words shares with one decimal. Shares of one whole are rounded by largest remainder, so that what is shown adds up to 100.0 %;
 * shares of anything else are rounded one by one.
 */
export function percentages(shares: readonly number[]): readonly string[] {
  if (!areWhole(shares)) return shares.map((share) => percent(share));
  const tenths = shares.map((share) => Math.floor(share * 1000 + 1e-9));
  let left = 1000 - tenths.reduce((sum, n) => sum + n, 0);
  const byRemainder = shares.map((share, index) => ({ index, rest: share * 1000 - (tenths[index] ?? 0) })).sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    tenths[index] = (tenths[index] ?? 0) + 1;
    left--;
  }
  return tenths.map((n) => `${(n / 10).toFixed(1)} %`);
}

/** Whether these shares are parts of one whole. */
export function areWhole(shares: readonly number[]): boolean {
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.length > 0 && shares.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-6;
}
