import type { NumberFormat } from '../../catalogue/format.ts';
import type { Issue } from '../../base/errors.ts';
import { tensorClasses, type Quantisation, type TensorClass } from '../model.ts';
import { Fields, isCount, isRecord, isText, shown } from './fields.ts';

/** Classes that checkpoints keep in their base format whatever the method. */
const alwaysBase: readonly TensorClass[] = ['embedding', 'head', 'router', 'norm'];

/** Which class a pattern of module names means, most particular first. */
const modules: readonly (readonly [RegExp, TensorClass])[] = [
  [/norm(\.weight|\.bias)?$/, 'norm'],
  [/lm_head/, 'head'],
  [/embed/, 'embedding'],
  [/(^gate|\.gate|router|e_score_correction_bias)$/, 'router'],
  // Small parts of a layer, counted with the norms: they stay as they are.
  [/indexer|eh_proj/, 'norm'],
  [/shared_expert/, 'shared'],
  [/experts/, 'experts'],
  [/self_attn|attention/, 'attention'],
  [/mlp/, 'dense'],
];

/** Towers beside the language model. */
const beside = /vision|visual|mm_projector|audio/;

function excludedOf(fields: Fields, name: string): readonly TensorClass[] {
  const patterns = fields.list(name, 'module names', isText) ?? [];
  const classes = new Set<TensorClass>(alwaysBase);
  for (const pattern of patterns) {
    if (beside.test(pattern)) continue;
    const plain = pattern.replace(/^re:/, '').replaceAll('\\', '').replace(/\.\*$/, '').replace(/\*$/, '');
    const match = modules.find(([expression]) => expression.test(plain));
    if (match !== undefined) classes.add(match[1]);
    else fields.wrong(name, `"${pattern}" names no known part of a model`);
  }
  return tensorClasses.filter((name) => classes.has(name));
}

interface Numbers {
  readonly weights: NumberFormat;
  readonly activations: NumberFormat;
  readonly scaleGroup: number;
  readonly scaleRows: number;
  readonly scaleBytes: number;
}

/**
 * The stored format of a checkpoint from its `quantization_config`. Wrong or unknown fields go to `issues`.
 * @param base format of what is not quantised
 */
export function quantisationOf(value: unknown, at: string, base: NumberFormat, issues: Issue[]): Quantisation | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) {
    issues.push({ path: at, message: `expected a map, got ${shown(value)}` });
    return undefined;
  }
  const fields = new Fields(value, at, issues);
  const method = fields.name('quant_method', ['fp8', 'mxfp4', 'compressed-tensors', 'modelopt', 'gptq', 'awq'], 'fp8');
  if (!fields.has('quant_method')) fields.wrong('quant_method', 'expected one of fp8, mxfp4, compressed-tensors, modelopt, gptq, awq, got nothing');
  const numbers = numbersOf(fields, method, base);
  const excluded = excludedOf(
    fields,
    method === 'compressed-tensors' || fields.has('ignore') ? 'ignore' : fields.has('exclude_modules') ? 'exclude_modules' : 'modules_to_not_convert',
  );
  for (const name of fields.left()) fields.wrong(name, 'unknown field of a quantisation');
  return { method, ...numbers, excluded };
}

const unusedFields = [
  'fmt',
  'scale_fmt',
  'activation_scheme',
  'kv_cache_scheme',
  'format',
  'quantization_status',
  'global_compression_ratio',
  'sparsity_config',
  'version',
  'producer',
  'desc_act',
  'sym',
  'zero_point',
  'backend',
  'lm_head',
  'static_groups',
  'true_sequential',
  'damp_percent',
  'model_name_or_path',
  'model_file_base_name',
  'do_fuse',
  'fuse_max_seq_len',
  'kv_cache_quant_algo',
  'transform_config',
] as const;

