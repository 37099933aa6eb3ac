import type { Seconds } from '../../src/base/units.ts';
import type { LagMeter } from './lag.ts';
import type { Pace } from './pace.ts';

/** Who has news of the engine that its reader was not told yet. */
export interface Listener {
  /** Waits to be told. */
  told: boolean;
  flush(): void;
}

/** What one moment has to tell. */
interface Burst {
  readonly at: Seconds;
  readonly listeners: readonly Listener[];
  next: number;
  /** When the first was told [ms], and how late that was [s]. */
  begun: number;
  late: Seconds;
}

/** Longest that telling goes on in one go: the event loop takes in one new connection between two. [ms] */
const slice = 1;
/** Listeners between two looks at the clock, and of a burst that need not wait. */
const few = 16;

/**
 * Tells listeners what has happened, a slice at a time: thousands of writes take tens of milliseconds, in which others want to be heard and other things
 * fall due. Bursts go in order, but one that is done at once, such as a first token, before those that are not.
 */
export class Bursts {
  readonly #pace: Pace;
  readonly #lag: LagMeter;
  readonly #bursts: Burst[] = [];
  /** The last that was told was not the first. */
  #jumped = false;
  #fresh: Listener[] = [];
  /** Earliest instant of what `#fresh` has to tell. */
  #freshAt: Seconds = Infinity;
  /** Told how late the last listener of a slice was. [s] */
  onTold: (late: Seconds) => void = () => {};

  constructor(pace: Pace, lag: LagMeter) {
    this.#pace = pace;
    this.#lag = lag;
  }

  /** Nobody waits to be told. */
  get empty(): boolean {
    return this.#fresh.length === 0 && this.#bursts.length === 0;
  }

  /** A listener has news of an instant; one that still waits for its turn is told of both at once. */
  add(listener: Listener, at: Seconds): void {
    if (listener.told) return;
    listener.told = true;
    if (at < this.#freshAt) this.#freshAt = at;
    this.#fresh.push(listener);
  }

  /** What was added is one burst, now that all of its instant is known. */
  close(): void {
    if (this.#fresh.length === 0) return;
    this.#bursts.push({ at: this.#freshAt, listeners: this.#fresh, next: 0, begun: -1, late: 0 });
    this.#fresh = [];
    this.#freshAt = Infinity;
  }

  /** Tells for one slice of time, or to the end. */
  tell(budget: number = slice): void {
    const until = performance.now() + budget;
    for (let now = 0; this.#bursts.length > 0 && now < until;) {
      const burst = this.#next();
      now = this.#tell(burst, until);
      if (left(burst) > 0) continue;
      this.#bursts.splice(this.#bursts.indexOf(burst), 1);
      this.#lag.burst(burst.late, (now - burst.begun) / 1000);
    }
  }

  /** The first, or one further behind that is done at once: of those none behind another, so that what is told again and again cannot keep the first waiting. */
  #next(): Burst {
    const [first] = this.#bursts as [Burst];
    const ahead = this.#jumped ? undefined : this.#bursts.find((one) => left(one) <= few);
    this.#jumped = ahead !== undefined && ahead !== first;
    return ahead ?? first;
  }

  #tell(burst: Burst, until: number): number {
    const { listeners, at, next: from } = burst;
    const first = -this.#pace.until(at) / 1000;
    let now: number;
    if (burst.begun < 0) {
      burst.begun = performance.now();
      burst.late = first;
    }
    do {
      const end = Math.min(listeners.length, burst.next + few);
      while (burst.next < end) {
        const listener = listeners[burst.next++] as Listener;
        listener.told = false;
        listener.flush();
      }
      now = performance.now();
    } while (burst.next < listeners.length && now < until);
    const last = -this.#pace.until(at) / 1000;
    this.#lag.chunks(burst.next - from, first, last);
    this.onTold(last);
    return now;
  }
}

function left({ listeners, next }: Burst): number {
  return listeners.length - next;
}
