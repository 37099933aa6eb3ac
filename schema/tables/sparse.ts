import type { AttentionLaunch } from '../../src/cost/calibration/families/attention-shape.ts';
import { attentionFormat } from '../../src/cost/calibration/families/attention-shape.ts';
import { sparseDecode, sparsePrefill } from '../../src/cost/calibration/families/sparse-attention.ts';
import { indexChoice, indexScores } from '../../src/cost/calibration/families/sparse-index.ts';
import { limitedPairs } from '../../src/model/operators/span.ts';
import type { Layout, Reading, TableRecord } from './layout.ts';
import { latentLaunch, tableFormat } from './mla.ts';

/** Keys that an index chooses, in the models of these tables. */
const topK = 2048;
/** Size of an index key, and heads of the index by model. */
const indexKey = 128;
const indexHeads: readonly (readonly [RegExp, number])[] = [
  [/GLM-5/, 32],
  [/DeepSeek-V/, 64],
];

const other = { kind: 'other' } as const;

interface Tokens {
  readonly sequences: number;
  readonly fresh: number;
  readonly before: number;
}

function tokensOf(record: TableRecord): Tokens {
  return { sequences: record.number('batch_size'), fresh: record.number('isl'), before: record.number('step') };
}

/** Latents that an index chose for new tokens after earlier ones. */
function chosen(tokens: Tokens, heads: number, keyValueFormat: AttentionLaunch['keyValueFormat']): AttentionLaunch {
  const whole = latentLaunch(tokens, heads, keyValueFormat, true);
  const pairs = limitedPairs(tokens.fresh, 1, whole.context, tokens.fresh * whole.seen, topK);
  return { ...whole, seen: pairs / tokens.fresh, window: topK };
}

/** All keys before new tokens, one key for the heads of the index; a compressed context has one for `ratio` tokens. */
function scored({ sequences, fresh, before }: Tokens, heads: number, ratio: number): AttentionLaunch {
  const context = Math.max(1, (before + fresh) / ratio);
  return {
    sequences,
    queryTokens: fresh,
    context,
    seen: Math.max(1, (before + (fresh + 1) / 2) / ratio),
    heads,
    keyValueHeads: 1,
    headSize: indexKey,
    valueHeadSize: 0,
    keyValueFormat: 'fp8',
    window: 0,
    repeated: true,
  };
}

const published = ['model', 'num_heads', 'batch_size', 'isl', 'step', 'mla_dtype', 'kv_cache_dtype', 'compress_ratio', 'latency'];

function named(pattern: RegExp): NonNullable<Layout['accepts']> {
  return ({ file, constants }) => pattern.test(constants.get('op_name') ?? file);
}

function readAttention(record: TableRecord, decode: boolean): Reading<AttentionLaunch> {
  const operands = tableFormat(record.text('mla_dtype'));
  const keyValue = tableFormat(record.text('kv_cache_dtype'));
  const tokens = tokensOf(record);
  if (operands === undefined || keyValue === undefined || decode !== (tokens.fresh === 1)) return other;
  const shape = chosen(tokens, record.number('num_heads'), keyValue);
  return { kind: 'row', format: attentionFormat(operands, keyValue), shape, time: record.number('latency') * 1e-3 };
}

function readScores(record: TableRecord, paged: boolean): Reading<AttentionLaunch> {
  const operands = tableFormat(record.text('mla_dtype'));
  const heads = indexHeads.find(([model]) => model.test(record.text('model')))?.[1];
  if (operands === undefined || heads === undefined) return other;
  const shape = scored(tokensOf(record), heads, record.number('compress_ratio'));
  return { kind: 'row', format: paged ? `${operands}-paged` : operands, shape, time: record.number('latency') * 1e-3 };
}

/** Contexts that do not exceed what is chosen have nothing to choose: their rows say 0. */
function readChoice(record: TableRecord): Reading<AttentionLaunch> {
  const tokens = tokensOf(record);
  const time = record.number('latency') * 1e-3;
  if (time === 0 || record.text('score_mode') === 'top_last') return other;
  return { kind: 'row', format: 'fp32', shape: scored(tokens, 1, record.number('compress_ratio')), time };
}

/** Heads first in the name of the file: `attn-128-576-2048.csv`, `logits-64-128.csv`. */
const headsInName = /(attn|logits)-(\d+)-/;

function headsOf(file: string): number {
  return Number(headsInName.exec(file)?.[2]);
}

const micro = 1e-6;

