import { bytesPerElement, numberFormats, type NumberFormat } from '../../src/catalogue/format.ts';
import { operatorClasses, type OperatorClass } from '../../src/catalogue/stack.ts';
import { keyValueBytes, type AttentionLaunch } from '../../src/cost/calibration/families/attention-shape.ts';
import { latentBytes } from '../../src/cost/calibration/families/latent-shape.ts';
import type { ExpertMlpShape } from '../../src/cost/calibration/families/expert-mlp.ts';
import type { GemmShape } from '../../src/cost/calibration/families/gemm.ts';
import type { GroupedGemmShape } from '../../src/cost/calibration/families/grouped-gemm.ts';
import { sumOf } from '../../src/cost/calibration/families/grouped-product.ts';
import { evenLoads, limitedGateLoads, powerLawLoads, randomLoads } from '../../src/model/expert-load.ts';
import type { OperatorQuestion } from '../../src/ledger/question.ts';
import type { Problems } from '../scenario/problems.ts';

/** Classes of operators of which a case can time one launch. */
export const launchClasses = [
  'gemm',
  'grouped-gemm',
  'expert-mlp',
  'attention-prefill',
  'attention-decode',
  'latent-attention-prefill',
  'latent-attention-decode',
  'sparse-attention-prefill',
  'sparse-attention-decode',
] as const;
export type LaunchClass = (typeof launchClasses)[number];

/** A launch without the machine that runs it. */
export type Launch = Pick<OperatorQuestion, 'class' | 'format' | 'shape' | 'flop' | 'bytes' | 'roofline'>;

/** Sizes of each class; with a default where they may be absent. */
const sizes: Readonly<Record<LaunchClass, Readonly<Record<string, number | undefined>>>> = {
  gemm: { m: undefined, n: undefined, k: undefined, groups: 1 },
  'grouped-gemm': { m: undefined, n: undefined, k: undefined, groups: undefined },
  'expert-mlp': { tokens: undefined, hidden: undefined, width: undefined, experts: undefined, 'per-token': undefined, ranks: 1 },
  'attention-prefill': { sequences: 1, tokens: undefined, before: 0, heads: undefined, 'kv-heads': undefined, 'head-size': 128 },
  'attention-decode': { sequences: undefined, context: undefined, heads: undefined, 'kv-heads': undefined, 'head-size': 128 },
  'latent-attention-prefill': { sequences: 1, tokens: undefined, before: 0, heads: 128, nope: 128, rope: 64, value: 128 },
  'latent-attention-decode': { sequences: undefined, context: undefined, queries: 1, heads: 128, latent: 512, rope: 64 },
  'sparse-attention-prefill': { sequences: 1, tokens: undefined, before: 0, heads: 128, latent: 512, rope: 64, chosen: 2048 },
  'sparse-attention-decode': { sequences: undefined, context: undefined, queries: 1, heads: 128, latent: 512, rope: 64, chosen: 2048 },
};
const words: Readonly<Record<LaunchClass, Readonly<Record<string, string>>>> = {
  gemm: {},
  'grouped-gemm': {},
  'expert-mlp': { routing: 'uniform' },
  'attention-prefill': { kv: '' },
  'attention-decode': { kv: '' },
  'latent-attention-prefill': { kv: '' },
  'latent-attention-decode': { kv: '' },
  'sparse-attention-prefill': { kv: '' },
  'sparse-attention-decode': { kv: '' },
};

/** Storage of an element of a product's result. [B] */
const outputBytes = 2;

type Given = Readonly<Record<string, number | string>>;

/** Reads the sizes of a launch; undefined with problems where some are missing or unknown. */
export function launchOf(name: LaunchClass, format: string, shape: Given, at: string, problems: Problems): Launch | undefined {
  const number = numberFormats.find((one) => one === format || format.startsWith(`${one}-`));
  if (number === undefined) problems.add(`${at}.format`, `expected a format that begins with one of ${numberFormats.join(', ')}, got "${format}"`);
  const known = { ...sizes[name], ...words[name] };
  for (const key of Object.keys(shape)) if (!(key in known)) problems.add(`${at}.shape.${key}`, `unknown size; ${name} has ${Object.keys(known).join(', ')}`);
  const read: Record<string, number> = {};
  for (const [key, usual] of Object.entries(sizes[name])) {
    const value = shape[key] ?? usual;
    if (typeof value === 'number' && Number.isFinite(value) && (value > 0 || (value === 0 && usual === 0))) read[key] = value;
    else problems.add(`${at}.shape.${key}`, `expected a number above zero, got ${value === undefined ? 'nothing' : `"${value}"`}`);
  }
  const kv = shape['kv'] === undefined ? number : numberFormats.find((one) => one === shape['kv']);
  if (kv === undefined && number !== undefined) problems.add(`${at}.shape.kv`, `expected one of ${numberFormats.join(', ')}, got "${shape['kv']}"`);
  if (number === undefined || kv === undefined || Object.keys(read).length < Object.keys(sizes[name]).length) return undefined;
  const launch = built(name, read, { number, kv, routing: String(shape['routing'] ?? 'uniform') });
  if (launch === undefined) {
    problems.add(`${at}.shape.routing`, `expected uniform, random, limited or power:EXPONENT, got "${shape['routing']}"`);
    return undefined;
  }
  const operatorClass: OperatorClass | undefined = operatorClasses.find((one) => one === name);
  return {
    class: name,
    format: kv === number ? format : `${format}-kv-${kv}`,
    ...launch,
    roofline: operatorClass === undefined ? undefined : { class: operatorClass, format: number, flop: launch.flop, bytes: launch.bytes },
  };
}

