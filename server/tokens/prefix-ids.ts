import type { PrefixWatcher } from '../../src/serving/prefix-watcher.ts';
import type { Simulation } from '../../src/serving/simulation.ts';
import { watchPrefixes, type PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import { BlockHashes, extraKeys, type BlockHash, type ExtraKeys } from './block-hash.ts';

/** A full block of a prompt, which stands for all that comes before it too. */
export interface PrefixBlock {
  /** Its name in the engine. */
  readonly id: number;
  readonly hash: BlockHash;
  /** The block before it; undefined for the first. */
  readonly parent: PrefixBlock | undefined;
  readonly tokens: readonly number[];
  readonly extra: ExtraKeys;
  readonly lora: string | undefined;
  /** Blocks before it. */
  readonly depth: number;
}

/** Blocks of a prompt in order. */
export interface HeldPrefix {
  readonly blocks: readonly PrefixBlock[];
  /** For `Arrival.prefix`, as a list. */
  readonly ids: readonly number[];
  /** Given back when the request has ended. A second call does nothing. */
  release(): void;
}

/** Is told what becomes of blocks in the engine's caches. */
export interface BlockListener {
  stored(place: PrefixPlace, block: PrefixBlock): void;
  removed(place: PrefixPlace, block: PrefixBlock): void;
  /** A request has found it on a rank. */
  found?(place: PrefixPlace, block: PrefixBlock): void;
  cleared(place: PrefixPlace): void;
}

/**
 * Names for the prompts of a simulation, whose caches are watched from now on: before its first request. Blocks have the size of those of its pooled cache,
 * else of its KV.
 * @param seed of the hashes
 */
export function prefixIdsOf(simulation: Simulation, seed?: string): PrefixIds {
  const { pools, cache } = simulation.plant;
  const [entry] = pools;
  const ids = new PrefixIds(cache?.blockTokens ?? (entry?.prefixCaching === true ? entry.blockTokens : 0), new BlockHashes(seed));
  watchPrefixes(simulation, (place) => ids.watcher(place));
  return ids;
}

interface Entry extends PrefixBlock {
  readonly parent: Entry | undefined;
  /** Requests in flight and caches that have it, and blocks that stand behind it. */
  holders: number;
}

const last = 2 ** 31 - 1;

/**
 * Names blocks of prompts by their hashes, so that the engine finds what a server would find. A name is kept for as long as a request in flight or
 * a cache of the engine has its block: memory follows those, not how many prompts there were.
 */
export class PrefixIds {
  readonly blockTokens: number;
  readonly #hashes: BlockHashes;
  readonly #byHash = new Map<string, Entry>();
  readonly #byId = new Map<number, Entry>();
  readonly #listeners: BlockListener[] = [];
  #next = 0;

  /** @param blockTokens tokens of a block; 0 where the engine caches no prefixes: no prompt has blocks then */
  constructor(blockTokens: number, hashes: BlockHashes) {
    this.blockTokens = blockTokens;
    this.#hashes = hashes;
  }

  /** Blocks that have a name. */
  get size(): number {
    return this.#byId.size;
  }

  listen(listener: BlockListener): void {
    this.#listeners.push(listener);
  }

  /** The block of a name that is in use. */
  block(id: number): PrefixBlock | undefined {
    return this.#byId.get(id);
  }

  /** Names the full blocks of a prompt. */
  hold(tokens: readonly number[], keys: { readonly lora?: string | undefined; readonly salt?: string | undefined } = {}): HeldPrefix {
    const { blockTokens } = this;
    const entries: Entry[] = [];
    const full = blockTokens === 0 ? 0 : Math.floor(tokens.length / blockTokens);
    for (let block = 0; block < full; block++) entries.push(this.#entry(entries.at(-1), tokens, block * blockTokens, extraKeys(block === 0, keys), keys.lora));
    for (const entry of entries) entry.holders++;
    let held = true;
    return {
      blocks: entries,
      ids: entries.map(({ id }) => id),
      release: () => {
        if (!held) return;
        held = false;
        for (const entry of entries.toReversed()) this.#drop(entry);
      },
    };
  }

  /** What a cache of the engine is watched by. */
  watcher(place: PrefixPlace): PrefixWatcher {
    return {
      stored: (id) => {
        const entry = this.#byId.get(id);
        if (entry === undefined) return;
        entry.holders++;
        for (const listener of this.#listeners) listener.stored(place, entry);
      },
      removed: (id) => {
        const entry = this.#byId.get(id);
        if (entry === undefined) return;
        for (const listener of this.#listeners) listener.removed(place, entry);
        this.#drop(entry);
      },
      found: (id) => {
        const entry = this.#byId.get(id);
        if (entry !== undefined) for (const listener of this.#listeners) listener.found?.(place, entry);
      },
      cleared: (ids) => {
        for (const id of ids) {
          const entry = this.#byId.get(id);
          if (entry !== undefined) this.#drop(entry);
        }
        for (const listener of this.#listeners) listener.cleared(place);
      },
    };
  }

  #entry(parent: Entry | undefined, all: readonly number[], from: number, extra: ExtraKeys, lora: string | undefined): Entry {
    const to = from + this.blockTokens;
    const hash = this.#hashes.of(parent?.hash ?? this.#hashes.root, all, extra, from, to);
    const known = this.#byHash.get(hash);
    if (known !== undefined) return known;
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const made: Entry = { id: this.#name(), hash, parent, tokens: all.slice(from, to), extra, lora, depth, holders: 0 };
    if (parent !== undefined) parent.holders++;
    this.#byHash.set(hash, made);
    this.#byId.set(made.id, made);
    return made;
  }

  #name(): number {
    do this.#next = this.#next === last ? 0 : this.#next + 1;
    while (this.#byId.has(this.#next));
    return this.#next;
  }

  #drop(entry: Entry): void {
    for (let at: Entry | undefined = entry; at !== undefined && --at.holders === 0; at = at.parent) {
      this.#byHash.delete(at.hash);
      this.#byId.delete(at.id);
    }
  }
}
