import type { Seconds } from '../base/units.ts';
import type { Stretch } from './batch.ts';
import type { Line } from './lines.ts';
import { stageCount, sumCount } from './step-sums.ts';

/** What all steps have, and a line in the context that comes on top of it; both as the sums of a step. */
export class LineStretch implements Stretch {
  to = 0;
  /** What all steps have; the caller fills it. */
  readonly base: Float64Array;
  #from = 0;
  #width = 1;
  #line: Float64Array = nothing;
  #rise = 0;

  /** @param sums of a step, and what else stands in a row */
  constructor(sums: number) {
    this.base = new Float64Array(sums);
  }

  /** @param width of a row of the line, of which the sums of a step are the head */
  along({ from, to, line }: Line, width: number): this {
    this.to = to;
    this.#from = from;
    this.#width = to - from;
    this.#line = line;
    this.#rise = width;
    return this;
  }

  time(context: number): Seconds {
    const share = (context - this.#from) / this.#width;
    const { base } = this;
    const line = this.#line;
    const rise = this.#rise;
    let time = 0;
    for (let i = 0; i < stageCount; i++) time += (base[i] as number) + ((line[i] as number) + (line[rise + i] as number) * share);
    return time;
  }

  add(count: number, contexts: number, stages: Float64Array, busy: Float64Array): void {
    const shares = (contexts - count * this.#from) / this.#width;
    const part = (i: number): number => count * ((this.base[i] as number) + (this.#line[i] as number)) + (this.#line[this.#rise + i] as number) * shares;
    for (let i = 0; i < stageCount; i++) stages[i] = (stages[i] as number) + part(i);
    for (let i = stageCount; i < sumCount; i++) busy[i - stageCount] = (busy[i - stageCount] as number) + part(i);
  }
}

const nothing = new Float64Array(0);
