import type { Simulation } from '../../src/serving/simulation.ts';
import type { PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import type { BlockListener, PrefixBlock, PrefixIds } from '../tokens/prefix-ids.ts';
import type { KvEventsConfig } from './endpoint.ts';
import { feedOptions, KvEventFeed, type FeedOptions, type Target } from './feed.ts';
import { mooncakeOptions, type MooncakeSender } from './mooncake.ts';
import type { Dialect } from './payload.ts';
import { KvPublisher } from './publisher.ts';
import { SequenceHashes } from './sequence-hash.ts';

export interface KvEventsOptions {
  readonly config: KvEventsConfig;
  /** How events are laid out: vLLM's two ways, or Mooncake's. */
  readonly format:
    | { readonly kind: 'vllm'; readonly dialect: Dialect; readonly hashes: 'int64' | 'bytes' }
    | { readonly kind: 'mooncake'; readonly sender: MooncakeSender };
  /** Whose caches are told: those of a pool, or of one of its instances; the pooled cache goes with the first rank of pool 0. */
  readonly pool: number;
  readonly instance?: number | undefined;
  /** Topic of a rank's events; absent: that of the config for all. */
  readonly topicOf?: ((rank: number) => string) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The topic that llm-d's indexer knows an endpoint by. */
export function llmdTopic(host: string, port: number, model: string): string {
  return `kv@${host}:${port}@${model}`;
}

/** KV events of an endpoint: a publisher for each data-parallel rank, on ports that count up. Tells what the caches do from when it is opened until it is closed. */
export class KvEvents implements BlockListener {
  readonly publishers: readonly KvPublisher[];
  readonly #feed: KvEventFeed;
  #waiting: NodeJS.Immediate | undefined;
  #closed = false;

  private constructor(publishers: readonly KvPublisher[], { pool, instance }: KvEventsOptions, format: FeedOptions) {
    this.publishers = publishers;
    const targets = publishers.map((sink, rank): Target => ({ sink, rank: publishers.length === 1 ? undefined : rank }));
    const targetOf = (place: PrefixPlace): Target | undefined => {
      if (place.kind !== 'rank') return pool === 0 ? targets[0] : undefined;
      if (place.pool !== pool || (instance !== undefined && place.instance !== instance)) return undefined;
      return targets[instance === undefined ? place.rank : place.rankOfInstance];
    };
    this.#feed = new KvEventFeed(targetOf, format);
  }

  /**
   * Opens the sockets.
   * @throws InputError where one cannot be opened; those that were are closed then
   */
  static async open({ plant }: Simulation, prefixes: PrefixIds, options: KvEventsOptions): Promise<KvEvents> {
    const { config, format, pool, instance, topicOf = () => config.topic } = options;
    const { instances = 0, ranks = 0 } = plant.pools[pool] ?? {};
    const publishers: KvPublisher[] = [];
    try {
      for (let rank = 0; rank < (instance === undefined ? instances * ranks : ranks); rank++) {
        const publisher = await KvPublisher.open({ ...config, topic: topicOf(rank) }, rank);
        if (options.onError !== undefined) publisher.onError = options.onError;
        publishers.push(publisher);
      }
    } catch (error) {
      await Promise.all(publishers.map((publisher) => publisher.close()));
      throw error;
    }
    const laid =
      format.kind === 'vllm' ? feedOptions(format.dialect, format.hashes) : mooncakeOptions(format.sender, await SequenceHashes.of(format.sender.salt));
    const events = new KvEvents(publishers, options, laid);
    prefixes.listen(events);
    return events;
  }

  stored(place: PrefixPlace, block: PrefixBlock): void {
    this.#soon();
    if (!this.#closed) this.#feed.stored(place, block);
  }

  removed(place: PrefixPlace, block: PrefixBlock): void {
    this.#soon();
    if (!this.#closed) this.#feed.removed(place, block);
  }

  cleared(place: PrefixPlace): void {
    this.#soon();
    if (!this.#closed) this.#feed.cleared(place);
  }

  /** Sends what is left, and closes the sockets. */
  async close(): Promise<void> {
    if (this.#closed) return;
    clearImmediate(this.#waiting);
    this.#feed.flush();
    this.#closed = true;
    await Promise.all(this.publishers.map((publisher) => publisher.close()));
  }

  /** What the engine does in one go leaves as one batch. */
  #soon(): void {
    if (this.#closed || this.#waiting !== undefined) return;
    this.#waiting = setImmediate(() => {
      this.#waiting = undefined;
      this.#feed.flush();
    });
  }
}
