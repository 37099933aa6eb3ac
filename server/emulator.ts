import { unknownTo } from '../schema/http/sampling.ts';
import { InputError } from '../src/base/errors.ts';
import type { Seconds } from '../src/base/units.ts';
import type { Plant } from '../src/serving/plant.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { watchPrefixes } from '../src/serving/watch-prefixes.ts';
import { conductorRoutes } from './api/conductor.ts';
import { apiRoutes } from './api/routes.ts';
import { ChatTemplate } from './api/chat-template.ts';
import { shutDown } from './api/delivery.ts';
import { placesOf, type DoorPlace } from './api/door-place.ts';
import { Generator } from './api/generator.ts';
import { ServedModels, type ModelNames } from './api/served-models.ts';
import { LiveEvents } from './admin/live-events.ts';
import { adminRoutes } from './admin/routes.ts';
import { RunView, type Dashboard } from './admin/run-view.ts';
import { Injector, type InjectedFaults } from './faults/injected.ts';
import { ApiError } from './http/api-error.ts';
import { Keys } from './http/keys.ts';
import type { Exchange } from './http/exchange.ts';
import { Routes, type Route } from './http/routes.ts';
import { HttpDoor, type AccessRecord, type HttpOptions } from './http/server.ts';
import { Conductor } from './kv-events/conductor.ts';
import { listeningOf, type KvEventsConfig } from './kv-events/endpoint.ts';
import { KvEvents, llmdTopic, type KvEventsOptions } from './kv-events/kv-events.ts';
import { listeningIssues, listenProblem, type Listening } from './listening.ts';
import { LiveEngine } from './live/engine.ts';
import { openToFaults, withoutTraffic } from './live/live-scenario.ts';
import { Pace } from './live/pace.ts';
import { warmPricers } from './live/warm.ts';
import { ServingMetrics, type MetricsPage } from './metrics/metrics.ts';
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
  /** Share of a prompt that has to be cached for it to be answered, where a request does not say. */
  readonly cacheShare?: number | undefined;
  readonly hashSeed?: string | undefined;
  /** Adapters that are there from the beginning, as name=path. */
  readonly adapters?: readonly string[] | undefined;
  /** Numbers of an embedding where a request does not say how many. */
  readonly dimensions?: number | undefined;
  /** The pod that it runs in: headers and topics name it. */
  readonly pod?: Pod | undefined;
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
  /** The page that shows the run, beside what is administered; absent: there is none. */
  readonly dashboard?: Dashboard | undefined;
  /** Where the doors of instances begin: each instance has a port of its own, counted up; 0: any that is free. Absent: there are none. */
  readonly instancePorts?: number | undefined;
  /** The same of data-parallel ranks. */
  readonly rankPorts?: number | undefined;
  /** Metrics under names that were given up, and of how long KV blocks live. */
  readonly oldNames: boolean;
  readonly kvMetrics: boolean;
  readonly onAccess?: ((record: AccessRecord) => void) | undefined;
  readonly onFault: (error: unknown) => void;
}

