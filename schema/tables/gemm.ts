import { gemm, type GemmShape } from '../../src/cost/calibration/families/gemm.ts';
import type { Layout, Reading, TableRecord } from './layout.ts';

const micro = 1e-6;
const milli = 1e-3;

/** What the aiconfigurator tables call a number format; what only the weights have is after `weight`. */
const gemmTypes: ReadonlyMap<string, string> = new Map([
  ['bfloat16', 'bf16'],
  ['float16', 'fp16'],
  ['fp8', 'fp8'],
  ['fp8_block', 'fp8-block'],
  ['nvfp4', 'fp4'],
  ['sq', 'int8'],
  ['int8', 'int8'],
  ['int8_wo', 'bf16-weight-int8'],
  ['int4_wo', 'bf16-weight-int4'],
]);

/** Kernels that one stack uses beside its main one: where operands are not aligned to blocks, and for few rows. */
const sideKernels: readonly (readonly [RegExp, string])[] = [
  [/^CutlassFp8Block/, '-unaligned'],
  [/^FlashInferFp8Block/, '-few-rows'],
];

function product(format: string, m: number, n: number, k: number, time: number): Reading<GemmShape> {
  return { kind: 'row', format, shape: { m, n, k }, time };
}

const aiconfigurator: Layout<GemmShape> = {
  name: 'aiconfigurator gemm',
  summary: 'gemm_dtype, kernel_source, m, n, k, latency [ms]',
  family: gemm,
  columns: ['gemm_dtype', 'kernel_source', 'm', 'n', 'k', 'latency'],
  read(record) {
    const type = record.text('gemm_dtype');
    const format = gemmTypes.get(type);
    if (format === undefined) return { kind: 'left-out', format: 'bf16', reason: `gemm_dtype ${type} is not known` };
    const side = sideKernels.find(([kernel]) => kernel.test(record.text('kernel_source')))?.[1] ?? '';
    return product(format + side, record.number('m'), record.number('n'), record.number('k'), record.number('latency') * milli);
  },
};

/** `w8a8` times the quantisation of the rows too. */
const ascendTypes: ReadonlyMap<string, string> = new Map([
  ['bf16', 'bf16'],
  ['fp16', 'fp16'],
  ['w8a8', 'int8'],
  ['int8', 'int8'],
  ['fp8', 'fp8'],
  ['fp4', 'fp4'],
]);

const plain: Layout<GemmShape> = {
  name: 'gemm',
  summary: 'dtype (bf16, fp16, fp8, fp4, int8, w8a8), m, n, k, microseconds',
  family: gemm,
  columns: ['dtype', 'm', 'n', 'k', 'microseconds'],
  read(record) {
    const type = record.text('dtype');
    const format = ascendTypes.get(type);
    if (format === undefined) return { kind: 'left-out', format: 'bf16', reason: `dtype ${type} is not known` };
    return product(format, record.number('m'), record.number('n'), record.number('k'), record.number('microseconds') * micro);
  },
};

/** Its utilisations are shares of the FP8 peak, and its kernels scale by blocks. */
const infersim: Layout<GemmShape> = {
  name: 'infersim gemm',
  summary: 'm, k, n, latency_us, mfu',
  family: gemm,
  columns: ['m', 'k', 'n', 'latency_us', 'mfu'],
  read: (record) => product('fp8-block', record.number('m'), record.number('n'), record.number('k'), record.number('latency_us') * micro),
};

interface Width {
  readonly n: number;
  readonly k: number;
}

/**
 * Width and depth of the products of one layer in a profile of a model, on one of its ranks. Heads are as wide as the hidden size over their
 * number, which does not hold of models that normalise queries and keys: their attention products are not read.
 */
