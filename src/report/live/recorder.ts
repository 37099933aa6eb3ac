import { Lives, type Life } from '../records/life.ts';
import type { SimulationEvent } from '../../serving/events.ts';
import type { EndedRequest, Flight, StepRecord } from './frame.ts';

/** Requests and iterations that are kept: memory does not grow with a run. */
const keptRequests = 2048;
const keptSteps = 4096;
/** Flights of one frame: what an eye can follow. */
const shownFlights = 160;

/** Watches a run as it happens: what moved since the last frame, the latest requests that ended and the latest iterations. */
export class Recorder {
  readonly #lives: Lives;
  readonly #ended: Life[] = [];
  #endedCount = 0;
  readonly #steps: StepRecord[] = [];
  #stepCount = 0;
  #flights: Flight[] = [];
  /** Numbers of instances, by those that events have: batches in flight of a pipeline are one. */
  numbers: readonly number[] = [];
  #seen = 0;

  /** @param follows which requests; absent: all */
  constructor(follows?: (request: number) => boolean) {
    this.#lives = new Lives(follows);
  }

  tell(event: SimulationEvent): void {
    this.#watch(event);
    const ended = this.#lives.tell(event);
    if (ended !== undefined) this.#ended[this.#endedCount++ % keptRequests] = ended;
  }

  /** What moved since it was last asked: a fair share of it, where it is much. */
  takeFlights(): readonly Flight[] {
    const flights = this.#flights;
    this.#flights = [];
    this.#seen = 0;
    return flights;
  }

  /** A request in flight, or one of the latest that ended. */
  life(request: number): Life | undefined {
    return this.#lives.of(request) ?? this.#ended.find((life) => life.request === request);
  }

  /** The latest requests that ended, the last one first. */
  latest(count: number): readonly EndedRequest[] {
    const from = Math.max(0, this.#endedCount - count, this.#endedCount - keptRequests);
    const latest: EndedRequest[] = [];
    for (let i = this.#endedCount - 1; i >= from; i--) latest.push(lineOf(this.#ended[i % keptRequests] as Life));
    return latest;
  }

  /** Iterations that ended at `since` or later, the last ones first. */
  iterations(since: number): readonly StepRecord[] {
    const found: StepRecord[] = [];
    const from = Math.max(0, this.#stepCount - keptSteps);
    for (let i = this.#stepCount - 1; i >= from; i--) {
      const step = this.#steps[i % keptSteps] as StepRecord;
      if (step.at + step.duration >= since) found.push(step);
    }
    return found;
  }

  #watch(event: SimulationEvent): void {
    if (event.kind === 'routed') this.#fly({ kind: 'arrival', request: event.request, instance: this.#number(event.instance), rank: event.rank });
    else if (event.kind === 'transfer-begun') {
      const { request, errand: kind, instance, rank } = event;
      const from = this.#lives.of(request)?.prefill?.instance;
      this.#fly({ kind, request, instance: this.#number(instance), rank, from: from === undefined ? undefined : this.#number(from) });
    } else if (event.kind === 'finished' || event.kind === 'interrupted') {
      const life = this.#lives.of(event.request);
      const place = life?.decode ?? life?.prefill;
      const kind = event.kind === 'finished' ? 'finish' : 'lost';
      if (place !== undefined) this.#fly({ kind, request: event.request, instance: this.#number(place.instance), rank: place.rank });
    } else if (event.kind === 'step') {
      const { at, duration, instance, decoding, prefillTokens, context, stages, busy } = event;
      this.#steps[this.#stepCount++ % keptSteps] = { at, duration, instance: this.#number(instance), decoding, prefillTokens, context, stages, busy };
    }
  }

  #number(instance: number): number {
    return this.numbers[instance] ?? instance;
  }

  /** Keeps as many as are shown; of more, those that come later take the place of earlier ones in turn. */
  #fly(flight: Flight): void {
    this.#flights[this.#seen++ % shownFlights] = flight;
  }
}

function lineOf({ request, outcome, arrived, firstToken, ended = arrived, inputTokens, outputTokens }: Life): EndedRequest {
  return {
    request,
    outcome: outcome as EndedRequest['outcome'],
    endedAt: ended,
    ttft: firstToken === undefined ? undefined : firstToken - arrived,
    e2e: ended - arrived,
    inputTokens,
    outputTokens,
  };
}
