import { activation, add, embedding, norm, quantise, rope } from '../../src/cost/calibration/families/vector.ts';
import type { OperatorFamily } from '../../src/cost/calibration/family.ts';
import type { RowShape } from '../../src/model/operator.ts';
import { layerSizes } from './gemm.ts';
import type { Layout, Reading, TableHeader, TableRecord } from './layout.ts';

const micro = 1e-6;
const milli = 1e-3;
const element = 2;
/** Bytes of one element of the width: what is read and written in 16 bit. */
const inAndOut = 2 * element;
const withResidual = 4 * element;
const gateUpOut = 3 * element;
const sumOfTwo = 3 * element;
const toByte = element + 1;

const other = { kind: 'other' } as const;

function row(rows: number, width: number, bytes: number, time: number, format = 'bf16'): Reading<RowShape> {
  return { kind: 'row', format, shape: { rows, width, bytes }, time };
}

const kinds: readonly (readonly [string, OperatorFamily<RowShape>])[] = [
  ['norm', norm],
  ['activation', activation],
  ['rope', rope],
  ['quantise', quantise],
  ['embedding', embedding],
  ['add', add],
];

const plain: readonly Layout<RowShape>[] = kinds.map(([kind, family]) => ({
  name: `rows of ${kind}`,
  summary: `kernel (${kind}), dtype as the format of a cell, rows, width, element_bytes read and written for each element, microseconds`,
  family,
  columns: ['kernel', 'dtype', 'rows', 'width', 'element_bytes', 'microseconds'],
  read: (record) =>
    record.text('kernel') === kind
      ? row(record.number('rows'), record.number('width'), record.number('element_bytes'), record.number('microseconds') * micro, record.text('dtype'))
      : other,
}));

/** Elements that are rotated: queries and keys of all heads of a rank. */
function rotated(heads: number, keyValueHeads: number, head: number, ranks: number): number {
  return (heads / ranks + Math.max(1, keyValueHeads / ranks)) * head;
}

interface Profiled {
  readonly name: string;
  readonly family: OperatorFamily<RowShape>;
  readonly bytes: number;
  readonly width: (record: TableRecord) => number;
  readonly accepts?: (header: TableHeader) => boolean;
}

/**
 * Profiles that say how they were measured are of versions whose norms load vectors; those that do not are of a fork of early versions, at half
 * the bandwidth on dies of the same generation, and their embeddings run at a fifth: these two are not read there.
 */
function ofLaterKernels({ columns }: TableHeader): boolean {
  return columns.includes('measurement_type');
}

const hidden = (record: TableRecord): number => record.number('n_embd');
const profiled: readonly Profiled[] = [
  { name: 'emb', family: embedding, bytes: inAndOut, width: hidden, accepts: ofLaterKernels },
  { name: 'input_layernorm', family: norm, bytes: inAndOut, width: hidden, accepts: ofLaterKernels },
  { name: 'post_attention_layernorm', family: norm, bytes: withResidual, width: hidden, accepts: ofLaterKernels },
  { name: 'add', family: add, bytes: sumOfTwo, width: hidden },
  {
    name: 'mlp_act',
    family: activation,
    bytes: gateUpOut,
    width: (record) => record.number('n_expanded_embd') / record.number('num_tensor_parallel_workers'),
  },
  {
    name: 'attn_rope',
    family: rope,
    bytes: inAndOut,
    width: (record) => {
      const heads = record.number('n_head');
      return rotated(heads, record.number('n_kv_head'), record.number('n_embd') / heads, record.number('num_tensor_parallel_workers'));
    },
  },
];

