import { linearScan, linearUpdate, shortConvolution, type RecurrenceLaunch } from '../../src/cost/calibration/families/linear-attention.ts';
import { scanFlop } from '../../src/model/operators/recurrent.ts';
import type { Layout, Reading, TableHeader, TableRecord } from './layout.ts';

/** States are kept in 32 bit. [B] */
const wideState = 4;
/** Kernels that are too quick for 32 bit both ways: they read 32 bit and write 16, 3 B in the mean. */
const narrowState = 3;
const narrowKernel = /^fused_recurrent_gated_delta_rule$/;
/** Tokens that a scan takes at once. */
const chunk = 64;

interface Heads {
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
}

function launch(sequences: number, queryTokens: number, heads: Heads, stateElement: number): RecurrenceLaunch {
  const perToken = queryTokens === 1 ? 0 : scanFlop({ rule: 'delta', chunk: Math.min(chunk, queryTokens), ...heads });
  return { sequences, queryTokens, ...heads, stateElement, matrixFlop: sequences * queryTokens * heads.valueHeads * perToken, repeated: true };
}

const other = { kind: 'other' } as const;

function row(shape: RecurrenceLaunch, time: number): Reading<RecurrenceLaunch> {
  return { kind: 'row', format: 'bf16', shape, time };
}

const published = ['kernel_source', 'phase', 'batch_size', 'seq_len', 'latency'];
const delta = [...published, 'num_k_heads', 'num_v_heads', 'head_k_dim', 'head_v_dim'];

/** Tokens of each sequence: decoding ones have one, and no length beside them. */
function tokensOf(record: TableRecord): number {
  return record.text('phase') === 'generation' ? 1 : record.number('seq_len');
}

function readDelta(record: TableRecord, kernel: RegExp, phase?: string): Reading<RecurrenceLaunch> {
  if (!kernel.test(record.text('kernel_source')) || (phase !== undefined && record.text('phase') !== phase)) return other;
  const heads = {
    keyHeads: record.number('num_k_heads'),
    valueHeads: record.number('num_v_heads'),
    keyHeadSize: record.number('head_k_dim'),
    valueHeadSize: record.number('head_v_dim'),
  };
  return row(
    launch(record.number('batch_size'), tokensOf(record), heads, narrowKernel.test(record.text('kernel_source')) ? narrowState : wideState),
    record.number('latency') * 1e-3,
  );
}

/** Convolutions whose time does not follow the heads that their rows name: they ran on the queries' width alone. */
function ofAllHeads({ constants }: TableHeader): boolean {
  return constants.get('framework') !== 'TRTLLM' && constants.get('version') !== '0.5.10';
}

/** Layouts of linear attention: scans of prompts, updates of decoding sequences, the convolution in front of both. */
export const linearLayouts: readonly Layout<RecurrenceLaunch>[] = [
  {
    name: 'linear-attention-prefill (gdn)',
    summary: 'kernel_source, phase, batch_size, seq_len, num_k_heads, num_v_heads, head_k_dim, head_v_dim, latency in ms: chunk_gated_delta_rule',
    family: linearScan,
    columns: delta,
    read: (record) => readDelta(record, /gated_delta_rule/, 'context'),
  },
  {
    name: 'linear-attention-decode (gdn)',
    summary: 'the same columns in the phase generation: fused_recurrent_gated_delta_rule',
    family: linearUpdate,
    columns: delta,
    read: (record) => readDelta(record, /gated_delta_rule/, 'generation'),
  },
  {
    name: 'short-convolution (gdn)',
    summary: 'the same columns in both phases: causal_conv1d',
    family: shortConvolution,
    columns: delta,
    accepts: ofAllHeads,
    read: (record) => readDelta(record, /conv1d/),
  },
];
