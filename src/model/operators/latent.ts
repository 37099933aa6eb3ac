import type { LatentAttention } from '../attention.ts';
import { collective } from './collective.ts';
import { decodeShare, gatherContext, gatherQueries, mergePartial, seenByPrompts } from './context.ts';
import { grouped, linear, move, norm, rope } from './linear.ts';
import { keyValueVariant, type Pass } from './pass.ts';
import { limitedContext } from './span.ts';
import { sparseIndex } from './sparse-index.ts';

const down = { product: 'query-key-value-down', quantise: 'attention-quantise' };
const up = { product: 'query-up', quantise: 'query-quantise' };
const expand = { product: 'key-value-up', quantise: 'key-value-quantise' };
const indexKey = { product: 'index-key-projection', quantise: 'index-key-quantise' };
const index = { product: 'index-projection', quantise: 'index-quantise' };
const gate = { product: 'output-gate', quantise: 'gate-quantise' };
const out = { product: 'output-projection', quantise: 'output-quantise' };
const between = 2;
/** Of an 8-bit index key. [B] */
const indexScale = 4;

/**
 * Multi-head latent attention. Decoding sequences read the latents themselves: the key projection is absorbed into the query and the
 * value projection follows the core. Prompts expand keys and values to full heads instead, unless a sparse index picks the latents.
 */
export function latentAttention(pass: Pass, attention: LatentAttention): void {
  const { instance, rows, dieRows, decodeRows } = pass;
  const { model, layout, formats } = instance;
  const { keyValueRank, ropeHeadSize, nopeHeadSize, valueHeadSize, sparse } = attention;
  const queryRank = attention.queryRank ?? 0;
  const heads = attention.heads / layout.tensor;
  const latent = keyValueRank + ropeHeadSize;
  const absorbedRows = sparse === undefined ? decodeRows : rows;

  norm(pass, 'attention-norm', 'attention-prologue', dieRows, model.hidden, true);
  linear(pass, down, 'attention-prologue', formats.attention, dieRows, queryRank + latent, model.hidden);
  norm(pass, 'latent-norm', 'attention-prologue', dieRows, queryRank + keyValueRank, false);
  if (layout.attention === 'sp-tp-sp')
    collective(pass, 'latent-all-gather', 'attention-prologue', 'all-gather', rows * ((queryRank > 0 ? queryRank : model.hidden) + latent) * between);
  linear(pass, up, 'attention-prologue', formats.attention, rows, heads * (nopeHeadSize + ropeHeadSize), queryRank > 0 ? queryRank : model.hidden);
  rope(pass, 'rope', 'attention-prologue', rows, (heads + 1) * ropeHeadSize);
  grouped(pass, 'key-absorb', 'attention-prologue', 'gemm', instance.absorbed, { rows: absorbedRows * heads, n: keyValueRank, k: nopeHeadSize, groups: heads });
  if (attention.gate === true) linear(pass, gate, 'attention-prologue', formats.attention, rows, heads * valueHeadSize, model.hidden);
  if (sparse !== undefined && sparse.shared !== true) {
    const width = sparse.heads * sparse.headSize;
    linear(pass, index, 'attention-prologue', formats.attention, rows, width, queryRank > 0 ? queryRank : model.hidden);
    linear(pass, indexKey, 'attention-prologue', formats.attention, dieRows, sparse.headSize + sparse.heads, model.hidden);
  }
  latentCore(pass, attention);
  grouped(pass, 'value-unabsorb', 'attention-output', 'gemm', instance.absorbed, {
    rows: absorbedRows * heads,
    n: valueHeadSize,
    k: keyValueRank,
    groups: heads,
  });
  if (layout.attention === 'sp-tp-sp') collective(pass, 'head-all-to-all', 'attention-output', 'all-to-all', rows * heads * valueHeadSize * between);
  const outputHeads = layout.attention === 'sp-tp-sp' ? attention.heads : heads;
  linear(pass, out, 'attention-output', formats.attention, dieRows, model.hidden, outputHeads * valueHeadSize);
}

/** The part of it that looks at contexts. */
export function latentCore(pass: Pass, attention: LatentAttention): void {
  const { sparse } = attention;
  const heads = attention.heads / pass.instance.layout.tensor;
  if (sparse !== undefined && sparse.shared !== true) sparseIndex(pass, { ...sparse, ratio: 1 });
  prefillCore(pass, attention, heads);
  decodeCore(pass, attention, heads);
}

