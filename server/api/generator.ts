import { runsOf } from '../../src/kernel/id-runs.ts';
import type { ChatBody } from '../../schema/http/chat.ts';
import type { Sampling } from '../../schema/http/sampling.ts';
import type { Arrival } from '../../src/serving/traffic/arrival.ts';
import { counterUniform } from '../../src/kernel/random.ts';
import { swapTime } from '../../src/serving/control/weights.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { LiveEngine } from '../live/engine.ts';
import { stoppedBy, type Answer, type AnswerSource } from '../tokens/answer.ts';
import { spelled } from '../tokens/spelled.ts';
import type { PrefixIds } from '../tokens/prefix-ids.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import { gateOf, turnBack } from './cache-gate.ts';
import { Choice } from './choice.ts';
import { shutDown } from './delivery.ts';
import { placeAsked, type DoorPlace } from './door-place.ts';
import { InFlight } from './in-flight.ts';
import type { ServedModel } from './served-models.ts';
import { Transfers } from './transfer.ts';
import { shapeOfAnswer } from '../shapes/shape-of-answer.ts';
import { Sleep } from './sleep.ts';

/** A prompt that is to be answered. */
export interface Ask {
  readonly prompt: readonly number[];
  /** What the user said last. */
  readonly said: string;
}

/** What is asked for. */
export interface Order {
  readonly model: ServedModel;
  readonly asks: readonly Ask[];
  readonly body: Sampling & Partial<Pick<ChatBody, 'messages' | 'tools' | 'tool_choice'>>;
  /** Tokens of an answer at most, as the client says; absent: what is left of the context. */
  readonly most: number | null | undefined;
  /** Nothing is to be said: only the prompt is to be computed. */
  readonly promptOnly?: boolean | undefined;
  /** Every token of the prompt is to be scored, whatever `prompt_logprobs` says. */
  readonly scored?: boolean | undefined;
  /** What the prompt is called in problems. */
  readonly param: string;
  /** Ids of the answers as the client is told them; one may be that of all. */
  readonly ids?: readonly string[] | undefined;
  /** Where an upstream is asked the same. */
  readonly route: string;
}

/** What may be changed while it runs. */
export interface GeneratorLimits {
  /** Chance that a model that may call a function does. */
  readonly toolShare: number;
  /** Requests that the engine has at most; more are turned away. */
  readonly maxInFlight: number;
  /** Share of a prompt that has to be cached, where a request does not say. */
  readonly cacheShare: number;
}

/** Turns what is asked for into requests of the engine, and what the engine says into answers. */
export class Generator {
  readonly engine: LiveEngine;
  readonly transfers: Transfers;
  readonly tokenizer: Tokenizer;
  /** While it sleeps nothing is answered. */
  readonly sleep: Sleep;
  /** Time stands still: nothing more is taken in. */
  closing = false;
  readonly #answers: AnswerSource;
  readonly #named = new InFlight();
  readonly #prefixes: PrefixIds | undefined;
  limits: GeneratorLimits;
  readonly #seed: number;
  #orders = 0;
  /** Told of each request that the engine was given. */
  onSubmitted: (choice: Choice, order: Order) => void = () => {};

  constructor(engine: LiveEngine, tokenizer: Tokenizer, answers: AnswerSource, prefixes: PrefixIds | undefined, seed: number, limits: GeneratorLimits) {
    this.engine = engine;
    this.transfers = new Transfers(engine);
    this.sleep = new Sleep(engine, Math.max(...engine.run.deployed.pools.map(({ setting }) => swapTime(setting))));
    this.tokenizer = tokenizer;
    this.#answers = answers;
    this.#prefixes = prefixes;
    this.#seed = seed;
    this.limits = limits;
  }

