import type { SimulationEvent } from '../../serving/events.ts';
import { phases } from '../../serving/lifetime.ts';
import { Lives, type Life } from '../records/life.ts';
import { Lanes } from './lanes.ts';
import { nanoseconds, type Slice } from './record.ts';
import type { TraceOutput } from './output.ts';

type Flows = NonNullable<Slice['flows']>;

/** A sample of the requests: a slice for the life of each with its phases, and arrows through what it passes. */
export class RequestLanes {
  readonly #output: TraceOutput;
  readonly #lives: Lives;
  readonly #process: number;
  readonly #lanes: Lanes;
  readonly #numbers: number[] = [];
  readonly #laneOf = new Map<number, number>();
  /** Requests whose prompt is first computed in the next iteration of an instance. */
  readonly #scheduled = new Map<number, number[]>();

  /**
   * @param most requests
   * @param expected in the whole run: they are taken evenly by number, in a window by time
   */
  constructor(output: TraceOutput, most: number, expected: number) {
    this.#output = output;
    this.#process = output.process('requests');
    this.#lanes = new Lanes(most, (index) => this.#numbers.push(output.lane(this.#process, index, `in flight ${index}`)));
    const { from, to } = output.window;
    const whole = to === Infinity;
    const stride = whole ? Math.max(1, Math.ceil(expected / Math.max(1, most))) : (to - from) / most;
    let taken = 0;
    this.#lives = new Lives((request, at) => taken < most && (whole ? request : at - from) >= taken * stride && taken++ < most);
  }

  /** Takes in an event. Returns the arrows that lead through the slice that it stands for. */
  tell(event: SimulationEvent): Flows | undefined {
    const { kind, at } = event;
    if (kind === 'arrived') {
      if (!this.#output.shows(at, at)) return undefined;
      this.#lives.tell(event);
      if (this.#lives.of(event.request) !== undefined) this.#laneOf.set(event.request, this.#lanes.take() as number);
      return undefined;
    }
    const flows = kind === 'step' ? this.#through(event.instance) : undefined;
    const ended = this.#lives.tell(event);
    if (ended !== undefined) this.#end(ended, at);
    if (!('request' in event) || ended !== undefined) return flows;
    if (this.#lives.of(event.request) === undefined) return undefined;
    if (kind === 'scheduled') {
      const waiting = this.#scheduled.get(event.instance);
      if (waiting === undefined) this.#scheduled.set(event.instance, [event.request]);
      else waiting.push(event.request);
    }
    return kind === 'transfer-ended' ? [{ flow: event.request + 1, place: 'middle' }] : undefined;
  }

  /** Shows what is in flight when the run ends. */
  end(at: number): void {
    for (const life of this.#lives.inFlight()) this.#end(life, at);
  }

  #through(instance: number): Flows | undefined {
    const scheduled = this.#scheduled.get(instance) ?? [];
    const joiners = this.#lives.joiners(instance);
    if (scheduled.length === 0 && joiners.length === 0) return undefined;
    this.#scheduled.delete(instance);
    return [
      ...scheduled.map((request) => ({ flow: request + 1, place: 'middle' as const })),
      ...joiners.map(({ request }) => ({ flow: request + 1, place: 'last' as const })),
    ];
  }

  #end(life: Life, at: number): void {
    const { request, arrived, outcome, cause, inputTokens, outputTokens, cachedTokens, preemptions, interruptions } = life;
    const lane = this.#laneOf.get(request) as number;
    this.#laneOf.delete(request);
    this.#lanes.give(lane);
    this.#output.slice(arrived, {
      kind: 'slice',
      process: this.#process,
      lane: this.#numbers[lane] as number,
      from: nanoseconds(arrived),
      to: nanoseconds(at),
      name: `request ${request}`,
      args: {
        outcome,
        ...(cause === undefined ? {} : { cause }),
        'input tokens': inputTokens,
        ...(outputTokens === undefined ? {} : { 'output tokens': outputTokens }),
        'cached tokens': cachedTokens,
        preemptions,
        interruptions,
        ...(life.firstToken === undefined ? {} : { 'TTFT [s]': life.firstToken - arrived }),
      },
      parts: phasesOf(life, at),
      flows: life.scheduled === undefined ? undefined : [{ flow: request + 1, place: 'first' }],
    });
  }
}

/** Phases of a life up to `at`, as the report counts them. */
function phasesOf(life: Life, at: number): NonNullable<Slice['parts']> {
  const { arrived, ready, scheduled, prefilled, reserved, moved, joined } = life;
  const marks = [ready, scheduled, prefilled, ...(moved === undefined ? [] : [reserved, moved, joined])];
  const names = moved === undefined ? [...phases.slice(0, 3), phases.at(-1) ?? ''] : phases;
  const parts: { name: string; from: number; to: number }[] = [];
  let before = nanoseconds(arrived);
  for (const [i, name] of names.entries()) {
    const mark = i === marks.length ? at : marks[i];
    const end = nanoseconds(mark ?? at);
    if (end > before) parts.push({ name, from: before, to: end });
    before = Math.max(before, end);
    if (mark === undefined) break;
  }
  return parts;
}
