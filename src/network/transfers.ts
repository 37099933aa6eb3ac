import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { MaxMin } from '../kernel/max-min.ts';

interface Flow {
  owner: number;
  /** Place in the order of beginning. */
  order: number;
  links: readonly number[];
  /** Bytes that were left at `at`, when `rate` began. */
  left: Bytes;
  at: Seconds;
  rate: BytesPerSecond;
  /** Place among the flows. */
  position: number;
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
  /** When each ends at its rate, beside them. */
  #endsAt: Float64Array<ArrayBuffer> = new Float64Array(64);
  readonly #flowsOf: Flow[][];
  /** Flows that have ended, to be used again. */
  readonly #spare: Flow[] = [];
  /** Links that have changed, or whose flows have, since the last sharing. */
  readonly #changed: number[] = [];
  /** Flows that are joined by links, as a sharing comes to them, and links that it has yet to look at. */
  readonly #joined: Flow[] = [];
  readonly #open: number[] = [];
  readonly #ended: number[] = [];
  #begun = 0;
  #sharing = 0;
  #division = 0;
  /** Sharing and division that a link was last part of, and its place among the links there. */
  readonly #sharingOf: Int32Array;
  readonly #divisionOf: Int32Array;
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
    this.#divisionOf = new Int32Array(capacity.length);
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
    const flow: Flow = this.#spare.pop() ?? { owner: 0, order: 0, links: none, left: 0.5, at: 0.5, rate: 0.5, position: 0, sharing: 0 };
    flow.owner = owner;
    flow.order = this.#begun++;
    flow.links = links;
    flow.left = bytes;
    flow.at = at;
    flow.rate = 0;
    flow.position = this.#flows.length;
    flow.sharing = 0;
    if (flow.position === this.#endsAt.length) this.#endsAt = longer(this.#endsAt);
    this.#endsAt[flow.position] = Infinity;
    this.#flows.push(flow);
    for (const link of links) {
      this.#flowsOf[link]?.push(flow);
      this.#changed.push(link);
    }
  }

