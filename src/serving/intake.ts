import type { Seconds } from '../base/units.ts';
import type { EventQueue } from '../kernel/event-queue.ts';
import { pending } from './pending.ts';
import type { Plant } from './plant.ts';
import { blocksPerUnit, storePrefix } from './prefix-units.ts';
import { held } from './rare-fields.ts';
import type { RequestTable } from './request-table.ts';
import { emptyArrival, type Arrival, type RequestSource } from './traffic/arrival.ts';

/** Where requests come from: the source's one by one, so that no more than the next one is known, and those injected from outside. */
export class Intake {
  readonly #plant: Plant;
  readonly #source: RequestSource;
  readonly #table: RequestTable;
  readonly #queue: EventQueue;
  readonly #incoming: Arrival = emptyArrival();
  #ended = false;

  constructor(plant: Plant, source: RequestSource, table: RequestTable, queue: EventQueue) {
    this.#plant = plant;
    this.#source = source;
    this.#table = table;
    this.#queue = queue;
    const first = source.concurrency ?? 1;
    for (let i = 0; i < first; i++) this.#pull(source.concurrency === undefined ? undefined : 0);
  }

  /** A request of the source has arrived: in an open loop the next one is scheduled. */
  arrived(): void {
    if (this.#source.concurrency === undefined) this.#pull();
  }

  /** The request of this slot has ended, served or rejected: what follows from it is scheduled, and in a closed loop the next one arrives at once. */
  ended(at: Seconds, slot: number): void {
    const thread = this.#table.thread[slot];
    if (thread >= 0) this.#follow(at, thread);
    if (this.#source.concurrency !== undefined) this.#pull(at);
  }

  inject(at: Seconds, request: Readonly<Arrival>): void {
    this.#queue.push(at, pending.arrival, pending.injection, this.#store(request));
  }

  #follow(at: Seconds, thread: number): void {
    const source = this.#source;
    const incoming = this.#incoming;
    source.ended?.(thread, at);
    while (source.follow?.(incoming) === true) this.#queue.push(incoming.arrivedAt, pending.arrival, pending.injection, this.#store(incoming));
  }

  /** @param at when it arrives; absent: when its source says */
  #pull(at?: Seconds): void {
    if (this.#ended) return;
    const incoming = this.#incoming;
    if (!this.#source.next(incoming)) {
      this.#ended = true;
      return;
    }
    this.#queue.push(at ?? incoming.arrivedAt, pending.arrival, pending.arrival, this.#store(incoming));
  }

  #store(request: Readonly<Arrival>): number {
    const table = this.#table;
    const slot = table.allocate();
    table.inputTokens[slot] = request.inputTokens;
    table.outputTokens[slot] = request.outputTokens;
    table.thread[slot] = request.thread;
    table.tenant[slot] = request.tenant;
    table.priority[slot] = request.priority;
    table.model[slot] = request.model;
    table.adapter[slot] = request.adapter;
    if (request.instance !== undefined) table.rare.own(slot).sentTo = request.instance;
    if (request.rank !== undefined) table.rare.own(slot).sentToRank = request.rank;
    if (request.leastCached !== undefined) table.rare.own(slot).leastCached = request.leastCached;
    if (request.held === true) table.rare.own(slot).decodesOn = held;
    storePrefix(table, slot, request, blocksPerUnit(this.#plant, request.blockTokens), this.#plant.cache === undefined);
    return slot;
  }
}