  /**
   * Makes the answers of an order, and sends it to the engine. What the engine turns away at once has ended when this returns.
   * @param onNews told of each choice that has news, from the first moment on
   * @throws ApiError for what is not served
   */
  async start(exchange: Exchange, order: Order, onNews: (choice: Choice) => void): Promise<readonly Choice[]> {
    const wanted = order.asks.length * (order.body.n ?? 1);
    this.#admit(wanted, exchange);
    const place = placeAsked(exchange.place, exchange.header('x-data-parallel-rank'), this.engine.simulation.plant);
    const choices = await this.#choices(order);
    if (exchange.response.destroyed) return choices;
    // Others may have come while an upstream was asked.
    this.#admit(wanted, exchange);
    exchange.onGone = () => {
      for (const choice of choices) if (choice.ended === undefined) this.engine.abort(choice, 'the client went away');
      for (const choice of choices) choice.onOver();
    };
    for (const choice of choices) choice.onNews = onNews;
    const { model, body } = order;
    const labels = { tenant: 0, priority: -(body.priority ?? 0), model: model.model, adapter: model.adapter };
    const salt = { lora: model.adapter === 0 ? undefined : model.id, salt: body.cache_salt ?? undefined };
    const blockTokens = this.#prefixes?.blockTokens ?? 0;
    const answered = this.#keepsAnswers;
    const gate = gateOf(exchange, body.cache_hit_threshold, this.limits.cacheShare);
    for (const choice of choices) {
      const { prompt, answer } = choice;
      const fetched = this.transfers.asked(body.kv_transfer_params) !== undefined;
      // Where answers are decoded no prefixes are kept; what is fetched is there.
      if (gate.shut || (gate.share > 0 && place?.role === 'decode' && !fetched)) {
        turnBack(choice);
        continue;
      }
      const leastCached = fetched ? 0 : Math.ceil(gate.share * prompt.length);
      // A prompt whose every token is to be scored is computed whole.
      const cached = order.scored === true || typeof body.prompt_logprobs === 'number' ? undefined : this.#prefixes;
      const held = cached?.hold(answered ? [...prompt, ...answer.ids(0, answer.tokens - 1)] : prompt, salt);
      choice.onOver = () => {
        held?.release();
        this.#named.delete(choice);
      };
      this.#named.add(choice, order.ids?.[choice.index] ?? order.ids?.[0]);
      const lengths = { inputTokens: prompt.length, outputTokens: choice.computed, leastCached };
      this.#submit({ ...labels, ...lengths, blockTokens, prefix: runsOf(held?.ids ?? []), answered }, choice, { place, exchange, body });
      this.onSubmitted(choice, order);
    }
    exchange.notes['request'] = choices[0]?.number ?? -1;
    exchange.notes['model'] = model.id;
    return choices;
  }

  /** Ends answers where they are, those of an id or all: their clients are told so. */
  abort(id: string | undefined): void {
    for (const choice of this.#named.of(id)) {
      this.engine.abort(choice, 'aborted by its client');
      // It may have ended by now.
      if (choice.ended === undefined) choice.abort();
    }
  }

