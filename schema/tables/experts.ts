import { expertMlp, type ExpertMlpShape } from '../../src/cost/calibration/families/expert-mlp.ts';
import { groupedGemm, type GroupedGemmShape } from '../../src/cost/calibration/families/grouped-gemm.ts';
import { sumOf } from '../../src/cost/calibration/families/grouped-product.ts';
import { evenLoads, limitedGateLoads, powerLawLoads, randomLoads, roundedPlaceLoads, type ExpertLoads, type Routing } from '../../src/model/expert-load.ts';
import type { Layout, Reading, TableHeader, TableRecord } from './layout.ts';

interface Storage {
  readonly format: string;
  /** Storage of one weight, scales included, and of one element of the rows. [B] */
  readonly weightBytes: number;
  readonly inputBytes: number;
}

/** Formats of expert weights as the tables name them; `-a16` and `-a8`: narrow weights, wider activations. */
const storages: Readonly<Record<string, Storage>> = {
  bf16: { format: 'bf16', weightBytes: 2, inputBytes: 2 },
  bfloat16: { format: 'bf16', weightBytes: 2, inputBytes: 2 },
  fp8: { format: 'fp8', weightBytes: 1, inputBytes: 1 },
  fp8_block: { format: 'fp8-block', weightBytes: 1, inputBytes: 1 },
  w8a8: { format: 'int8', weightBytes: 1, inputBytes: 1 },
  int4_wo: { format: 'int4-a16', weightBytes: 0.53125, inputBytes: 2 },
  w4a16_mxfp4: { format: 'fp4-a16', weightBytes: 0.53125, inputBytes: 2 },
  w4a8_mxfp4_mxfp8: { format: 'fp4-a8', weightBytes: 0.53125, inputBytes: 1.03125 },
  nvfp4: { format: 'fp4', weightBytes: 0.5625, inputBytes: 0.5625 },
};

/** Kernels that a stack has beside its own for the format, by their name and the table's device: their rows are cells apart. */
const kernels: readonly { readonly name: RegExp; readonly device?: RegExp; readonly suffix: string }[] = [
  { name: /^sglang_fused_moe_triton/, device: /B200/i, suffix: '-triton' },
  { name: /^sglang_flashinfer_cutlass/, suffix: '-cutlass' },
  { name: /^sglang_mxfp4_/, suffix: '-mxfp4' },
  { name: /^(sglang_marlin_moe_|vllm_.*mxfp4.*marlin)/, suffix: '-marlin' },
  { name: /min_latency/, suffix: '-min-latency' },
  { name: /^vllm_fp8moe_triton/, suffix: '-triton' },
  { name: /^vllm_(fp8|comp.*nvfp4).*modular$/, suffix: '-modular' },
  { name: /^vllm_.*cutlass/, device: /B200/i, suffix: '-cutlass' },
  // Timed with the launch that these kernels begin with: TensorRT-LLM's rows of them, tuned as engines tune both when they start, take a third to a sixth.
  { name: /^vllm_modelopt.*cutlass/, suffix: '-cutlass' },
];

/** Shapes whose experts have no gate (squared ReLU), by intermediate size, experts of a token, experts: Nemotron 3. */
const ungated: ReadonlySet<string> = new Set(['5120/22/512', '2688/22/512', '1856/6/128']);
/** A kernel that gates by groups whatever the model. */
const groupGate = /min_latency/;
/** The shape whose gate keeps four of eight groups of experts in stacks that run the model's own gate: DeepSeek V3, R1. */
const limitedGate = '7168/2048/8/256';

/**
 * Experts on the die x width for which a stack ships a tuned launch of its Triton kernel in 16 bits, by the device that its file names
 * say; others run with the default, at half the rate and less.
 */
const tunedLaunches: readonly { readonly device: RegExp; readonly shapes: ReadonlySet<string> }[] = [
  { device: /A100/i, shapes: new Set(['8x1792', '8x2048', '8x3584', '8x4096', '8x7168']) },
  {
    device: /H100/i,
    shapes: new Set([
      '8x1792',
      '8x2048',
      '8x3584',
      '8x4096',
      '8x7168',
      '16x1024',
      '16x2048',
      '128x192',
      '128x352',
      '128x384',
      '128x704',
      '128x768',
      '512x64',
      '512x128',
    ]),
  },
  {
    device: /H200/i,
    shapes: new Set([
      '8x1792',
      '8x2048',
      '8x3584',
      '8x4096',
      '8x7168',
      '8x14336',
      '16x1024',
      '128x192',
      '128x384',
      '128x704',
      '128x768',
      '512x64',
      '512x128',
      '512x256',
    ]),
  },
  { device: /B200/i, shapes: new Set(['16x1024', '16x2048', '128x352', '128x704', '256x256', '256x512']) },
];