const profiles: readonly Layout<RowShape>[] = profiled.map(({ name, family, bytes, width, accepts }) => ({
  name: `profile ${name}`,
  summary: `time_stats.${name}.median [ms] by num_tokens and num_tensor_parallel_workers`,
  family,
  columns: [`time_stats.${name}.median`, 'num_tokens', 'num_tensor_parallel_workers', 'n_head', 'n_kv_head', 'n_embd', 'n_expanded_embd', 'use_gated_mlp'],
  accepts,
  read(record) {
    const time = record.number(`time_stats.${name}.median`);
    // Times of events around a launch hold what the host does.
    if (Number.isNaN(time) || record.text('measurement_type') === 'CUDA_EVENT') return other;
    return row(record.number('num_tokens'), width(record), bytes, time * milli);
  },
}));

interface Timed {
  readonly layer: string;
  readonly bytes: number;
  readonly width: (model: (typeof layerSizes)[number], ranks: number) => number;
  /** The time does not depend on the ranks: tables of several repeat that of one. */
  readonly once?: boolean;
}

const normed: readonly Timed[] = [
  { layer: 'layernorm', bytes: inAndOut, width: ([, size]) => size, once: true },
  { layer: 'final_layernorm', bytes: withResidual, width: ([, size]) => size, once: true },
];
const looked: readonly Timed[] = [{ layer: 'embedding', bytes: inAndOut, width: ([, size]) => size }];
const turned: readonly Timed[] = [
  { layer: 'rotary_emb', bytes: inAndOut, width: ([, , heads, keyValueHeads, head], ranks) => rotated(heads, keyValueHeads, head, ranks) },
];
const activated: readonly Timed[] = [{ layer: 'act_fn', bytes: gateUpOut, width: ([, , , , , inner], ranks) => inner / ranks }];

/** `layernorm` is the first norm of a layer, which has no residual to add yet. Norms of heads do not say whether queries and keys are in one time. */
function timed(family: OperatorFamily<RowShape>, layers: readonly Timed[]): Layout<RowShape> {
  return {
    name: `layer times of ${family.class}`,
    summary: `layer (${layers.map(({ layer }) => layer).join(', ')}), tokens, time_us, the model and tp1, tp2 ... in the path`,
    family,
    columns: ['layer', 'tokens', 'time_us'],
    read(record) {
      const { file } = record.header;
      const sized = layerSizes.find(([model]) => model.test(file));
      const found = layers.find(({ layer }) => layer === record.text('layer'));
      const ranks = Number(/tp(\d+)/.exec(file)?.[1] ?? 1);
      if (sized === undefined || found === undefined || (found.once === true && ranks > 1)) return other;
      return row(record.number('tokens'), found.width(sized, ranks), found.bytes, record.number('time_us') * micro);
    },
  };
}

const published = ['kernel_source', 'm', 'k', 'quant_dtype', 'latency'];
const parts = ['scale_matrix', 'compute_scale'];

/**
 * Tables of scaling with known scales, and of what finding the scales takes beside that: a row is quantised in the sum of both. Only one of the
 * three frameworks times what its steps run: another finds scales by a chain of operators, where its engines read them from the checkpoint; the
 * third scales whole tensors at a tenth of the bandwidth, where its steps scale by blocks.
 */
const quantised: readonly Layout<RowShape>[] = parts.map((part) => ({
  name: `aiconfigurator ${part}`,
  summary: 'kernel_source, m, k, quant_dtype, latency [ms]; the times of scale_matrix and compute_scale of one m and k add up',
  family: quantise,
  columns: published,
  parts,
  accepts: ({ constants }) => constants.get('op_name') === part && constants.get('framework') === 'VLLM',
  read(record) {
    if (record.text('quant_dtype') !== 'fp8') return other;
    const reading = row(record.number('m'), record.number('k'), toByte, record.number('latency') * milli, 'bf16-to-fp8');
    return reading.kind === 'row' ? { ...reading, part } : reading;
  },
}));

/** Layouts of operators of the vector engine. */
export const vectorLayouts: readonly Layout<RowShape>[] = [
  ...plain,
  ...profiles,
  timed(norm, normed),
  timed(embedding, looked),
  timed(rope, turned),
  timed(activation, activated),
  ...quantised,
];
