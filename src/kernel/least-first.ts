import { enlarged } from './enlarged.ts';

/** Numbers of which the least is known: a binary heap. */
export class LeastFirst {
  #size = 0;
  #numbers: Float64Array<ArrayBuffer> = new Float64Array(64);

  get size(): number {
    return this.#size;
  }

  /** The least of them; there must be one. */
  get least(): number {
    return this.#numbers[0];
  }

  clear(): void {
    this.#size = 0;
  }

  /** Adds a number at the end; until they are in order again, which is least is not known. */
  add(number: number): void {
    if (this.#size === this.#numbers.length) this.#numbers = enlarged(this.#numbers, new Float64Array(2 * this.#size));
    this.#numbers[this.#size++] = number;
  }

  /** Puts those in order that were added. */
  order(): void {
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at, this.#numbers[at]);
  }

  /** Adds a number in order. */
  push(number: number): void {
    this.add(number);
    const numbers = this.#numbers;
    let at = this.#size - 1;
    for (let parent = (at - 1) >> 1; at > 0 && number < numbers[parent]; parent = (at - 1) >> 1) {
      numbers[at] = numbers[parent];
      at = parent;
    }
    numbers[at] = number;
  }

  /** Takes the least one away. */
  shift(): void {
    const last = this.#numbers[--this.#size];
    if (this.#size > 0) this.replace(last);
  }

  /** Puts another number in the place of the least one. */
  replace(number: number): void {
    this.#sink(0, number);
  }

  #sink(from: number, number: number): void {
    const numbers = this.#numbers;
    const size = this.#size;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      // Which of two is less cannot be foreseen: no branch.
      if (child + 1 < size) child += Number(numbers[child + 1] < numbers[child]);
      if (number <= numbers[child]) break;
      numbers[at] = numbers[child];
      at = child;
    }
    numbers[at] = number;
  }
}
