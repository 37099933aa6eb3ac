import type { CompressedAttention } from '../attention.ts';
import { collective } from './collective.ts';
import { grouped, linear, norm, rope, vector } from './linear.ts';
import type { Pass } from './pass.ts';
import { limitedContext, limitedPairs } from './span.ts';
import { sparseIndex } from './sparse-index.ts';

const down = { product: 'query-key-value-down', quantise: 'attention-quantise' };
const up = { product: 'query-up', quantise: 'query-quantise' };
const compression = { product: 'compression-projection', quantise: 'compression-quantise' };
const index = { product: 'index-projection', quantise: 'index-quantise' };
const outDown = 'output-down';
const outUp = { product: 'output-projection', quantise: 'output-quantise' };
const between = 2;

/** Keys that queries see, and that are read: those of the window and, behind them, compressed entries, all or those that an index picks. */
interface Seen {
  readonly prefill: number;
  readonly decode: number;
}

/**
 * Attention over a window of raw tokens and over compressed ones behind it, all heads on one key that is its own value. Every head reads the
 * same entries, so that they are whole on every die of a rank.
 */
export function compressedAttention(pass: Pass, attention: CompressedAttention): void {
  const { instance, rows, dieRows } = pass;
  const { model, layout, formats } = instance;
  const { headSize, ropeHeadSize, queryRank, outputRank } = attention;
  const heads = attention.heads / layout.tensor;
  const groups = Math.max(1, attention.outputGroups / layout.tensor);

  norm(pass, 'attention-norm', 'attention-prologue', dieRows, model.hidden, true);
  linear(pass, down, 'attention-prologue', formats.attention, dieRows, queryRank + headSize, model.hidden);
  norm(pass, 'latent-norm', 'attention-prologue', dieRows, queryRank + headSize, false);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'latent-all-gather', 'attention-prologue', 'all-gather', rows * (queryRank + headSize) * between);
  linear(pass, up, 'attention-prologue', formats.attention, rows, heads * headSize, queryRank);
  rope(pass, 'rope', 'attention-prologue', rows, (heads + 1) * ropeHeadSize);
  compress(pass, attention, dieRows);
  compressedCore(pass, attention);
  // Outputs carry the rotation of their keys, which is taken back.
  rope(pass, 'inverse-rope', 'attention-output', rows, heads * ropeHeadSize);
  grouped(pass, outDown, 'attention-output', 'gemm', formats.attention, { rows: rows * groups, n: outputRank, k: (heads / groups) * headSize, groups });
  if (layout.attention === 'sp-tp-sp') collective(pass, 'head-all-to-all', 'attention-output', 'all-to-all', rows * groups * outputRank * between);
  linear(
    pass,
    outUp,
    'attention-output',
    formats.attention,
    dieRows,
    model.hidden,
    (layout.attention === 'sp-tp-sp' ? attention.outputGroups : groups) * outputRank,
  );
}

/** Compressed entries of the new tokens, those of the index and the weights of its heads too. */
function compress(pass: Pass, { ratio, overlap, headSize, sparse, queryRank }: CompressedAttention, dieRows: number): void {
  if (ratio === undefined) return;
  const { instance, rows } = pass;
  const { formats, model } = instance;
  const width = (headSize + (sparse?.headSize ?? 0)) * (overlap ? 2 : 1);
  linear(pass, compression, 'attention-prologue', formats.norm, dieRows, 2 * width + (sparse?.heads ?? 0), model.hidden);
  vector(pass, 'compress', 'attention-prologue', dieRows * width * 8, dieRows * width * 2 * between);
  if (sparse === undefined) return;
  linear(pass, index, 'attention-prologue', formats.attention, rows, sparse.heads * sparse.headSize, queryRank);
}

function seen({ batch }: Pass, { window, ratio, sparse }: CompressedAttention): Seen {
  const { prefillTokens, prefillSequences, prefillContext, prefillPairs, decodeContext, decodeSequences } = batch;
  // An index limits entries, each of which stands for `ratio` tokens.
  const limit = ratio === undefined || sparse === undefined ? undefined : sparse.topK * ratio;
  const behind = (all: number): number => (ratio === undefined ? 0 : all / ratio);
  return {
    prefill:
      limitedPairs(prefillTokens, prefillSequences, prefillContext, prefillPairs, window) +
      behind(limitedPairs(prefillTokens, prefillSequences, prefillContext, prefillPairs, limit)),
    decode: limitedContext(decodeContext, decodeSequences, window) + behind(limitedContext(decodeContext, decodeSequences, limit)),
  };
}

/** The part of it that looks at contexts: the scores by which an index picks, and what is read. */
export function compressedCore(pass: Pass, attention: CompressedAttention): void {
  const { ratio, sparse } = attention;
  if (ratio !== undefined && sparse !== undefined) sparseIndex(pass, { ...sparse, ratio });
  core(pass, attention, attention.heads / pass.instance.layout.tensor, seen(pass, attention));
}

function core(pass: Pass, { headSize, ratio }: CompressedAttention, heads: number, { prefill, decode }: Seen): void {
  const { batch, decodeRows, instance } = pass;
  const of = (name: string, phase: 'prefill' | 'decode', queries: number, pairs: number, entries: number): void => {
    if (queries <= 0) return;
    pass.operators.push({
      kind: 'compute',
      name,
      stage: 'attention-core',
      class: `sparse-attention-${phase}`,
      format: instance.attentionFormat,
      matrixFlop: 4 * heads * headSize * pairs,
      vectorFlop: 0,
      weightBytes: 0,
      activationBytes: entries * headSize * instance.kvBytes + queries * heads * headSize * 2 * between,
    });
  };
  of('compressed-attention-prefill', 'prefill', batch.prefillTokens, prefill, batch.prefillTokens + (ratio === undefined ? 0 : batch.prefillContext / ratio));
  of('compressed-attention-decode', 'decode', decodeRows, decode * batch.queryTokens, decode);
}
