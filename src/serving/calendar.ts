import { SlotLists, type SlotColumns } from './slot-lists.ts';

/** Slots by the step at whose end they finish: a ring of lists. */
export class Calendar {
  #ring: SlotLists;
  #now = 0;
  readonly #table: Pick<SlotColumns, 'next'>;

  constructor(table: Pick<SlotColumns, 'next'>) {
    this.#table = table;
    this.#ring = new SlotLists(64, table);
  }

  /** Adds `slot` to the list of `step`, which lies after the last step taken. */
  add(step: number, slot: number): void {
    while (step - this.#now >= this.#ring.lists) this.#grow();
    this.#ring.push(this.#at(step), slot);
  }

  /** The first slot of `step`, which lies within the ring; -1 for none. */
  first(step: number): number {
    return this.#ring.first(this.#at(step));
  }

  /** Empties the list of `step` and returns its first slot, -1 for none. Steps are taken in order, each once. */
  take(step: number): number {
    this.#now = step;
    return this.#ring.take(this.#at(step));
  }

  /** Takes `slot` out of the list of `step`: linear in the list, for the rare sequence that is preempted. */
  remove(step: number, slot: number): void {
    this.#ring.remove(this.#at(step), slot);
  }

  /** Forgets all slots. */
  clear(): void {
    this.#ring.clear();
  }

  #at(step: number): number {
    return step & (this.#ring.lists - 1);
  }

  #grow(): void {
    const before = this.#ring;
    const size = before.lists;
    const ring = new SlotLists(2 * size, this.#table);
    for (let step = this.#now; step < this.#now + size; step++) ring.adopt(step & (2 * size - 1), before, step & (size - 1));
    this.#ring = ring;
  }
}
