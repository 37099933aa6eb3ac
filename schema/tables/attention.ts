import { numberFormats, type NumberFormat } from '../../src/catalogue/format.ts';
import { attentionDecode } from '../../src/cost/calibration/families/attention-decode.ts';
import { attentionPrefill } from '../../src/cost/calibration/families/attention-prefill.ts';
import { attentionFormat, type AttentionLaunch } from '../../src/cost/calibration/families/attention-shape.ts';
import { limitedPairs } from '../../src/model/operators/span.ts';
import type { Layout, Reading, TableHeader, TableRecord } from './layout.ts';

const aliases: Readonly<Record<string, NumberFormat>> = { bfloat16: 'bf16', float16: 'fp16', fp8_e4m3: 'fp8' };

function formatOf(text: string): NumberFormat | undefined {
  return numberFormats.find((format) => format === text) ?? aliases[text];
}

/** Kernels that stand beside a stack's own for some head sizes, by what their name holds: their rows are cells apart. */
const kernels: readonly (readonly [RegExp, string])[] = [
  [/triton/, 'triton'],
  [/fa4/, 'fa4'],
  [/^flashinfer$|_flashinfer$/, 'flashinfer'],
];

function kernelOf(source: string): string {
  return kernels.find(([pattern]) => pattern.test(source))?.[1] ?? '';
}

/** New tokens after `before` tokens, in equal sequences. */
function launch(
  tokens: { readonly sequences: number; readonly fresh: number; readonly before: number },
  heads: { readonly heads: number; readonly keyValueHeads: number; readonly headSize: number },
  keyValueFormat: NumberFormat,
  window: number,
): AttentionLaunch {
  const { sequences, fresh, before } = tokens;
  const pairs = limitedPairs(fresh, 1, before + fresh, fresh * (before + (fresh + 1) / 2), window > 0 ? window : undefined);
  return {
    sequences,
    queryTokens: fresh,
    context: before + fresh,
    seen: pairs / fresh,
    ...heads,
    valueHeadSize: heads.headSize,
    keyValueFormat,
    window,
    repeated: true,
  };
}

function row(kind: { readonly operands: NumberFormat; readonly kernel?: string }, shape: AttentionLaunch, time: number): Reading<AttentionLaunch> {
  const format = attentionFormat(kind.operands, shape.keyValueFormat);
  return { kind: 'row', format: kind.kernel === undefined || kind.kernel === '' ? format : `${format}-${kind.kernel}`, shape, time };
}

const other = { kind: 'other' } as const;

const published = ['batch_size', 'isl', 'num_heads', 'num_key_value_heads', 'head_dim', 'attn_dtype', 'kv_cache_dtype', 'step', 'latency'];

/** One row of the tables of kernels by sequence length: `isl` new tokens after `step` earlier ones, milliseconds. */
function readPublished(record: TableRecord): Reading<AttentionLaunch> {
  const operands = formatOf(record.text('attn_dtype'));
  const keyValue = formatOf(record.text('kv_cache_dtype'));
  if (operands === undefined || keyValue === undefined) return other;
  const window = record.number('window_size');
  const shape = launch(
    { sequences: record.number('batch_size'), fresh: record.number('isl'), before: record.number('step') },
    { heads: record.number('num_heads'), keyValueHeads: record.number('num_key_value_heads'), headSize: record.number('head_dim') },
    keyValue,
    Number.isFinite(window) ? window : 0,
  );
  return row({ operands, kernel: kernelOf(record.text('kernel_source')) }, shape, record.number('latency') * 1e-3);
}

/** The tables of both phases have the same columns: the phase is in the name of the operator, or of the file. */
function phase(header: TableHeader, name: string): boolean {
  return (header.constants.get('op_name') ?? header.file).includes(name);
}

const byMicroseconds = ['batch', 'sequence_length', 'heads', 'kv_heads', 'head_dim', 'microseconds'];

function readMicroseconds(record: TableRecord, decode: boolean): Reading<AttentionLaunch> {
  const length = record.number('sequence_length');
  const shape = launch(
    { sequences: record.number('batch'), fresh: decode ? 1 : length, before: decode ? length - 1 : 0 },
    { heads: record.number('heads'), keyValueHeads: record.number('kv_heads'), headSize: record.number('head_dim') },
    'bf16',
    0,
  );
  return row({ operands: 'bf16' }, shape, record.number('microseconds') * 1e-6);
}

