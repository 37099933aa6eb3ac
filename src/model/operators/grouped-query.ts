import type { GroupedQueryAttention } from '../model.ts';
import { collective } from './collective.ts';
import { linear, norm, rope } from './linear.ts';
import type { Pass } from './pass.ts';
import { limitedContext, limitedPairs } from './span.ts';

const qkv = { product: 'query-key-value-projection', quantise: 'attention-quantise' };
const out = { product: 'output-projection', quantise: 'output-quantise' };
const between = 2;

/** Multi-head, grouped-query or multi-query attention: prologue, core over prompts and over decoding sequences, output projection. */
export function groupedQueryAttention(pass: Pass, attention: GroupedQueryAttention): void {
  const { instance, batch, rows, dieRows, decodeRows } = pass;
  const { model, layout, formats, kvBytes, attentionFormat } = instance;
  const { headSize, valueHeadSize, window } = attention;
  const heads = attention.heads / layout.tensor;
  const keyValueHeads = Math.max(1, attention.keyValueHeads / layout.tensor);
  const keyValueWidth = keyValueHeads * (headSize + valueHeadSize);
  const gateWidth = attention.gate ? heads * valueHeadSize : 0;

  norm(pass, 'attention-norm', 'attention-prologue', dieRows, model.hidden, true);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'hidden-all-gather', 'attention-prologue', 'all-gather', rows * model.hidden * between);
  linear(pass, qkv, 'attention-prologue', formats.attention, rows, heads * headSize + keyValueWidth + gateWidth, model.hidden);
  if (attention.queryKeyNorm) norm(pass, 'query-key-norm', 'attention-prologue', rows, (heads + keyValueHeads) * headSize, false);
  rope(pass, 'rope', 'attention-prologue', rows, heads * headSize + keyValueWidth);

  if (batch.prefillTokens > 0) {
    const pairs = limitedPairs(batch.prefillTokens, batch.prefillSequences, batch.prefillContext, batch.prefillPairs, window);
    pass.operators.push({
      kind: 'compute',
      name: 'attention-prefill',
      stage: 'attention-core',
      class: 'attention-prefill',
      format: attentionFormat,
      matrixFlop: 2 * heads * (headSize + valueHeadSize) * pairs,
      vectorFlop: 0,
      weightBytes: 0,
      activationBytes: batch.prefillTokens * heads * (headSize + valueHeadSize) * between + batch.prefillContext * keyValueWidth * kvBytes,
    });
  }
  if (batch.decodeSequences > 0) {
    const seen = limitedContext(batch.decodeContext, batch.decodeSequences, window);
    pass.operators.push({
      kind: 'compute',
      name: 'attention-decode',
      stage: 'attention-core',
      class: 'attention-decode',
      format: attentionFormat,
      matrixFlop: 2 * heads * (headSize + valueHeadSize) * batch.queryTokens * seen,
      vectorFlop: 0,
      weightBytes: 0,
      activationBytes: decodeRows * heads * (headSize + valueHeadSize) * between + seen * keyValueWidth * kvBytes,
    });
  }
  if (layout.attention === 'sp-tp-sp') collective(pass, 'head-all-to-all', 'attention-output', 'all-to-all', rows * heads * valueHeadSize * between);
  const outputHeads = layout.attention === 'sp-tp-sp' ? attention.heads : heads;
  linear(pass, out, 'attention-output', formats.attention, dieRows, model.hidden, outputHeads * valueHeadSize);
}
