import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { enlarged } from '../kernel/enlarged.ts';
import { FairShares } from '../kernel/fair-shares.ts';
import { FlowsOnLinks } from '../kernel/flows-on-links.ts';

/**
 * Bytes in flight over links that they share by max-min fairness, whatever they are. Rates change only when a flow begins or ends or a link changes, and
 * only those of flows that are joined to it by shared links. All of that takes effect with `share`, one for all of an instant.
 */
export class Transfers {
  readonly capacity: Float64Array;
  /** Bytes of flows that are over. */
  readonly #carried: Float64Array;
  readonly #over: FlowsOnLinks;
  /** By flow. Numbers of flows that have ended are used again. */
  #owner: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** Place in the order of beginning. */
  #order: Float64Array<ArrayBuffer> = new Float64Array(64);
  #bytes: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** Bytes that were left at `at`, when `rate` began. */
  #left: Float64Array<ArrayBuffer> = new Float64Array(64);
  #at: Float64Array<ArrayBuffer> = new Float64Array(64);
  #rate: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** Place among the active flows. */
  #position: Int32Array<ArrayBuffer> = new Int32Array(64);
  readonly #spare: number[] = [];
  #numbers = 0;
  /** Active flows, in no order, and beside them when each ends at its rate. */
  #flows: Int32Array<ArrayBuffer> = new Int32Array(64);
  #endsAt: Float64Array<ArrayBuffer> = new Float64Array(64);
  #active = 0;
  /** Place of the flow that ends next, as it was last asked for; -1 where several do, or flows have ended or got other rates since. */
  #next = -1;
  /** Links that have changed, or whose flows have, since the last sharing. */
  #changed: Int32Array<ArrayBuffer> = new Int32Array(256);
  #changes = 0;
  /** Owners of the flows that `finish` has ended last. */
  ended: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** Flows in the order of their beginning. */
  #ordered: Int32Array<ArrayBuffer> = new Int32Array(64);
  #begun = 0;
  readonly #shares: FairShares;

  /** @param capacity rate of each link, one way [B/s] */
  constructor(capacity: ArrayLike<BytesPerSecond>) {
    this.capacity = Float64Array.from(capacity);
    this.#carried = new Float64Array(capacity.length);
    this.#over = new FlowsOnLinks(capacity.length);
    this.#shares = new FairShares(this.capacity, this.#over);
  }

  get active(): number {
    return this.#active;
  }

  /** Whether flows have begun or ended, or links changed, since the last `share`. */
  get changed(): boolean {
    return this.#changes > 0;
  }

