import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { MaxMin } from '../kernel/max-min.ts';

interface Flow {
  readonly owner: number;
  /** Place in the order of beginning. */
  readonly order: number;
  readonly links: readonly number[];
  /** Bytes that were left at `at`, when `rate` began; at that rate they end at `endsAt`. */
  left: Bytes;
  at: Seconds;
  rate: BytesPerSecond;
  endsAt: Seconds;
  /** Last sharing that it was part of. */
  sharing: number;
}

/**
 * Bytes in flight over links that they share by max-min fairness, whatever they are. Rates change only when a flow begins or ends or a link changes, and
 * only those of flows that are joined to it by shared links. All of that takes effect with `share`, one for all of an instant.
 */
export class Transfers {
  readonly capacity: Float64Array;
  readonly #carried: Float64Array;
  /** In the order in which they began. */
  #flows: Flow[] = [];
  readonly #flowsOf: Flow[][];
  /** Links that have changed, or whose flows have, since the last sharing. */
  readonly #changed: number[] = [];
  #begun = 0;
  #sharing = 0;
  /** Sharing that a link was last part of, and its place among the links there. */
  readonly #sharingOf: Int32Array;
  readonly #placeOf: Int32Array;
  readonly #maxMin: MaxMin = new MaxMin();
  /** Columns of a sharing: where the links of each flow start, their places, and what flows get; by place what links carry. */
  #start: Int32Array<ArrayBuffer> = new Int32Array(64);
  #entries: Int32Array<ArrayBuffer> = new Int32Array(256);
  #rates: Float64Array<ArrayBuffer> = new Float64Array(64);
  readonly #reachedCapacity: Float64Array;

  /** @param capacity rate of each link, one way [B/s] */
  constructor(capacity: ArrayLike<BytesPerSecond>) {
    this.capacity = Float64Array.from(capacity);
    this.#carried = new Float64Array(capacity.length);
    this.#flowsOf = Array.from({ length: capacity.length }, () => []);
    this.#reachedCapacity = new Float64Array(capacity.length);
    this.#sharingOf = new Int32Array(capacity.length);
    this.#placeOf = new Int32Array(capacity.length);
  }

  get active(): number {
    return this.#flows.length;
  }

  /** Whether flows have begun or ended, or links changed, since the last `share`. */
  get changed(): boolean {
    return this.#changed.length > 0;
  }

