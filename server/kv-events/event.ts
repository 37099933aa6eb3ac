import type { ExtraKeys } from '../tokens/block-hash.ts';

/** A hash as it is on the wire: 64 bits, or all bytes. */
export type WireHash = bigint | Uint8Array;

/** Where blocks are, in the words of servers. */
export const media = { rank: 'GPU', memory: 'CPU_PINNED', storage: 'DISK' } as const;

/** What has become of prefix blocks. */
export type KvEvent =
  | {
      readonly kind: 'stored';
      /** Blocks that stand behind one another. */
      readonly hashes: readonly WireHash[];
      /** Of the block before the first one; undefined where that begins a prompt. */
      readonly parent: WireHash | undefined;
      /** Of all of the blocks together. */
      readonly tokens: readonly number[];
      readonly blockSize: number;
      /** Blocks before the first one; known to whoever sends it. */
      readonly depth?: number | undefined;
      readonly loraName: string | undefined;
      readonly medium: string | undefined;
      /** Of each block. */
      readonly extraKeys: readonly ExtraKeys[];
    }
  | { readonly kind: 'removed'; readonly hashes: readonly WireHash[]; readonly medium: string | undefined }
  | { readonly kind: 'cleared' };

/** Events that are sent together. */
export interface KvBatch {
  /** Since 1970. [s] */
  readonly at: number;
  readonly events: readonly KvEvent[];
  /** Data-parallel rank; undefined where there is one. */
  readonly rank: number | undefined;
}
