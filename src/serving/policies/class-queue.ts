import { Fifo } from './fifo.ts';
import type { WaitingQueue } from './waiting-queue.ts';

/** In order of arrival, by priority (SCH-9). There are few priorities, mostly one. */
export class ClassQueue implements WaitingQueue {
  readonly #priority: (slot: number) => number;
  /** Highest priority first. */
  readonly #classes: { readonly priority: number; readonly fifo: Fifo }[] = [{ priority: 0, fifo: new Fifo() }];
  size = 0;

  constructor(priority: (slot: number) => number) {
    this.#priority = priority;
  }

  get first(): number {
    return this.#open().first;
  }

  behind(places: number): number {
    const fifo = this.#open();
    return places < fifo.size ? fifo.behind(places) : -1;
  }

  push(slot: number): void {
    this.size++;
    this.#of(slot).push(slot);
  }

  pushFront(slot: number): void {
    this.size++;
    this.#of(slot).pushFront(slot);
  }

  shift(): number {
    this.size--;
    return this.#open().shift();
  }

  /** Takes an item out of wherever it is: linear in its class. */
  remove(slot: number): void {
    this.size--;
    this.#of(slot).remove(slot);
  }

  prepare(): void {}

  clear(): void {
    this.size = 0;
    for (const { fifo } of this.#classes) fifo.clear();
  }

  /** All in order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const { fifo } of this.#classes) yield* fifo;
  }

  #open(): Fifo {
    for (const { fifo } of this.#classes) if (fifo.size > 0) return fifo;
    throw new RangeError('nothing waits');
  }

  #of(slot: number): Fifo {
    const priority = this.#priority(slot);
    let at = 0;
    while (at < this.#classes.length && this.#classes[at].priority > priority) at++;
    if (this.#classes[at]?.priority !== priority) this.#classes.splice(at, 0, { priority, fifo: new Fifo() });
    return this.#classes[at].fifo;
  }
}