function prefillCore(pass: Pass, attention: LatentAttention, heads: number): void {
  const { batch, instance } = pass;
  if (batch.prefillTokens <= 0) return;
  const { keyValueRank, ropeHeadSize, nopeHeadSize, valueHeadSize, sparse } = attention;
  const { prefillTokens: tokens, prefillContext: context } = batch;
  const latent = keyValueRank + ropeHeadSize;
  const pairs = seenByPrompts(pass, sparse?.topK);
  const indexBytes = sparse === undefined || sparse.shared === true ? 0 : sparse.headSize + indexScale;
  const { ring } = gatherContext(pass, { tokenBytes: latent * instance.kvBytes + indexBytes, kept: 'by token' });
  if (sparse === undefined && pass.expands) {
    linear(pass, expand, 'attention-prologue', instance.formats.attention, context, heads * (nopeHeadSize + valueHeadSize), keyValueRank);
    // Each head's key is put together from its own part and the rotated one that all heads share.
    move(pass, 'key-join', 'attention-prologue', 0, { rows: context, width: heads * (2 * nopeHeadSize + ropeHeadSize), bytes: between });
  }
  const expanded = nopeHeadSize + ropeHeadSize + valueHeadSize;
  pass.operators.push({
    kind: 'compute',
    name: sparse === undefined ? 'attention-prefill' : 'sparse-attention-prefill',
    stage: 'attention-core',
    class: sparse === undefined ? 'latent-attention-prefill' : 'sparse-attention-prefill',
    format: instance.attentionFormat,
    variant: keyValueVariant(pass.instance),
    matrixFlop: 2 * heads * (sparse === undefined ? expanded : latent + keyValueRank) * pairs,
    vectorFlop: 0,
    weightBytes: 0,
    activationBytes:
      sparse === undefined
        ? (tokens + context) * heads * expanded * between
        : tokens * heads * (latent + keyValueRank) * between + context * latent * instance.kvBytes,
    attention: {
      sequences: batch.prefillSequences,
      queryTokens: tokens / batch.prefillSequences,
      context: context / batch.prefillSequences,
      seen: pairs / tokens,
      heads,
      keyValueHeads: sparse === undefined ? heads : 1,
      headSize: sparse === undefined ? nopeHeadSize + ropeHeadSize : latent,
      valueHeadSize: sparse === undefined ? valueHeadSize : keyValueRank,
      keyValueFormat: sparse === undefined ? instance.attentionFormat : instance.kvFormat,
      window: sparse?.topK ?? 0,
    },
    ring,
  });
}

function decodeCore(pass: Pass, attention: LatentAttention, heads: number): void {
  const { batch, decodeRows, instance } = pass;
  if (batch.decodeSequences <= 0) return;
  const { keyValueRank, ropeHeadSize, sparse } = attention;
  const latent = keyValueRank + ropeHeadSize;
  const share = decodeShare(pass);
  const served = heads * share.heads;
  const seen = limitedContext(batch.decodeContext, batch.decodeSequences, sparse?.topK) / share.keys;
  gatherQueries(pass, heads * latent);
  pass.operators.push({
    kind: 'compute',
    name: sparse === undefined ? 'attention-decode' : 'sparse-attention-decode',
    stage: 'attention-core',
    class: sparse === undefined ? 'latent-attention-decode' : 'sparse-attention-decode',
    format: instance.attentionFormat,
    variant: keyValueVariant(pass.instance),
    matrixFlop: 2 * served * (latent + keyValueRank) * batch.queryTokens * seen,
    vectorFlop: 0,
    weightBytes: 0,
    activationBytes: seen * latent * instance.kvBytes + decodeRows * served * (latent + keyValueRank) * between,
    attention: {
      sequences: batch.decodeSequences,
      queryTokens: batch.queryTokens,
      context: batch.decodeContext / batch.decodeSequences / share.keys,
      seen: seen / batch.decodeSequences,
      heads: served,
      // One latent for all heads, which is key and value at once.
      keyValueHeads: 1,
      headSize: latent,
      valueHeadSize: keyValueRank,
      keyValueFormat: instance.kvFormat,
      window: sparse?.topK ?? 0,
    },
  });
  mergePartial(pass, heads, keyValueRank);
}
