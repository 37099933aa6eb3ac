/** Longest that a timer waits. [ms] */
const longest = 60_000;
/** What is left below this goes by in turns of the event loop: timers know whole milliseconds only, and come early as often as late. [ms] */
const rest = 0.25;

/** Calls back at an instant of a clock, within a millisecond, where the event loop has nothing else to do. */
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
    if (left <= rest) this.#immediate = setImmediate(() => this.#go());
    else if (left < Infinity) this.#timer = setTimeout(() => this.#go(), Math.max(1, Math.min(longest, Math.floor(left))));
  }

  #go(): void {
    if (this.#until(this.#at) > 0) {
      this.#wait();
      return;
    }
    this.#at = Infinity;
    this.#ring();
  }
}
