/** A range that holds the real value in eight of ten cases, if what is not known is as far off as it is said to be. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Share of cases that an interval holds. */
const held = 0.8;

/** The fewest samples of which an interval can be read. */
export const fewestSamples = 9;

/**
 * The interval of a value whose samples are given, at the ranks p (n + 1) that a further draw lies between with a chance of 80 %, between
 * neighbours by their distance. It holds the nominal value itself.
 */
export function intervalOf(nominal: number, samples: readonly number[]): Interval {
  const sorted = samples.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length < fewestSamples) return { low: nominal, high: nominal };
  const at = (share: number): number => {
    const rank = Math.min(sorted.length, Math.max(1, share * (sorted.length + 1)));
    const below = sorted[Math.floor(rank) - 1] as number;
    const above = sorted[Math.min(sorted.length, Math.floor(rank) + 1) - 1] as number;
    return below + (rank - Math.floor(rank)) * (above - below);
  };
  return { low: Math.min(nominal, at((1 - held) / 2)), high: Math.max(nominal, at((1 + held) / 2)) };
}
