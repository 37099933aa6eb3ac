import type { Seconds } from '../base/units.ts';

/** Iterations of an instance of which one is looked at: a prime, so that nothing that repeats keeps in step with it. */
export const barrierEvery = 11;

/**
 * How long the ranks of an instance wait for the slowest of them, by samples: in one iteration of eleven one rank, the next one each time,
 * is priced by itself. The mean over samples is that over ranks and iterations, without a bias; `error` says how far off chance may put it.
 */
export class BarrierMeter {
  samples = 0;
  /** Of the sampled iterations. */
  time: Seconds = 0;
  waits: Seconds = 0;
  #timesSquared = 0;
  #waitsSquared = 0;
  #products = 0;

  add(time: Seconds, wait: Seconds): void {
    this.samples++;
    this.time += time;
    this.waits += wait;
    this.#timesSquared += time * time;
    this.#waitsSquared += wait * wait;
    this.#products += time * wait;
  }

  merge(other: BarrierMeter): void {
    this.samples += other.samples;
    this.time += other.time;
    this.waits += other.waits;
    this.#timesSquared += other.#timesSquared;
    this.#waitsSquared += other.#waitsSquared;
    this.#products += other.#products;
  }

  /** Of the time of an iteration that the mean rank waits in it. */
  get share(): number {
    return this.time === 0 ? 0 : this.waits / this.time;
  }

  /** Standard error of `share`: that of a ratio of means. */
  get error(): number {
    const { samples, share, time } = this;
    if (samples < 2) return 0;
    const squares = this.#waitsSquared - 2 * share * this.#products + share * share * this.#timesSquared;
    return Math.sqrt((Math.max(0, squares) * samples) / (samples - 1)) / time;
  }
}

/**
 * How long one rank waits in an iteration.
 * @param slowest what the iteration takes by the slowest rank, `own` by this one [s]
 * @param slowdown times as long as a slow die makes it: only the rank that has it computes as much longer, one of `ranks`
 * @param least what the host makes it take at least [s]
 * @param late what one rank keeps all others waiting beside its work [s]
 */
export function waitOf(
  slowest: Seconds,
  own: Seconds,
  slowdown: number,
  ranks: number,
  least: Seconds,
  late: Seconds,
): { readonly time: Seconds; readonly wait: Seconds } {
  const time = Math.max(slowest * slowdown, least) + late;
  return { time, wait: Math.max(0, time - Math.max(own * (1 + (slowdown - 1) / ranks), least) - late / ranks) };
}
