import type { Plant } from '../../src/serving/plant.ts';
import { BlockHashes, extraKeys, shortHash } from '../tokens/block-hash.ts';

/** Ids that are known at once: more than any cache of a deployment holds blocks; the one that was asked for longest ago is forgotten. */
const most = 2 ** 21;

/** Names the blocks of prompts by their hashes, as whole numbers that the engine knows them by: equal prompts hit what is cached of each other. */
export class PrefixIds {
  readonly blockTokens: number;
  readonly #hashes: BlockHashes;
  readonly #ids = new Map<bigint, number>();
  #next = 1;

  constructor({ pools, cache }: Plant, seed?: string) {
    const [entry] = pools;
    this.blockTokens = cache?.blockTokens ?? (entry?.prefixCaching === true ? entry.blockTokens : 0);
    this.#hashes = new BlockHashes(seed);
  }

  hold(
    prompt: readonly number[],
    salt: { readonly lora?: string | undefined; readonly salt?: string | undefined } = {},
  ): { readonly ids: readonly number[]; release(): void } {
    const { blockTokens } = this;
    const ids: number[] = [];
    let parent = this.#hashes.root;
    if (blockTokens > 0)
      for (let end = blockTokens; end <= prompt.length; end += blockTokens) {
        parent = this.#hashes.of(parent, prompt.slice(end - blockTokens, end), extraKeys(end === blockTokens, salt));
        ids.push(this.#idOf(shortHash(parent)));
      }
    return { ids, release: () => {} };
  }

  #idOf(hash: bigint): number {
    const ids = this.#ids;
    const known = ids.get(hash);
    if (known !== undefined) return known;
    if (ids.size >= most) ids.clear();
    this.#next++;
    ids.set(hash, this.#next);
    return this.#next;
  }
}
