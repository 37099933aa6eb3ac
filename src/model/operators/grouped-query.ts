import type { BlockIndex, GroupedQueryAttention } from '../attention.ts';
import { collective } from './collective.ts';
import { linear, norm, rope, vector } from './linear.ts';
import { keyValueVariant, type Pass } from './pass.ts';
import { decodeShare, gatherContext, gatherQueries, mergePartial, seenByPrompts } from './context.ts';
import { chunkedContext, limitedContext } from './span.ts';

const qkv = { product: 'query-key-value-projection', quantise: 'attention-quantise' };
const out = { product: 'output-projection', quantise: 'output-quantise' };
const index = { product: 'index-projection', quantise: 'index-quantise' };
const between = 2;
/** What one row brings of a norm over the heads of several dies: a sum of squares of its queries and one of its keys, in FP32. [B] */
const squaresBytes = 2 * 4;
/** Index keys are cached in 8 bit. [B] */
const indexKeyBytes = 1;

/** Multi-head, grouped-query or multi-query attention: prologue, core over prompts and over decoding sequences, output projection. */
export function groupedQueryAttention(pass: Pass, attention: GroupedQueryAttention): void {
  const { instance, rows, dieRows } = pass;
  const { model, layout, formats } = instance;
  const { headSize, valueHeadSize, blocks } = attention;
  const heads = attention.heads / layout.tensor;
  const keyValueHeads = Math.max(1, attention.keyValueHeads / layout.tensor);
  const projected = keyValueHeads * (headSize + (attention.keysAsValues === true ? 0 : valueHeadSize));
  const gateWidth = attention.gate ? heads * valueHeadSize : 0;

  norm(pass, 'attention-norm', 'attention-prologue', dieRows, model.hidden, true);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'hidden-all-gather', 'attention-prologue', 'all-gather', rows * model.hidden * between);
  linear(pass, qkv, 'attention-prologue', formats.attention, rows, heads * headSize + projected + gateWidth, model.hidden);
  if (attention.queryKeyNorm) norm(pass, 'query-key-norm', 'attention-prologue', rows, (heads + keyValueHeads) * headSize, false);
  if (attention.queryKeyNormAcrossHeads === true) collective(pass, 'query-key-norm-all-reduce', 'attention-prologue', 'all-reduce', rows * squaresBytes);
  rope(pass, 'rope', 'attention-prologue', rows, heads * headSize + keyValueHeads * (headSize + valueHeadSize));
  if (blocks !== undefined) linear(pass, index, 'attention-prologue', formats.attention, rows, (blocks.heads + 1) * blocks.headSize, model.hidden);
  groupedQueryCore(pass, attention);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'head-all-to-all', 'attention-output', 'all-to-all', rows * heads * valueHeadSize * between);
  const outputHeads = layout.attention === 'sp-tp-sp' ? attention.heads : heads;
  linear(pass, out, 'attention-output', formats.attention, dieRows, model.hidden, outputHeads * valueHeadSize);
}

/** The part of it that looks at contexts. */
export function groupedQueryCore(pass: Pass, attention: GroupedQueryAttention): void {
  const { instance, batch, decodeRows } = pass;
  const { layout, kvBytes, kvFormat, attentionFormat } = instance;
  const { headSize, valueHeadSize, chunk, blocks } = attention;
  const window = attention.window ?? (blocks === undefined ? undefined : blocks.topBlocks * blocks.blockTokens);
  const heads = attention.heads / layout.tensor;
  const keyValueHeads = Math.max(1, attention.keyValueHeads / layout.tensor);
  const share = decodeShare(pass);
  const keyValueWidth = keyValueHeads * (headSize + valueHeadSize);
  const span = window ?? chunk ?? 0;

  if (blocks !== undefined) blockIndex(pass, blocks);
  if (batch.prefillTokens > 0) {
    const pairs = seenByPrompts(pass, window, chunk);
    const { ring } = gatherContext(pass, { tokenBytes: keyValueWidth * kvBytes, window: window ?? chunk, kept: 'by head' });
    pass.operators.push({
      kind: 'compute',
      name: 'attention-prefill',
      stage: 'attention-core',
      class: 'attention-prefill',
      format: attentionFormat,
      variant: keyValueVariant(instance),
      matrixFlop: 2 * heads * (headSize + valueHeadSize) * pairs,
      vectorFlop: 0,
      weightBytes: 0,
      activationBytes: batch.prefillTokens * heads * (headSize + valueHeadSize) * between + batch.prefillContext * keyValueWidth * kvBytes,
      attention: {
        sequences: batch.prefillSequences,
        queryTokens: batch.prefillTokens / batch.prefillSequences,
        context: batch.prefillContext / batch.prefillSequences,
        seen: pairs / batch.prefillTokens,
        heads,
        keyValueHeads,
        headSize,
        valueHeadSize,
        keyValueFormat: kvFormat,
        window: span,
      },
      ring,
    });
  }
  if (batch.decodeSequences > 0) {
    const all =
      chunk === undefined
        ? limitedContext(batch.decodeContext, batch.decodeSequences, window)
        : chunkedContext(batch.decodeContext, batch.decodeSequences, chunk);
    const seen = all / share.keys;
    const served = heads * share.heads;
    gatherQueries(pass, heads * headSize);
    pass.operators.push({
      kind: 'compute',
      name: 'attention-decode',
      stage: 'attention-core',
      class: 'attention-decode',
      format: attentionFormat,
      variant: keyValueVariant(instance),
      matrixFlop: 2 * served * (headSize + valueHeadSize) * batch.queryTokens * seen,
      vectorFlop: 0,
      weightBytes: 0,
      activationBytes: decodeRows * served * (headSize + valueHeadSize) * between + seen * keyValueWidth * kvBytes,
      attention: {
        sequences: batch.decodeSequences,
        queryTokens: batch.queryTokens,
        context: batch.decodeContext / batch.decodeSequences / share.keys,
        seen: seen / batch.decodeSequences,
        heads: served,
        keyValueHeads,
        headSize,
        valueHeadSize,
        keyValueFormat: kvFormat,
        window: span,
        besidePrompts: batch.prefillTokens > 0 ? true : undefined,
      },
    });
    mergePartial(pass, heads, valueHeadSize);
  }
}

/** Scores of every key for every head of the index, the best of each block, and the choice of blocks. */
function blockIndex(pass: Pass, { heads, headSize, blockTokens }: BlockIndex): void {
  const { instance, batch, rows } = pass;
  const { formats } = instance;
  const pairs = batch.prefillPairs + batch.decodeContext * batch.queryTokens;
  pass.operators.push({
    kind: 'compute',
    name: 'index-scores',
    stage: 'attention-core',
    class: 'gemm',
    format: formats.attention.product,
    matrixFlop: 2 * heads * headSize * pairs,
    vectorFlop: 0,
    weightBytes: 0,
    activationBytes: (batch.prefillContext + batch.decodeContext) * headSize * indexKeyBytes + rows * heads * headSize * between,
  });
  vector(pass, 'index-top-k', 'attention-core', pairs * heads * 2, (pairs / blockTokens) * heads * 4);
}
