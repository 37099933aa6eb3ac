/** Most queues of a deployment never have anything. */
const none = new Int32Array(0);

/** A queue of request slots that also takes back at the front what was preempted. */
export class Fifo {
  #items = none;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first item; the queue must not be empty. */
  get first(): number {
    return this.#items[this.#head];
  }

  /** The item so many places behind the first; there must be one. */
  behind(places: number): number {
    return this.#items[(this.#head + places) & (this.#items.length - 1)];
  }

  push(item: number): void {
    this.#reserve();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item;
    this.#size++;
  }

  pushFront(item: number): void {
    this.#reserve();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size++;
  }

  shift(): number {
    const item = this.#items[this.#head];
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  /** Takes an item out of wherever it is: linear in the queue. */
  remove(item: number): void {
    for (let left = this.#size; left > 0; left--) {
      const first = this.shift();
      if (first !== item) this.push(first);
    }
  }

  clear(): void {
    this.#size = 0;
  }

  /** All in order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.#size; i++) yield this.#items[(this.#head + i) & (this.#items.length - 1)];
  }

  #reserve(): void {
    if (this.#size < this.#items.length) return;
    const grown = new Int32Array(Math.max(16, 2 * this.#items.length));
    for (let i = 0; i < this.#size; i++) grown[i] = this.#items[(this.#head + i) & (this.#items.length - 1)];
    this.#items = grown;
    this.#head = 0;
  }
}
