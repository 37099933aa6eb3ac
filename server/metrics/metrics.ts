import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import type { Run } from '../../src/serving/deploy.ts';
import type { BlockListener, PrefixIds } from '../tokens/prefix-ids.ts';
import { cacheConfigOf } from './cache-config.ts';
import { registryOf, type Family } from './family.ts';
import { RequestFeed, type Asked } from './request-feed.ts';
import type { Scope } from './scope.ts';
import { sglangFamilies, sglangTallies } from './sglang.ts';
import { twinFamilies, type Lateness } from './twin.ts';
import { vllmFamilies, type VllmOptions } from './vllm.ts';

export interface MetricsOptions extends Pick<VllmOptions, 'model' | 'sleep' | 'lora' | 'oldNames' | 'kvMetrics'> {
  readonly scope: Scope;
  readonly dialect: 'vllm' | 'sglang';
  readonly lateness?: (() => Lateness) | undefined;
}

/** `/metrics` of one endpoint. Observes the live engine from its start on; what it tells follows from what the engine does, by the twin's clock. */
export class ServingMetrics {
  readonly contentType: string;
  readonly #feed: RequestFeed;
  readonly #registry: ReturnType<typeof registryOf>;

  /** @param prefixes where `kvMetrics` are asked for: whose blocks are timed */
  constructor(run: Run, options: MetricsOptions, prefixes?: PrefixIds) {
    const { simulation } = run;
    const { dialect, scope, model } = options;
    const tallies = dialect === 'sglang' ? sglangTallies() : undefined;
    this.#feed = new RequestFeed(simulation, scope, tallies);
    const spec = (simulation.plant.pools.at(-1)?.acceptance.length ?? 0) > 0;
    const families: readonly Family[] =
      tallies === undefined
        ? vllmFamilies(this.#feed, { ...options, cacheConfig: cacheConfigOf(run, scope.pool), spec })
        : sglangFamilies(this.#feed, tallies, simulation, model);
    this.#registry = registryOf([...families, ...twinFamilies(run, options.lateness)]);
    this.contentType = this.#registry.contentType;
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

  /** The text of a scrape. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Times blocks from when a rank has them to when it drops them. */
  #lives(now: () => number): BlockListener {
    const since = new Map<string, number>();
    const place = (at: Parameters<BlockListener['cleared']>[0]): string | undefined => (at.kind === 'rank' ? `${at.pool} ${at.rank} ` : undefined);
    return {
      stored: (at, { id }) => {
        const key = place(at);
        if (key !== undefined) since.set(key + id, now());
      },
      removed: (at, { id }) => {
        const key = place(at);
        if (key === undefined || at.kind !== 'rank') return;
        const from = since.get(key + id);
        since.delete(key + id);
        if (from !== undefined) this.#feed.blockLived(at, now() - from);
      },
      cleared: (at) => {
        const key = place(at);
        if (key !== undefined) for (const one of since.keys()) if (one.startsWith(key)) since.delete(one);
      },
    };
  }
}
