import type { Seconds } from '../../base/units.ts';
import { stream, type RandomStream } from '../../kernel/random.ts';
import { quickExponential } from '../../kernel/ziggurat.ts';
import type { DrawnRequests, Draws } from './drawn-requests.ts';
import { lengthSampler, type LengthSampler } from './lengths.ts';
import type { Phase } from './workload.ts';

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
    readonly input: LengthSampler;
    readonly output: LengthSampler;
    readonly model: number;
  }[];
  readonly #arrivals: RandomStream;
  /** When the last request arrives. */
  #now: Seconds = 0;
  /** The part that goes on, and when it ends. */
  #part = 0;
  #end: Seconds = 0;

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

  draw(drawn: DrawnRequests, count: number): void {
    let from = 0;
    for (let i = 0; i < count; i++) {
      const part = this.#part;
      drawn.arrivedAt[i] = this.#now = this.#after(this.#now);
      if (this.#part === part) continue;
      this.#describe(drawn, part, from, i);
      from = i;
    }
    this.#describe(drawn, this.#part, from, count);
  }

  /** Draws what requests of a part ask for, from one to before another. */
  #describe({ inputTokens, outputTokens, model: models }: DrawnRequests, part: number, from: number, to: number): void {
    const { input, output, model } = this.#parts[part];
    input(inputTokens, from, to);
    output(outputTokens, from, to);
    models.fill(model, from, to);
  }

  /** A gap that crosses the end of a part goes on behind it at the rate there: what is left of it is as long in arrivals that were to come. */
  #after(at: Seconds): Seconds {
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
}
