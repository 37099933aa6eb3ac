/** Longest that a timer waits. [ms] */
const longest = 60_000;
/** A rest below this is slept through: timers know whole milliseconds only. [ms] */
const rest = 1;
/** By so much the system wakes a sleeper too late. [ms] */
const slack = 0.05;

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Calls back at an instant of a clock, within a tenth of a millisecond, where the event loop has nothing else to do. */
export class Alarm {
  readonly #until: (at: number) => number;
  readonly #ring: () => void;
  #at = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /**
   * @param until milliseconds until an instant
   * @param ring may set it anew
   */
  constructor(until: (at: number) => number, ring: () => void) {
    this.#until = until;
    this.#ring = ring;
  }

  /** Rings at an instant, whatever was set before, and at once where that has passed: behind what the event loop has to do now. */
  set(at: number): void {
    if (at === this.#at) return;
    this.clear();
    this.#at = at;
    this.#wait();
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#at = Infinity;
  }

  #wait(): void {
    const left = this.#until(this.#at);
    if (left < rest) this.#immediate = setImmediate(() => this.#go());
    // It comes up to a millisecond early, or late.
    else if (left < Infinity) this.#timer = setTimeout(() => this.#go(), Math.min(longest, Math.floor(left)));
  }

  #go(): void {
    const left = this.#until(this.#at);
    if (left >= rest) {
      this.#wait();
      return;
    }
    if (left > slack) Atomics.wait(nothing, 0, 0, left - slack);
    this.#at = Infinity;
    this.#ring();
  }
}
