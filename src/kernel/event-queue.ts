import { EventHeap } from './event-heap.ts';

/** Priorities sit above the sequence number in one double: 2^45 events before it would wrap, 256 priorities. */
const PRIORITY_STEP = 2 ** 45;
const MAX_PRIORITY = 255;

/** Most events that are kept in order, and those that are when too many were. */
const most = 32;
const half = 16;

/**
 * Pending events, earliest first; ties go by priority (lower first), then by order of insertion.
 * The next few are a list in order: what is pushed is mostly due soon, and has its place a step or two from the end. The others are a heap.
 */
export class EventQueue {
  /** Of the event that `pop` removed last. */
  time = 0;
  kind = 0;
  payload = 0;

  #sequence = 0;
  /** The list, its next event last: none of it is behind one of the heap. It is empty only where that is too. */
  #near = 0;
  readonly #times = new Float64Array(most);
  readonly #orders = new Float64Array(most);
  readonly #kinds = new Int32Array(most);
  readonly #payloads = new Int32Array(most);
  readonly #far: EventHeap;

  /** @param capacity events that there is memory for from the beginning */
  constructor(capacity = 1024) {
    this.#far = new EventHeap(capacity);
  }

  get size(): number {
    return this.#near + this.#far.size;
  }

  /** Time of the next event; Infinity when there is none. */
  peekTime(): number {
    return this.#near === 0 ? Infinity : this.#times[this.#near - 1];
  }

  /**
   * Adds an event. `priority` is an integer from 0 to 255, `kind` and `payload` are 32-bit integers.
   * @throws RangeError for a time that is not a number or a priority out of range.
   */
  push(time: number, priority: number, kind: number, payload: number): void {
    if (Number.isNaN(time)) throw new RangeError('the time of an event is NaN');
    if (!(priority >= 0 && priority <= MAX_PRIORITY)) throw new RangeError(`priority ${priority} is not in 0..${MAX_PRIORITY}`);
    const order = priority * PRIORITY_STEP + this.#sequence++;
    if (this.#near === most) this.#shorten();
    const times = this.#times;
    const orders = this.#orders;
    const kinds = this.#kinds;
    const payloads = this.#payloads;
    if (this.#far.size > 0 && (times[0] < time || (times[0] === time && orders[0] < order))) {
      this.#far.push(time, order, kind, payload);
      return;
    }
    let at = this.#near++;
    for (; at > 0 && (times[at - 1] < time || (times[at - 1] === time && orders[at - 1] < order)); at--) {
      times[at] = times[at - 1];
      orders[at] = orders[at - 1];
      kinds[at] = kinds[at - 1];
      payloads[at] = payloads[at - 1];
    }
    times[at] = time;
    orders[at] = order;
    kinds[at] = kind;
    payloads[at] = payload;
  }

  /** Removes the next event into `time`, `kind` and `payload`; false when there is none. */
  pop(): boolean {
    if (this.#near === 0) return false;
    const at = --this.#near;
    this.time = this.#times[at];
    this.kind = this.#kinds[at];
    this.payload = this.#payloads[at];
    if (at === 0) this.#lengthen();
    return true;
  }

  /** The later ones of the list go to the heap. */
  #shorten(): void {
    for (let at = 0; at < half; at++) this.#far.push(this.#times[at], this.#orders[at], this.#kinds[at], this.#payloads[at]);
    for (const list of [this.#times, this.#orders, this.#kinds, this.#payloads]) list.copyWithin(0, half);
    this.#near -= half;
  }

  /** The next ones of the heap are the list. */
  #lengthen(): void {
    const far = this.#far;
    this.#near = Math.min(far.size, half);
    for (let at = this.#near - 1; at >= 0; at--) {
      far.pop();
      this.#times[at] = far.time;
      this.#orders[at] = far.order;
      this.#kinds[at] = far.kind;
      this.#payloads[at] = far.payload;
    }
  }
}
