import { ClassQueue } from './class-queue.ts';
import type { WaitingQueue } from './waiting-queue.ts';

/** Prompts up to which the queue is searched (SCH-12): a longer one is taken in order of arrival. */
const searched = 128;

/** By priority, then the longest cached prefix, then order of arrival (SCH-12). */
export class PrefixQueue implements WaitingQueue {
  readonly #queue: ClassQueue;
  readonly #priority: (slot: number) => number;
  readonly #cached: (slot: number) => number;
  #chosen = -1;

  /** @param cached prompt tokens whose KV the rank has */
  constructor(priority: (slot: number) => number, cached: (slot: number) => number) {
    this.#queue = new ClassQueue(priority);
    this.#priority = priority;
    this.#cached = cached;
  }

  get size(): number {
    return this.#queue.size;
  }

  get first(): number {
    if (this.#chosen < 0) this.#chosen = this.#search();
    return this.#chosen;
  }

  push(slot: number): void {
    this.#chosen = -1;
    this.#queue.push(slot);
  }

  pushFront(slot: number): void {
    this.#chosen = -1;
    this.#queue.pushFront(slot);
  }

  shift(): number {
    const { first } = this;
    this.#queue.remove(first);
    this.#chosen = -1;
    return first;
  }

  remove(slot: number): void {
    this.#chosen = -1;
    this.#queue.remove(slot);
  }

  prepare(): void {
    this.#chosen = -1;
  }

  clear(): void {
    this.#chosen = -1;
    this.#queue.clear();
  }

  #search(): number {
    const { first } = this.#queue;
    if (this.size > searched) return first;
    let best = first;
    let most = -1;
    for (const slot of this.#queue) {
      if (this.#priority(slot) !== this.#priority(first)) break;
      const cached = this.#cached(slot);
      if (cached > most) [best, most] = [slot, cached];
    }
    return best;
  }
}
