import { enlarged } from './enlarged.ts';

/**
 * Events, earliest first; ties go by a number of each that no other has.
 * A binary heap in typed arrays that double when full: no allocation per event.
 */
export class EventHeap {
  /** Of the event that `pop` removed last. */
  time = 0;
  order = 0;
  kind = 0;
  payload = 0;

  #size = 0;
  #times: Float64Array<ArrayBuffer>;
  #orders: Float64Array<ArrayBuffer>;
  #kinds: Int32Array<ArrayBuffer>;
  #payloads: Int32Array<ArrayBuffer>;

  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#orders = new Float64Array(capacity);
    this.#kinds = new Int32Array(capacity);
    this.#payloads = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(time: number, order: number, kind: number, payload: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const kinds = this.#kinds;
    const payloads = this.#payloads;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] < time || (times[parent] === time && orders[parent] < order)) break;
      times[at] = times[parent];
      orders[at] = orders[parent];
      kinds[at] = kinds[parent];
      payloads[at] = payloads[parent];
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    kinds[at] = kind;
    payloads[at] = payload;
  }

  /** Removes the next event into `time`, `order`, `kind` and `payload`; there must be one. */
  pop(): void {
    const times = this.#times;
    const orders = this.#orders;
    const kinds = this.#kinds;
    const payloads = this.#payloads;
    this.time = times[0];
    this.order = orders[0];
    this.kind = kinds[0];
    this.payload = payloads[0];
    const size = --this.#size;
    const time = times[size];
    const order = orders[size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      // Which of two comes first cannot be foreseen: no branch but for equal times.
      if (right < size) child += Number(times[right] === times[child] ? orders[right] < orders[child] : times[right] < times[child]);
      if (time < times[child] || (time === times[child] && order < orders[child])) break;
      times[at] = times[child];
      orders[at] = orders[child];
      kinds[at] = kinds[child];
      payloads[at] = payloads[child];
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    kinds[at] = kinds[size];
    payloads[at] = payloads[size];
  }

  #grow(): void {
    const capacity = Math.max(16, 2 * this.#times.length);
    this.#times = enlarged(this.#times, new Float64Array(capacity));
    this.#orders = enlarged(this.#orders, new Float64Array(capacity));
    this.#kinds = enlarged(this.#kinds, new Int32Array(capacity));
    this.#payloads = enlarged(this.#payloads, new Int32Array(capacity));
  }
}
