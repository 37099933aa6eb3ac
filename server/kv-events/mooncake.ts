import { encode } from '@msgpack/msgpack';
import type { PrefixBlock } from '../tokens/prefix-ids.ts';
import type { KvBatch, KvEvent } from './event.ts';
import type { FeedOptions } from './feed.ts';
import type { SequenceHashes } from './sequence-hash.ts';

/** Who sends Mooncake events. */
export interface MooncakeSender {
  readonly model: string;
  readonly tenant: string;
  readonly backend: string;
  readonly salt: string;
  readonly blockSize: number;
}

const media: Readonly<Record<string, string>> = { GPU: 'gpu', CPU_PINNED: 'cpu', DISK: 'disk' };
const types = { stored: 'stored', removed: 'removed', cleared: 'cleared' } as const;

/** Events as Mooncake's proposal (RFC 1527) has them: `[time in ms, [maps], 0]`, for the empty topic; blocks by their rolling hashes. */
export function mooncakeOptions(sender: MooncakeSender, hashes: SequenceHashes): FeedOptions {
  const known = new WeakMap<PrefixBlock, bigint>();
  const hash = (block: PrefixBlock): bigint => {
    const before = known.get(block);
    if (before !== undefined) return before;
    const own = hashes.next(block.parent === undefined ? undefined : hash(block.parent), block.tokens);
    known.set(block, own);
    return own;
  };
  let id = 0;
  const mapOf = (event: KvEvent, at: number, rank: number): Readonly<Record<string, unknown>> => {
    const common = {
      event_id: id++,
      timestamp: at,
      event_type: types[event.kind],
      model_name: sender.model,
      block_size: sender.blockSize,
      additional_salt: sender.salt,
      lora_name: event.kind === 'stored' ? (event.loraName ?? null) : null,
      tenant_id: sender.tenant,
      backend_id: sender.backend,
      medium: event.kind === 'cleared' ? 'gpu' : (media[event.medium ?? 'GPU'] ?? 'gpu'),
      dp_rank: rank,
    };
    if (event.kind === 'cleared') return common;
    if (event.kind === 'removed') return { ...common, seq_hashes: event.hashes };
    return { ...common, seq_hashes: event.hashes, base_block_idx: event.depth ?? 0, parent_hash: event.parent ?? null, token_ids: event.tokens };
  };
  return {
    hash,
    encode: ({ at, events, rank }: KvBatch) => {
      const time = Math.round(at * 1000);
      return encode([time, events.map((event) => mapOf(event, time, rank ?? 0)), 0], { useBigInt64: true });
    },
    most: 1024,
    clock: () => Date.now() / 1000,
  };
}
