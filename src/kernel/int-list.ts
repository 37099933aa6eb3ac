import { enlarged } from './enlarged.ts';

/** Most lists of a deployment are never filled. */
const none = new Int32Array(0);

/**
 * A short list of 32-bit integers that fills and empties again and again. Its memory stays where it is, while that of a platform's array is given back
 * and taken anew each time.
 */
export class IntList implements Iterable<number> {
  /** The first `length` hold. */
  items: Int32Array<ArrayBuffer> = none;
  length = 0;

  push(item: number): void {
    if (this.length === this.items.length) this.items = enlarged(this.items, new Int32Array(Math.max(8, 2 * this.length)));
    this.items[this.length++] = item;
  }

  /** Removes the last item, which must be there. */
  pop(): number {
    return this.items[--this.length];
  }

  /** Place of the first item that is equal; -1 for none. */
  indexOf(item: number): number {
    for (let at = 0; at < this.length; at++) if (this.items[at] === item) return at;
    return -1;
  }

  includes(item: number): boolean {
    return this.indexOf(item) >= 0;
  }

  /** Removes the item at a place; those behind it move up. */
  removeAt(at: number): void {
    this.items.copyWithin(at, at + 1, this.length--);
  }

  clear(): void {
    this.length = 0;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let at = 0; at < this.length; at++) yield this.items[at];
  }
}
