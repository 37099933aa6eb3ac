import type { SimulationEvent } from '../../serving/events.ts';
import { Lanes } from './lanes.ts';
import type { TraceOutput } from './output.ts';
import { nanoseconds } from './record.ts';

type Change = Extract<SimulationEvent, { kind: 'fault' | 'healed' }>;

/** Faults that are shown side by side. */
const most = 256;

/** Faults from when they strike until they are healed, on lanes where they do not overlap. */
export class FaultLanes {
  readonly #output: TraceOutput;
  readonly #process: number;
  readonly #lanes: Lanes;
  readonly #numbers: number[] = [];
  readonly #open = new Map<string, { readonly at: number; readonly lane: number | undefined }>();

  constructor(output: TraceOutput, process: number) {
    this.#output = output;
    this.#process = process;
    this.#lanes = new Lanes(most, (index) => this.#numbers.push(output.lane(process, index, `faults ${index}`)));
  }

  tell({ kind, at, fault, what }: Change): void {
    const name = `${fault} ${what}`;
    this.#close(name, at);
    if (kind === 'fault') this.#open.set(name, { at, lane: at < this.#output.window.to ? this.#lanes.take() : undefined });
  }

  /** Shows what is not healed when the run ends. */
  end(at: number): void {
    for (const name of this.#open.keys()) this.#close(name, at);
  }

  #close(name: string, to: number): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    const { at, lane } = open;
    if (lane === undefined) return;
    this.#lanes.give(lane);
    if (!this.#output.shows(at, to)) return;
    this.#output.slice(at, { kind: 'slice', process: this.#process, lane: this.#numbers[lane] as number, from: nanoseconds(at), to: nanoseconds(to), name });
  }
}
