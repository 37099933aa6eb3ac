import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import type { Run } from '../../src/serving/deploy.ts';
import type { PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import type { BlockListener, PrefixIds } from '../tokens/prefix-ids.ts';
import { cacheConfigOf } from './cache-config.ts';
import { registryOf, type Family } from './family.ts';
import { RequestFeed, type Asked, type FeedView } from './request-feed.ts';
import type { Scope } from './scope.ts';
import { sglangFamilies, sglangTallies, type SglangTallies } from './sglang.ts';
import { twinFamilies, type Lateness } from './twin.ts';
import { vllmFamilies, type VllmOptions } from './vllm.ts';

export interface MetricsOptions extends Pick<VllmOptions, 'model' | 'sleep' | 'lora' | 'oldNames' | 'kvMetrics'> {
  readonly scope: Scope;
  readonly dialect: 'vllm' | 'sglang';
  /** Lets the twin get to the present before it is read. */
  readonly catchUp?: (() => void) | undefined;
  readonly lateness?: (() => Lateness) | undefined;
  /** Whether each engine has a page of its own (`pageOf`). */
  readonly apart?: boolean | undefined;
}

/** `/metrics` of one endpoint. */
export interface MetricsPage {
  readonly contentType: string;
  /** The text of a scrape. */
  text(): Promise<string>;
}

/**
 * Metrics of the endpoints of a scope. Observes the live engine from its start on, once for all of their pages; what it tells follows from what the engine does,
 * by the twin's clock.
 */
export class ServingMetrics implements MetricsPage {
  readonly #run: Run;
  readonly #options: MetricsOptions;
  readonly #feed: RequestFeed;
  /** By number of the engine; a single one where they have no pages of their own. */
  readonly #tallies: readonly SglangTallies[];
  #whole: ReturnType<typeof registryOf> | undefined;

  /** @param prefixes where `kvMetrics` are asked for: whose blocks are timed */
  constructor(run: Run, options: MetricsOptions, prefixes?: PrefixIds) {
    const { simulation } = run;
    const { dialect, scope, apart = false } = options;
    this.#run = run;
    this.#options = options;
    const tallies: SglangTallies[] = [];
    this.#tallies = tallies;
    this.#feed = new RequestFeed(simulation, scope, (engine) => tallies[apart ? engine : 0]);
    if (dialect === 'sglang') for (let i = 0; i < (apart ? this.#feed.engines.length : 1); i++) tallies.push(sglangTallies());
    if (options.kvMetrics === true) prefixes?.listen(this.#lives(() => simulation.now));
  }

  event(event: SimulationEvent): void {
    this.#feed.event(event);
  }

  external(record: External): void {
    this.#feed.external(record);
  }

  emitted(request: number, tokens: number, at: number, slot: number): void {
    this.#feed.emitted(request, tokens, at, slot);
  }

  /** What the client of a request asked for, by its number in the engine: told once it has been submitted. */
  asked(request: number, asked: Asked): void {
    this.#feed.asked(request, asked);
  }

  get contentType(): string {
    return this.#page.contentType;
  }

  /** The page of all of its engines. */
  text(): Promise<string> {
    this.#options.catchUp?.();
    return this.#page.metrics();
  }

  /** The page of one of its engines alone: of an instance, by its number in its pool, or of a rank of it, whose number it has as its label, as a server of one rank does. */
  pageOf(instance: number, rank?: number, sleep?: MetricsOptions['sleep']): MetricsPage {
    const engine = this.#feed.engineAt(instance, rank) ?? -1;
    // Made when it is first asked for: there may be hundreds of them.
    let made: ReturnType<typeof registryOf> | undefined;
    const page = (): ReturnType<typeof registryOf> => (made ??= this.#registryOf(this.#feed.only(engine, String(rank ?? 0)), this.#tallies[engine], sleep));
    return {
      get contentType() {
        return page().contentType;
      },
      text: () => {
        this.#options.catchUp?.();
        return page().metrics();
      },
    };
  }

  get #page(): ReturnType<typeof registryOf> {
    return (this.#whole ??= this.#registryOf(this.#feed, this.#tallies[0]));
  }

  #registryOf(feed: FeedView, tallies: SglangTallies | undefined, sleep: MetricsOptions['sleep'] = this.#options.sleep): ReturnType<typeof registryOf> {
    const run = this.#run;
    const options = { ...this.#options, sleep };
    const { simulation } = run;
    const spec = (simulation.plant.pools.at(-1)?.acceptance.length ?? 0) > 0;
    const families: readonly Family[] =
      tallies === undefined
        ? vllmFamilies(feed, { ...options, cacheConfig: cacheConfigOf(run, options.scope.pool), spec })
        : sglangFamilies(feed, tallies, simulation, options.model);
    return registryOf([...families, ...twinFamilies(run, options.lateness)]);
  }

  /** Times blocks from when a rank has them to when it drops them, and between requests that find them. */
  #lives(now: () => number): BlockListener {
    interface Life {
      readonly since: number;
      used: number;
    }
    const lives = new Map<string, Life>();
    const keyOf = ({ pool, rank }: Extract<PrefixPlace, { readonly kind: 'rank' }>): string => `${pool} ${rank} `;
    return {
      stored: (at, { id }) => {
        if (at.kind === 'rank') lives.set(keyOf(at) + id, { since: now(), used: now() });
      },
      found: (at, { id }) => {
        const life = at.kind === 'rank' ? lives.get(keyOf(at) + id) : undefined;
        if (at.kind !== 'rank' || life === undefined) return;
        this.#feed.meterAt(at)?.blockReuse.add(now() - life.used);
        life.used = now();
      },
      removed: (at, { id }) => {
        const life = at.kind === 'rank' ? lives.get(keyOf(at) + id) : undefined;
        if (at.kind !== 'rank' || life === undefined) return;
        lives.delete(keyOf(at) + id);
        const meter = this.#feed.meterAt(at);
        meter?.blockLife.add(now() - life.since);
        meter?.blockIdle.add(now() - life.used);
      },
      cleared: (at) => {
        if (at.kind === 'rank') for (const one of lives.keys()) if (one.startsWith(keyOf(at))) lives.delete(one);
      },
    };
  }
}
