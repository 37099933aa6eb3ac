import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { EventQueue } from '../kernel/event-queue.ts';
import { Transfers } from '../network/transfers.ts';
import type { Errand } from './events.ts';
import { PushWays } from './links.ts';
import { pending } from './pending.ts';
import type { CachePlant, Plant } from './plant.ts';
import type { Kept } from './prefix-pool.ts';
import { nobodys, Shipments } from './shipments.ts';

/** What travels: a request's KV or the cache's own. */
const travel = { read: 0, push: 1, write: 2 } as const;

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
  readonly #pushes: PushWays | undefined;
  /** Of requests by slot, of the cache by the number of a write. */
  readonly #shipments = new Shipments();
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
    if (plant.transfer !== undefined) this.#pushes = PushWays.of(plant.transfer, plant.pools[1].ranks);
  }

  /** Gives a link another rate: that of a fault, or its own again. What is on its way over a link of rate 0 waits. */
  setCapacity(link: number, rate: BytesPerSecond): void {
    this.transfers.setCapacity(link, rate);
    this.#rated = false;
  }

  /** Starts to push `tokens` of KV from a prefill rank to a decode rank, both counted over all instances. Returns what travels. */
  push(at: Seconds, slot: number, tokens: number, from: number, to: number): Bytes {
    const { transfer } = this.#plant;
    const ways = this.#pushes;
    if (transfer === undefined || ways === undefined) return 0;
    const bytes = tokens * transfer.bytesPerToken + transfer.bytesPerSequence;
    const source = ways.source(from, to);
    const level = ways.level(source, to);
    const number = this.#shipments.begin(travel.push, slot, transfer.latency);
    this.#send(at, number, bytes, ways.up[level][source], ways.down[level][to]);
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
    const { nodes, storage } = cache;
    if (!this.#rated) this.#rateNodes(nodes);
    let slowest = -1;
    let longest = -1;
    let touched = 0;
    let places = 0;
    let units = 0;
    for (let node = 0; node < nodes.length; node++) {
      const own = byNode[node];
      units += own;
      // 1 where there is something: whether there is cannot be foreseen, so that a branch would be wrong every third time.
      const some = -own >>> 31;
      touched += some;
      places += some * node;
      const takes = own / this.#rateOf[node];
      if (takes > longest && own > 0) {
        slowest = node;
        longest = takes;
      }
    }
    const number = this.#shipments.begin(travel.read, slot, cache.latency + (stored > 0 ? (storage?.latency ?? 0) : 0));
    if (touched > 0) this.#send(at, number, byNode[slowest] * unitBytes, this.#readLinks(cache, rank, slowest));
    if (touched > 1) {
      // Of two, what the sum of their places leaves is the other one's.
      this.#send(at, number, (units - byNode[slowest]) * unitBytes, this.#readLinks(cache, rank, touched === 2 ? places - slowest : nodes.length));
    }
    if (stored > 0) {
      const over = (this.#fromStorage[rank] ??= [...(storage?.links.out ?? []), ...cache.pool.out, ...cache.ranks[rank].in]);
      this.#send(at, number, stored * unitBytes, over);
    }
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
    const write = this.#free.pop() ?? this.#writes.length;
    this.#writes[write] = { kept, rank };
    const number = this.#shipments.begin(travel.write, write, cache.writeLatency + (kept.unstored > 0 ? (cache.storage?.latency ?? 0) : 0));
    const unitBytes = kept.unitTokens * bytesPerToken;
    const over = (this.#writing[rank] ??= [...cache.ranks[rank].out, ...cache.pool.in]);
    if (kept.missing > 0) {
      this.#send(at, number, kept.missing * unitBytes, over);
      this.begun.write += kept.missing * unitBytes;
    }
    if (kept.unstored > 0) {
      this.#send(at, number, kept.unstored * unitBytes, cache.storage?.links.in ?? []);
      this.begun.toStorage += kept.unstored * unitBytes;
    }
  }

  /** Sends a part of what is about to travel. */
  #send(at: Seconds, number: number, bytes: Bytes, links: readonly number[], others?: readonly number[]): void {
    this.#shipments.parts[number]++;
    this.transfers.start(at, number, bytes, links, others);
  }

  /** Units that memory drops go to storage; nobody waits for them. */
  spill(at: Seconds, units: number, unitBytes: Bytes): void {
    this.transfers.start(at, nobodys, units * unitBytes, this.#plant.cache?.storage?.links.in ?? []);
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
    const shipments = this.#shipments;
    const count = transfers.finish(at);
    for (let i = 0; i < count; i++) {
      const number = transfers.ended[i];
      if (number === nobodys || --shipments.parts[number] > 0) continue;
      const what = shipments.what[number];
      if (what !== travel.write) ended(shipments.of[number], what === travel.read ? 'read' : 'push');
      this.#queue.push(at + shipments.latency[number], pending.delivery, pending.delivery, number);
    }
  }

  /** Tells which request and errand is there, unless it was cancelled in the meantime or is the cache's own. */
  deliver(number: number, arrived: (slot: number, errand: Errand) => void): void {
    const shipments = this.#shipments;
    const what = shipments.what[number];
    const of = shipments.of[number];
    shipments.end(number);
    switch (what) {
      case travel.read:
        arrived(of, 'read');
        return;
      case travel.push:
        arrived(of, 'push');
        return;
      case travel.write: {
        const { kept } = this.#writes[of] as Writing;
        this.#forget(of);
        this.onKept(kept);
      }
    }
  }

  /** Takes an errand back, whether its flow has ended or not. What it has carried stays counted. */
  cancel(at: Seconds, slot: number, errand: Errand): void {
    this.#cancel(at, travel[errand], slot);
  }

  /** Takes back what ranks were writing to the cache, by their numbers over all prefill instances. */
  cancelWrites(at: Seconds, from: number, to: number): void {
    this.#writes.forEach((writing, number) => {
      if (writing === undefined || writing.rank < from || writing.rank >= to) return;
      this.#cancel(at, travel.write, number);
      this.#forget(number);
    });
  }

  #forget(write: number): void {
    this.#writes[write] = undefined;
    this.#free.push(write);
  }

  #cancel(at: Seconds, what: number, of: number): void {
    const shipments = this.#shipments;
    const number = shipments.find(what, of);
    if (number < 0) return;
    if (shipments.parts[number] === 0) {
      shipments.forget(number);
      return;
    }
    this.transfers.cancel(at, number);
    shipments.end(number);
  }

  /** Rates of the slowest link of each node; 1 where it has none, so that parts compare by their size. */
  #rateNodes(nodes: CachePlant['nodes']): void {
    this.#rated = true;
    nodes.forEach(({ out }, node) => {
      this.#rateOf[node] = out.reduce((least, link) => Math.min(least, this.transfers.capacity[link]), out.length === 0 ? 1 : Infinity);
    });
  }
}
