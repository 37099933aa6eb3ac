import type { Seconds } from '../../src/base/units.ts';

/** Maps the wall clock to simulated time: `speed` simulated seconds go by in each second. */
export class Pace {
  readonly speed: number;
  readonly #wall: () => number;
  readonly #startedAt: number;

  /** @param wall milliseconds of a clock that never goes back */
  constructor(speed: number, wall: () => number = () => performance.now()) {
    this.speed = speed;
    this.#wall = wall;
    this.#startedAt = wall();
  }

  /** Simulated time that it is by the wall clock. */
  get now(): Seconds {
    return ((this.#wall() - this.#startedAt) / 1000) * this.speed;
  }

  /** Milliseconds of the wall clock until a simulated instant; negative where it has passed. */
  until(at: Seconds): number {
    return (at / this.speed) * 1000 - (this.#wall() - this.#startedAt);
  }
}
