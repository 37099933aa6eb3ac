import { createHash } from 'node:crypto';
import { encode } from 'cborg';

/** What beside its tokens tells a block from another, such as the name of an adapter or a salt; none is null. */
export type ExtraKeys = readonly (string | number)[] | null;

/**
 * Hashes of prefix blocks as vLLM 0.11 and later make them with `--prefix-caching-hash-algo sha256_cbor`: SHA-256 of the canonical CBOR of
 * `[hash of the block before, [token ids], extra keys or null]`, where the first block stands behind the SHA-256 of the CBOR of the hash seed, a
 * text (`PYTHONHASHSEED`). Without a seed vLLM draws 32 bytes; here the seed is "0" unless the user says otherwise.
 */
export class BlockHashes {
  /** What stands before every first block. */
  readonly root: Uint8Array;

  constructor(seed: string = '0') {
    this.root = digest(seed);
  }

  /** Hash of the block of `tokens` behind the block that has the hash `parent`. */
  of(parent: Uint8Array, tokens: readonly number[], extra: ExtraKeys = null): Uint8Array {
    return digest([parent, tokens, extra]);
  }
}

/** The 64 bits of a hash that vLLM puts into KV events: the last eight bytes, most significant first. */
export function shortHash(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength).getBigUint64(hash.byteLength - 8);
}

/** Extra keys of a block as vLLM orders them: the name of the adapter, then the salt on the first block of a prompt only. */
export function extraKeys(first: boolean, { lora, salt }: { readonly lora?: string | undefined; readonly salt?: string | undefined }): ExtraKeys {
  const keys = [lora, first ? salt : undefined].filter((key) => key !== undefined);
  return keys.length === 0 ? null : keys;
}

function digest(value: unknown): Uint8Array {
  return createHash('sha256').update(encode(value)).digest();
}
