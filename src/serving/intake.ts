import type { Seconds } from '../base/units.ts';
import type { EventQueue } from '../kernel/event-queue.ts';
import { pending } from './pending.ts';
import type { Plant } from './plant.ts';
import { blocksPerUnit, storePrefix } from './prefix-units.ts';
import type { RequestTable } from './request-table.ts';
import type { Arrival, RequestSource } from './traffic/workload.ts';

/** Where requests come from: the source's one by one, so that no more than the next one is known, and those injected from outside. */
export class Intake {
  readonly #plant: Plant;
  readonly #source: RequestSource;
  readonly #table: RequestTable;
  readonly #queue: EventQueue;
  readonly #incoming: Arrival = { arrivedAt: 0, inputTokens: 0, outputTokens: 0, blockTokens: 0, blocks: [] };
  #ended = false;

  constructor(plant: Plant, source: RequestSource, table: RequestTable, queue: EventQueue) {
    this.#plant = plant;
    this.#source = source;
    this.#table = table;
    this.#queue = queue;
    const first = source.concurrency ?? 1;
    for (let i = 0; i < first; i++) this.#pull(0);
  }

  /** A request of the source has arrived: in an open loop the next one is scheduled. */
  arrived(at: Seconds): void {
    if (this.#source.concurrency === undefined) this.#pull(at);
  }

  /** A request has ended: in a closed loop the next one arrives at once. */
  ended(at: Seconds): void {
    if (this.#source.concurrency !== undefined) this.#pull(at);
  }

  inject(at: Seconds, request: Readonly<Arrival>): void {
    this.#queue.push(at, pending.arrival, pending.injection, this.#store(request));
  }

  #pull(at: Seconds): void {
    if (this.#ended) return;
    const incoming = this.#incoming;
    if (!this.#source.next(incoming)) {
      this.#ended = true;
      return;
    }
    this.#queue.push(this.#source.concurrency === undefined ? incoming.arrivedAt : at, pending.arrival, pending.arrival, this.#store(incoming));
  }

  #store(request: Readonly<Arrival>): number {
    const table = this.#table;
    const slot = table.allocate();
    table.inputTokens[slot] = request.inputTokens;
    table.outputTokens[slot] = request.outputTokens;
    storePrefix(table, slot, request, blocksPerUnit(this.#plant, request.blockTokens));
    return slot;
  }
}
