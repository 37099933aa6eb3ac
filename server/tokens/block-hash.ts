import { hash } from 'node:crypto';

/** What beside its tokens tells a block from another, such as the name of an adapter or a salt; none is null. */
export type ExtraKeys = readonly (string | number)[] | null;

/** The 32 bytes of a hash, a character for each: a key of maps as it is. */
export type BlockHash = string;

/**
 * Hashes of prefix blocks as vLLM 0.11 and later make them with `--prefix-caching-hash-algo sha256_cbor`: SHA-256 of the canonical CBOR of
 * `[hash of the block before, [token ids], extra keys or null]`, where the first block stands behind the SHA-256 of the CBOR of the hash seed, a
 * text (`PYTHONHASHSEED`). Without a seed vLLM draws 32 bytes; here the seed is "0" unless the user says otherwise.
 */
export class BlockHashes {
  /** What stands before every first block. */
  readonly root: BlockHash;
  readonly #cbor = new CborWriter();

  constructor(seed: string = '0') {
    this.#cbor.text(seed);
    this.root = this.#cbor.digest();
  }

  /** Hash of the block of the tokens `from` to before `to`, behind the block that has the hash `parent`. */
  of(parent: BlockHash, tokens: readonly number[], extra: ExtraKeys = null, from: number = 0, to: number = tokens.length): BlockHash {
    const cbor = this.#cbor;
    cbor.array(3);
    cbor.bytes(parent);
    cbor.array(to - from);
    for (let i = from; i < to; i++) cbor.whole(tokens[i] as number);
    if (extra === null) cbor.null();
    else {
      cbor.array(extra.length);
      for (const key of extra) {
        if (typeof key === 'string') cbor.text(key);
        else cbor.whole(key);
      }
    }
    return cbor.digest();
  }
}

export function bytesOf(hash: BlockHash): Uint8Array {
  return Buffer.from(hash, 'latin1');
}

/** The 64 bits of a hash that vLLM puts into KV events: the last eight bytes, most significant first. */
export function shortHash(hash: BlockHash): bigint {
  return Buffer.from(hash.slice(-8), 'latin1').readBigUInt64BE();
}

/** Extra keys of a block as vLLM orders them: the name of the adapter, then the salt on the first block of a prompt only. */
export function extraKeys(first: boolean, { lora, salt }: { readonly lora?: string | undefined; readonly salt?: string | undefined }): ExtraKeys {
  const keys = [lora, first ? salt : undefined].filter((key) => key !== undefined);
  return keys.length === 0 ? null : keys;
}

/** Types of CBOR (RFC 8949), in the upper three bits of a head. */
const major = { whole: 0, bytes: 2, text: 3, array: 4 } as const;
const nothing = 0xf6;
/** Longest head, that of a number of 53 bits. [B] */
const longestHead = 9;

/**
 * The part of canonical CBOR that blocks are made of, into one buffer that grows: a library's encoder takes four times as long, and every sixteen tokens
 * of every prompt come through here.
 */
class CborWriter {
  #buffer = Buffer.alloc(512);
  #at = 0;

  /** A number from 0 that JavaScript holds exactly. */
  whole(value: number): void {
    this.#head(major.whole, value);
  }

  array(length: number): void {
    this.#head(major.array, length);
  }

  /** @param value a character for each byte */
  bytes(value: string): void {
    this.#head(major.bytes, value.length);
    this.#room(value.length);
    this.#at += this.#buffer.write(value, this.#at, 'latin1');
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(major.text, length);
    this.#room(length);
    this.#at += this.#buffer.write(value, this.#at);
  }

  null(): void {
    this.#room(1);
    this.#buffer[this.#at++] = nothing;
  }

  /** SHA-256 of what was written since this was last asked. */
  digest(): BlockHash {
    const digest = hash('sha256', this.#buffer.subarray(0, this.#at), 'binary');
    this.#at = 0;
    return digest;
  }

  /** The shortest head that holds the number. */
  #head(type: number, value: number): void {
    this.#room(longestHead);
    const buffer = this.#buffer;
    const high = type << 5;
    if (value < 24) buffer[this.#at++] = high | value;
    else if (value < 0x100) {
      buffer[this.#at++] = high | 24;
      buffer[this.#at++] = value;
    } else if (value < 0x10000) {
      buffer[this.#at++] = high | 25;
      this.#at = buffer.writeUInt16BE(value, this.#at);
    } else if (value < 0x1_0000_0000) {
      buffer[this.#at++] = high | 26;
      this.#at = buffer.writeUInt32BE(value, this.#at);
    } else {
      buffer[this.#at++] = high | 27;
      this.#at = buffer.writeBigUInt64BE(BigInt(value), this.#at);
    }
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.alloc(2 * (this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
