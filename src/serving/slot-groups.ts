import { rowOf } from './request-table.ts';
import type { SlotColumns } from './slot-lists.ts';

/** Slots in groups, each in one at most and in no order: side by side in memory, each at its `position`. */
export class SlotGroups {
  /** Slots of each group. */
  readonly sizes: Int32Array;
  #slots: Int32Array<ArrayBuffer>;
  /** Groups are so far apart. */
  #stride: number;

  readonly #table: Pick<SlotColumns, 'position'>;

  /** @param room slots of a group that there is memory for at first */
  constructor(groups: number, table: Pick<SlotColumns, 'position'>, room: number = 8) {
    this.#table = table;
    this.#stride = room;
    this.sizes = new Int32Array(groups);
    this.#slots = new Int32Array(groups * this.#stride);
  }

  /** The slots of a group as they are now. */
  of(group: number): Int32Array {
    const from = group * this.#stride;
    return this.#slots.subarray(from, from + this.sizes[group]);
  }

  add(group: number, slot: number): void {
    const at = this.sizes[group]++;
    if (at === this.#stride) this.#grow();
    this.#slots[group * this.#stride + at] = slot;
    this.#table.position[rowOf(slot)] = at;
  }

  remove(group: number, slot: number): void {
    const { position } = this.#table;
    const from = group * this.#stride;
    const last = this.#slots[from + --this.sizes[group]];
    if (last === slot) return;
    const at = position[rowOf(slot)];
    this.#slots[from + at] = last;
    position[rowOf(last)] = at;
  }

  clear(group: number): void {
    this.sizes[group] = 0;
  }

  #grow(): void {
    const stride = 2 * this.#stride;
    const slots = new Int32Array(this.sizes.length * stride);
    for (let group = 0; group < this.sizes.length; group++) slots.set(this.#slots.subarray(group * this.#stride, (group + 1) * this.#stride), group * stride);
    this.#slots = slots;
    this.#stride = stride;
  }
}
