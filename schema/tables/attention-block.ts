import {
  latentBlockDecode,
  latentBlockPrefill,
  sparseBlockDecode,
  sparseBlockPrefill,
  type BlockLaunch,
} from '../../src/cost/calibration/families/attention-block.ts';
import { attentionFormat } from '../../src/cost/calibration/families/attention-shape.ts';
import type { OperatorFamily } from '../../src/cost/calibration/family.ts';
import type { NumberFormat } from '../../src/catalogue/format.ts';
import { limitedPairs } from '../../src/model/operators/span.ts';
import type { Layout, Reading, TableRecord } from './layout.ts';
import { tableFormat } from './mla.ts';

/** Published sizes of the models whose blocks were timed. */
interface Sizes {
  readonly hidden: number;
  readonly queryRank: number;
  readonly nope: number;
  readonly value: number;
  readonly indexHeads: number;
}
const models: readonly (readonly [RegExp, Sizes])[] = [
  [/DeepSeek-(V3|R1)/, { hidden: 7168, queryRank: 1536, nope: 128, value: 128, indexHeads: 64 }],
  [/GLM-5/, { hidden: 6144, queryRank: 2048, nope: 192, value: 256, indexHeads: 32 }],
];
const rank = 512;
const rope = 64;
const indexKey = 128;
const topK = 2048;

const projections: ReadonlyMap<string, NumberFormat> = new Map([
  ['bfloat16', 'bf16'],
  ['fp8_block', 'fp8'],
  ['fp8', 'fp8'],
  ['nvfp4', 'fp4'],
]);

const published = ['model', 'num_heads', 'batch_size', 'isl', 'step', 'mla_dtype', 'kv_cache_dtype', 'gemm_type', 'latency'];
/** Kernels that leave a short prompt to dense attention: cells apart. */
const dense = /dense_mha/;
/** Layers that take over the choice of an earlier one. */
const noIndex = /skip_indexer/;

interface Kind {
  readonly sparse: boolean;
  readonly decode: boolean;
}

function read(record: TableRecord, { sparse, decode }: Kind): Reading<BlockLaunch> {
  const operands = tableFormat(record.text('mla_dtype'));
  const keyValue = tableFormat(record.text('kv_cache_dtype'));
  const projection = projections.get(record.text('gemm_type'));
  const sizes = models.find(([model]) => model.test(record.text('model')))?.[1];
  if (operands === undefined || keyValue === undefined || projection === undefined || sizes === undefined) return { kind: 'other' };
  const { hidden, queryRank, nope, value, indexHeads } = sizes;
  const kernel = record.text('kernel_source');
  const index = sparse && !noIndex.test(kernel) && !dense.test(kernel);
  const limited = sparse && !dense.test(kernel);
  const heads = record.number('num_heads');
  const fresh = record.number('isl');
  const before = record.number('step');
  const visible = before + (fresh + 1) / 2;
  const absorbed = decode || limited;
  const shape: BlockLaunch = {
    sequences: record.number('batch_size'),
    queryTokens: fresh,
    context: before + fresh,
    visible,
    seen: limited ? limitedPairs(fresh, 1, before + fresh, fresh * visible, topK) / fresh : visible,
    heads,
    keyValueHeads: absorbed ? 1 : heads,
    headSize: absorbed ? rank + rope : nope + rope,
    valueHeadSize: absorbed ? rank : value,
    keyValueFormat: keyValue,
    window: limited ? topK : 0,
    weights:
      hidden * (queryRank + rank + rope) +
      heads * (queryRank * (nope + rope) + rank * (nope + value) + value * hidden) +
      (index ? queryRank * indexHeads * indexKey + hidden * (indexKey + indexHeads) : 0),
    projection,
    indexWidth: index ? indexHeads * indexKey : 0,
    repeated: true,
  };
  const variant = dense.test(kernel) ? '-dense' : sparse && !index ? '-shared' : '';
  return { kind: 'row', format: attentionFormat(operands, keyValue) + variant, shape, time: record.number('latency') * 1e-3 };
}

function layout(name: string, of: string, family: OperatorFamily<BlockLaunch>, table: RegExp, kind: Kind): Layout<BlockLaunch> {
  return {
    name: `${family.class} (${name})`,
    summary: `model, num_heads, batch_size, isl new tokens, step earlier ones, mla_dtype, kv_cache_dtype, gemm_type, latency in ms: ${of}`,
    family,
    columns: published,
    accepts: ({ file, constants }) => table.test(constants.get('op_name') ?? file),
    read: (record) => read(record, kind),
  };
}

/** Layouts of whole attention blocks. */
export const attentionBlockLayouts: readonly Layout<BlockLaunch>[] = [
  layout('mla_context_module', 'latent attention of prompts with its projections', latentBlockPrefill, /mla_context_module/, { sparse: false, decode: false }),
  layout('mla_generation_module', 'the same of decoding sequences', latentBlockDecode, /mla_generation_module/, { sparse: false, decode: true }),
  layout('dsa_context_module', 'sparse attention of prompts with projections and index', sparseBlockPrefill, /dsa_context_module/, {
    sparse: true,
    decode: false,
  }),
  layout('dsa_generation_module', 'the same of decoding sequences', sparseBlockDecode, /dsa_generation_module/, { sparse: true, decode: true }),
];