  /** Adds a flow of `bytes` (> 0) over `links` (distinct, at least one). `owner` comes back when it ends. */
  start(at: Seconds, owner: number, bytes: Bytes, links: readonly number[]): void {
    const flow: Flow = { owner, order: this.#begun++, links, left: bytes, at, rate: 0, endsAt: Infinity, sharing: 0 };
    this.#flows.push(flow);
    for (const link of links) {
      this.#flowsOf[link]?.push(flow);
      this.#changed.push(link);
    }
  }

  /** When the next flow ends, after `share`; Infinity when none is active. */
  nextEndAt(): Seconds {
    let soonest = Infinity;
    for (const { endsAt } of this.#flows) if (endsAt < soonest) soonest = endsAt;
    return soonest;
  }

  /** Ends what is due at `at`; returns the owners in the order in which their flows began. */
  finish(at: Seconds): readonly number[] {
    const owners: number[] = [];
    let kept = 0;
    for (const flow of this.#flows) {
      if (flow.endsAt > at) {
        this.#flows[kept++] = flow;
        continue;
      }
      // What rounding leaves of it is nothing.
      this.#count(flow, flow.left);
      owners.push(flow.owner);
      this.#leave(flow);
    }
    this.#flows.length = kept;
    return owners;
  }

  /** Takes the flows of an owner back before their end; what they have moved by `at` stays counted. Nothing happens where there is none. */
  cancel(at: Seconds, owner: number): void {
    const own = this.#flows.filter((candidate) => candidate.owner === owner);
    if (own.length === 0) return;
    this.#flows = this.#flows.filter((candidate) => candidate.owner !== owner);
    for (const flow of own) {
      this.#count(flow, Math.min(flow.left, flow.rate * (at - flow.at)));
      this.#leave(flow);
    }
  }

  /** Gives a link another rate from the next `share` on; over one of rate 0 nothing moves, and flows wait. */
  setCapacity(link: number, rate: BytesPerSecond): void {
    if (this.capacity[link] === rate) return;
    this.capacity[link] = rate;
    this.#changed.push(link);
  }

  /** Bytes that each link has moved by `at`. */
  carriedBy(at: Seconds): Float64Array {
    const carried = this.#carried.slice();
    for (const { links, left, rate, at: from } of this.#flows)
      for (const link of links) carried[link] = (carried[link] as number) + Math.min(left, rate * (at - from));
    return carried;
  }

  /** Shares the links anew at `at` among the flows that what has changed may reach. */
  share(at: Seconds): void {
    if (this.#changed.length === 0) return;
    const flows = this.#reached();
    if (flows.length === 0) return;
    if (flows.length === 1) {
      const [flow] = flows as [Flow];
      let rate = Infinity;
      for (const link of flow.links) rate = Math.min(rate, this.capacity[link] as number);
      this.#run(flow, at, rate);
      return;
    }
    const sharing = ++this.#sharing;
    let entries = 0;
    let links = 0;
    if (this.#start.length <= flows.length) {
      this.#start = new Int32Array(2 * flows.length);
      this.#rates = new Float64Array(2 * flows.length);
    }
    for (let f = 0; f < flows.length; f++) {
      const over = (flows[f] as Flow).links;
      if (this.#entries.length < entries + over.length) {
        const grown = new Int32Array(2 * (entries + over.length));
        grown.set(this.#entries);
        this.#entries = grown;
      }
      for (const link of over) {
        if (this.#sharingOf[link] !== sharing) {
          this.#sharingOf[link] = sharing;
          this.#placeOf[link] = links;
          this.#reachedCapacity[links++] = this.capacity[link] as number;
        }
        this.#entries[entries++] = this.#placeOf[link] as number;
      }
      this.#start[f + 1] = entries;
    }
    const rates = this.#rates;
    this.#maxMin.solve(this.#reachedCapacity.subarray(0, links), this.#start.subarray(0, flows.length + 1), this.#entries, rates);
    for (let f = 0; f < flows.length; f++) this.#run(flows[f] as Flow, at, rates[f] as number);
  }

  /** Gives a flow its rate from `at` on. */
  #run(flow: Flow, at: Seconds, rate: BytesPerSecond): void {
    if (rate === flow.rate) return;
    this.#count(flow, Math.min(flow.left, flow.rate * (at - flow.at)));
    flow.at = at;
    flow.rate = rate;
    flow.endsAt = rate > 0 ? at + flow.left / rate : Infinity;
  }

  #leave(flow: Flow): void {
    for (const link of flow.links) {
      const others = this.#flowsOf[link] as Flow[];
      others.splice(others.indexOf(flow), 1);
      this.#changed.push(link);
    }
  }

  #count(flow: Flow, moved: Bytes): void {
    flow.left -= moved;
    for (const link of flow.links) this.#carried[link] = (this.#carried[link] as number) + moved;
  }

  /** Flows that share links, directly or through others, with what has changed; in the order in which they began. */
  #reached(): readonly Flow[] {
    const reached: Flow[] = [];
    const sharing = ++this.#sharing;
    const open = this.#changed;
    while (open.length > 0) {
      const link = open.pop() as number;
      if (this.#sharingOf[link] === sharing) continue;
      this.#sharingOf[link] = sharing;
      for (const flow of this.#flowsOf[link] as Flow[]) {
        if (flow.sharing === sharing) continue;
        flow.sharing = sharing;
        reached.push(flow);
        for (const other of flow.links) if (other !== link) open.push(other);
      }
    }
    return reached.sort((a, b) => a.order - b.order);
  }
}