function numbersOf(fields: Fields, method: string, base: NumberFormat): Numbers {
  for (const name of unusedFields) fields.raw(name);
  switch (method) {
    case 'mxfp4':
      return { weights: 'fp4', activations: base, scaleGroup: 32, scaleRows: 1, scaleBytes: 1 };
    case 'compressed-tensors':
      return compressed(fields, base);
    case 'modelopt': {
      const algorithm = fields.name('quant_algo', ['NVFP4', 'FP8'], 'FP8');
      const group = fields.count('group_size', 16);
      fields.raw('config_groups');
      return algorithm === 'NVFP4' ? { weights: 'fp4', activations: 'fp4', scaleGroup: group, scaleRows: 1, scaleBytes: 1 } : perChannel('fp8');
    }
    case 'gptq':
    case 'awq': {
      const bits = fields.count('bits');
      if (bits !== 4 && bits !== 8) fields.wrong('bits', `expected 4 or 8, got ${bits}`);
      return { weights: bits === 8 ? 'int8' : 'int4', activations: base, scaleGroup: fields.count('group_size', 128), scaleRows: 1, scaleBytes: 2 };
    }
    default: {
      const block = fields.list('weight_block_size', 'whole numbers', isCount);
      if (block === undefined) return perChannel('fp8');
      const [rows = 0, columns = 0] = block;
      if (block.length !== 2 || rows < 1 || columns < 1) {
        fields.wrong('weight_block_size', `expected two whole numbers of at least 1, such as [128, 128], got [${block.join(', ')}]`);
        return perChannel('fp8');
      }
      return { weights: 'fp8', activations: 'fp8', scaleGroup: rows * columns, scaleRows: rows, scaleBytes: 4 };
    }
  }
}

function perChannel(format: NumberFormat): Numbers {
  return { weights: format, activations: format, scaleGroup: 0, scaleRows: 1, scaleBytes: 4 };
}

/** One group of weights and, where they are quantised too, activations. */
function compressed(fields: Fields, base: NumberFormat): Numbers {
  const groups = fields.raw('config_groups');
  const list = isRecord(groups) ? Object.entries(groups) : [];
  const [first] = list;
  if (first === undefined || list.length > 1 || !isRecord(first[1])) {
    fields.wrong('config_groups', `expected one group, got ${isRecord(groups) ? list.length : shown(groups)}: several formats at once are not supported`);
    return perChannel('int8');
  }
  const at = fields.path(`config_groups.${first[0]}`);
  const { weights, input_activations: activations } = first[1];
  const stored = elements(weights, `${at}.weights`, fields.issues);
  const computed = activations === null || activations === undefined ? undefined : elements(activations, `${at}.input_activations`, fields.issues);
  const grouped = stored.group > 0;
  return {
    weights: stored.format,
    activations: computed?.format ?? base,
    scaleGroup: stored.group,
    scaleRows: 1,
    scaleBytes: grouped ? (stored.format === 'fp4' ? 1 : 2) : 4,
  };
}

function elements(value: unknown, at: string, issues: Issue[]): { readonly format: NumberFormat; readonly group: number } {
  if (!isRecord(value)) {
    issues.push({ path: at, message: `expected a map, got ${shown(value)}` });
    return { format: 'int8', group: 0 };
  }
  const fields = new Fields(value, at, issues);
  const bits = fields.count('num_bits');
  const type = fields.name('type', ['int', 'float'], 'int');
  const group = fields.name('strategy', ['group', 'tensor_group', 'channel', 'tensor', 'token'], 'channel');
  if (bits !== 4 && bits !== 8) fields.wrong('num_bits', `expected 4 or 8, got ${bits}`);
  const format = ({ int: { 4: 'int4', 8: 'int8' }, float: { 4: 'fp4', 8: 'fp8' } } as const)[type][bits === 4 ? 4 : 8];
  return { format, group: group === 'group' || group === 'tensor_group' ? fields.count('group_size') : 0 };
}
