import type { Seconds } from '../../base/units.ts';
import { stream, type RandomStream } from '../../kernel/random.ts';
import { quickExponential } from '../../kernel/ziggurat.ts';
import { lengthSampler } from './lengths.ts';
import type { Phase } from './workload.ts';

/** What a generator draws for each request, in this order. */
export interface Draws {
  /** When the next request arrives, one having arrived at `at`. */
  after(at: Seconds): Seconds;
  input(): number;
  output(): number;
  /** Index of the model that it asks for. */
  readonly model: number;
}

/** Mean rate of a round through all parts. [1/s] */
export function meanOfPhases(phases: readonly Pick<Phase, 'duration' | 'rate'>[]): number {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return sum(phases.map(({ duration, rate }) => duration * rate)) / sum(phases.map(({ duration }) => duration));
}

/** Draws of traffic that changes: Poisson arrivals whose rate, and lengths whose laws, are those of the part in which they fall. */
export class PhasedDraws implements Draws {
  readonly #parts: readonly {
    readonly duration: Seconds;
    readonly rate: number;
    readonly input: () => number;
    readonly output: () => number;
    readonly model: number;
  }[];
  readonly #arrivals: RandomStream;
  /** The part that goes on, and when it ends. */
  #part = 0;
  #end: Seconds;

  constructor(phases: readonly Phase[], seed: number) {
    const [inputs, outputs] = [stream(seed, 'input lengths'), stream(seed, 'output lengths')];
    this.#parts = phases.map(({ duration, rate, input, output, model = 0 }) => ({
      duration,
      rate,
      input: lengthSampler(input, inputs),
      output: lengthSampler(output, outputs),
      model,
    }));
    this.#arrivals = stream(seed, 'arrivals');
    this.#end = phases[0]?.duration ?? Infinity;
  }

  /** A gap that crosses the end of a part goes on behind it at the rate there: what is left of it is as long in arrivals that were to come. */
  after(at: Seconds): Seconds {
    let left = quickExponential(this.#arrivals);
    let from = at;
    for (;;) {
      const { rate } = this.#parts[this.#part];
      const due = from + left / rate;
      if (due < this.#end) return due;
      left -= (this.#end - from) * rate;
      from = this.#end;
      this.#part = (this.#part + 1) % this.#parts.length;
      this.#end += this.#parts[this.#part].duration;
    }
  }

  get model(): number {
    return this.#parts[this.#part].model;
  }

  input(): number {
    return this.#parts[this.#part].input();
  }

  output(): number {
    return this.#parts[this.#part].output();
  }
}