const profiled: readonly { readonly name: string; readonly ofHeads: boolean; readonly shape: (record: TableRecord) => Width }[] = [
  {
    name: 'attn_pre_proj',
    ofHeads: true,
    shape: (record) => {
      const { hidden, head, ranks } = sizes(record);
      return { n: ((record.number('n_head') + 2 * record.number('n_kv_head')) * head) / ranks, k: hidden };
    },
  },
  {
    name: 'attn_post_proj',
    ofHeads: true,
    shape: (record) => {
      const { hidden, head, ranks } = sizes(record);
      return { n: hidden, k: (record.number('n_head') * head) / ranks };
    },
  },
  {
    name: 'mlp_up_proj',
    ofHeads: false,
    shape: (record) => {
      const { hidden, ranks } = sizes(record);
      return { n: ((/^true$/i.test(record.text('use_gated_mlp')) ? 2 : 1) * record.number('n_expanded_embd')) / ranks, k: hidden };
    },
  },
  {
    name: 'mlp_down_proj',
    ofHeads: false,
    shape: (record) => {
      const { hidden, ranks } = sizes(record);
      return { n: hidden, k: record.number('n_expanded_embd') / ranks };
    },
  },
];

function sizes(record: TableRecord): { readonly hidden: number; readonly head: number; readonly ranks: number } {
  const hidden = record.number('n_embd');
  return { hidden, head: hidden / record.number('n_head'), ranks: record.number('num_tensor_parallel_workers') };
}

const profiles: readonly Layout<GemmShape>[] = profiled.map(({ name, ofHeads, shape }) => ({
  name: `profile ${name}`,
  summary: `time_stats.${name}.median [ms] by num_tokens and num_tensor_parallel_workers`,
  family: gemm,
  columns: [`time_stats.${name}.median`, 'num_tokens', 'num_tensor_parallel_workers', 'n_head', 'n_kv_head', 'n_embd', 'n_expanded_embd', 'use_gated_mlp'],
  read(record) {
    const time = record.number(`time_stats.${name}.median`);
    const tokens = record.number('num_tokens');
    if (Number.isNaN(time) || (ofHeads && /^true$/i.test(record.text('use_qk_norm')))) return { kind: 'other' };
    const format = record.text('quant_signature').includes('fp8') ? 'fp8' : 'bf16';
    const { n, k } = shape(record);
    return product(format, tokens, n, k, time * milli);
  },
}));

/** Published sizes of the models whose layers were timed without their sizes beside them: hidden, heads, KV heads, head size, intermediate. */
export const layerSizes: readonly (readonly [RegExp, number, number, number, number, number])[] = [
  [/Llama-3\.1-8B/, 4096, 32, 8, 128, 14_336],
  [/Qwen3-32B/, 5120, 64, 8, 128, 25_600],
  [/Qwen3-30B-A3B/, 2048, 32, 4, 128, 0],
];

function layerShape(file: string, layer: string): Width | undefined {
  const sized = layerSizes.find(([model]) => model.test(file));
  if (sized === undefined) return undefined;
  const [, hidden, heads, kvHeads, head, inner] = sized;
  const ranks = Number(/tp(\d+)/.exec(file)?.[1] ?? 1);
  switch (layer) {
    case 'qkv_proj':
      return { n: ((heads + 2 * kvHeads) * head) / ranks, k: hidden };
    case 'o_proj':
      return { n: hidden, k: (heads * head) / ranks };
    case 'gate_up_proj':
      return { n: (2 * inner) / ranks, k: hidden };
    case 'down_proj':
      return { n: hidden, k: inner / ranks };
    default:
      return undefined;
  }
}

const layers: Layout<GemmShape> = {
  name: 'layer times',
  summary: 'layer, tokens, time_us, the model and tp1, tp2 ... in the path',
  family: gemm,
  columns: ['layer', 'tokens', 'time_us'],
  read(record) {
    const width = layerShape(record.header.file, record.text('layer'));
    if (width === undefined) return { kind: 'other' };
    return product('bf16', record.number('tokens'), width.n, width.k, record.number('time_us') * micro);
  },
};

export const gemmLayouts: readonly Layout[] = [aiconfigurator, plain, infersim, ...profiles, layers] as readonly Layout[];
