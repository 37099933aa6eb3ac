import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import type { Simulation } from '../../src/serving/simulation.ts';
import { cacheMissed } from '../../src/serving/service.ts';
import { Seats } from '../live/seats.ts';
import { EngineMeter, type Reason } from './engine-meter.ts';
import type { SglangTallies } from './sglang.ts';
import { enginesOf, type EngineOfScope, type Scope, type ScopedEngines } from './scope.ts';

/** What a client asked for: the engine does not know it. */
export interface Asked {
  readonly maxTokens?: number | undefined;
  /** Choices of one request; counted where it is told. */
  readonly choices?: number | undefined;
  /** Why its answer ends where it does. */
  readonly reason?: 'stop' | 'length' | undefined;
}

interface Request {
  readonly arrivedAt: number;
  readonly input: number;
  engine: number;
  /** Tokens of its prompt that the pooled cache had, and that any cache had. */
  pooled: number;
  cached: number;
  scheduledAt: number;
  firstAt: number;
  lastAt: number;
  tokens: number;
  counted: boolean;
  prefilledAt: number;
  moving: { readonly bytes: number; readonly since: number; readonly waited: number } | undefined;
  aborted: boolean;
  asked: Asked;
}

/** What a page of metrics is made from: engines, what each has done, and how KV moved. */
export interface FeedView {
  readonly engines: readonly EngineOfScope[];
  readonly meters: readonly EngineMeter[];
  /** The last move of KV to where it decodes, with what it waited there for a place; and how many were lost. */
  readonly lastTransfer: { readonly bytes: number; readonly seconds: number; readonly waited: number };
  readonly lostTransfers: number;
}

/** Counts what happens to requests, by engine of a scope. An observer of the live engine: a token costs a look-up and a few additions. */
export class RequestFeed implements FeedView {
  readonly engines: readonly EngineOfScope[];
  readonly meters: readonly EngineMeter[];
  readonly #scoped: ScopedEngines;
  readonly #pool: Scope['pool'];
  readonly #entry: boolean;
  readonly #pooled: boolean;
  readonly #drafts: number;
  readonly #others: (engine: number) => SglangTallies | undefined;
  /** Meters of the engines that an instance, or a batch in flight of one, is of. */
  readonly #byInstance = new Map<number, EngineMeter[]>();
  readonly #requests = new Seats<Request>();
  readonly #table: Simulation['table'];

