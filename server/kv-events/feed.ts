import type { PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import { bytesOf, shortHash } from '../tokens/block-hash.ts';
import type { BlockListener, PrefixBlock } from '../tokens/prefix-ids.ts';
import { chainsOf } from './chains.ts';
import { media, type KvBatch, type KvEvent, type WireHash } from './event.ts';
import { encodeBatch, type Dialect } from './payload.ts';

export interface FeedOptions {
  /** How a block is named. */
  readonly hash: (block: PrefixBlock) => WireHash;
  readonly encode: (batch: KvBatch) => Uint8Array;
  /** Events of a batch at most: it is sent when it has so many, before anybody asks for it. */
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
  readonly #hash: FeedOptions['hash'];
  /** Blocks that were stored since the last event, in the order in which they were told. */
  readonly #stored = new Set<PrefixBlock>();
  #medium = '';
  /** Of the last event, where that is a removal. */
  #removed: WireHash[] = [];

  constructor(hash: FeedOptions['hash']) {
    this.#hash = hash;
  }

  stored(block: PrefixBlock, medium: string): void {
    if (medium !== this.#medium) this.settle();
    this.#medium = medium;
    this.#stored.add(block);
  }

  removed(block: PrefixBlock, medium: string): void {
    this.settle();
    const before = this.events.at(-1);
    if (before?.kind !== 'removed' || before.medium !== medium) {
      this.#removed = [];
      this.events.push({ kind: 'removed', hashes: this.#removed, medium });
    }
    this.#removed.push(this.#hash(block));
  }

  cleared(): void {
    this.settle();
    this.events.push({ kind: 'cleared' });
  }

  /** Makes events of the blocks that were stored since the last one. */
  settle(): void {
    for (const blocks of chainsOf(this.#stored)) {
      const [{ parent, tokens, depth, lora }] = blocks;
      this.events.push({
        kind: 'stored',
        hashes: blocks.map((block) => this.#hash(block)),
        parent: parent === undefined ? undefined : this.#hash(parent),
        tokens: blocks.flatMap((block) => block.tokens),
        blockSize: tokens.length,
        depth,
        loraName: lora,
        medium: this.#medium,
        extraKeys: blocks.map(({ extra }) => extra),
      });
    }
    this.#stored.clear();
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
    this.#tell(place, (pending) => pending.stored(block, media[place.kind]));
  }

  removed(place: PrefixPlace, block: PrefixBlock): void {
    this.#tell(place, (pending) => pending.removed(block, media[place.kind]));
  }

  cleared(place: PrefixPlace): void {
    this.#tell(place, (pending) => pending.cleared());
  }

  flush(): void {
    for (const [target, pending] of this.#pending) {
      pending.settle();
      this.#send(target, pending);
    }
    this.#pending.clear();
  }

  #tell(place: PrefixPlace, tell: (pending: Pending) => void): void {
    const target = this.#targetOf(place);
    if (target === undefined) return;
    const pending = this.#pending.get(target) ?? new Pending(this.#options.hash);
    this.#pending.set(target, pending);
    tell(pending);
    // Blocks whose parents may still be told wait for them.
    if (pending.events.length >= this.#options.most) this.#send(target, pending);
  }

  #send({ sink, rank }: Target, { events }: Pending): void {
    const { encode, most, clock } = this.#options;
    while (events.length > 0) sink.publish(encode({ at: clock(), events: events.splice(0, most), rank }));
  }
}
