import type { PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import { bytesOf, shortHash, type ExtraKeys } from '../tokens/block-hash.ts';
import type { BlockListener, PrefixBlock } from '../tokens/prefix-ids.ts';
import { media, type KvBatch, type KvEvent, type WireHash } from './event.ts';
import { encodeBatch, type Dialect } from './payload.ts';

export interface FeedOptions {
  /** How a block is named. */
  readonly hash: (block: PrefixBlock) => WireHash;
  readonly encode: (batch: KvBatch) => Uint8Array;
  /** A batch is sent when it has so many events, before anybody asks for it. */
  readonly most: number;
  /** Since 1970. [s] */
  readonly clock: () => number;
}

/** Events as vLLM lays them out. @param hashes 64 bits of them, as servers send by default, or all bytes */
export function feedOptions(dialect: Dialect, hashes: 'int64' | 'bytes' = 'int64'): FeedOptions {
  return {
    hash: ({ hash }) => (hashes === 'int64' ? shortHash(hash) : bytesOf(hash)),
    encode: (batch) => encodeBatch(batch, dialect),
    most: 1024,
    clock: () => Date.now() / 1000,
  };
}

/** Something that batches go to. */
export interface BatchSink {
  publish(payload: Uint8Array): void;
}

/** Events of one publisher that were not sent yet: blocks that are stored behind one another are one event, and so are those that go together. */
class Pending {
  readonly events: KvEvent[] = [];
  /** Lists of the last event while more may come to it, and the block that those stand behind. */
  #hashes: WireHash[] = [];
  #tokens: number[] = [];
  #extraKeys: ExtraKeys[] = [];
  #last: PrefixBlock | undefined;

  stored(block: PrefixBlock, medium: string, hash: (block: PrefixBlock) => WireHash): void {
    const before = this.events.at(-1);
    if (before?.kind !== 'stored' || block.parent === undefined || block.parent !== this.#last || before.medium !== medium) {
      const parent = block.parent === undefined ? undefined : hash(block.parent);
      this.#hashes = [];
      this.#tokens = [];
      this.#extraKeys = [];
      const lists = { hashes: this.#hashes, tokens: this.#tokens, extraKeys: this.#extraKeys };
      this.events.push({ kind: 'stored', ...lists, parent, blockSize: block.tokens.length, depth: block.depth, loraName: block.lora, medium });
    }
    this.#hashes.push(hash(block));
    this.#tokens.push(...block.tokens);
    this.#extraKeys.push(block.extra);
    this.#last = block;
  }

  removed(hash: WireHash, medium: string): void {
    const before = this.events.at(-1);
    if (before?.kind !== 'removed' || before.medium !== medium) {
      this.#hashes = [];
      this.events.push({ kind: 'removed', hashes: this.#hashes, medium });
    }
    this.#hashes.push(hash);
  }

  cleared(): void {
    this.events.push({ kind: 'cleared' });
  }
}

/** What a publisher speaks for. */
export interface Target {
  readonly sink: BatchSink;
  /** Told with each batch. */
  readonly rank: number | undefined;
}

/**
 * Turns what happens to blocks into batches. They leave when `flush` is called, which the owner does after each moment in which the engine did something: a
 * batch then holds what one step did, as a server's does.
 */
export class KvEventFeed implements BlockListener {
  readonly #targetOf: (place: PrefixPlace) => Target | undefined;
  readonly #options: FeedOptions;
  readonly #pending = new Map<Target, Pending>();

  /** @param targetOf the publisher of a place, always the same one; undefined where nobody is told of it */
  constructor(targetOf: (place: PrefixPlace) => Target | undefined, options: FeedOptions = feedOptions('map')) {
    this.#targetOf = targetOf;
    this.#options = options;
  }

  stored(place: PrefixPlace, block: PrefixBlock): void {
    this.#tell(place, (pending) => pending.stored(block, media[place.kind], this.#options.hash));
  }

  removed(place: PrefixPlace, block: PrefixBlock): void {
    this.#tell(place, (pending) => pending.removed(this.#options.hash(block), media[place.kind]));
  }

  cleared(place: PrefixPlace): void {
    this.#tell(place, (pending) => pending.cleared());
  }

  flush(): void {
    for (const [target, pending] of this.#pending) this.#send(target, pending);
  }

  #tell(place: PrefixPlace, tell: (pending: Pending) => void): void {
    const target = this.#targetOf(place);
    if (target === undefined) return;
    const pending = this.#pending.get(target) ?? new Pending();
    this.#pending.set(target, pending);
    tell(pending);
    if (pending.events.length >= this.#options.most) this.#send(target, pending);
  }

  #send(target: Target, { events }: Pending): void {
    this.#pending.delete(target);
    target.sink.publish(this.#options.encode({ at: this.#options.clock(), events, rank: target.rank }));
  }
}