  /** Sends a request to the deployment, or to the instance or rank whose door it came to. */
  #submit(
    arrival: Omit<Arrival, 'arrivedAt' | 'thread'>,
    choice: Choice,
    { place, exchange, body }: { readonly place: DoorPlace | undefined; readonly exchange: Exchange; readonly body: Order['body'] },
  ): void {
    const { engine, transfers } = this;
    const { kv_transfer_params: params } = body;
    if (place === undefined) {
      engine.submit(arrival, choice);
      return;
    }
    const { role, instance, rank } = place;
    const firstByPrefill = engine.simulation.plant.firstToken === 'prefill' ? 1 : 0;
    if (exchange.place !== undefined && role === 'prefill' && params?.['do_remote_decode'] === true) {
      choice.onPrefilled = () => {
        // The token that its client is told is made with the prompt.
        choice.emit(1);
        const release = choice.onOver;
        choice.onOver = () => {};
        const { localAddress = '127.0.0.1', localPort = 0 } = exchange.request.socket;
        choice.transfer = transfers.keep(choice.number, place, localAddress, localPort, release);
        choice.end({ kind: 'finished' });
      };
      // It goes on elsewhere: so it is not over with the first token.
      engine.submit({ ...arrival, outputTokens: 2, instance, rank, held: true }, choice);
      return;
    }
    if (role !== 'decode') {
      engine.submit({ ...arrival, instance, rank }, choice);
      return;
    }
    const waiting = transfers.asked(params);
    if (waiting !== undefined) transfers.handOver(waiting, choice, place, choice.computed + firstByPrefill);
    else {
      // Without KV to fetch, the prompt is computed by whoever is free.
      engine.submit({ ...arrival, held: true }, choice);
      engine.perform({ kind: 'hand-over', request: choice.number, instance, rank, tokens: choice.computed });
    }
  }

  /** Whether blocks of answers stay in the cache when they end: where prompts are computed and answered on one rank, which has the cache (CAC-8). */
  get #keepsAnswers(): boolean {
    const { pools, cache } = this.engine.simulation.plant;
    return cache === undefined && pools[0]?.role === 'merged' && pools[0].prefixCaching;
  }

  #admit(wanted: number, { place }: Exchange): void {
    if (this.closing) throw new ApiError(503, `Not taken in: ${shutDown}`, { headers: { 'retry-after': '5' } });
    if (this.sleep.stateOf(place) !== 'awake') throw new ApiError(503, 'The engine is asleep; POST /wake_up wakes it');
    const { maxInFlight } = this.limits;
    if (wanted > maxInFlight) throw new ApiError(400, `The request asks for ${wanted} answers, and the engine takes ${maxInFlight} requests at most`);
    if (this.engine.inFlight + wanted > maxInFlight)
      throw new ApiError(429, `The engine has ${this.engine.inFlight} requests, and takes ${maxInFlight} at most`, { headers: { 'retry-after': '1' } });
  }

  async #choices(order: Order): Promise<readonly Choice[]> {
    const { body, asks } = order;
    const own = body.seed ?? Math.floor(counterUniform(this.#seed, 0x6f726465, this.#orders++, 0) * 2 ** 48);
    const made: Promise<Choice>[] = [];
    for (const ask of asks) {
      const most = this.#most(order, ask);
      for (let k = 0; k < (body.n ?? 1); k++) {
        const index = made.length;
        // The first has the seed as it was given.
        const seed = Math.abs(own) + index * 0x9e3779b1;
        made.push(this.#choice(order, ask, index, seed, most));
      }
    }
    return Promise.all(made);
  }

  async #choice({ body, route, promptOnly }: Order, { prompt, said }: Ask, index: number, seed: number, most: number): Promise<Choice> {
    if (promptOnly === true) return new Choice(index, prompt, nothing);
    const least = body.min_tokens ?? 0;
    const stops = typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []);
    const cut = (answer: Answer): Answer => atLeastOne(this.tokenizer, stoppedBy(answer, stops, least, keepsStop(body)));
    const shape = shapeOfAnswer(body, seed, this.limits.toolShare);
    if (shape !== undefined) {
      const answer = cut(upTo(most, spelled(this.tokenizer, this.tokenizer.encode(shape.text), 'stop')));
      const tool = shape.tool === undefined ? undefined : { id: `chatcmpl-tool-${seed.toString(16).padStart(8, '0')}`, name: shape.tool };
      return new Choice(index, prompt, answer, tool);
    }
    const answer = await this.#answers.answer({
      seed,
      prompt,
      said,
      most,
      least,
      ignoreEnd: body.ignore_eos ?? false,
      forward: { route, body: body as Readonly<Record<string, unknown>> },
    });
    return new Choice(index, prompt, cut(answer));
  }

  /** Tokens that an answer may have at most. */
  #most({ model, most, promptOnly, param, body }: Order, { prompt }: Ask): number {
    const { maxContext } = model;
    if (prompt.length === 0) throw new ApiError(400, 'The prompt is empty', { param });
    if (most !== null && most !== undefined && most < 1 && promptOnly !== true)
      throw new ApiError(400, `max_tokens must be at least 1, got ${most}.`, { param: 'max_tokens' });
    const room = maxContext - prompt.length;
    const needed = Math.max(1, most ?? 1);
    if (needed > room) {
      const asked = `${prompt.length + needed} tokens (${prompt.length} in the ${param}, ${needed} in the completion)`;
      throw new ApiError(
        400,
        `This model's maximum context length is ${maxContext} tokens. However, you requested ${asked}. Please reduce the length of the ${param} or completion.`,
        { param },
      );
    }
    const limit = most ?? room;
    if ((body.min_tokens ?? 0) > limit)
      throw new ApiError(400, `min_tokens must be less than or equal to max_tokens=${limit}, got ${body.min_tokens}.`, { param: 'min_tokens' });
    return limit;
  }
}

/** The answer where nothing is to be said. */
const nothing: Answer = { tokens: 0, finish: 'length', text: () => '', ids: () => [] };

/** Whether the string that stops an answer belongs to it, in the words of vLLM or of SGLang. */
function keepsStop({ include_stop_str_in_output: included, no_stop_trim: untrimmed }: Sampling): boolean {
  return included === true || untrimmed === true;
}

function upTo(most: number, answer: Answer): Answer {
  return answer.tokens <= most ? answer : { ...answer, tokens: most, finish: 'length' };
}

/** The engine puts out one token at least: the end of the answer. */
function atLeastOne(tokenizer: Tokenizer, answer: Answer): Answer {
  return answer.tokens > 0 ? answer : { tokens: 1, finish: 'stop', text: () => '', ids: (from, to) => (from === 0 && to > 0 ? [tokenizer.vocabulary] : []) };
}