function isTuned(kernel: string, format: string, device: string, shape: string): boolean {
  if (kernel !== 'sglang_fused_moe_triton' || format !== 'bf16') return true;
  return tunedLaunches.find((launches) => launches.device.test(device))?.shapes.has(shape) ?? true;
}

/** Version, or shape, whose ranks drop the tokens that have no expert on them, and run the others' rows for all of their experts. */
const wholeTokens = { version: '0.5.10', shape: '2816/704/8/128' };

/**
 * Tables whose even routing goes through 16-bit floats: 48 tokens of 16 experts each take half of what 64 do where 896 experts are on the
 * die, and 0.72 of it for 10 of 512; other stacks' take 0.86 and 0.93.
 */
const roundedPlaces = /^vllm_/;

const uniform = 'balanced';
const powerLaw = /^power_law_([\d.]+)$/;

const known = new Map<string, ExpertLoads>();

type Gate = 'plain' | 'limited' | 'whole' | 'rounded';

function loadsOf(routing: Routing, skew: number, gate: Gate): ExpertLoads {
  const key = `${routing.tokens}/${routing.perToken}/${routing.experts}/${routing.ranks}/${skew}/${gate}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const own = skew > 0 ? powerLawLoads(routing, skew) : balancedLoads(routing, gate);
  const loads = gate === 'whole' ? wholeTokenLoads(routing, own, skew) : own;
  known.set(key, loads);
  return loads;
}

function balancedLoads(routing: Routing, gate: Gate): ExpertLoads {
  if (gate === 'limited') return limitedGateLoads(routing);
  return gate === 'rounded' ? roundedPlaceLoads(routing) : evenLoads(routing);
}

/** Rows of a rank that runs all experts of every token that has one of them there, on its own experts. */
function wholeTokenLoads({ tokens, perToken, experts, ranks }: Routing, own: ExpertLoads, skew: number): ExpertLoads {
  const total = tokens * perToken;
  const { rows } = sumOf(own);
  const even = experts / ranks / Math.ceil(experts / perToken);
  const reached = skew > 0 ? 1 - (1 - Math.min(1, rows / total)) ** perToken : even;
  const more = Math.max(1, (total * Math.min(1, reached)) / rows);
  return own.map((value, i) => (i % 2 === 0 ? value : value * more));
}

/** One row of the published tables of MoE kernels: tokens times experts over ranks that share experts (ep) or slice them (tp). */
function readPublished(record: TableRecord): Reading<ExpertMlpShape> {
  const storage = storages[record.text('moe_dtype')];
  if (storage === undefined) return { kind: 'other' };
  const kernel = record.text('kernel_source');
  const device = `${record.text('device')} ${record.header.file}`;
  const variant = kernels.find((candidate) => candidate.name.test(kernel) && (candidate.device?.test(device) ?? true));
  const [tokens, hidden, intermediate, perToken, experts, ranks] = (
    ['num_tokens', 'hidden_size', 'inter_size', 'topk', 'num_experts', 'moe_ep_size'] as const
  ).map((column) => record.number(column)) as [number, number, number, number, number, number];
  const distribution = record.text('distribution');
  const skew = distribution === uniform ? 0 : Number(powerLaw.exec(distribution)?.[1] ?? Number.NaN);
  const layer = `${hidden}/${intermediate}/${perToken}/${experts}`;
  const limited =
    (groupGate.test(kernel) && perToken === 8) ||
    (layer === limitedGate && /^(sglang|vllm)_/.test(kernel) && (storage.format === 'fp8-block' || storage.format === 'fp4'));
  const routing: Routing = { tokens, perToken, experts, ranks };
  const whole = kernel.startsWith('sglang_') && (record.text('version') === wholeTokens.version || layer === wholeTokens.shape);
  const width = intermediate / record.number('moe_tp_size');
  const loads = loadsOf(routing, skew, whole ? 'whole' : limited ? 'limited' : roundedPlaces.test(kernel) ? 'rounded' : 'plain');
  return {
    kind: 'row',
    format: `${storage.format}${variant?.suffix ?? ''}`,
    shape: {
      tokens,
      perToken,
      expanded: whole ? sumOf(loads).rows : tokens * perToken,
      loads,
      hidden,
      width,
      matrices: kernel.includes('nongated') || ungated.has(`${intermediate}/${perToken}/${experts}`) ? 2 : 3,
      experts,
      local: experts / ranks,
      weightBytes: storage.weightBytes,
      inputBytes: storage.inputBytes,
      tuned: isTuned(kernel, storage.format, device, `${experts / ranks}x${width}`),
      skew,
    },
    time: record.number('latency') * 1e-3,
  };
}

/** One row of expert MLP times under uniform random routing, the local experts only. */
function readRandom(record: TableRecord): Reading<ExpertMlpShape> {
  const storage = storages[record.text('dtype')];
  if (storage === undefined) return { kind: 'other' };
  const [tokens, hidden, width, experts, perToken, ranks] = (['tokens', 'hidden', 'expert_intermediate', 'experts', 'top_k', 'ep'] as const).map((column) =>
    record.number(column),
  ) as [number, number, number, number, number, number];
  return {
    kind: 'row',
    format: storage.format,
    shape: {
      tokens,
      perToken,
      expanded: tokens * perToken,
      loads: randomLoads({ tokens, perToken, experts, ranks }),
      hidden,
      width,
      matrices: 3,
      experts,
      local: experts / ranks,
      weightBytes: storage.weightBytes,
      inputBytes: storage.inputBytes,
      skew: 0,
    },
    time: record.number('microseconds') * 1e-6,
  };
}

/** Hidden size, width, experts of a token, and experts of the models whose folders hold tables by the experts that are hit. */
const activatedSizes: readonly (readonly [RegExp, hidden: number, width: number, perToken: number, experts: number])[] = [[/Qwen3-30B-A3B/, 2048, 768, 8, 128]];

/** One row of times by tokens and the experts that these hit, equally often, in 16 bits; the model is in the path. */
function readActivated(record: TableRecord): Reading<ExpertMlpShape> {
  const model = activatedSizes.find(([path]) => path.test(record.header.file));
  if (model === undefined) return { kind: 'other' };
  const [, hidden, width, perToken, experts] = model;
  const [tokens, hit] = [record.number('tokens'), record.number('activated_experts')];
  const rows = tokens * perToken;
  return {
    kind: 'row',
    format: 'bf16',
    shape: {
      tokens,
      perToken,
      expanded: rows,
      loads: [hit, rows / hit],
      hidden,
      width,
      matrices: 3,
      experts,
      local: experts,
      weightBytes: 2,
      inputBytes: 2,
      skew: 0,
    },
    time: record.number('time_us') * 1e-6,
  };
}

const activatedColumns = ['tokens', 'activated_experts', 'time_us'];
const ofActivated = ({ file }: TableHeader): boolean => activatedSizes.some(([path]) => path.test(file));

/** One of the two products of such a row, at its part of the weights of the whole: two of three matrices, or one. */
function readActivatedProduct(record: TableRecord, up: boolean): Reading<GroupedGemmShape> {
  const reading = readActivated(record);
  if (reading.kind !== 'row') return reading;
  const { hidden, width, loads, experts, weightBytes, inputBytes } = reading.shape;
  const [n, k] = up ? [2 * width, hidden] : [hidden, width];
  return { kind: 'row', format: 'bf16', shape: { loads, n, k, experts, weightBytes, inputBytes }, time: (reading.time * (up ? 2 : 1)) / 3 };
}

const groupedColumns = ['num_experts', 'num_local_experts', 'topk', 'hidden_size', 'intermediate_size', 'tokens_per_expert', 'up_proj_us', 'down_proj_us'];

/** Peaks that the tables' utilisation is counted against, by what their path says of the chip. [flop/s] */
const peaks: readonly (readonly [RegExp, number])[] = [
  [/(^|\/)h20\//, 296e12],
  [/(^|\/)h800\//, 1979e12],
];

/** How far the rows of an expert are drawn from their mean, as a share of it. */
const drawnWithin = 0.3;

/**
 * Rows of the experts in a table of decoding batches: drawn from 0.7 to 1.3 times the mean and rounded down, so that of a mean of one half
 * of the experts get none. How many they were in all follows from the utilisation; they are spread evenly over that range.
 */
function drawnLoads(experts: number, mean: number, flop: number, perRow: number): ExpertLoads {
  const drawn = flop / perRow / experts;
  // The utilisation is rounded, and the mean that is printed too.
  const inside = drawn >= 0.4 * mean && drawn <= 1.4 * mean ? drawn : mean;
  if (mean === 1) return [Math.max(1, experts * Math.min(1, inside)), 1];
  return Array.from({ length: experts }, (_, i) => [1, inside * (1 + drawnWithin * ((2 * i + 1) / experts - 1))]).flat();
}

/** One of the two products of a row; the tables are of block-scaled FP8, those of decoding batches of kernels that know the rows of an expert by a mask. */
function readProduct(record: TableRecord, up: boolean): Reading<GroupedGemmShape> {
  const experts = record.number('num_local_experts');
  const rows = record.number('tokens_per_expert');
  const hidden = record.number('hidden_size');
  const intermediate = record.number('intermediate_size');
  const time = record.number(up ? 'up_proj_us' : 'down_proj_us') * 1e-6;
  const [n, k] = up ? [2 * intermediate, hidden] : [hidden, intermediate];
  const peak = peaks.find(([file]) => file.test(record.header.file))?.[1] ?? Number.NaN;
  const flop = record.number(up ? 'up_mfu' : 'down_mfu') * peak * time;
  const drawn = record.header.columns.includes('batch_size_per_gpu');
  return {
    kind: 'row',
    format: drawn ? 'fp8-block-masked' : 'fp8-block',
    shape: {
      loads: drawn ? drawnLoads(experts, rows, flop, 2 * n * k) : [experts, rows],
      n,
      k,
      experts,
      weightBytes: 1,
      inputBytes: 1,
      expected: drawn ? rows : undefined,
    },
    time,
  };
}

/** Layouts of expert MLPs and of their products by themselves. */
export const expertMlpLayouts: readonly Layout<ExpertMlpShape>[] = [
  {
    name: 'expert-mlp (moe)',
    summary: 'kernel_source, moe_dtype, num_tokens, hidden_size, inter_size, topk, num_experts, moe_tp_size, moe_ep_size, distribution, latency in ms',
    family: expertMlp,
    columns: [
      'kernel_source',
      'moe_dtype',
      'num_tokens',
      'hidden_size',
      'inter_size',
      'topk',
      'num_experts',
      'moe_tp_size',
      'moe_ep_size',
      'distribution',
      'latency',
    ],
    read: readPublished,
  },
  {
    name: 'expert-mlp (microseconds)',
    summary: 'dtype, tokens, hidden, expert_intermediate, experts, top_k, ep, microseconds; uniform random routing',
    family: expertMlp,
    columns: ['dtype', 'tokens', 'hidden', 'expert_intermediate', 'experts', 'top_k', 'ep', 'microseconds'],
    read: readRandom,
  },
  {
    name: 'expert-mlp (activated)',
    summary: 'tokens, activated_experts, time_us; the model is in the path',
    family: expertMlp,
    columns: activatedColumns,
    accepts: ofActivated,
    read: readActivated,
  },
];

export const groupedGemmLayouts: readonly Layout<GroupedGemmShape>[] = [
  {
    name: 'grouped-gemm (up)',
    summary: 'num_local_experts, hidden_size, intermediate_size, tokens_per_expert, up_proj_us, down_proj_us: gate and up of the local experts',
    family: groupedGemm,
    columns: groupedColumns,
    read: (record) => readProduct(record, true),
  },
  {
    name: 'grouped-gemm (down)',
    summary: 'the same row: down of the local experts',
    family: groupedGemm,
    columns: groupedColumns,
    read: (record) => readProduct(record, false),
  },
  ...[true, false].map((up): Layout<GroupedGemmShape> => ({
    name: `grouped-gemm (activated, ${up ? 'up' : 'down'})`,
    summary: `tokens, activated_experts, time_us of both products: ${up ? 'two thirds' : 'one third'}; the model is in the path`,
    family: groupedGemm,
    columns: activatedColumns,
    accepts: ofActivated,
    read: (record) => readActivatedProduct(record, up),
  })),
];
