import { channelsOf, type LinearAttention } from '../attention.ts';
import type { RecurrenceShape } from '../operator.ts';
import { collective } from './collective.ts';
import { linear, norm, vector } from './linear.ts';
import type { Pass } from './pass.ts';

const input = { product: 'linear-attention-projection', quantise: 'attention-quantise' };
const decayDown = { product: 'decay-down', quantise: 'decay-quantise' };
const decayUp = { product: 'decay-up', quantise: 'decay-up-quantise' };
const out = { product: 'output-projection', quantise: 'output-quantise' };
const between = 2;

/**
 * A recurrence in place of attention: projection, short convolution, scan over prompts in chunks, one update per decoding token, gated norm,
 * output projection. Nothing here grows with the context.
 */
export function linearAttention(pass: Pass, attention: LinearAttention): void {
  const { instance, rows, dieRows } = pass;
  const { model, layout, formats } = instance;
  const heads = attention.valueHeads / layout.tensor;
  const keyHeads = Math.max(1, attention.keyHeads / layout.tensor);
  const values = heads * attention.valueHeadSize;
  const keys = keyHeads * attention.keyHeadSize;
  const channels = channelsOf({ ...attention, valueHeads: heads, keyHeads });

  norm(pass, 'attention-norm', 'attention-prologue', dieRows, model.hidden, true);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'hidden-all-gather', 'attention-prologue', 'all-gather', rows * model.hidden * between);
  linear(pass, input, 'attention-prologue', formats.attention, rows, channels + values + attention.headInputs * heads, model.hidden);
  if (attention.decayRank !== undefined) {
    linear(pass, decayDown, 'attention-prologue', formats.attention, rows, attention.decayRank, model.hidden);
    linear(pass, decayUp, 'attention-prologue', formats.attention, rows, keys, attention.decayRank);
  }
  linearCore(pass, attention);
  vector(pass, 'gated-norm', 'attention-output', rows * values * 16, rows * values * between * 3);
  if (layout.attention === 'sp-tp-sp') collective(pass, 'head-all-to-all', 'attention-output', 'all-to-all', rows * values * between);
  const outputs = layout.attention === 'sp-tp-sp' ? attention.valueHeads * attention.valueHeadSize : values;
  linear(pass, out, 'attention-output', formats.attention, dieRows, model.hidden, outputs);
}

/** The part of it that passes over sequences. */
export function linearCore(pass: Pass, attention: LinearAttention): void {
  const { layout } = pass.instance;
  const heads = attention.valueHeads / layout.tensor;
  const channels = channelsOf({ ...attention, valueHeads: heads, keyHeads: Math.max(1, attention.keyHeads / layout.tensor) });
  convolution(pass, attention, channels);
  scan(pass, attention, heads, channels);
  update(pass, attention, heads, channels);
}

/** Short convolution over queries, keys and values; the last tokens of each sequence are kept for the next. */
function convolution(pass: Pass, attention: LinearAttention, channels: number): void {
  const { batch, rows } = pass;
  if (attention.convolution <= 0 || rows <= 0) return;
  const sequences = batch.decodeSequences + batch.prefillSequences;
  const kept = sequences * (attention.convolution - 1);
  pass.operators.push({
    kind: 'compute',
    name: 'short-convolution',
    stage: 'attention-prologue',
    class: 'vector',
    kernel: 'short-convolution',
    format: 'bf16',
    matrixFlop: 0,
    vectorFlop: rows * channels * 2 * attention.convolution,
    weightBytes: 0,
    activationBytes: (rows + kept) * channels * between * 2,
    recurrence: launch(pass, attention, { sequences, tokens: rows, matrixFlop: 0 }),
  });
}

/**
 * Matrix work of one token and head of a scan in chunks of C tokens: inside its chunk scores and values, C (k + v) twice; the delta rule solves a
 * triangle of C and makes its corrected keys and values too; across chunks the state is read and added to, k v twice, and by the delta rule once
 * more. [flop]
 */
export function scanFlop({ rule, chunk, keyHeadSize: k, valueHeadSize: v }: Pick<LinearAttention, 'rule' | 'chunk' | 'keyHeadSize' | 'valueHeadSize'>): number {
  const delta = rule === 'delta';
  return (delta ? chunk * (4 * k + 4 * v + chunk) : chunk * (2 * k + 2 * v)) + (delta ? 6 : 4) * k * v;
}

/** Prompts, in chunks. One state per chunk passes through memory in 16 bit, twice each way. */
function scan(pass: Pass, attention: LinearAttention, heads: number, channels: number): void {
  const { batch, instance } = pass;
  if (batch.prefillTokens <= 0) return;
  const { chunk, keyHeadSize: k, valueHeadSize: v } = attention;
  const tokens = batch.prefillTokens;
  const matrixFlop = tokens * heads * scanFlop(attention);
  const state = heads * k * v;
  pass.operators.push({
    kind: 'compute',
    name: 'linear-attention-prefill',
    stage: 'attention-core',
    class: 'linear-attention-prefill',
    format: instance.attentionFormat,
    matrixFlop,
    vectorFlop: 0,
    weightBytes: 0,
    activationBytes:
      tokens * (channels + heads * v) * between + (tokens / chunk) * state * between * 2 + batch.prefillSequences * state * attention.stateElement * 2,
    recurrence: launch(pass, attention, { sequences: batch.prefillSequences, tokens, matrixFlop }),
  });
}

/** Decoding sequences: the state is read once and written for every token, since a token that is not accepted is taken back. */
function update(pass: Pass, attention: LinearAttention, heads: number, channels: number): void {
  const { batch, decodeRows, instance } = pass;
  if (batch.decodeSequences <= 0) return;
  const state = heads * attention.keyHeadSize * attention.valueHeadSize;
  pass.operators.push({
    kind: 'compute',
    name: 'linear-attention-decode',
    stage: 'attention-core',
    class: 'linear-attention-decode',
    format: instance.attentionFormat,
    matrixFlop: 0,
    vectorFlop: decodeRows * state * (attention.rule === 'delta' ? 7 : 5),
    weightBytes: 0,
    activationBytes:
      (batch.decodeSequences + decodeRows) * state * attention.stateElement + decodeRows * (channels + heads * attention.valueHeadSize) * between,
    recurrence: launch(pass, attention, { sequences: batch.decodeSequences, tokens: decodeRows, matrixFlop: 0 }),
  });
}

/** The shape of a launch over the states of one die. */
function launch(
  { instance }: Pass,
  attention: LinearAttention,
  { sequences, tokens, matrixFlop }: { readonly sequences: number; readonly tokens: number; readonly matrixFlop: number },
): RecurrenceShape {
  const { keyHeadSize, valueHeadSize, stateElement } = attention;
  return {
    sequences,
    queryTokens: tokens / sequences,
    keyHeads: Math.max(1, attention.keyHeads / instance.layout.tensor),
    valueHeads: attention.valueHeads / instance.layout.tensor,
    keyHeadSize,
    valueHeadSize,
    stateElement,
    matrixFlop,
  };
}