/** Layouts of sparse attention and of the index in front of it. */
export const sparseLayouts: readonly Layout<AttentionLaunch>[] = [
  {
    name: 'sparse-attention-prefill (dsa_attn_module)',
    summary: 'model, num_heads, batch_size, isl new tokens, step earlier ones, mla_dtype, kv_cache_dtype, latency in ms',
    family: sparsePrefill,
    columns: published,
    accepts: named(/glm5_dsa_attn/),
    read: (record) => readAttention(record, false),
  },
  {
    name: 'sparse-attention-decode (dsa_attn_module)',
    summary: 'the same columns with one new token',
    family: sparseDecode,
    columns: published,
    accepts: named(/glm5_dsa_attn/),
    read: (record) => readAttention(record, true),
  },
  {
    name: 'index-scores (mqa_logits_module)',
    summary: 'the same columns: scores of an index over prompts',
    family: indexScores,
    columns: published,
    accepts: named(/glm5_mqa_logits/),
    read: (record) => readScores(record, false),
  },
  {
    name: 'index-scores (paged_mqa_logits_module)',
    summary: 'the same columns and compress_ratio: scores of an index over pages',
    family: indexScores,
    columns: published,
    accepts: named(/paged_mqa_logits/),
    read: (record) => readScores(record, true),
  },
  {
    name: 'index-top-k (topk_module)',
    summary: 'the same columns and score_mode: choice of keys',
    family: indexChoice,
    columns: [...published, 'score_mode'],
    accepts: named(/glm5_topk/),
    read: readChoice,
  },
  {
    name: 'sparse-attention-prefill (s_q)',
    summary: 'dtype, s_q, s_kv, latency_us; attn-HEADS-LATENT-TOPK.csv is the name of the file',
    family: sparsePrefill,
    columns: ['dtype', 's_q', 's_kv', 'latency_us'],
    accepts: ({ file }) => headsInName.test(file),
    read: (record) => {
      const operands = tableFormat(record.text('dtype'));
      if (operands === undefined) return other;
      const fresh = record.number('s_q');
      const shape = chosen({ sequences: 1, fresh, before: record.number('s_kv') - fresh }, headsOf(record.header.file), operands);
      return { kind: 'row', format: operands, shape, time: record.number('latency_us') * micro };
    },
  },
  {
    name: 'sparse-attention-decode (kv_len)',
    summary: 'dtype, kv_dtype, batch_size, kv_len, latency_us; attn-HEADS-LATENT-TOPK.csv is the name of the file',
    family: sparseDecode,
    columns: ['dtype', 'kv_dtype', 'batch_size', 'kv_len', 'latency_us'],
    accepts: ({ file }) => headsInName.test(file),
    read: (record) => {
      const operands = tableFormat(record.text('dtype'));
      const keyValue = tableFormat(record.text('kv_dtype'));
      if (operands === undefined || keyValue === undefined) return other;
      const tokens = { sequences: record.number('batch_size'), fresh: 1, before: record.number('kv_len') - 1 };
      return {
        kind: 'row',
        format: attentionFormat(operands, keyValue),
        shape: chosen(tokens, headsOf(record.header.file), keyValue),
        time: record.number('latency_us') * micro,
      };
    },
  },
  {
    name: 'index-scores (s_q)',
    summary: 's_q, s_kv, latency_us; logits-HEADS-SIZE.csv is the name of the file',
    family: indexScores,
    columns: ['s_q', 's_kv', 'latency_us'],
    accepts: ({ file, columns }) => headsInName.test(file) && !columns.includes('dtype'),
    read: (record) => {
      const fresh = record.number('s_q');
      const shape = scored({ sequences: 1, fresh, before: record.number('s_kv') - fresh }, headsOf(record.header.file), 1);
      return { kind: 'row', format: 'fp8', shape, time: record.number('latency_us') * micro };
    },
  },
  {
    name: 'index-scores (next_n)',
    summary: 'batchsize, next_n, s_kv, latency_us; logits-HEADS-SIZE.csv is the name of the file',
    family: indexScores,
    columns: ['batchsize', 'next_n', 's_kv', 'latency_us'],
    accepts: ({ file }) => headsInName.test(file),
    read: (record) => {
      const fresh = record.number('next_n');
      const tokens = { sequences: record.number('batchsize'), fresh, before: record.number('s_kv') - fresh };
      return { kind: 'row', format: 'fp8-paged', shape: scored(tokens, headsOf(record.header.file), 1), time: record.number('latency_us') * micro };
    },
  },
];