  /** When the next flow ends, after `share`; Infinity when none is active. */
  nextEndAt(): Seconds {
    let soonest = Infinity;
    const { length } = this.#flows;
    for (let f = 0; f < length; f++) if ((this.#endsAt[f] as number) < soonest) soonest = this.#endsAt[f] as number;
    return soonest;
  }

  /** Ends what is due at `at`; returns the owners in the order in which their flows began, in a list that the next call uses again. */
  finish(at: Seconds): readonly number[] {
    const owners = this.#ended;
    owners.length = 0;
    const { length } = this.#flows;
    let kept = 0;
    while (kept < length && (this.#endsAt[kept] as number) > at) kept++;
    for (let f = kept; f < length; f++) {
      const flow = this.#flows[f] as Flow;
      if ((this.#endsAt[f] as number) > at) {
        this.#keep(flow, f, kept++);
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

  #keep(flow: Flow, from: number, to: number): void {
    this.#flows[to] = flow;
    this.#endsAt[to] = this.#endsAt[from] as number;
    flow.position = to;
  }

  /** Takes the flows of an owner back before their end; what they have moved by `at` stays counted. Nothing happens where there is none. */
  cancel(at: Seconds, owner: number): void {
    let kept = 0;
    for (const [f, flow] of this.#flows.entries()) {
      if (flow.owner !== owner) {
        this.#keep(flow, f, kept++);
        continue;
      }
      this.#count(flow, Math.min(flow.left, flow.rate * (at - flow.at)));
      this.#leave(flow);
    }
    this.#flows.length = kept;
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

  /** Shares the links anew at `at` among the flows that what has changed may reach: those that are joined by links, apart from others. */
  share(at: Seconds): void {
    const changed = this.#changed;
    if (changed.length === 0) return;
    const sharing = ++this.#sharing;
    for (let i = 0; i < changed.length; i++) {
      const joined = this.#joinedTo(changed[i] as number, sharing);
      if (joined === 1) this.#run(this.#joined[0] as Flow, at, this.#slowest(this.#joined[0] as Flow));
      else if (joined > 1) this.#divide(at);
    }
    changed.length = 0;
  }

  #slowest({ links }: Flow): BytesPerSecond {
    let rate = Infinity;
    for (const link of links) rate = Math.min(rate, this.capacity[link] as number);
    return rate;
  }

  /** Divides links among `#joined`. */
  #divide(at: Seconds): void {
    const flows = inOrder(this.#joined);
    let entries = 0;
    let links = 0;
    if (this.#start.length <= flows.length) {
      this.#start = new Int32Array(2 * flows.length);
      this.#rates = new Float64Array(2 * flows.length);
    }
    const division = ++this.#division;
    for (let f = 0; f < flows.length; f++) {
      const over = (flows[f] as Flow).links;
      if (this.#entries.length < entries + over.length) {
        const grown = new Int32Array(2 * (entries + over.length));
        grown.set(this.#entries);
        this.#entries = grown;
      }
      for (const link of over) {
        if (this.#divisionOf[link] !== division) {
          this.#divisionOf[link] = division;
          this.#placeOf[link] = links;
          this.#reachedCapacity[links++] = this.capacity[link] as number;
        }
        this.#entries[entries++] = this.#placeOf[link] as number;
      }
      this.#start[f + 1] = entries;
    }
    const rates = this.#rates;
    this.#maxMin.solve(this.#reachedCapacity, this.#start, this.#entries, rates, undefined, links, flows.length);
    for (let f = 0; f < flows.length; f++) this.#run(flows[f] as Flow, at, rates[f] as number);
  }

  /** Gives a flow its rate from `at` on. */
  #run(flow: Flow, at: Seconds, rate: BytesPerSecond): void {
    if (rate === flow.rate) return;
    this.#count(flow, Math.min(flow.left, flow.rate * (at - flow.at)));
    flow.at = at;
    flow.rate = rate;
    this.#endsAt[flow.position] = rate > 0 ? at + flow.left / rate : Infinity;
  }

  #leave(flow: Flow): void {
    for (const link of flow.links) {
      const others = this.#flowsOf[link] as Flow[];
      // In any order: a division puts them into that of their beginning.
      const last = others.pop() as Flow;
      if (last !== flow) others[others.indexOf(flow)] = last;
      this.#changed.push(link);
    }
    this.#spare.push(flow);
  }

  #count(flow: Flow, moved: Bytes): void {
    flow.left -= moved;
    for (const link of flow.links) this.#carried[link] = (this.#carried[link] as number) + moved;
  }

  /** Puts the flows that share a link, directly or through others, into `#joined`, and returns how many; none where this sharing has had it before. */
  #joinedTo(first: number, sharing: number): number {
    const { length } = this.#joined;
    if (length > 0) this.#joined.length = 0;
    if (this.#sharingOf[first] === sharing) return 0;
    this.#sharingOf[first] = sharing;
    const joined = this.#joined;
    const open = this.#open;
    open.push(first);
    while (open.length > 0) {
      const link = open.pop() as number;
      for (const flow of this.#flowsOf[link] as Flow[]) {
        if (flow.sharing === sharing) continue;
        flow.sharing = sharing;
        joined.push(flow);
        for (const other of flow.links) {
          if (this.#sharingOf[other] === sharing) continue;
          this.#sharingOf[other] = sharing;
          open.push(other);
        }
      }
    }
    return joined.length;
  }
}

/** Flows by their beginning. Few are put in order one by one, which is quicker than a call for each comparison. */
function inOrder(flows: Flow[]): Flow[] {
  if (flows.length > few) return flows.sort((a, b) => a.order - b.order);
  for (let i = 1; i < flows.length; i++) {
    const flow = flows[i] as Flow;
    let at = i;
    for (; at > 0 && (flows[at - 1] as Flow).order > flow.order; at--) flows[at] = flows[at - 1] as Flow;
    flows[at] = flow;
  }
  return flows;
}
const few = 48;

function longer(items: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(2 * items.length);
  twice.set(items);
  return twice;
}

const none: readonly number[] = [];
