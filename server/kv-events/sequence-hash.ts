import { createXXHash3, type IHasher } from 'hash-wasm';

/** Seed of every hash, unless a salt changes it. */
const seed = 1337;

/**
 * Rolling hashes of prompts by their tokens, as routers of the Mooncake and Dynamo families name blocks: the hash of a block is XXH3-64 of its token ids, four bytes
 * each, least significant first; that of a prefix is XXH3-64 of the hash of the prefix before it and the hash of its block, eight bytes each. A first
 * block stands alone. A salt takes the place of the seed by its own XXH3-64. The proposal (Mooncake RFC 1527) says XXH3-64 and no more: the
 * layout is an assumption.
 */
export class SequenceHashes {
  readonly #hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static async of(salt: string = ''): Promise<SequenceHashes> {
    const plain = new SequenceHashes(await createXXHash3(seed, 0));
    if (salt === '') return plain;
    const salted = plain.#digest(new TextEncoder().encode(salt));
    return new SequenceHashes(await createXXHash3(Number(salted & 0xffff_ffffn), Number(salted >> 32n)));
  }

  /** @param parent hash of the prefix before the block; undefined for the first */
  next(parent: bigint | undefined, tokens: readonly number[]): bigint {
    const ids = new DataView(new ArrayBuffer(4 * tokens.length));
    for (const [i, token] of tokens.entries()) ids.setUint32(4 * i, token, true);
    const block = this.#digest(new Uint8Array(ids.buffer));
    if (parent === undefined) return block;
    const both = new DataView(new ArrayBuffer(16));
    both.setBigUint64(0, parent, true);
    both.setBigUint64(8, block, true);
    return this.#digest(new Uint8Array(both.buffer));
  }

  /** Hashes of the prefixes of a prompt that end at full blocks. */
  chain(tokens: readonly number[], blockSize: number): readonly bigint[] {
    const hashes: bigint[] = [];
    for (let end = blockSize; end <= tokens.length; end += blockSize) hashes.push(this.next(hashes.at(-1), tokens.slice(end - blockSize, end)));
    return hashes;
  }

  #digest(bytes: Uint8Array): bigint {
    const digest = this.#hasher.init().update(bytes).digest('binary');
    return new DataView(digest.buffer, digest.byteOffset, 8).getBigUint64(0);
  }
}
