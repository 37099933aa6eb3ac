import type { BlockIndex } from '../attention.ts';
import { Fields, isCount, isRecord } from './fields.ts';

/** The index over blocks of every layer that has one. */
export function blocksOf(fields: Fields, layers: number): readonly (BlockIndex | undefined)[] {
  const value = fields.raw('sparse_attention_config');
  if (!isRecord(value)) return [];
  const inner = new Fields(value, fields.path('sparse_attention_config'), fields.issues);
  const used = inner.flag('use_sparse_attention', true);
  const layered = inner.list('sparse_attention_freq', '0 or 1', isCount) ?? [];
  if (layered.length !== layers) inner.wrong('sparse_attention_freq', `expected ${layers} items, one per layer, got ${layered.length}`);
  const index: BlockIndex = {
    heads: inner.count('sparse_num_index_heads'),
    headSize: inner.count('sparse_index_dim'),
    blockTokens: inner.count('sparse_block_size'),
    topBlocks: inner.count('sparse_topk_blocks'),
  };
  // First and last blocks are always among those chosen; how blocks are scored changes no counts.
  for (const name of ['sparse_init_block', 'sparse_local_block', 'sparse_score_type', 'sparse_disable_index_value']) inner.raw(name);
  for (const name of inner.left()) inner.wrong(name, 'unknown field: whether it changes what the model computes is not known');
  return layered.map((sparse) => (used && sparse === 1 ? index : undefined));
}
