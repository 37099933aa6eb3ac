import type { Errand, SimulationEvent } from '../../serving/events.ts';
import { Lanes } from './lanes.ts';
import { nanoseconds, type Slice } from './record.ts';
import type { TraceOutput } from './output.ts';

/** Planes by what travels over them. */
export type TransferPlanes = Readonly<Partial<Record<Errand, string>>>;

const words: Readonly<Record<Errand, string>> = { push: 'KV push', read: 'cache read' };
const mostLanes = 64;

type Ended = Extract<SimulationEvent, { kind: 'transfer-ended' | 'transfer-lost' }>;

interface Flow {
  readonly begun: Extract<SimulationEvent, { kind: 'transfer-begun' }>;
  readonly lane: number | undefined;
}

interface PlaneLanes {
  readonly process: number;
  readonly lanes: Lanes;
  readonly numbers: number[];
}

/** A process for each plane, and in it as many lanes as transfers overlap, up to 64. */
export class TransferLanes {
  /** Transfers that had no lane. */
  left = 0;
  readonly #output: TraceOutput;
  readonly #planes: TransferPlanes;
  readonly #flows = new Map<string, Flow>();
  readonly #lanes = new Map<Errand, PlaneLanes>();

  constructor(output: TraceOutput, planes: TransferPlanes) {
    this.#output = output;
    this.#planes = planes;
  }

  /** Name of the process of what travels. */
  planeOf(errand: Errand): string {
    return `plane ${this.#planes[errand] ?? errand}`;
  }

  begin(begun: Flow['begun']): void {
    const lane = begun.at < this.#output.window.to ? this.#lanesOf(begun.errand).lanes.take() : undefined;
    this.#flows.set(`${begun.errand} ${begun.request}`, { begun, lane });
  }

  /** Returns the transfer that ends, or is lost before. */
  end(at: number, { request, errand, kind }: Ended, flows: Slice['flows']): Flow['begun'] | undefined {
    const key = `${errand} ${request}`;
    const flow = this.#flows.get(key);
    if (flow === undefined) return undefined;
    this.#flows.delete(key);
    const { begun, lane } = flow;
    const { process, lanes, numbers } = this.#lanesOf(errand);
    if (lane !== undefined) lanes.give(lane);
    if (!this.#output.shows(begun.at, at)) return begun;
    if (lane === undefined) {
      this.left++;
      return begun;
    }
    const { bytes, instance, rank } = begun;
    this.#output.slice(begun.at, {
      kind: 'slice',
      process,
      lane: numbers[lane] as number,
      from: nanoseconds(begun.at),
      to: nanoseconds(at),
      name: kind === 'transfer-lost' ? `${words[errand]}, lost` : words[errand],
      args: {
        request,
        bytes,
        ...(at > begun.at && kind === 'transfer-ended' ? { 'GB/s': bytes / (at - begun.at) / 1e9 } : {}),
        'to instance': instance,
        'to rank': rank,
      },
      flows,
    });
    return begun;
  }

  #lanesOf(errand: Errand): PlaneLanes {
    const known = this.#lanes.get(errand);
    if (known !== undefined) return known;
    const process = this.#output.process(this.planeOf(errand));
    const numbers: number[] = [];
    const lanes = new Lanes(mostLanes, (index) =>
      numbers.push(this.#output.lane(process, errand === 'read' ? index : mostLanes + index, `${words[errand]} ${index}`)),
    );
    const made = { process, lanes, numbers };
    this.#lanes.set(errand, made);
    return made;
  }
}
