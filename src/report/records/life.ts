import type { SimulationEvent } from '../../serving/events.ts';
import type { Labels } from '../../serving/traffic/arrival.ts';

/** Where a request is computed. */
export interface Place {
  readonly pool: string;
  readonly instance: number;
  readonly rank: number;
}

/**
 * A request so far, as the events tell it. Times are in seconds: the first for `scheduled` and `firstToken`, the last for what a preemption makes
 * happen again, undefined where it has not happened.
 */
export interface Life {
  readonly request: number;
  readonly arrived: number;
  readonly inputTokens: number;
  /** Absent where all are 0. */
  readonly labels: Readonly<Labels> | undefined;
  ready: number | undefined;
  scheduled: number | undefined;
  prefilled: number | undefined;
  /** These three where it decodes elsewhere than it is prefilled. */
  reserved: number | undefined;
  moved: number | undefined;
  joined: number | undefined;
  firstToken: number | undefined;
  ended: number | undefined;
  /** Prompt tokens that a cache had. */
  cachedTokens: number;
  outputTokens: number | undefined;
  preemptions: number;
  /** How often a fault took what it held. */
  interruptions: number;
  prefill: Place | undefined;
  decode: Place | undefined;
  outcome: 'waiting' | 'running' | 'finished' | 'rejected' | 'failed';
  cause: string | undefined;
}

/** Follows requests from their arrival to their end; holds those in flight and no others. */
export class Lives {
  readonly #lives = new Map<number, Life>();
  /** Requests whose KV has come to an instance and that join its next iteration. */
  readonly #joining = new Map<number, Life[]>();
  readonly #follows: (request: number, at: number) => boolean;

  /** @param follows whether a request is followed, asked at its arrival */
  constructor(follows: (request: number, at: number) => boolean = () => true) {
    this.#follows = follows;
  }

  /** Requests in flight, in order of arrival. */
  inFlight(): Iterable<Life> {
    return this.#lives.values();
  }

  of(request: number): Life | undefined {
    return this.#lives.get(request);
  }

  /** Takes in an event. Returns the request that ends with it, if it is followed. */
  tell(event: SimulationEvent): Life | undefined {
    if (event.kind === 'step') {
      this.#join(event.instance, event.at);
      return undefined;
    }
    if (event.kind === 'arrived') {
      if (this.#follows(event.request, event.at)) this.#lives.set(event.request, newLife(event.request, event.at, event.inputTokens, event.labels));
      return undefined;
    }
    if (!('request' in event)) return undefined;
    const life = this.#lives.get(event.request);
    if (life === undefined) return undefined;
    if (event.kind === 'moved') {
      const joining = this.#joining.get(event.instance);
      if (joining === undefined) this.#joining.set(event.instance, [life]);
      else joining.push(life);
    }
    mark(life, event);
    if (life.ended === undefined) return undefined;
    this.#lives.delete(life.request);
    return life;
  }

  /** Returns the requests that join an iteration. */
  joiners(instance: number): readonly Life[] {
    return this.#joining.get(instance) ?? [];
  }

  #join(instance: number, at: number): void {
    const joining = this.#joining.get(instance);
    if (joining === undefined) return;
    // One that was pushed out before it took part has another place by now, or none.
    for (const life of joining) if (life.decode?.instance === instance && life.moved !== undefined) life.joined = at;
    this.#joining.delete(instance);
  }
}

function newLife(request: number, arrived: number, inputTokens: number, labels: Readonly<Labels> | undefined): Life {
  return {
    request,
    arrived,
    inputTokens,
    labels,
    ready: undefined,
    scheduled: undefined,
    prefilled: undefined,
    reserved: undefined,
    moved: undefined,
    joined: undefined,
    firstToken: undefined,
    ended: undefined,
    cachedTokens: 0,
    outputTokens: undefined,
    preemptions: 0,
    interruptions: 0,
    prefill: undefined,
    decode: undefined,
    outcome: 'waiting',
    cause: undefined,
  };
}

/** It has no KV any more, and computes it anew. */
function back(life: Life): void {
  life.outcome = 'waiting';
  life.reserved = undefined;
  life.moved = undefined;
  life.joined = undefined;
  life.decode = undefined;
}

function mark(life: Life, event: Exclude<SimulationEvent, { kind: 'arrived' | 'step' | 'fault' | 'healed' | 'instance' }>): void {
  const { at } = event;
  switch (event.kind) {
    case 'routed':
      life.prefill = { pool: event.pool, instance: event.instance, rank: event.rank };
      if (life.scheduled !== undefined) return;
      life.ready = at;
      life.cachedTokens = event.cachedTokens;
      return;
    case 'fetched':
      if (life.scheduled === undefined) life.ready = at;
      return;
    case 'scheduled':
      life.outcome = 'running';
      if (life.scheduled !== undefined) return;
      life.scheduled = at;
      life.cachedTokens = event.cachedTokens;
      return;
    case 'prefilled':
      life.prefilled = at;
      return;
    case 'transfer-begun':
      if (event.errand === 'read') return;
      life.reserved = at;
      life.decode = { pool: event.pool, instance: event.instance, rank: event.rank };
      return;
    case 'moved':
      life.moved = at;
      return;
    case 'first-token':
      life.firstToken = at;
      return;
    case 'preempted':
      life.preemptions++;
      back(life);
      return;
    case 'interrupted':
      life.interruptions++;
      back(life);
      return;
    case 'rejected':
    case 'failed':
      life.outcome = event.kind;
      life.cause = event.cause;
      life.ended = at;
      return;
    case 'finished':
      life.outcome = 'finished';
      life.outputTokens = event.outputTokens;
      life.ended = at;
      return;
    case 'transfer-ended':
    case 'transfer-lost':
  }
}
