import { engines } from '../../cost/batch.ts';
import { stages } from '../../model/operator.ts';
import type { SimulationEvent } from '../../serving/events.ts';
import { nanoseconds, type Slice } from './record.ts';
import type { TraceOutput } from './output.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;
type Flows = NonNullable<Slice['flows']>;

const stageNames: readonly string[] = [...stages, 'host'];

/** A process for each pool, and in it a lane for each instance with its steps. */
export class StepLanes {
  readonly #output: TraceOutput;
  readonly #lanes = new Map<number, { readonly process: number; readonly lane: number }>();

  constructor(output: TraceOutput) {
    this.#output = output;
  }

  step(event: Step, flows: Flows | undefined): void {
    const { at, duration, pool, instance } = event;
    if (!this.#output.shows(at, at + duration)) return;
    const { process, lane } = this.#laneOf(pool, instance);
    const from = nanoseconds(at);
    const to = nanoseconds(at + duration);
    this.#output.slice(at, { kind: 'slice', process, lane, from, to, name: nameOf(event), args: argumentsOf(event), parts: partsOf(event, from, to), flows });
  }

  /** A mark on the lane of an instance; none where it has not been seen at work. */
  mark(at: number, instance: number, name: string, request: number): void {
    const place = this.#lanes.get(instance);
    if (place === undefined || !this.#output.shows(at, at)) return;
    this.#output.record({ kind: 'mark', ...place, at: nanoseconds(at), name, args: { request } });
  }

  #laneOf(pool: string, instance: number): { readonly process: number; readonly lane: number } {
    const known = this.#lanes.get(instance);
    if (known !== undefined) return known;
    const process = this.#output.process(`${pool} pool`);
    const place = { process, lane: this.#output.lane(process, `${pool} ${instance}`) };
    this.#lanes.set(instance, place);
    return place;
  }
}

function nameOf({ prefillTokens, decoding }: Step): string {
  if (prefillTokens === 0) return 'decode';
  return decoding === 0 ? 'prefill' : 'prefill and decode';
}

function argumentsOf({ prefillTokens, decoding, context, kv, busy, duration }: Step): Slice['args'] {
  let most = 0;
  for (let e = 1; e < busy.length; e++) if ((busy[e] as number) > (busy[most] as number)) most = e;
  const time = busy[most] ?? 0;
  return {
    'prompt tokens': prefillTokens,
    'decoding sequences': decoding,
    'KV tokens of decoding': context,
    'KV blocks in use': kv,
    ...(time > 0 ? { 'bound by': engines[most] ?? '', 'busy share of it': Math.min(1, time / duration) } : {}),
  };
}

/** What each stage of all layers is answerable for, side by side: their sums, not the order in which layers pass. */
function partsOf({ at, stages: times }: Step, from: number, to: number): NonNullable<Slice['parts']> {
  const parts: { name: string; from: number; to: number }[] = [];
  let before = from;
  let sum = 0;
  for (let s = 0; s < times.length; s++) {
    sum += times[s] as number;
    const end = Math.min(to, nanoseconds(at + sum));
    if (end <= before) continue;
    parts.push({ name: stageNames[s] ?? '', from: before, to: end });
    before = end;
  }
  return parts;
}
