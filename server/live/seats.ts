import { rowOf } from '../../src/serving/request-table.ts';

/**
 * What is kept of each request by its number, found by the row of the engine's slot: a look-up in a list where a map would take several times as long for each
 * token. A slot is used again when its request has ended, so what is found in it is asked for its number.
 */
export class Seats<T extends object> {
  readonly #byNumber = new Map<number, T>();
  readonly #seatOf = new Map<number, number>();
  readonly #items: (T | undefined)[] = [];
  readonly #numbers: number[] = [];

  get size(): number {
    return this.#byNumber.size;
  }

  numbers(): IterableIterator<number> {
    return this.#byNumber.keys();
  }

  get(number: number): T | undefined {
    return this.#byNumber.get(number);
  }

  /** That of a request which has this slot now. */
  at(slot: number, number: number): T | undefined {
    const row = rowOf(slot);
    return this.#numbers[row] === number ? this.#items[row] : this.#seat(row, number);
  }

  set(number: number, item: T): void {
    this.delete(number);
    this.#byNumber.set(number, item);
  }

  /** Returns whether there was any. */
  delete(number: number): boolean {
    const seat = this.#seatOf.get(number);
    if (seat !== undefined) {
      this.#seatOf.delete(number);
      if (this.#numbers[seat] === number) {
        this.#numbers[seat] = -1;
        this.#items[seat] = undefined;
      }
    }
    return this.#byNumber.delete(number);
  }

  #seat(row: number, number: number): T | undefined {
    const item = this.#byNumber.get(number);
    if (item === undefined) return undefined;
    while (this.#items.length <= row) {
      this.#items.push(undefined);
      this.#numbers.push(-1);
    }
    this.#items[row] = item;
    this.#numbers[row] = number;
    this.#seatOf.set(number, row);
    return item;
  }
}
