import type { Seconds } from '../base/units.ts';
import type { Stretch } from './batch.ts';
import type { Line } from './lines.ts';
import { stageCount, sumCount } from './step-sums.ts';

/** What all steps have, and a line in the context that comes on top of it; both as the sums of a step. */
export class LineStretch implements Stretch {
  to = 0;
  /** What all steps have; the caller fills it before it says `along` what. */
  readonly base: Float64Array = new Float64Array(sumCount);
  #from = 0;
  #scale = 0;
  #line: Float64Array = new Float64Array(0);
  /** Where each entry of a row of the line belongs in the sums, ascending. */
  #columns: Int32Array = new Int32Array(0);
  /** The first stage that the line has a part in, and the time of those before it. */
  #first = 0;
  #head: Seconds = 0;

  along({ from, to, line, scale }: Line, columns: Int32Array): this {
    this.to = to;
    this.#from = from;
    this.#scale = scale;
    this.#line = line;
    this.#columns = columns;
    this.#first = columns.length === 0 ? stageCount : Math.min(columns[0] as number, stageCount);
    this.#head = 0;
    for (let i = 0; i < this.#first; i++) this.#head += this.base[i] as number;
    return this;
  }

  time(context: number): Seconds {
    const share = (context - this.#from) * this.#scale;
    const { base } = this;
    const line = this.#line;
    const columns = this.#columns;
    const width = columns.length;
    let time = this.#head;
    let entry = 0;
    for (let i = this.#first; i < stageCount; i++) {
      let part = base[i] as number;
      if (columns[entry] === i) {
        part += (line[entry] as number) + (line[width + entry] as number) * share;
        entry++;
      }
      time += part;
    }
    return time;
  }

  add(count: number, contexts: number, stages: Float64Array, busy: Float64Array): void {
    const shares = (contexts - count * this.#from) * this.#scale;
    const { base } = this;
    const line = this.#line;
    const columns = this.#columns;
    for (let i = 0; i < stageCount; i++) stages[i] = (stages[i] as number) + count * (base[i] as number);
    for (let i = stageCount; i < sumCount; i++) busy[i - stageCount] = (busy[i - stageCount] as number) + count * (base[i] as number);
    for (let entry = 0; entry < columns.length; entry++) {
      const at = columns[entry] as number;
      const part = count * (line[entry] as number) + (line[columns.length + entry] as number) * shares;
      if (at < stageCount) stages[at] = (stages[at] as number) + part;
      else if (at < sumCount) busy[at - stageCount] = (busy[at - stageCount] as number) + part;
    }
  }
}
