import type { Seconds } from '../base/units.ts';
import type { Stretch } from './batch.ts';
import { recordHead, type LineRows } from './line-rows.ts';
import { stageCount, sumCount } from './step-sums.ts';

/** Numbers of a stage in `#tail`: what it has at the start of the line, in all, and its rise to the end. */
const apart = 3;

/** What all steps have, and a line in the context that comes on top of it; both as the sums of a step. */
export class LineStretch implements Stretch {
  to = 0;
  /** What all steps have; the caller fills it before it says `along` what. */
  readonly base: Float64Array = new Float64Array(sumCount);
  #from = 0;
  #scale = 0;
  /** What holds the line, and where it does: of each entry its start and its rise. */
  #rows: Float64Array = new Float64Array(0);
  #at = 0;
  /** Where each entry of a row of the line belongs in the sums, ascending. */
  #columns: Int32Array = new Int32Array(0);
  /** The time of the stages before the first that the line has a part in. */
  #head: Seconds = 0;
  /** From that one on, those that take any time: what all steps have of each, then the line's part at its start and its rise. */
  readonly #tail: Float64Array = new Float64Array(apart * stageCount);
  #tailEnd = 0;

  along({ rows }: LineRows, record: number, columns: Int32Array): this {
    this.#from = rows[record] as number;
    this.to = rows[record + 1] as number;
    this.#scale = rows[record + 2] as number;
    this.#rows = rows;
    this.#at = record + recordHead;
    this.#columns = columns;
    const { base } = this;
    const tail = this.#tail;
    this.#head = 0;
    this.#tailEnd = 0;
    let entry = 0;
    for (let i = 0; i < stageCount; i++) {
      const common = base[i] as number;
      const on = columns[entry] === i;
      if (entry === 0 && !on) this.#head += common;
      else if (on || common !== 0) {
        tail[this.#tailEnd++] = common;
        tail[this.#tailEnd++] = on ? (rows[this.#at + 2 * entry] as number) : 0;
        tail[this.#tailEnd++] = on ? (rows[this.#at + 2 * entry + 1] as number) : 0;
      }
      if (on) entry++;
    }
    return this;
  }

  time(context: number): Seconds {
    const share = (context - this.#from) * this.#scale;
    const tail = this.#tail;
    let time = this.#head;
    for (let i = 0; i < this.#tailEnd; i += apart) time += (tail[i] as number) + ((tail[i + 1] as number) + (tail[i + 2] as number) * share);
    return time;
  }

  add(count: number, contexts: number, stages: Float64Array, busy: Float64Array): void {
    const shares = (contexts - count * this.#from) * this.#scale;
    const { base } = this;
    const rows = this.#rows;
    const columns = this.#columns;
    for (let i = 0; i < stageCount; i++) stages[i] = (stages[i] as number) + count * (base[i] as number);
    for (let i = stageCount; i < sumCount; i++) busy[i - stageCount] = (busy[i - stageCount] as number) + count * (base[i] as number);
    for (let entry = 0, from = this.#at; entry < columns.length; entry++, from += 2) {
      const at = columns[entry] as number;
      const part = count * (rows[from] as number) + (rows[from + 1] as number) * shares;
      if (at < stageCount) stages[at] = (stages[at] as number) + part;
      else if (at < sumCount) busy[at - stageCount] = (busy[at - stageCount] as number) + part;
    }
  }
}
