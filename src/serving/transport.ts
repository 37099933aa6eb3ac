import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { enlarged } from '../kernel/enlarged.ts';
import type { EventQueue } from '../kernel/event-queue.ts';
import { Transfers } from '../network/transfers.ts';
import type { Errand } from './events.ts';
import { linksBetween, sourceOf } from './links.ts';
import { pending } from './pending.ts';
import type { CachePlant, Plant } from './plant.ts';
import type { Kept } from './prefix-pool.ts';
import { rowOf, slotAt } from './request-table.ts';

/** What travels, a request's or the cache's own, as part of an integer for the event queue. */
const travel = { read: 0, push: 1, write: 2, spill: 3 } as const;
const travels = 4;
type Travel = keyof typeof travel;

function code(number: number, what: Travel): number {
  return number * travels + travel[what];
}

/** The same for a request's. */
function codeOf(slot: number, errand: Errand): number {
  return code(rowOf(slot), errand);
}

function slotOf(owner: number): number {
  return slotAt(Math.floor(owner / travels));
}

/** Prefixes of a prompt on their way from the rank that computed them into the cache. */
interface Writing {
  readonly kept: Kept;
  readonly rank: number;
}

/** What a read finds where. */
export interface Found {
  readonly byNode: ArrayLike<number>;
  readonly stored: number;
  readonly unitBytes: Bytes;
}

/** KV on its way over links that all of it shares (MOV-1 to MOV-5): flows end, then are delivered one latency later. */
export class Transport {
  readonly transfers: Transfers;
  readonly #plant: Plant;
  readonly #queue: EventQueue;
  /** The pending end of a flow that still holds; ends that a change has made void carry an older number. */
  #version = 0;
  /** Links of reads by rank and node, of what lies on many nodes behind those; of writes by rank. Made when they are first asked for. */
  readonly #reads: (readonly number[] | undefined)[];
  readonly #writing: (readonly number[] | undefined)[];
  /** Rate at which the memory of each node is read by itself, as links are while `#rated`: a fault changes many of them at once. */
  readonly #rateOf: Float64Array;
  #rated = false;
  readonly #fromStorage: (readonly number[] | undefined)[];
  /** By code: when what has left its links arrives, NaN for what has not; flows that are left of it, and the latency behind the last one. */
  #due: Float64Array<ArrayBuffer> = new Float64Array(1024).fill(Number.NaN);
  #parts: Int32Array<ArrayBuffer> = new Int32Array(1024);
  #latency: Float64Array<ArrayBuffer> = new Float64Array(1024);
  #endAt: Seconds = Infinity;
  readonly #writes: (Writing | undefined)[] = [];
  readonly #free: number[] = [];
  /** Told of prefixes that have come to the cache. */
  onKept: (kept: Kept) => void = () => {};
  /** Bytes that have begun to travel. */
  readonly begun: Record<'push' | 'read' | 'write' | 'fromStorage' | 'toStorage', Bytes> = { push: 0, read: 0, write: 0, fromStorage: 0, toStorage: 0 };

  constructor(plant: Plant, queue: EventQueue) {
    this.#plant = plant;
    this.#queue = queue;
    const { nodes, ranks } = plant.cache ?? { nodes: [], ranks: [] };
    this.#reads = Array.from({ length: ranks.length * (nodes.length + 1) });
    this.#writing = Array.from({ length: ranks.length });
    this.#fromStorage = Array.from({ length: ranks.length });
    this.transfers = new Transfers(plant.links.map(({ rate }) => rate));
    this.#rateOf = new Float64Array(nodes.length);
  }

  /** Gives a link another rate: that of a fault, or its own again. What is on its way over a link of rate 0 waits. */
  setCapacity(link: number, rate: BytesPerSecond): void {
    this.transfers.setCapacity(link, rate);
    this.#rated = false;
  }