interface Kinds {
  readonly number: NumberFormat;
  readonly kv: NumberFormat;
  readonly routing: string;
}

type Work = Pick<Launch, 'shape' | 'flop' | 'bytes'>;

function built(name: LaunchClass, read: Readonly<Record<string, number>>, kinds: Kinds): Work | undefined {
  const size = (key: string): number => read[key] ?? 0;
  switch (name) {
    case 'gemm': {
      const shape: GemmShape = { m: size('m'), n: size('n'), k: size('k'), groups: size('groups') };
      return { shape, ...productWork(size('groups'), size('m'), size('n'), size('k'), kinds.number) };
    }
    case 'grouped-gemm': {
      const each = bytesPerElement[kinds.number];
      const shape: GroupedGemmShape = {
        loads: [size('groups'), size('m')],
        n: size('n'),
        k: size('k'),
        experts: size('groups'),
        weightBytes: each,
        inputBytes: each,
      };
      return { shape, ...productWork(size('groups'), size('m'), size('n'), size('k'), kinds.number) };
    }
    case 'expert-mlp':
      return expertWork(size, kinds);
    case 'attention-prefill':
    case 'attention-decode':
      return attentionWork(name, size, { heads: size('kv-heads'), keys: size('head-size'), values: size('head-size') }, kinds.kv, size('before'));
    case 'latent-attention-prefill':
      return attentionWork(name, size, { heads: size('heads'), keys: size('nope') + size('rope'), values: size('value') }, kinds.kv, size('before'));
    case 'latent-attention-decode':
    case 'sparse-attention-prefill':
    case 'sparse-attention-decode':
      return attentionWork(name, size, { heads: 1, keys: size('latent') + size('rope'), values: size('latent') }, kinds.kv, size('before'));
  }
}

function productWork(groups: number, m: number, n: number, k: number, format: NumberFormat): { readonly flop: number; readonly bytes: number } {
  return { flop: 2 * groups * m * n * k, bytes: groups * ((m * k + n * k) * bytesPerElement[format] + m * n * outputBytes) };
}

function expertWork(size: (key: string) => number, { number, routing }: Kinds): Work | undefined {
  const dealt = { tokens: size('tokens'), perToken: size('per-token'), experts: size('experts'), ranks: size('ranks') };
  const exponent = /^power:([\d.]+)$/.exec(routing)?.[1];
  const even = { uniform: evenLoads, random: randomLoads, limited: limitedGateLoads }[routing];
  const skew = Number(exponent ?? 0);
  const loads = exponent === undefined ? even?.(dealt) : powerLawLoads(dealt, skew);
  if (loads === undefined) return undefined;
  const each = bytesPerElement[number];
  const shape: ExpertMlpShape = {
    tokens: dealt.tokens,
    perToken: dealt.perToken,
    expanded: dealt.tokens * dealt.perToken,
    loads,
    hidden: size('hidden'),
    width: size('width'),
    matrices: 3,
    experts: dealt.experts,
    local: dealt.experts / dealt.ranks,
    weightBytes: each,
    inputBytes: each,
    skew,
  };
  const { hit, rows } = sumOf(loads);
  const elements = 3 * size('hidden') * size('width');
  return { shape, flop: 2 * rows * elements, bytes: hit * elements * each };
}

function attentionWork(
  name: LaunchClass,
  size: (key: string) => number,
  keyValues: { readonly heads: number; readonly keys: number; readonly values: number },
  keyValueFormat: NumberFormat,
  before: number,
): Work {
  const decode = name.endsWith('decode');
  const queryTokens = decode ? size('queries') || 1 : size('tokens');
  const context = decode ? size('context') : before + queryTokens;
  const visible = context - (queryTokens - 1) / 2;
  const chosen = size('chosen');
  const seen = chosen > 0 ? Math.min(chosen, visible) : visible;
  const shape: AttentionLaunch = {
    sequences: size('sequences'),
    queryTokens,
    context,
    seen,
    heads: size('heads'),
    keyValueHeads: keyValues.heads,
    headSize: keyValues.keys,
    valueHeadSize: keyValues.values,
    keyValueFormat,
    window: chosen,
    repeated: true,
  };
  const flop = 2 * shape.sequences * queryTokens * seen * shape.heads * (shape.headSize + shape.valueHeadSize);
  const latent = keyValues.heads === 1 && name !== 'attention-decode' && name !== 'attention-prefill';
  return { shape, flop, bytes: latent ? latentBytes(shape, context) : keyValueBytes(shape, context) };
}
