import { nanoseconds, type Nanoseconds } from './record.ts';

const most = 2048;

/**
 * A quantity over time in at most 2,048 equal buckets, whose width doubles when time outgrows them. `level`: what it was last in each; `rate`: what
 * was added in each, per second. Times are seconds from `from` on.
 */
export class Buckets {
  readonly #from: number;
  readonly #to: number;
  readonly #kind: 'level' | 'rate';
  #width = 2 ** -10;
  #values = new Float64Array(most);
  #used = 0;

  constructor(kind: 'level' | 'rate', from: number, to: number) {
    this.#kind = kind;
    this.#from = from;
    this.#to = to;
    if (kind === 'level') this.#values.fill(Number.NaN);
  }

  /** The level is `value` from `at` on. */
  set(at: number, value: number): void {
    if (at >= this.#to) return;
    this.#values[this.#index(Math.max(0, at - this.#from))] = value;
  }

  /** Adds `amount`, spread evenly over a time. */
  add(from: number, to: number, amount: number): void {
    const begin = Math.max(from, this.#from);
    const end = Math.min(to, this.#to);
    if (end < begin || begin >= this.#to) return;
    if (to <= from) {
      const at = this.#index(begin - this.#from);
      this.#values[at] = (this.#values[at] as number) + amount;
      return;
    }
    const last = this.#index(end - this.#from);
    for (let i = this.#index(begin - this.#from); i <= last; i++) {
      const edge = this.#from + i * this.#width;
      const within = Math.min(end, edge + this.#width) - Math.max(begin, edge);
      if (within > 0) this.#values[i] = (this.#values[i] as number) + (amount * within) / (to - from);
    }
  }

  /** Value of each bucket where it changes, from its start on. */
  *points(): Generator<{ readonly at: Nanoseconds; readonly value: number }, void, undefined> {
    let before = Number.NaN;
    for (let i = 0; i < this.#used; i++) {
      const held = this.#values[i] as number;
      const value = this.#kind === 'rate' ? held / this.#width : held;
      if (Number.isNaN(value) || value === before) continue;
      before = value;
      yield { at: nanoseconds(this.#from + i * this.#width), value };
    }
    if (this.#kind === 'rate' && this.#used > 0 && before !== 0) yield { at: nanoseconds(this.#from + this.#used * this.#width), value: 0 };
  }

  #index(at: number): number {
    while (at >= most * this.#width) this.#halve();
    const index = Math.floor(at / this.#width);
    if (index >= this.#used) this.#used = index + 1;
    return index;
  }

  #halve(): void {
    const values = this.#values;
    for (let i = 0; i < most; i += 2) {
      const left = values[i] as number;
      const right = values[i + 1] as number;
      values[i / 2] = this.#kind === 'rate' ? left + right : Number.isNaN(right) ? left : right;
    }
    values.fill(this.#kind === 'rate' ? 0 : Number.NaN, most / 2);
    this.#used = Math.ceil(this.#used / 2);
    this.#width *= 2;
  }
}
