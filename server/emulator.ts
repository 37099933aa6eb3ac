import { InputError } from '../src/base/errors.ts';
import type { Seconds } from '../src/base/units.ts';
import type { Plant } from '../src/serving/plant.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { watchPrefixes } from '../src/serving/watch-prefixes.ts';
import { conductorRoutes } from './api/conductor.ts';
import { apiRoutes } from './api/routes.ts';
import { ChatTemplate } from './api/chat-template.ts';
import { shutDown } from './api/delivery.ts';
import { Generator } from './api/generator.ts';
import { ServedModels, type ModelNames } from './api/served-models.ts';
import { adminRoutes } from './admin/routes.ts';
import { Injector, type InjectedFaults } from './faults/injected.ts';
import { Keys } from './http/keys.ts';
import { Routes } from './http/routes.ts';
import { HttpDoor, type AccessRecord, type HttpOptions } from './http/server.ts';
import { Conductor } from './kv-events/conductor.ts';
import type { KvEventsConfig } from './kv-events/endpoint.ts';
import { KvEvents, llmdTopic, type KvEventsOptions } from './kv-events/kv-events.ts';
import { LiveEngine } from './live/engine.ts';
import { openToFaults, withoutTraffic } from './live/live-scenario.ts';
import { Pace } from './live/pace.ts';
import { warmPricers } from './live/warm.ts';
import { ServingMetrics } from './metrics/metrics.ts';
import type { Scope } from './metrics/scope.ts';
import type { AnswerSource } from './tokens/answer.ts';
import { BlockHashes } from './tokens/block-hash.ts';
import { PrefixIds } from './tokens/prefix-ids.ts';
import type { Tokenizer } from './tokens/tokenizer.ts';

export interface EmulatorOptions {
  readonly http: HttpOptions;
  /** Simulated seconds in each second. */
  readonly speed: number;
  /** Latest that a burst may leave behind its instant, by the wall clock; Infinity: however late. */
  readonly lateBound: Seconds;
  /** Time that costs are worked out in before clients are let in. */
  readonly warmUp: Seconds;
  /** Whether the traffic of the scenario goes on beside that of clients. */
  readonly background: boolean;
  readonly models: ModelNames;
  readonly keys: readonly string[];
  readonly version: string;
  readonly toolShare: number;
  readonly maxInFlight: number;
  readonly hashSeed?: string | undefined;
  readonly dialect: 'vllm' | 'sglang';
  readonly sleepMode: boolean;
  /** Until it says that it is ready. [s] */
  readonly startup: Seconds;
  readonly injected: InjectedFaults;
  /** Events of the prefix caches; absent: none are published. */
  readonly kvEvents?: { readonly config: KvEventsConfig; readonly format: 'map' | 'positional' | 'mooncake' } | undefined;
  /** Whether it answers as Mooncake's conductor, for publishers that register. */
  readonly conductor: boolean;
  readonly admin: AdminOptions;
  /** Metrics under names that were given up, and of how long KV blocks live. */
  readonly oldNames: boolean;
  readonly kvMetrics: boolean;
  readonly onAccess?: ((record: AccessRecord) => void) | undefined;
  readonly onFault: (error: unknown) => void;
}

/** Where those who run it are let in. */
export interface AdminOptions {
  /** At the door of clients. */
  readonly here: boolean;
  /** At a door of its own on the loopback interface. */
  readonly port?: number | undefined;
  /** What they have to show as an API key. */
  readonly token?: string | undefined;
}

/** Routes that answers can be made to fail on. */
const answering = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/embeddings',
  '/inference/v1/generate',
  '/generate',
] as const;

