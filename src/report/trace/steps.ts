import { engines } from '../../cost/batch.ts';
import { stages } from '../../model/operator.ts';
import type { SimulationEvent } from '../../serving/events.ts';
import { nanoseconds, type Slice } from './record.ts';
import type { TraceOutput } from './output.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;
type Flows = NonNullable<Slice['flows']>;

const stageNames: readonly string[] = [...stages, 'host'];

interface Lane {
  readonly process: number;
  readonly lane: number;
  /** The step that is under way, whose end is not sure yet. [s] */
  last: { readonly event: Step; readonly flows: Flows | undefined; readonly to: number } | undefined;
}

/** A process for each pool, and in it a lane for each instance with its steps. */
export class StepLanes {
  readonly #output: TraceOutput;
  readonly #lanes = new Map<number, Lane>();

  constructor(output: TraceOutput) {
    this.#output = output;
  }

  step(event: Step, flows: Flows | undefined): void {
    const { at, duration, pool, instance } = event;
    if (!this.#output.shows(at, at + duration)) return;
    const place = this.#laneOf(pool, instance);
    this.#write(place, at);
    place.last = { event, flows, to: at + duration };
  }

  /** Writes the steps that were under way. */
  end(): void {
    for (const place of this.#lanes.values()) this.#write(place, Infinity);
  }

  /** Writes the last step of a lane. One that a fault broke off ends when the next begins, if not before. */
  #write(place: Lane, before: number): void {
    const { process, lane, last } = place;
    place.last = undefined;
    if (last === undefined || this.#output.full) return;
    const { event, flows } = last;
    const from = nanoseconds(event.at);
    const to = nanoseconds(Math.min(before, last.to));
    const slice = { kind: 'slice', process, lane, from, to, name: nameOf(event), args: argumentsOf(event), parts: partsOf(event, from, to), flows } as const;
    this.#output.slice(event.at, slice);
  }

  /** A mark on the lane of an instance; none where it has not been seen at work. */
  mark(at: number, instance: number, name: string, request: number): void {
    const place = this.#lanes.get(instance);
    if (place === undefined || !this.#output.shows(at, at)) return;
    this.#write(place, at);
    const { process, lane } = place;
    this.#output.record({ kind: 'mark', process, lane, at: nanoseconds(at), name, args: { request } });
  }

  #laneOf(pool: string, instance: number): Lane {
    const known = this.#lanes.get(instance);
    if (known !== undefined) return known;
    const process = this.#output.process(`${pool} pool`);
    const place: Lane = { process, lane: this.#output.lane(process, instance, `${pool} ${instance}`), last: undefined };
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