  /** Adds a flow of `bytes` (> 0) over `links` and `others` (distinct, at least one). `owner` comes back when it ends. */
  start(at: Seconds, owner: number, bytes: Bytes, links: readonly number[], others: readonly number[] = none): void {
    const flow = this.#spare.pop() ?? this.#numbers++;
    const position = this.#active++;
    if (flow === this.#owner.length) this.#grow();
    this.#over.join(flow, links, others);
    this.#shares.forget();
    this.#owner[flow] = owner;
    this.#order[flow] = this.#begun++;
    this.#bytes[flow] = bytes;
    this.#left[flow] = bytes;
    this.#at[flow] = at;
    this.#rate[flow] = 0;
    this.#position[flow] = position;
    this.#flows[position] = flow;
    this.#endsAt[position] = Infinity;
    // Its other links are joined to this one.
    this.#change((links.length > 0 ? links : others)[0] as number);
  }

  /** When the next flow ends, after `share`; Infinity when none is active. */
  nextEndAt(): Seconds {
    const endsAt = this.#endsAt;
    const active = this.#active;
    let soonest = Infinity;
    let next = -1;
    for (let p = 0; p < active; p++) {
      const own = endsAt[p] as number;
      if (own > soonest) continue;
      next = own < soonest ? p : -1;
      soonest = own;
    }
    this.#next = next;
    return soonest;
  }

  /** Ends what is due at `at`; returns how much that is. The owners are in `ended` until the next call, in the order in which their flows began. */
  finish(at: Seconds): number {
    const next = this.#next;
    let count = 0;
    if (next >= 0 && this.#endsAt[next] === at) this.#ordered[count++] = this.#flows[next] as number;
    else for (let p = 0; p < this.#active; p++) if ((this.#endsAt[p] as number) <= at) this.#insert(this.#flows[p] as number, count++);
    for (let i = 0; i < count; i++) {
      const flow = this.#ordered[i] as number;
      this.ended[i] = this.#owner[flow] as number;
      // What rounding leaves of it is nothing.
      this.#leave(flow, this.#bytes[flow] as number);
    }
    return count;
  }

  /** Takes the flows of an owner back before their end; what they have moved by `at` stays counted. Nothing happens where there is none. */
  cancel(at: Seconds, owner: number): void {
    let count = 0;
    for (let p = 0; p < this.#active; p++) if (this.#owner[this.#flows[p] as number] === owner) this.#insert(this.#flows[p] as number, count++);
    for (let i = 0; i < count; i++) this.#leave(this.#ordered[i] as number, this.#movedBy(this.#ordered[i] as number, at));
  }

  /** Gives a link another rate from the next `share` on; over one of rate 0 nothing moves, and flows wait. */
  setCapacity(link: number, rate: BytesPerSecond): void {
    if (this.capacity[link] === rate) return;
    this.capacity[link] = rate;
    this.#shares.forget();
    this.#change(link);
  }

  /** Bytes that each link has moved by `at`. */
  carriedBy(at: Seconds): Float64Array {
    const carried = this.#carried.slice();
    for (let p = 0; p < this.#active; p++) this.#insert(this.#flows[p] as number, p);
    for (const flow of this.#ordered.subarray(0, this.#active)) this.#carry(flow, this.#movedBy(flow, at), carried);
    return carried;
  }

  /** Shares the links anew at `at` among the flows that what has changed may reach: those that are joined by links, apart from others. */
  share(at: Seconds): void {
    if (this.#changes === 0) return;
    this.#next = -1;
    const shares = this.#shares;
    shares.begin(this.#numbers);
    for (let i = 0; i < this.#changes; i++) {
      const count = shares.divide(this.#changed[i] as number);
      for (let f = 0; f < count; f++) {
        const flow = shares.flows[f] as number;
        this.#run(flow, at, shares.rates[flow] as number);
      }
    }
    this.#changes = 0;
  }

  /** Gives a flow its rate from `at` on. */
  #run(flow: number, at: Seconds, rate: BytesPerSecond): void {
    const before = this.#rate[flow] as number;
    if (rate === before) return;
    const left = (this.#left[flow] as number) - Math.min(this.#left[flow] as number, before * (at - (this.#at[flow] as number)));
    this.#left[flow] = left;
    this.#at[flow] = at;
    this.#rate[flow] = rate;
    this.#endsAt[this.#position[flow] as number] = rate > 0 ? at + left / rate : Infinity;
  }

  #movedBy(flow: number, at: Seconds): Bytes {
    const left = this.#left[flow] as number;
    return (this.#bytes[flow] as number) - left + Math.min(left, (this.#rate[flow] as number) * (at - (this.#at[flow] as number)));
  }

  #leave(flow: number, moved: Bytes): void {
    this.#carry(flow, moved, this.#carried);
    const { shift, size, link } = this.#over;
    const start = flow << shift;
    const end = start + (size[flow] as number);
    for (let place = start; place < end; place++) this.#change(link[place] as number);
    this.#shares.goes(flow);
    this.#over.leave(flow);
    this.#next = -1;
    const position = this.#position[flow] as number;
    const last = this.#flows[--this.#active] as number;
    this.#flows[position] = last;
    this.#endsAt[position] = this.#endsAt[this.#active] as number;
    this.#position[last] = position;
    this.#spare.push(flow);
  }

  /** Adds bytes to what each link of a flow has carried. */
  #carry(flow: number, bytes: Bytes, carried: Float64Array): void {
    const { shift, size, link } = this.#over;
    const start = flow << shift;
    const end = start + (size[flow] as number);
    for (let place = start; place < end; place++) carried[link[place] as number] = (carried[link[place] as number] as number) + bytes;
  }

  /** Adds a flow to so many that are in the order of their beginning. */
  #insert(flow: number, count: number): void {
    const ordered = this.#ordered;
    const order = this.#order[flow] as number;
    let at = count;
    for (; at > 0 && (this.#order[ordered[at - 1] as number] as number) > order; at--) ordered[at] = ordered[at - 1] as number;
    ordered[at] = flow;
  }

  #change(link: number): void {
    if (this.#changes === this.#changed.length) this.#changed = enlarged(this.#changed, new Int32Array(2 * this.#changed.length));
    this.#changed[this.#changes++] = link;
  }

  #grow(): void {
    this.#owner = enlarged(this.#owner, new Float64Array(2 * this.#owner.length));
    this.#order = enlarged(this.#order, new Float64Array(2 * this.#order.length));
    this.#bytes = enlarged(this.#bytes, new Float64Array(2 * this.#bytes.length));
    this.#left = enlarged(this.#left, new Float64Array(2 * this.#left.length));
    this.#at = enlarged(this.#at, new Float64Array(2 * this.#at.length));
    this.#rate = enlarged(this.#rate, new Float64Array(2 * this.#rate.length));
    this.#endsAt = enlarged(this.#endsAt, new Float64Array(2 * this.#endsAt.length));
    this.#position = enlarged(this.#position, new Int32Array(2 * this.#position.length));
    this.#flows = enlarged(this.#flows, new Int32Array(2 * this.#flows.length));
    this.#ordered = enlarged(this.#ordered, new Int32Array(2 * this.#ordered.length));
    this.ended = enlarged(this.ended, new Float64Array(2 * this.ended.length));
  }
}

const none: readonly number[] = [];
