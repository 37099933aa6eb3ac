import { EventHeap } from './event-heap.ts';

/** Priorities sit above the sequence number in one double: 2^45 events before it would wrap, 256 priorities. */
const PRIORITY_STEP = 2 ** 45;
const MAX_PRIORITY = 255;

/** As many events are in the list when it has become too long or empty, and twice as many at most. */
const half = 16;
const most: number = 2 * half;

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
  /** The list, its next event last, as rows of the columns; behind it the rows that are free. None of it is behind one of the heap, and it is empty only where that is too. */
  #near = 0;
  readonly #rows: Int32Array<ArrayBuffer> = Int32Array.from({ length: most }, (_, row) => row);
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
    return this.#near === 0 ? Infinity : this.#times[this.#rows[this.#near - 1]];
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
    const rows = this.#rows;
    const times = this.#times;
    const orders = this.#orders;
    if (this.#far.size > 0 && (times[rows[0]] < time || (times[rows[0]] === time && orders[rows[0]] < order))) {
      this.#far.push(time, order, kind, payload);
      return;
    }
    let at = this.#near++;
    const row = rows[at];
    for (; at > 0; at--) {
      const next = rows[at - 1];
      if (times[next] > time || (times[next] === time && orders[next] > order)) break;
      rows[at] = next;
    }
    rows[at] = row;
    times[row] = time;
    orders[row] = order;
    this.#kinds[row] = kind;
    this.#payloads[row] = payload;
  }

  /** Removes the next event into `time`, `kind` and `payload`; false when there is none. */
  pop(): boolean {
    if (this.#near === 0) return false;
    const row = this.#rows[--this.#near];
    this.time = this.#times[row];
    this.kind = this.#kinds[row];
    this.payload = this.#payloads[row];
    if (this.#near === 0) this.#lengthen();
    return true;
  }

  /** The later half of the list goes to the heap. */
  #shorten(): void {
    const rows = this.#rows;
    for (let at = 0; at < half; at++) {
      const row = rows[at];
      this.#far.push(this.#times[row], this.#orders[row], this.#kinds[row], this.#payloads[row]);
      rows[at] = rows[at + half];
      rows[at + half] = row;
    }
    this.#near = half;
  }

  /** The next ones of the heap are the list. */
  #lengthen(): void {
    const far = this.#far;
    this.#near = Math.min(far.size, half);
    for (let at = this.#near - 1; at >= 0; at--) {
      const row = this.#rows[at];
      far.pop();
      this.#times[row] = far.time;
      this.#orders[row] = far.order;
      this.#kinds[row] = far.kind;
      this.#payloads[row] = far.payload;
    }
  }
}
