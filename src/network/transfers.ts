import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { MaxMin } from '../kernel/max-min.ts';

interface Flow {
  readonly owner: number;
  readonly links: readonly number[];
  left: Bytes;
  rate: BytesPerSecond;
}

/**
 * Bytes in flight over links that they share by max-min fairness, whatever they are. Rates change only when a flow begins or ends.
 * `carried` counts the bytes that each link has moved.
 */
export class Transfers {
  readonly capacity: Float64Array;
  readonly carried: Float64Array;
  #flows: Flow[] = [];
  #at: Seconds = 0;
  readonly #maxMin = new MaxMin();

  /** @param capacity rate of each link, one way [B/s] */
  constructor(capacity: ArrayLike<BytesPerSecond>) {
    this.capacity = Float64Array.from(capacity);
    this.carried = new Float64Array(capacity.length);
  }

  get active(): number {
    return this.#flows.length;
  }

  /** Adds a flow of `bytes` (> 0) over `links` (distinct, at least one). `owner` comes back when it ends. */
  start(at: Seconds, owner: number, bytes: Bytes, links: readonly number[]): void {
    this.#advance(at);
    this.#flows.push({ owner, links, left: bytes, rate: 0 });
    this.#share();
  }

  /** When the next flow ends; Infinity when none is active. */
  nextEndAt(): Seconds {
    let soonest = Infinity;
    for (const flow of this.#flows) soonest = Math.min(soonest, flow.left / flow.rate);
    return this.#at + soonest;
  }

  /** Ends what is due at `at` (a value of `nextEndAt`); returns the owners in the order in which their flows began. */
  finish(at: Seconds): readonly number[] {
    // The flow that ends first defines `at`; what rounding leaves of it, and of those that end with it, is nothing.
    const due = this.#flows.filter((flow) => this.#at + flow.left / flow.rate <= at);
    this.#advance(at);
    if (due.length === 0) return [];
    this.#flows = this.#flows.filter((flow) => !due.includes(flow));
    this.#share();
    return due.map(({ owner }) => owner);
  }

  #advance(at: Seconds): void {
    const elapsed = at - this.#at;
    this.#at = at;
    if (elapsed <= 0) return;
    for (const flow of this.#flows) {
      const moved = Math.min(flow.left, flow.rate * elapsed);
      flow.left -= moved;
      for (const link of flow.links) this.carried[link] = (this.carried[link] ?? 0) + moved;
    }
  }

  #share(): void {
    const flows = this.#flows;
    const used = new Map<number, number>();
    const start = new Int32Array(flows.length + 1);
    const links: number[] = [];
    flows.forEach((flow, f) => {
      for (const link of flow.links) {
        let compact = used.get(link);
        if (compact === undefined) used.set(link, (compact = used.size));
        links.push(compact);
      }
      start[f + 1] = links.length;
    });
    const capacity = Float64Array.from(used.keys(), (link) => this.capacity[link] ?? 0);
    const rate = new Float64Array(flows.length);
    this.#maxMin.solve(capacity, start, Int32Array.from(links), rate);
    flows.forEach((flow, f) => (flow.rate = rate[f] ?? 0));
  }
}
