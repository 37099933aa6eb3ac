import { numberFormats, type NumberFormat } from '../../src/catalogue/format.ts';
import { attentionFormat, type AttentionLaunch } from '../../src/cost/calibration/families/attention-shape.ts';
import type { GemmShape } from '../../src/cost/calibration/families/gemm.ts';
import { headGemm } from '../../src/cost/calibration/families/head-gemm.ts';
import { mlaDecode } from '../../src/cost/calibration/families/mla-decode.ts';
import { mlaPrefill } from '../../src/cost/calibration/families/mla-prefill.ts';
import type { Layout, Reading, TableHeader, TableRecord } from './layout.ts';

const aliases: Readonly<Record<string, NumberFormat>> = { bfloat16: 'bf16', float16: 'fp16', fp8_e4m3: 'fp8' };

/** The number format that a table's column names. */
export function tableFormat(text: string): NumberFormat | undefined {
  return numberFormats.find((format) => format === text) ?? aliases[text];
}

/** The latent attention that these tables time: sizes of DeepSeek-V2 and V3. */
const rank = 512;
const rope = 64;
const nope = 128;
const value = 128;

/** Kernels of prompts that keep to the latents instead of expanding them, by what their name holds. */
const absorbedPrompts = /flash_attention/;

/** New tokens after `before` earlier ones, over latents or over expanded keys and values. */
export function latentLaunch(
  tokens: { readonly sequences: number; readonly fresh: number; readonly before: number },
  heads: number,
  keyValueFormat: NumberFormat,
  absorbed: boolean,
): AttentionLaunch {
  const { sequences, fresh, before } = tokens;
  return {
    sequences,
    queryTokens: fresh,
    context: before + fresh,
    seen: before + (fresh + 1) / 2,
    heads,
    keyValueHeads: absorbed ? 1 : heads,
    headSize: absorbed ? rank + rope : nope + rope,
    valueHeadSize: absorbed ? rank : value,
    keyValueFormat,
    window: 0,
    repeated: true,
  };
}

const published = ['num_heads', 'batch_size', 'isl', 'step', 'mla_dtype', 'kv_cache_dtype', 'latency'];

/** Kernel tables: neither whole modules nor parts of a sparse attention. */
function kernelTable({ file, constants }: TableHeader, phase: RegExp): boolean {
  const name = constants.get('op_name') ?? file;
  return phase.test(name) && !/module/.test(name);
}

function readPublished(record: TableRecord, decode: boolean): Reading<AttentionLaunch> {
  const operands = tableFormat(record.text('mla_dtype'));
  const keyValue = tableFormat(record.text('kv_cache_dtype'));
  if (operands === undefined || keyValue === undefined) return { kind: 'other' };
  const absorbed = decode || absorbedPrompts.test(record.text('kernel_source'));
  const tokens = { sequences: record.number('batch_size'), fresh: record.number('isl'), before: record.number('step') };
  return {
    kind: 'row',
    format: `${attentionFormat(operands, keyValue)}${absorbed && !decode ? '-absorbed' : ''}`,
    shape: latentLaunch(tokens, record.number('num_heads'), keyValue, absorbed),
    time: record.number('latency') * 1e-3,
  };
}

/** Projections that are absorbed: down to the latent in front of the core, up to the values behind it. */
const absorbed: ReadonlyMap<string, { readonly n: number; readonly k: number }> = new Map([
  ['mla_gen_pre', { n: rank, k: nope }],
  ['mla_gen_post', { n: value, k: rank }],
]);

/** Layouts of the products of all heads around the core. */
export const headGemmLayouts: readonly Layout<GemmShape>[] = [
  {
    name: 'head-gemm (mla_bmm)',
    summary: 'op_name (mla_gen_pre, mla_gen_post), bmm_dtype, num_tokens, num_heads, latency in ms',
    family: headGemm,
    columns: ['op_name', 'bmm_dtype', 'num_tokens', 'num_heads', 'latency'],
    read: (record) => {
      const format = tableFormat(record.text('bmm_dtype'));
      const product = absorbed.get(record.text('op_name'));
      if (format === undefined || product === undefined) return { kind: 'other' };
      const shape = { m: record.number('num_tokens'), ...product, groups: record.number('num_heads') };
      return { kind: 'row', format, shape, time: record.number('latency') * 1e-3 };
    },
  },
];

/** Heads first in the name of the file: `128-512-64.csv`. */
const headsInName = /(\d+)-\d+-\d+\.csv/;

function headsOf(file: string): number {
  return Number(headsInName.exec(file)?.[1]);
}

/** Layouts of the kernels of multi-head latent attention. */
export const mlaLayouts: readonly Layout<AttentionLaunch>[] = [
  {
    name: 'latent-attention-prefill (context_mla)',
    summary: 'num_heads, batch_size, isl new tokens, step earlier ones, mla_dtype, kv_cache_dtype, latency in ms',
    family: mlaPrefill,
    columns: published,
    accepts: (header) => kernelTable(header, /context_mla|mla_context/),
    read: (record) => readPublished(record, false),
  },
  {
    name: 'latent-attention-decode (generation_mla)',
    summary: 'the same columns with one new token: step earlier tokens in the KV',
    family: mlaDecode,
    columns: published,
    accepts: (header) => kernelTable(header, /generation_mla|mla_generation/),
    read: (record) => readPublished(record, true),
  },
  {
    name: 'latent-attention-decode (kv_len)',
    summary: 'dtype, kv_dtype, batch_size, kv_len, latency_us; mla and HEADS-RANK-ROPE.csv in the path',
    family: mlaDecode,
    columns: ['dtype', 'kv_dtype', 'batch_size', 'kv_len', 'latency_us'],
    accepts: ({ file }) => /mla/.test(file) && headsInName.test(file),
    read: (record) => {
      const operands = tableFormat(record.text('dtype'));
      const keyValue = tableFormat(record.text('kv_dtype'));
      if (operands === undefined || keyValue === undefined) return { kind: 'other' };
      const tokens = { sequences: record.number('batch_size'), fresh: 1, before: record.number('kv_len') - 1 };
      const shape = latentLaunch(tokens, headsOf(record.header.file), keyValue, true);
      return { kind: 'row', format: attentionFormat(operands, keyValue), shape, time: record.number('latency_us') * 1e-6 };
    },
  },
  {
    name: 'latent-attention-prefill (seq_len)',
    summary: 'dtype, seq_len, latency_us; mla and HEADS-NOPE-ROPE.csv in the path',
    family: mlaPrefill,
    columns: ['dtype', 'seq_len', 'latency_us'],
    accepts: ({ file }) => /mla/.test(file) && headsInName.test(file),
    read: (record) => {
      const operands = tableFormat(record.text('dtype'));
      if (operands === undefined) return { kind: 'other' };
      const tokens = { sequences: 1, fresh: record.number('seq_len'), before: 0 };
      const shape = latentLaunch(tokens, headsOf(record.header.file), operands, false);
      return { kind: 'row', format: operands, shape, time: record.number('latency_us') * 1e-6 };
    },
  },
];
