import { rowOf } from './request-table.ts';

/** The columns of the request table that say where slots are among others, by row. */
export interface SlotColumns {
  readonly next: Int32Array;
  readonly position: Int32Array;
}

/** Slots in lists, first in, first out, each in one at most: linked through the column `next`. */
export class SlotLists {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #table: Pick<SlotColumns, 'next'>;

  constructor(lists: number, table: Pick<SlotColumns, 'next'>) {
    this.#table = table;
    this.#first = new Int32Array(lists).fill(-1);
    this.#last = new Int32Array(lists).fill(-1);
  }

  get lists(): number {
    return this.#first.length;
  }

  /** The first slot of a list, -1 for none. The others follow by `next`. */
  first(list: number): number {
    return this.#first[list];
  }

  push(list: number, slot: number): void {
    const { next } = this.#table;
    next[rowOf(slot)] = -1;
    if (this.#first[list] === -1) this.#first[list] = slot;
    else next[rowOf(this.#last[list])] = slot;
    this.#last[list] = slot;
  }

  /** Empties a list and returns its first slot, -1 for none. */
  take(list: number): number {
    const slot = this.#first[list];
    this.#first[list] = -1;
    return slot;
  }

  /** Takes a slot out of wherever in a list it is: linear in the list. Returns whether it was there. */
  remove(list: number, slot: number): boolean {
    const { next } = this.#table;
    let before = -1;
    for (let at = this.#first[list]; at >= 0; before = at, at = next[rowOf(at)]) {
      if (at !== slot) continue;
      if (before < 0) this.#first[list] = next[rowOf(slot)];
      else next[rowOf(before)] = next[rowOf(slot)];
      if (this.#last[list] === slot) this.#last[list] = before;
      return true;
    }
    return false;
  }

  /** Whether a slot is in a list: linear in it. */
  has(list: number, slot: number): boolean {
    for (let at = this.#first[list]; at >= 0; at = this.#table.next[rowOf(at)]) if (at === slot) return true;
    return false;
  }

  /** Slots of a list: linear in it. */
  size(list: number): number {
    let size = 0;
    for (let at = this.#first[list]; at >= 0; at = this.#table.next[rowOf(at)]) size++;
    return size;
  }

  /** Puts the slots of a list of other lists into the empty one of this number. */
  adopt(list: number, other: SlotLists, from: number): void {
    this.#first[list] = other.#first[from];
    this.#last[list] = other.#last[from];
  }

  clear(): void {
    this.#first.fill(-1);
  }
}