export interface Pod {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly ip?: string | undefined;
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

/** A door, and the flag that says where it listens. */
interface FlaggedDoor {
  readonly door: HttpDoor;
  readonly flag: string;
}

interface PlacedDoor extends FlaggedDoor {
  readonly place: DoorPlace;
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
  readonly #front: HttpDoor;
  readonly #adminDoor: HttpDoor;
  /** Those of instances and of ranks, of the pool that takes prompts first. */
  readonly #placed: readonly PlacedDoor[];
  /** Metrics of pools whose instances, or ranks, have doors. */
  readonly #apart = new Map<string, ServingMetrics>();
  readonly #doors: readonly FlaggedDoor[];
  readonly #keys: Keys;
  readonly #options: EmulatorOptions;
  readonly #prefixes: PrefixIds | undefined;
  readonly #conductor: Conductor | undefined;
  readonly #events: LiveEvents;
  readonly #view: RunView | undefined;
  #kvEvents: KvEvents | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws InputError where the scenario does not fit, or it cannot listen where it should */
  constructor(scenario: Scenario, tokenizer: Tokenizer, answers: AnswerSource, options: EmulatorOptions) {
    const pricers = warmPricers(scenario, options.warmUp * 1000);
    const served = openToFaults(options.background ? scenario : withoutTraffic(scenario));
    this.engine = new LiveEngine(served, new Pace(options.speed), options.lateBound, pricers);
    const { plant } = this.engine.simulation;
    this.models = new ServedModels(served, plant, options.models, Math.floor(Date.now() / 1000));
    for (const text of options.adapters ?? []) {
      const [, name, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined || path === undefined) throw new InputError([{ path: '--lora-modules', message: `expected name=path, got "${text}"` }]);
      try {
        this.models.load(name, path);
      } catch (error) {
        throw error instanceof ApiError ? new InputError([{ path: '--lora-modules', message: error.message }]) : error;
      }
    }
    const { toolShare, maxInFlight, cacheShare = 0 } = options;
    const blockTokens = cachedBlock(plant);
    const prefixes = blockTokens === 0 ? undefined : new PrefixIds(blockTokens, new BlockHashes(options.hashSeed));
    if (prefixes !== undefined) watchPrefixes(this.engine.simulation, (place) => prefixes.watcher(place));
    const generator = new Generator(this.engine, tokenizer, answers, prefixes, scenario.seed, { toolShare, maxInFlight, cacheShare });
    this.generator = generator;
    this.#prefixes = prefixes;
    this.#options = options;
    this.#keys = new Keys(options.keys);
    this.#conductor = options.conductor ? new Conductor() : undefined;
    const { version, dialect, sleepMode } = options;
    const readyAt = performance.now() + options.startup * 1000;
    const ready = (): boolean => performance.now() >= readyAt;
    const template = new ChatTemplate(tokenizer);
    this.#events = new LiveEvents(this.engine, options.version);
    this.injector = new Injector(options.injected, scenario.seed);
    const conducted = this.#conductor === undefined ? [] : conductorRoutes(this.#conductor);
    const { dashboard } = options;
    this.#view = dashboard === undefined ? undefined : new RunView(this.engine);
    const shown = dashboard === undefined ? [] : (this.#view?.routes(dashboard) ?? []);
    const admin = [...adminRoutes(generator, this.injector, scenario.machine, this.#events), ...shown];
    const { port, token, here } = options.admin;
    const adminKeys = new Keys(token === undefined ? [] : [token]);
    const doorOf = (place: DoorPlace | undefined, http: HttpOptions, more: readonly Route[]): HttpDoor => {
      const metrics = this.#metrics(options, prefixes, place);
      const routes = apiRoutes({ generator, models: this.models, template, metrics, version, dialect, sleepMode, ready, dimensions: options.dimensions });
      const door = new HttpDoor(new Routes([...routes, ...more]), http);
      door.before = (exchange) => this.#check(exchange, place, door, adminKeys);
      return door;
    };
    this.#front = doorOf(undefined, options.http, [...conducted, ...(here ? admin : [])]);
    const issues = listeningIssues(openedBy(options, plant));
    if (issues.length > 0) throw new InputError(issues);
    const placed = (each: 'instance' | 'rank', first: number | undefined): readonly PlacedDoor[] =>
      (first === undefined ? [] : placesOf(plant, each)).map((place, i) => {
        const own = first === 0 ? 0 : (first ?? 0) + i;
        return { place, door: doorOf(place, { ...options.http, port: own }, []), flag: `--${each}-ports` };
      });
    this.#placed = [...placed('instance', options.instancePorts), ...placed('rank', options.rankPorts)];
    const others: FlaggedDoor[] = [];
    if (port !== undefined) {
      const door = new HttpDoor(new Routes(admin), { ...options.http, host: '127.0.0.1', port, tls: undefined });
      door.before = (exchange) => adminKeys.check(exchange);
      others.push({ door, flag: '--admin-port' });
    }
    this.#adminDoor = others[0]?.door ?? this.#front;
    this.#doors = [{ door: this.#front, flag: '--port' }, ...this.#placed, ...others];
    for (const { door } of this.#doors) {
      door.onAccess = options.onAccess;
      door.onFault = options.onFault;
    }
  }

  #check(exchange: Exchange, place: DoorPlace | undefined, door: HttpDoor, adminKeys: Keys): void {
    const { pathname } = exchange.url;
    exchange.place = place;
    exchange.unknownFields = unknownTo[this.#options.dialect];
    const { name, namespace } = this.#options.pod ?? {};
    if (name !== undefined) Object.assign(exchange.headers, { 'x-inference-pod': name, 'x-inference-port': String(door.port) });
    if (namespace !== undefined) exchange.headers['x-inference-namespace'] = namespace;
    (pathname.startsWith('/admin/') ? adminKeys : this.#keys).check(exchange);
    if (answering.some((path) => path === pathname)) this.injector.check(exchange);
  }

  /** Where prompts move on to decode elsewhere, the front door speaks for all of it as for one engine. */
  #metrics(options: EmulatorOptions, prefixes: PrefixIds | undefined, place: DoorPlace | undefined): MetricsPage {
    const { plant } = this.engine.simulation;
    if (place === undefined)
      return this.#observed(options, prefixes, plant.models === undefined && plant.pools.length > 1 ? { pool: 'all' } : { pool: 0, engines: 'instances' });
    const engines = place.rank === undefined ? 'instances' : 'ranks';
    const key = `${place.pool} ${engines}`;
    const metrics = this.#apart.get(key) ?? this.#observed(options, prefixes, { pool: place.pool, engines }, true);
    this.#apart.set(key, metrics);
    return metrics.pageOf(place.instance, place.rank, () => this.generator.sleep.stateOf(place));
  }

  #observed({ dialect, oldNames, kvMetrics }: EmulatorOptions, prefixes: PrefixIds | undefined, scope: Scope, apart: boolean = false): ServingMetrics {
    const { engine, generator, models } = this;
    const { run } = engine;
    const lora = models.takesAdapters ? (): ReturnType<ServedModels['adaptersNow']> => models.adaptersNow(run.simulation.table, Date.now() / 1000) : undefined;
    const metrics = new ServingMetrics(
      run,
      {
        scope,
        apart,
        dialect,
        model: models.first.id,
        oldNames,
        kvMetrics,
        lora,
        sleep: () => generator.sleep.stateOf(undefined),
        catchUp: () => engine.catchUp(),
        lateness: () => engine.lag.report(),
      },
      prefixes,
    );
    engine.observe(metrics);
    const before = generator.onSubmitted;
    generator.onSubmitted = (choice, order) => {
      before(choice, order);
      const { most, asks, body } = order;
      metrics.asked(choice.number, { maxTokens: most ?? undefined, choices: asks.length === 1 ? (body.n ?? 1) : 1, reason: choice.answer.finish });
    };
    return metrics;
  }

  /** Port of the door behind which it is administered. */
  get adminPort(): number {
    return this.#adminDoor.port;
  }

  /** Ports of the doors of instances, of the pool that takes prompts first. */
  get instancePorts(): readonly number[] {
    return this.#placed.flatMap(({ place, door }) => (place.rank === undefined ? [door.port] : []));
  }

  /** Ports of the doors of ranks in the same order. */
  get rankPorts(): readonly number[] {
    return this.#placed.flatMap(({ place, door }) => (place.rank === undefined ? [] : [door.port]));
  }

  /** What was written and no reader has taken. [B] */
  get bytesWaiting(): number {
    return this.#doors.reduce((sum, { door }) => sum + door.bytesWaiting, 0);
  }

  /**
   * Lets time go on and listens. Returns the port.
   * @throws InputError where it cannot listen, or events are to be told of caches that the deployment does not have
   */
  async start(): Promise<number> {
    if (this.#options.kvEvents !== undefined && this.#prefixes === undefined)
      throw new InputError([{ path: '--kv-events-config', message: 'the deployment caches no prefixes; expected prefix-caching, or a cache' }]);
    try {
      for (const { door, flag } of this.#doors)
        await door.listen().catch((error: unknown) => {
          throw listenProblem(error, flag);
        });
      this.#kvEvents = await this.#publishers();
    } catch (error) {
      for (const { door } of this.#doors) {
        door.refuse();
        door.close();
      }
      throw error;
    }
    this.engine.start();
    return this.#front.port;
  }

  /** Publishers of the ranks that take prompts, each under the topic of the door that is nearest to it. */
  async #publishers(): Promise<KvEvents | undefined> {
    const { kvEvents, http, pod } = this.#options;
    if (kvEvents === undefined || this.#prefixes === undefined) return undefined;
    const { config, format: name } = kvEvents;
    const { id } = this.models.first;
    const sender = { model: id, tenant: 'default', backend: 'supernode', salt: '', blockSize: this.#prefixes.blockTokens };
    const format: KvEventsOptions['format'] = name === 'mooncake' ? { kind: 'mooncake', sender } : { kind: 'vllm', dialect: name, hashes: 'int64' };
    const { ranks = 1 } = this.engine.simulation.plant.pools[0] ?? {};
    const portOf = (rank: number): number => {
      const instance = Math.floor(rank / ranks);
      const own = this.#placed.filter(({ place }) => place.pool === 0 && place.instance === instance);
      return (own.find(({ place }) => place.rank === rank % ranks) ?? own.find(({ place }) => place.rank === undefined))?.door.port ?? this.#front.port;
    };
    const topicOf = config.topic === 'llm-d' ? (rank: number): string => llmdTopic(pod?.ip ?? http.host, portOf(rank), id) : undefined;
    return KvEvents.open(this.engine.simulation, this.#prefixes, { config, format, pool: 0, topicOf, onError: this.#options.onFault });
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
    for (const { door } of this.#doors) door.refuse();
    const until = performance.now() + grace;
    while (this.engine.inFlight > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.engine.stop(shutDown);
    this.#events.close();
    this.#view?.close();
    await this.#kvEvents?.close();
    await this.#conductor?.close();
    // The last words of streams leave before their sockets do.
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { door } of this.#doors) door.close();
  }
}

/** What it is going to listen on. */
function openedBy({ http: { host, port }, admin, instancePorts, rankPorts, kvEvents }: EmulatorOptions, plant: Plant): readonly Listening[] {
  const counted = (each: 'instance' | 'rank', first: number | undefined): readonly Listening[] =>
    first === undefined ? [] : [{ kind: 'ports', flag: `--${each}-ports`, host, first, many: placesOf(plant, each).length, each }];
  const { instances = 0, ranks = 0 } = plant.pools[0] ?? {};
  return [
    { kind: 'ports', flag: '--port', host, first: port, many: 1, each: 'server' },
    ...counted('instance', instancePorts),
    ...counted('rank', rankPorts),
    ...(admin.port === undefined ? [] : [{ kind: 'ports', flag: '--admin-port', host: '127.0.0.1', first: admin.port, many: 1, each: 'server' } as const]),
    ...(kvEvents === undefined ? [] : listeningOf(kvEvents.config, instances * ranks)),
  ];
}

/** Tokens of a block of prompts that the deployment keeps; 0 where it keeps none. */
function cachedBlock({ pools, cache }: Plant): number {
  const entry = pools.find(({ prefixCaching }) => prefixCaching);
  return cache?.blockTokens ?? entry?.blockTokens ?? 0;
}