/** Heads, KV heads and head size as a file name gives them: `32-8-128.csv`. */
const headsInName = /(\d+)-(\d+)-(\d+)\.csv/;

function headsOf(file: string): { readonly heads: number; readonly keyValueHeads: number; readonly headSize: number } {
  const [, heads, keyValueHeads, headSize] = headsInName.exec(file) ?? [];
  return { heads: Number(heads), keyValueHeads: Number(keyValueHeads), headSize: Number(headSize) };
}

/**
 * Tables of profilers that give heads of the whole model and over how many dies they are split; all published ones have heads of 128. Times
 * of events around a launch hold what the host does; kernels alone were timed on pages that decoding sequences share, at twice the
 * bandwidth of the memory: neither is read.
 */
function readProfile(record: TableRecord, decode: boolean): Reading<AttentionLaunch> {
  if (record.text('is_mixed_batch') === 'True' || !['', 'even'].includes(record.text('mode')) || (record.text('is_prefill') === 'True') === decode)
    return other;
  const measured = record.text('measurement_type');
  if (measured === 'CUDA_EVENT' || (decode && measured === 'KERNEL_ONLY')) return other;
  const parts = record.number('num_tensor_parallel_workers');
  const fresh = decode ? 1 : record.number('prefill_chunk_size');
  const time = record.number(decode ? 'time_stats.attn_decode.median' : 'time_stats.attn_prefill.median') * 1e-3;
  if (!(fresh > 0 && time > 0)) return other;
  const shape = launch(
    { sequences: record.number('batch_size'), fresh, before: record.number('kv_cache_size') },
    { heads: record.number('n_q_head') / parts, keyValueHeads: Math.max(1, record.number('n_kv_head') / parts), headSize: 128 },
    'bf16',
    0,
  );
  return row({ operands: 'bf16', kernel: record.text('attention_backend').toLowerCase().replace(/^.*\./, '') }, shape, time);
}

/** Heads, KV heads and head size of models whose tables do not say them. */
const models: readonly (readonly [RegExp, { readonly heads: number; readonly keyValueHeads: number; readonly headSize: number }])[] = [
  [/Llama-3\.1-8B/, { heads: 32, keyValueHeads: 8, headSize: 128 }],
  [/Qwen3-30B-A3B/, { heads: 32, keyValueHeads: 4, headSize: 128 }],
  [/Qwen3-32B/, { heads: 64, keyValueHeads: 8, headSize: 128 }],
];

