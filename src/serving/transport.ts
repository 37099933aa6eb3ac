import type { Bytes, Seconds } from '../base/units.ts';
import type { EventQueue } from '../kernel/event-queue.ts';
import { Transfers } from '../network/transfers.ts';
import type { Errand } from './events.ts';
import { Links } from './links.ts';
import { pending } from './pending.ts';
import type { Plant } from './plant.ts';

/** An errand of a request as one integer, for the event queue. */
function code(slot: number, errand: Errand): number {
  return slot * 2 + (errand === 'push' ? 1 : 0);
}

/** KV on its way over links that all of it shares (MOV-1, MOV-2): flows end, then are delivered one latency later. */
export class Transport {
  readonly links: Links;
  readonly transfers: Transfers;
  readonly #plant: Plant;
  readonly #queue: EventQueue;
  /** The pending end of a flow that still holds; ends that a change has made void carry an older number. */
  #version = 0;
  /** When what has left its links arrives, by its code. */
  readonly #due = new Map<number, Seconds>();
  #endAt: Seconds = Infinity;

  constructor(plant: Plant, queue: EventQueue) {
    this.#plant = plant;
    this.#queue = queue;
    this.links = new Links(plant);
    this.transfers = new Transfers(this.links.rates);
  }

  /** Starts to push `tokens` of KV from a prefill rank to a decode rank, both counted over all instances. Returns what travels. */
  push(at: Seconds, slot: number, tokens: number, from: number, to: number): Bytes {
    const { bytesPerToken = 0, bytesPerSequence = 0 } = this.#plant.transfer ?? {};
    const bytes = tokens * bytesPerToken + bytesPerSequence;
    this.transfers.start(at, code(slot, 'push'), bytes, this.links.push(from, to));
    return bytes;
  }

  /** Starts to read `tokens` of cached KV into a prefill instance. Returns what travels. */
  read(at: Seconds, slot: number, tokens: number, instance: number): Bytes {
    const bytes = tokens * (this.#plant.cache?.bytesPerToken ?? 0);
    this.transfers.start(at, code(slot, 'read'), bytes, this.links.read(instance));
    return bytes;
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

  /** Ends the flows that are due, if `version` still holds, and schedules their delivery; `ended` is told whose KV has left its source. */
  end(at: Seconds, version: number, ended: (slot: number, errand: Errand) => void): void {
    if (version !== this.#version) return;
    this.#endAt = Infinity;
    const { cache, transfer } = this.#plant;
    for (const owner of this.transfers.finish(at)) {
      const push = owner % 2 === 1;
      ended(owner >> 1, push ? 'push' : 'read');
      const due = at + ((push ? transfer?.latency : cache?.latency) ?? 0);
      this.#due.set(owner, due);
      this.#queue.push(due, pending.delivery, pending.delivery, owner);
    }
  }

  /** Which request and errand a delivery event stands for; undefined where it was cancelled in the meantime. */
  delivered(at: Seconds, payload: number): { readonly slot: number; readonly errand: Errand } | undefined {
    if (this.#due.get(payload) !== at) return undefined;
    this.#due.delete(payload);
    return { slot: payload >> 1, errand: payload % 2 === 1 ? 'push' : 'read' };
  }

  /** Takes an errand back, whether its flow has ended or not. What it has carried stays counted. */
  cancel(at: Seconds, slot: number, errand: Errand): void {
    const owner = code(slot, errand);
    if (!this.#due.delete(owner)) this.transfers.cancel(at, owner);
  }
}