  /** Starts to push `tokens` of KV from a prefill rank to a decode rank, both counted over all instances. Returns what travels. */
  push(at: Seconds, slot: number, tokens: number, from: number, to: number): Bytes {
    const { transfer, pools } = this.#plant;
    if (transfer === undefined) return 0;
    const bytes = tokens * transfer.bytesPerToken + transfer.bytesPerSequence;
    const ranks = pools[1].ranks;
    const source = from * transfer.sourcesPerRank + sourceOf(transfer, to % ranks, ranks);
    const owner = codeOf(slot, 'push');
    this.transfers.start(at, owner, bytes, linksBetween(transfer.sources[source], transfer.sinks[to]));
    this.#expect(owner, 1, transfer.latency);
    this.begun.push += bytes;
    return bytes;
  }

  /**
   * Starts to read cached units into a prefill rank (MOV-4): those on the node that would take longest for its part alone, those on the others, those in storage, a
   * flow each. Returns what travels.
   */
  read(at: Seconds, slot: number, rank: number, { byNode, stored, unitBytes }: Found): Bytes {
    const { cache } = this.#plant;
    if (cache === undefined) return 0;
    const owner = codeOf(slot, 'read');
    const { nodes, storage } = cache;
    if (!this.#rated) this.#rateNodes(nodes);
    let [slowest, longest, touched, units, other] = [-1, -1, 0, 0, -1];
    for (let node = 0; node < nodes.length; node++) {
      const own = byNode[node];
      if (own === 0) continue;
      touched++;
      units += own;
      const takes = own / this.#rateOf[node];
      if (takes > longest) {
        other = slowest;
        [slowest, longest] = [node, takes];
      } else other = node;
    }
    let parts = 0;
    if (touched > 0) {
      this.transfers.start(at, owner, byNode[slowest] * unitBytes, this.#readLinks(cache, rank, slowest));
      parts++;
    }
    if (touched > 1) {
      this.transfers.start(at, owner, (units - byNode[slowest]) * unitBytes, this.#readLinks(cache, rank, touched === 2 ? other : nodes.length));
      parts++;
    }
    if (stored > 0) {
      const over = (this.#fromStorage[rank] ??= [...(storage?.links.out ?? []), ...cache.pool.out, ...cache.ranks[rank].in]);
      this.transfers.start(at, owner, stored * unitBytes, over);
      parts++;
    }
    this.#expect(owner, parts, cache.latency + (stored > 0 ? (storage?.latency ?? 0) : 0));
    this.begun.read += (units + stored) * unitBytes;
    this.begun.fromStorage += stored * unitBytes;
    return (units + stored) * unitBytes;
  }

  /** Links from the memory of a node to a rank that reads, found once; from that of many where no node has the number. */
  #readLinks({ nodes, pool, ranks }: CachePlant, rank: number, node: number): readonly number[] {
    return (this.#reads[rank * (nodes.length + 1) + node] ??= [...(node < nodes.length ? nodes[node].out : []), ...pool.out, ...ranks[rank].in]);
  }

  /** Starts to write units of a prompt from the prefill rank that computed it (MOV-5); they are in the cache when all is there. */
  write(at: Seconds, rank: number, kept: Kept, bytesPerToken: Bytes): void {
    const { cache } = this.#plant;
    if (cache === undefined) return;
    const number = this.#free.pop() ?? this.#writes.length;
    this.#writes[number] = { kept, rank };
    const owner = code(number, 'write');
    const unitBytes = kept.unitTokens * bytesPerToken;
    const over = (this.#writing[rank] ??= [...cache.ranks[rank].out, ...cache.pool.in]);
    let left = 0;
    if (kept.missing > 0) {
      this.transfers.start(at, owner, kept.missing * unitBytes, over);
      this.begun.write += kept.missing * unitBytes;
      left++;
    }
    if (kept.unstored > 0) {
      this.transfers.start(at, owner, kept.unstored * unitBytes, cache.storage?.links.in ?? []);
      this.begun.toStorage += kept.unstored * unitBytes;
      left++;
    }
    this.#expect(owner, left, cache.writeLatency + (kept.unstored > 0 ? (cache.storage?.latency ?? 0) : 0));
  }

  /** Units that memory drops go to storage; nobody waits for them. */
  spill(at: Seconds, units: number, unitBytes: Bytes): void {
    this.transfers.start(at, code(0, 'spill'), units * unitBytes, this.#plant.cache?.storage?.links.in ?? []);
    this.begun.toStorage += units * unitBytes;
  }

  /** Shares the links anew at the end of an event in which flows began or ended, and waits for the next end. */
  share(at: Seconds): void {
    const { transfers } = this;
    if (!transfers.changed) return;
    transfers.share(at);
    const next = transfers.nextEndAt();
    if (next === this.#endAt) return;
    this.#endAt = next;
    this.#version++;
    if (next < Infinity) this.#queue.push(next, pending.flowEnd, pending.flowEnd, this.#version);
  }

  /** Ends the flows that are due, if `version` still holds, and schedules what is complete for delivery; `ended` is told whose KV has left its source. */
  end(at: Seconds, version: number, ended: (slot: number, errand: Errand) => void): void {
    if (version !== this.#version) return;
    this.#endAt = Infinity;
    const { transfers } = this;
    const count = transfers.finish(at);
    for (let i = 0; i < count; i++) {
      const owner = transfers.ended[i];
      const what = owner % travels;
      if (what === travel.spill || --this.#parts[owner] > 0) continue;
      if (what !== travel.write) ended(slotOf(owner), what === travel.read ? 'read' : 'push');
      const due = at + this.#latency[owner];
      this.#due[owner] = due;
      this.#queue.push(due, pending.delivery, pending.delivery, owner);
    }
  }

  /** Tells which request and errand a delivery event stands for, unless it was cancelled in the meantime or is the cache's own. */
  deliver(at: Seconds, payload: number, arrived: (slot: number, errand: Errand) => void): void {
    if (this.#due[payload] !== at) return;
    this.#due[payload] = Number.NaN;
    const what = payload % travels;
    const number = Math.floor(payload / travels);
    if (what === travel.read || what === travel.push) {
      arrived(slotOf(payload), what === travel.read ? 'read' : 'push');
      return;
    }
    const writing = this.#writes[number];
    this.#forget(number);
    if (writing !== undefined) this.onKept(writing.kept);
  }

  /** Takes an errand back, whether its flow has ended or not. What it has carried stays counted. */
  cancel(at: Seconds, slot: number, errand: Errand): void {
    this.#cancel(at, codeOf(slot, errand));
  }

  /** Takes back what ranks were writing to the cache, by their numbers over all prefill instances. */
  cancelWrites(at: Seconds, from: number, to: number): void {
    this.#writes.forEach((writing, number) => {
      if (writing === undefined || writing.rank < from || writing.rank >= to) return;
      this.#cancel(at, code(number, 'write'));
      this.#forget(number);
    });
  }

  #forget(write: number): void {
    this.#writes[write] = undefined;
    this.#free.push(write);
  }

  #cancel(at: Seconds, owner: number): void {
    if (owner < this.#due.length && this.#due[owner] >= 0) this.#due[owner] = Number.NaN;
    else this.transfers.cancel(at, owner);
  }

  /** What has begun takes so many flows, and is there some time behind the last of them. */
  #expect(owner: number, parts: number, latency: Seconds): void {
    while (owner >= this.#due.length) {
      const size = 2 * this.#due.length;
      this.#due = enlarged(this.#due, new Float64Array(size).fill(Number.NaN));
      this.#latency = enlarged(this.#latency, new Float64Array(size));
      this.#parts = enlarged(this.#parts, new Int32Array(size));
    }
    this.#due[owner] = Number.NaN;
    this.#parts[owner] = parts;
    this.#latency[owner] = latency;
  }

  /** Rates of the slowest link of each node; 1 where it has none, so that parts compare by their size. */
  #rateNodes(nodes: CachePlant['nodes']): void {
    this.#rated = true;
    nodes.forEach(({ out }, node) => {
      this.#rateOf[node] = out.reduce((least, link) => Math.min(least, this.transfers.capacity[link]), out.length === 0 ? 1 : Infinity);
    });
  }
}
