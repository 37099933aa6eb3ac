import type { Simulation } from '../../src/serving/simulation.ts';

/** Shortest time that a rate is of: what is counted in one go, such as the tokens of an iteration, would show as bursts and gaps. [s] */
const shortest = 1;

/**
 * How fast sums have grown in the twin's time since they were last asked for; who asks again sooner than `shortest` is told the same.
 * @param begun what they were when time began; absent: they are not known before they are asked for, so that the first answer is undefined
 */
export function ratesOf(sums: () => readonly number[], simulation: Simulation, begun?: readonly number[]): () => readonly number[] | undefined {
  let before = begun;
  let at = 0;
  let rates: readonly number[] | undefined;
  return () => {
    const { now } = simulation;
    if (before !== undefined && now - at < shortest) return rates;
    const total = sums();
    const [last, time] = [before, now - at];
    if (last !== undefined) rates = total.map((sum, i) => Math.max(0, sum - (last[i] ?? 0)) / time);
    before = total;
    at = now;
    return rates;
  };
}