function modelOf(file: string): { readonly heads: number; readonly keyValueHeads: number; readonly headSize: number } | undefined {
  const model = models.find(([pattern]) => pattern.test(file))?.[1];
  const parts = Number(/\/tp(\d+)\//.exec(file)?.[1] ?? 1);
  return model === undefined ? undefined : { ...model, heads: model.heads / parts, keyValueHeads: Math.max(1, model.keyValueHeads / parts) };
}

/** One phase of the tables whose launches hold a chunk of a prompt, decoding sequences, or both; those with both are no row of either. */
function readMixed(record: TableRecord, decode: boolean): Reading<AttentionLaunch> {
  const heads = modelOf(record.header.file);
  const chunk = record.number('prefill_chunk');
  const sequences = record.number('n_decode');
  if (heads === undefined || (decode ? chunk > 0 || sequences < 1 : sequences > 0 || chunk < 1)) return other;
  const tokens = decode
    ? { sequences, fresh: 1, before: Math.max(0, record.number('kv_decode') - 1) }
    : { sequences: 1, fresh: chunk, before: record.number('kv_prefill') };
  return row({ operands: 'bf16' }, launch(tokens, heads, 'bf16', 0), record.number('time_us') * 1e-6);
}

const profile = [
  'n_q_head',
  'n_kv_head',
  'num_tensor_parallel_workers',
  'batch_size',
  'prefill_chunk_size',
  'kv_cache_size',
  'is_prefill',
  'attention_backend',
];
const mixed = ['prefill_chunk', 'kv_prefill', 'n_decode', 'kv_decode', 'time_us'];

/** Layouts of attention by heads over prompts and over decoding sequences. */
export const attentionLayouts: readonly Layout<AttentionLaunch>[] = [
  {
    name: 'attention-prefill (context_attention)',
    summary: 'batch_size, isl new tokens, step earlier ones, num_heads, num_key_value_heads, head_dim, attn_dtype, kv_cache_dtype, latency in ms',
    family: attentionPrefill,
    columns: published,
    accepts: (header) => phase(header, 'context_attention'),
    read: readPublished,
  },
  {
    name: 'attention-decode (generation_attention)',
    summary: 'the same columns with one new token: step earlier tokens in the KV',
    family: attentionDecode,
    columns: published,
    accepts: (header) => phase(header, 'generation_attention'),
    read: readPublished,
  },
  {
    name: 'attention-prefill (microseconds)',
    summary: 'batch, sequence_length, heads, kv_heads, head_dim, microseconds; prefill in the name of the file',
    family: attentionPrefill,
    columns: byMicroseconds,
    accepts: ({ file }) => file.includes('prefill'),
    read: (record) => readMicroseconds(record, false),
  },
  {
    name: 'attention-decode (microseconds)',
    summary: 'batch, sequence_length, heads, kv_heads, head_dim, microseconds; decode in the name of the file',
    family: attentionDecode,
    columns: byMicroseconds,
    accepts: ({ file }) => file.includes('decode'),
    read: (record) => readMicroseconds(record, true),
  },
  {
    name: 'attention-decode (kv_len)',
    summary: 'dtype, kv_dtype, batch_size, kv_len, latency_us; HEADS-KVHEADS-SIZE.csv is the name of the file',
    family: attentionDecode,
    columns: ['dtype', 'kv_dtype', 'batch_size', 'kv_len', 'latency_us'],
    accepts: ({ file }) => file.includes('mha') && headsInName.test(file),
    read: (record) => {
      const operands = formatOf(record.text('dtype'));
      const keyValue = formatOf(record.text('kv_dtype'));
      if (operands === undefined || keyValue === undefined) return other;
      const tokens = { sequences: record.number('batch_size'), fresh: 1, before: record.number('kv_len') - 1 };
      return row({ operands }, launch(tokens, headsOf(record.header.file), keyValue, 0), record.number('latency_us') * 1e-6);
    },
  },
  {
    name: 'attention-prefill (seq_len)',
    summary: 'dtype, seq_len, latency_us; HEADS-KVHEADS-SIZE.csv is the name of the file',
    family: attentionPrefill,
    columns: ['dtype', 'seq_len', 'latency_us'],
    accepts: ({ file }) => file.includes('mha') && headsInName.test(file),
    read: (record) => {
      const operands = formatOf(record.text('dtype'));
      if (operands === undefined) return other;
      const length = record.number('seq_len');
      return row(
        { operands },
        launch({ sequences: 1, fresh: length, before: 0 }, headsOf(record.header.file), operands, 0),
        record.number('latency_us') * 1e-6,
      );
    },
  },
  {
    name: 'attention-prefill (profile)',
    summary:
      'batch_size, prefill_chunk_size, kv_cache_size, is_prefill, n_q_head, n_kv_head, num_tensor_parallel_workers, time_stats.attn_prefill.median in ms',
    family: attentionPrefill,
    columns: [...profile, 'time_stats.attn_prefill.median'],
    read: (record) => readProfile(record, false),
  },
  {
    name: 'attention-decode (profile)',
    summary: 'the same columns with time_stats.attn_decode.median',
    family: attentionDecode,
    columns: [...profile, 'time_stats.attn_decode.median'],
    read: (record) => readProfile(record, true),
  },
  {
    name: 'attention-prefill (chunk)',
    summary: 'prefill_chunk, kv_prefill, n_decode 0, kv_decode, time_us; model and tp in the path of the file',
    family: attentionPrefill,
    columns: mixed,
    accepts: ({ file }) => modelOf(file) !== undefined,
    read: (record) => readMixed(record, false),
  },
  {
    name: 'attention-decode (chunk)',
    summary: 'the same columns with prefill_chunk 0',
    family: attentionDecode,
    columns: mixed,
    accepts: ({ file }) => modelOf(file) !== undefined,
    read: (record) => readMixed(record, true),
  },
];
