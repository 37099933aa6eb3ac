import type { SimulationEvent } from '../../serving/events.ts';
import type { Plant } from '../../serving/plant.ts';
import { TraceCounters } from './counters.ts';
import { FaultLanes } from './faults.ts';
import { TraceOutput, type TraceWindow } from './output.ts';
import type { TraceRecord } from './record.ts';
import { RequestLanes } from './requests.ts';
import { StateLanes } from './states.ts';
import { StepLanes } from './steps.ts';
import { TransferLanes, type TransferPlanes } from './transfers.ts';

export interface RunTraceOptions {
  readonly window?: TraceWindow | undefined;
  /** Requests that are shown, of so many that are expected. */
  readonly requests: number;
  readonly expected: number;
  /** Slices that there may be, parts included. */
  readonly mostSlices: number;
  readonly planes: TransferPlanes;
}

/**
 * A run as a trace: events in, records out. Memory follows what is in flight, not how long the run is. Requests are sampled evenly.
 */
export class RunTrace {
  readonly #output: TraceOutput;
  readonly #faults: FaultLanes;
  readonly #requests: RequestLanes;
  readonly #steps: StepLanes;
  readonly #states: StateLanes;
  readonly #transfers: TransferLanes;
  readonly #counters: TraceCounters;

  constructor(plant: Plant, { window, requests, expected, mostSlices, planes }: RunTraceOptions, emit: (record: TraceRecord) => void) {
    this.#output = new TraceOutput(window ?? { from: 0, to: Infinity }, mostSlices, emit);
    this.#faults = new FaultLanes(this.#output, this.#output.process('run'));
    this.#requests = new RequestLanes(this.#output, requests, expected);
    for (const { name } of plant.pools) this.#output.process(`${name} pool`);
    this.#steps = new StepLanes(this.#output);
    this.#states = new StateLanes(this.#output, (pool) => plant.pools.find(({ name }) => name === pool)?.ranks ?? 0);
    this.#transfers = new TransferLanes(this.#output, planes);
    this.#counters = new TraceCounters(this.#output, plant, (errand) => this.#transfers.planeOf(errand));
  }

  tell(event: SimulationEvent): void {
    const flows = this.#requests.tell(event);
    this.#counters.tell(event);
    switch (event.kind) {
      case 'step':
        this.#steps.step(event, flows);
        return;
      case 'preempted':
        this.#steps.mark(event.at, event.instance, 'preempted', event.request);
        return;
      case 'transfer-begun':
        this.#transfers.begin(event);
        return;
      case 'transfer-ended':
      case 'transfer-lost': {
        const begun = this.#transfers.end(event.at, event, flows);
        if (begun !== undefined && event.kind === 'transfer-ended') this.#counters.carried(event.errand, begun.at, event.at, begun.bytes);
        return;
      }
      case 'fault':
      case 'healed':
        this.#faults.tell(event);
        return;
      case 'instance':
        this.#states.tell(event);
        return;
      case 'arrived':
      case 'rejected':
      case 'failed':
      case 'interrupted':
      case 'routed':
      case 'fetched':
      case 'scheduled':
      case 'prefilled':
      case 'moved':
      case 'first-token':
      case 'finished':
    }
  }

  /** Writes what is still in flight, and the counters. */
  end(at: number): void {
    this.#requests.end(at);
    this.#steps.end();
    this.#states.end(at);
    this.#faults.end(at);
    this.#counters.end();
  }

  /** What the trace does not show, in words; empty where it shows all. */
  get notes(): readonly string[] {
    const { cutAt, slices } = this.#output;
    const { left } = this.#transfers;
    return [
      ...(cutAt === undefined ? [] : [`steps and transfers end at ${cutAt} s, after ${slices} slices: a window shows later ones`]),
      ...(left === 0 ? [] : [`${left} transfers that ran beside 64 others are in the counters alone`]),
    ];
  }
}