/** A deployment that does not exist, behind an API that does. */
export class Emulator {
  readonly engine: LiveEngine;
  readonly generator: Generator;
  readonly models: ServedModels;
  readonly injector: Injector;
  readonly #door: HttpDoor;
  /** For those who run it, where it is another one. */
  readonly #adminDoor: HttpDoor | undefined;
  readonly #options: EmulatorOptions;
  readonly #prefixes: PrefixIds | undefined;
  readonly #conductor: Conductor | undefined;
  #kvEvents: KvEvents | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws InputError where the scenario does not fit */
  constructor(scenario: Scenario, tokenizer: Tokenizer, answers: AnswerSource, options: EmulatorOptions) {
    const pricers = warmPricers(scenario, options.warmUp * 1000);
    const served = openToFaults(options.background ? scenario : withoutTraffic(scenario));
    this.engine = new LiveEngine(served, new Pace(options.speed), options.lateBound, pricers);
    const { plant } = this.engine.simulation;
    this.models = new ServedModels(served, plant, options.models, Math.floor(Date.now() / 1000));
    const { toolShare, maxInFlight } = options;
    const blockTokens = cachedBlock(plant);
    const prefixes = blockTokens === 0 ? undefined : new PrefixIds(blockTokens, new BlockHashes(options.hashSeed));
    if (prefixes !== undefined) watchPrefixes(this.engine.simulation, (place) => prefixes.watcher(place));
    const generator = new Generator(this.engine, tokenizer, answers, prefixes, scenario.seed, { toolShare, maxInFlight });
    this.generator = generator;
    this.#prefixes = prefixes;
    this.#options = options;
    this.#conductor = options.conductor ? new Conductor() : undefined;
    const metrics = this.#metrics(options, prefixes);
    const { version, dialect, sleepMode } = options;
    const readyAt = performance.now() + options.startup * 1000;
    const ready = (): boolean => performance.now() >= readyAt;
    const template = new ChatTemplate(tokenizer);
    const routes = apiRoutes({ generator, models: this.models, template, metrics, version, dialect, sleepMode, ready });
    const injector = new Injector(options.injected, scenario.seed);
    this.injector = injector;
    const conducted = this.#conductor === undefined ? [] : conductorRoutes(this.#conductor);
    const admin = adminRoutes(generator, injector, scenario.machine);
    const { port, token, here } = options.admin;
    const keys = new Keys(options.keys);
    const adminKeys = new Keys(token === undefined ? [] : [token]);
    const paths = new Set<string>(answering);
    this.#door = new HttpDoor(new Routes([...routes, ...conducted, ...(here ? admin : [])]), options.http);
    this.#door.before = (exchange) => {
      const { pathname } = exchange.url;
      (pathname.startsWith('/admin/') ? adminKeys : keys).check(exchange);
      if (paths.has(pathname)) injector.check(exchange);
    };
    if (port !== undefined) {
      this.#adminDoor = new HttpDoor(new Routes(admin), { ...options.http, host: '127.0.0.1', port, tls: undefined });
      this.#adminDoor.before = (exchange) => adminKeys.check(exchange);
    }
    for (const door of [this.#door, this.#adminDoor]) {
      if (door === undefined) continue;
      door.onAccess = options.onAccess;
      door.onFault = options.onFault;
    }
  }

  #metrics({ dialect, oldNames, kvMetrics }: EmulatorOptions, prefixes: PrefixIds | undefined): ServingMetrics {
    const { engine, generator, models } = this;
    const { run } = engine;
    const { plant } = run.simulation;
    // Where prompts move on to decode elsewhere, the front door speaks for all of it as for one engine.
    const scope: Scope = plant.models === undefined && plant.pools.length > 1 ? { pool: 'all' } : { pool: 0, engines: 'instances' };
    const lora = models.takesAdapters ? (): ReturnType<ServedModels['adaptersNow']> => models.adaptersNow(Date.now() / 1000) : undefined;
    const metrics = new ServingMetrics(
      run,
      {
        scope,
        dialect,
        model: models.first.id,
        oldNames,
        kvMetrics,
        lora,
        sleep: () => generator.sleep,
        lateness: () => engine.lag.report(),
      },
      prefixes,
    );
    engine.observe(metrics);
    generator.onSubmitted = ({ number, answer }, { most, asks, body }) =>
      metrics.asked(number, { maxTokens: most ?? undefined, choices: asks.length === 1 ? (body.n ?? 1) : 1, reason: answer.finish });
    return metrics;
  }

  /** What was written and no reader has taken. [B] */
  get bytesWaiting(): number {
    return this.#door.bytesWaiting;
  }

  /**
   * Lets time go on and listens. Returns the port.
   * @throws InputError where events are to be told of caches that the deployment does not have
   */
  async start(): Promise<number> {
    const { kvEvents, http } = this.#options;
    if (kvEvents !== undefined) {
      if (this.#prefixes === undefined)
        throw new InputError([{ path: '--kv-events-config', message: 'the deployment caches no prefixes; expected prefix-caching, or a cache' }]);
      const { config: asked, format: name } = kvEvents;
      const { id } = this.models.first;
      const config = asked.topic === 'llm-d' ? { ...asked, topic: llmdTopic(http.host, http.port, id) } : asked;
      const sender = { model: id, tenant: 'default', backend: 'supernode', salt: '', blockSize: this.#prefixes.blockTokens };
      const format: KvEventsOptions['format'] = name === 'mooncake' ? { kind: 'mooncake', sender } : { kind: 'vllm', dialect: name, hashes: 'int64' };
      this.#kvEvents = await KvEvents.open(this.engine.simulation, this.#prefixes, { config, format, pool: 0, onError: this.#options.onFault });
    }
    const port = await this.#door.listen();
    await this.#adminDoor?.listen();
    this.engine.start();
    return port;
  }

  /**
   * Takes nothing more in, lets what is in flight finish, and ends what has not by then.
   * @param grace how long it may take to finish [ms]
   */
  stop(grace: number): Promise<void> {
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    this.generator.closing = true;
    this.#door.refuse();
    this.#adminDoor?.refuse();
    const until = performance.now() + grace;
    while (this.engine.inFlight > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.engine.stop(shutDown);
    await this.#kvEvents?.close();
    await this.#conductor?.close();
    // The last words of streams leave before their sockets do.
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#door.close();
    this.#adminDoor?.close();
  }
}

/** Tokens of a block of prompts that the deployment keeps; 0 where it keeps none. */
function cachedBlock({ pools, cache }: Plant): number {
  const entry = pools.find(({ prefixCaching }) => prefixCaching);
  return cache?.blockTokens ?? entry?.blockTokens ?? 0;
}
