import type { Seconds } from '../../base/units.ts';
import type { WaitingQueue } from './waiting-queue.ts';

interface Entry {
  readonly slot: number;
  readonly priority: number;
  readonly late: boolean;
  readonly key: number;
  readonly order: number;
}

/**
 * By priority, then the least key, then order of coming: a binary heap (SCH-10, SCH-11). Where keys are deadlines, those that have passed go behind all
 * others of their priority: a lost cause does not take others down with it.
 */
export class KeyedQueue implements WaitingQueue {
  readonly #priority: (slot: number) => number;
  readonly #key: (slot: number) => number;
  readonly #deadlines: boolean;
  readonly #heap: Entry[] = [];
  #next = 0;
  #front = -1;
  #at: Seconds = -Infinity;

  constructor(priority: (slot: number) => number, key: (slot: number) => number, deadlines: boolean) {
    this.#priority = priority;
    this.#key = key;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#heap.length;
  }

  get first(): number {
    this.#demote();
    return this.#heap[0].slot;
  }

  push(slot: number): void {
    this.#add({ slot, priority: this.#priority(slot), late: false, key: this.#key(slot), order: this.#next++ });
  }

  pushFront(slot: number): void {
    this.#add({ slot, priority: this.#priority(slot), late: false, key: -Infinity, order: this.#front-- });
  }

  shift(): number {
    this.#demote();
    return this.#take(0).slot;
  }

  remove(slot: number): void {
    this.#take(this.#heap.findIndex((entry) => entry.slot === slot));
  }

  prepare(at: Seconds): void {
    this.#at = at;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  /** Deadlines of one priority come up in order, so that looking at the first is enough; each is put back once at most. */
  #demote(): void {
    if (!this.#deadlines) return;
    for (let [first] = this.#heap; !first.late && first.key < this.#at && first.key > -Infinity; [first] = this.#heap)
      this.#add({ ...this.#take(0), late: true });
  }

  #add(entry: Entry): void {
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1, entry);
  }

  /** Puts an entry at a place of the heap or above it. */
  #rise(from: number, entry: Entry): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent], entry)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the entry at a place of the heap; the last one fills the gap. */
  #take(place: number): Entry {
    const heap = this.#heap;
    const taken = heap[place];
    const last = heap.pop() as Entry;
    if (place === heap.length) return taken;
    let at = place;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (before(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    this.#rise(at, last);
    return taken;
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.late !== b.late) return b.late;
  return a.key === b.key ? a.order < b.order : a.key < b.key;
}