  /** @param others by number of the engine: are filled as well */
  constructor(simulation: Simulation, scope: Scope, others: (engine: number) => SglangTallies | undefined = () => undefined) {
    this.#others = others;
    const { plant, table } = simulation;
    this.#table = table;
    this.#scoped = enginesOf(simulation, scope);
    this.engines = this.#scoped.list;
    this.#pool = scope.pool;
    this.#entry = scope.pool === 'all' || scope.pool === 0 || plant.models !== undefined;
    this.#pooled = plant.cache !== undefined;
    this.#drafts = (plant.pools.at(-1)?.acceptance ?? []).length;
    this.meters = this.engines.map(({ batches }) => {
      const meter = new EngineMeter(plant.maxContext, this.#drafts);
      for (const { index } of batches) this.#byInstance.set(index, [...(this.#byInstance.get(index) ?? []), meter]);
      return meter;
    });
  }

  lastTransfer: FeedView['lastTransfer'] = { bytes: 0, seconds: 0, waited: 0 };
  lostTransfers = 0;

  /** One of its engines by itself, under another label. */
  only(engine: number, label: string): FeedView {
    const lastTransfer = (): FeedView['lastTransfer'] => this.lastTransfer;
    const lostTransfers = (): number => this.lostTransfers;
    return {
      engines: this.engines.slice(engine, engine + 1).map((own) => ({ ...own, label })),
      meters: this.meters.slice(engine, engine + 1),
      get lastTransfer() {
        return lastTransfer();
      },
      get lostTransfers() {
        return lostTransfers();
      },
    };
  }

  /** Number of the engine of an instance, by its number in its pool, and of a rank of it. */
  engineAt(instance: number, rank: number = 0): number | undefined {
    return this.#scoped.at(instance, rank);
  }

  /** Requests that have not ended. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** What the client of a request in flight asked for. */
  asked(number: number, asked: Asked): void {
    const request = this.#requests.get(number);
    if (request !== undefined) request.asked = asked;
  }

  /** The meter of a rank, where it is of the scope. */
  meterAt({ pool, instance, rankOfInstance }: { readonly pool: number; readonly instance: number; readonly rankOfInstance: number }): EngineMeter | undefined {
    if (this.#pool !== 'all' && pool !== this.#pool) return undefined;
    return this.meters[this.#scoped.at(instance, rankOfInstance) ?? -1];
  }

  external({ action }: External): void {
    if (action.kind !== 'abort') return;
    const request = this.#requests.get(action.request);
    if (request !== undefined) request.aborted = true;
  }

  /** Drafts that were accepted behind the end of an answer count as accepted, as in vLLM, but are not of the answer. */
  emitted(number: number, tokens: number, at: number, slot: number): void {
    const request = this.#requests.at(slot, number);
    if (request === undefined) return;
    const own = Math.min(tokens, (this.#table.outputTokens[slot] as number) - request.tokens);
    const meter = this.meters[request.engine];
    if (meter !== undefined) {
      if (request.firstAt < 0) {
        meter.firstToken.add(at - request.arrivedAt);
        this.#others(request.engine)?.firstToken.add(at - request.arrivedAt);
      } else {
        meter.gaps.add(at - request.lastAt);
        this.#others(request.engine)?.gaps.add(at - request.lastAt);
      }
      meter.generated += own;
      for (let k = 1; k < tokens; k++) meter.accepted[k - 1] = (meter.accepted[k - 1] as number) + 1;
    }
    if (request.firstAt < 0) request.firstAt = at;
    request.lastAt = at;
    request.tokens += own;
  }

  event(event: SimulationEvent): void {
    if (event.kind === 'step') this.#stepped(event);
    else if (event.kind === 'arrived') this.#requests.set(event.request, arrived(event.at, event.inputTokens));
    else if ('request' in event) {
      const request = this.#requests.get(event.request);
      if (request !== undefined) this.#happened(request, event);
    }
  }

  /** Where ranks are engines, a step counts as the mean of them on each. */
  #stepped({ instance, prefillTokens, decoding }: Extract<SimulationEvent, { readonly kind: 'step' }>): void {
    const meters = this.#byInstance.get(instance) ?? [];
    for (const meter of meters) {
      meter.stepTokens.add((prefillTokens + decoding) / meters.length);
      meter.drafts += (this.#drafts > 0 ? decoding : 0) / meters.length;
      meter.draftTokens += (decoding * this.#drafts) / meters.length;
    }
  }

  #happened(request: Request, event: Extract<SimulationEvent, { readonly request: number }>): void {
    switch (event.kind) {
      case 'routed':
        if (this.#entry) request.engine = this.#scoped.of(event.instance, event.rank) ?? request.engine;
        request.pooled = event.cachedTokens;
        return;
      case 'transfer-begun':
        if (event.errand !== 'push') return;
        request.engine = this.#scoped.of(event.instance, event.rank) ?? request.engine;
        request.moving = { bytes: event.bytes, since: event.at, waited: Math.max(0, event.at - request.prefilledAt) };
        return;
      case 'transfer-lost':
        if (event.errand === 'push') this.lostTransfers++;
        return;
      case 'scheduled':
        this.#scheduled(request, event.at, event.cachedTokens);
        return;
      case 'prefilled':
        request.prefilledAt = event.at;
        if (this.#entry) this.#counted(request);
        return;
      case 'moved':
        if (request.moving !== undefined) this.#moved(request.moving, event.at);
        this.#counted(request);
        return;
      case 'preempted': {
        const meter = this.meters[request.engine];
        if (meter !== undefined) meter.preemptions++;
        return;
      }
      case 'finished':
      case 'failed': {
        const missed = event.kind === 'failed' && event.cause === cacheMissed;
        this.#ended(request, event.kind === 'finished' ? (request.asked.reason ?? 'stop') : request.aborted || missed ? 'abort' : 'error');
        this.#requests.delete(event.request);
        return;
      }
      case 'rejected':
        // A server refuses it before its engine hears of it.
        this.#requests.delete(event.request);
        return;
      case 'arrived':
      case 'transfer-ended':
      case 'fetched':
      case 'first-token':
      case 'interrupted':
    }
  }

  #moved({ bytes, since, waited }: NonNullable<Request['moving']>, at: number): void {
    this.lastTransfer = { bytes, seconds: at - since, waited };
  }

  #scheduled(request: Request, at: number, cached: number): void {
    if (request.scheduledAt >= 0) return;
    request.scheduledAt = at;
    request.cached = cached;
    const meter = this.meters[request.engine];
    if (meter === undefined) return;
    const local = this.#pooled ? 0 : cached;
    meter.localQueries += request.input;
    meter.localHits += local;
    if (!this.#pooled) return;
    meter.externalQueries += request.input - local;
    meter.externalHits += cached - local;
  }

  /** Its prompt is in the KV: where it is computed, or where it has come to. */
  #counted(request: Request): void {
    const meter = this.meters[request.engine];
    if (request.counted || meter === undefined) return;
    request.counted = true;
    meter.promptTokens += request.input;
    if (this.#entry) return;
    meter.externalQueries += request.input;
    meter.externalHits += request.input;
  }

  #ended({ arrivedAt, input, engine, cached, scheduledAt, firstAt, lastAt, tokens, asked }: Request, reason: Reason): void {
    const meter = this.meters[engine];
    if (meter === undefined) return;
    meter.ended[reason]++;
    if (reason === 'abort' || reason === 'error' || firstAt < 0) return;
    const scheduled = scheduledAt < 0 ? arrivedAt : scheduledAt;
    meter.queued.add(scheduled - arrivedAt);
    meter.prefill.add(firstAt - scheduled);
    meter.decode.add(lastAt - firstAt);
    meter.inference.add(lastAt - scheduled);
    meter.whole.add(lastAt - arrivedAt);
    const others = this.#others(engine);
    if (others !== undefined) {
      const { queued, whole, stages } = others;
      queued.add(scheduled - arrivedAt);
      whole.add(lastAt - arrivedAt);
      stages.prefill_waiting.add(scheduled - arrivedAt);
      stages.prefill_forward.add(firstAt - scheduled);
      stages.decode_forward.add(lastAt - firstAt);
    }
    // An answer of one token counts as 0, as in vLLM.
    meter.perToken.add(tokens > 1 ? (lastAt - firstAt) / (tokens - 1) : 0);
    meter.prompts.add(input);
    meter.answers.add(tokens);
    meter.longestAnswers.add(tokens);
    meter.computed.add(input - cached);
    meter.choices.add(asked.choices ?? 1);
    if (asked.maxTokens !== undefined) meter.askedFor.add(asked.maxTokens);
  }
}

function arrived(at: number, input: number): Request {
  return {
    arrivedAt: at,
    input,
    engine: -1,
    pooled: 0,
    cached: 0,
    scheduledAt: -1,
    firstAt: -1,
    lastAt: -1,
    tokens: 0,
    counted: false,
    prefilledAt: at,
    moving: undefined,
    aborted: false,
    asked: {},
  };
}
