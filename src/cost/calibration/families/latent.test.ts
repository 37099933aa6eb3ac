import { describe, expect, test } from 'vitest';
import type { DieRates, OperatorFamily } from '../family.ts';
import { predictor } from '../predict.ts';
import { latentBlockDecode, sparseBlockDecode, sparseBlockPrefill, type BlockLaunch } from './attention-block.ts';
import type { AttentionLaunch } from './attention-shape.ts';
import { latentBytes, readsLatents } from './latent-shape.ts';
import { linearScan, linearUpdate, shortConvolution, type RecurrenceLaunch } from './linear-attention.ts';
import { mlaDecode } from './mla-decode.ts';
import { mlaPrefill } from './mla-prefill.ts';
import { sparseDecode, sparsePrefill } from './sparse-attention.ts';
import { indexChoice, indexScores } from './sparse-index.ts';

const peaks = { bf16: { peak: { value: 1000e12 }, ceiling: { value: 900e12 } }, fp8: { peak: { value: 2000e12 }, ceiling: { value: 1800e12 } } };
const die = {
  chip: { die: { matrix: { peaks } } },
  format: 'bf16',
  peak: 1000e12,
  ceiling: 900e12,
  vector: 50e12,
  cores: 128,
  bandwidth: 4e12,
  cache: 50e6,
} as unknown as DieRates;

const decoding = (sequences: number, context: number, heads: number): AttentionLaunch => ({
  sequences,
  queryTokens: 1,
  context,
  seen: context,
  heads,
  keyValueHeads: 1,
  headSize: 576,
  valueHeadSize: 512,
  keyValueFormat: 'bf16',
  window: 0,
});
const prompt = (sequences: number, tokens: number, heads: number): AttentionLaunch => ({
  ...decoding(sequences, tokens, heads),
  queryTokens: tokens,
  seen: (tokens + 1) / 2,
  keyValueHeads: heads,
  headSize: 192,
  valueHeadSize: 128,
});
const chosen = (shape: AttentionLaunch): AttentionLaunch => ({ ...shape, seen: Math.min(shape.seen, 2048), window: 2048 });
const recurrent = (sequences: number, queryTokens: number, valueHeads: number): RecurrenceLaunch => ({
  sequences,
  queryTokens,
  keyHeads: Math.max(1, valueHeads / 4),
  valueHeads,
  keyHeadSize: 128,
  valueHeadSize: 128,
  stateElement: 4,
  matrixFlop: queryTokens === 1 ? 0 : sequences * queryTokens * valueHeads * 168e3,
});

const lengths = [1, 64, 500, 2048, 2049, 16_384, 131_072];
const batches = [1, 2, 7, 64, 300];
const heads = [1, 8, 16, 48, 128];
interface Sweep<Shape> {
  readonly family: OperatorFamily<Shape>;
  readonly shape: (sequences: number, length: number, heads: number) => Shape;
}
const latentSweeps: readonly Sweep<AttentionLaunch>[] = [
  { family: mlaDecode, shape: decoding },
  { family: mlaPrefill, shape: prompt },
  { family: sparseDecode, shape: (sequences, context, count) => chosen(decoding(sequences, context, count)) },
  { family: sparsePrefill, shape: (sequences, tokens, count) => chosen({ ...decoding(sequences, tokens, count), queryTokens: tokens }) },
  { family: indexScores, shape: (sequences, tokens, count) => ({ ...prompt(sequences, tokens, count), keyValueHeads: 1, headSize: 128, valueHeadSize: 0 }) },
  { family: indexChoice, shape: (sequences, tokens) => ({ ...prompt(sequences, tokens, 1), headSize: 128, valueHeadSize: 0 }) },
];
const block = (launch: AttentionLaunch, indexWidth: number): BlockLaunch => ({
  ...launch,
  visible: launch.queryTokens === 1 ? launch.context : (launch.queryTokens + 1) / 2,
  weights: 15e6 + launch.heads * 1.4e6,
  projection: 'fp8',
  indexWidth,
});
const blockSweeps: readonly Sweep<BlockLaunch>[] = [
  { family: latentBlockDecode, shape: (sequences, context, count) => block(decoding(sequences, context, count), 0) },
  { family: sparseBlockDecode, shape: (sequences, context, count) => block(chosen(decoding(sequences, context, count)), 8192) },
  {
    family: sparseBlockPrefill,
    shape: (sequences, tokens, count) => block(chosen({ ...decoding(sequences, tokens, count), queryTokens: tokens, seen: (tokens + 1) / 2 }), 8192),
  },
];
const recurrentSweeps: readonly Sweep<RecurrenceLaunch>[] = [
  { family: linearScan, shape: recurrent },
  { family: linearUpdate, shape: (sequences, _, count) => recurrent(sequences, 1, count) },
  { family: shortConvolution, shape: recurrent },
];

function startOf({ parameters }: Pick<OperatorFamily<unknown>, 'parameters'>): Float64Array {
  return Float64Array.from(parameters, ({ start }) => start);
}

function laws<Shape>({ family, shape }: Sweep<Shape>): void {
  describe(`family ${family.class}`, () => {
    const start = startOf(family);

    test('takes no less time over more tokens', () => {
      for (const sequences of batches)
        for (const count of heads) {
          const times = lengths.map((length) => family.time(shape(sequences, length, count), die, start));
          for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThanOrEqual((times[i - 1] ?? 0) * (1 - 1e-9));
        }
    });

    test('takes at least as long for twice the sequences', () => {
      for (const length of lengths)
        for (const count of heads)
          for (const sequences of batches) {
            const once = family.time(shape(sequences, length, count), die, start);
            // Fewer splits of one sequence have fewer parts to reduce.
            expect(family.time(shape(2 * sequences, length, count), die, start)).toBeGreaterThanOrEqual(once * 0.98);
          }
    });

    test('is never predicted faster than the die', () => {
      const quickest = Object.fromEntries(family.parameters.map(({ name, min }) => [name, min]));
      const predict = predictor(family, { parameters: quickest }, die);
      for (const length of lengths)
        for (const sequences of batches) {
          const launch = shape(sequences, length, 128);
          expect(predict(launch)).toBeGreaterThanOrEqual(family.floor(launch, die));
          expect(predict(launch)).toBeGreaterThan(0);
        }
    });

    test('is no faster on half of the die', () => {
      const half = { ...die, peak: die.peak / 2, ceiling: die.ceiling / 2, cores: 64, bandwidth: die.bandwidth / 2 };
      for (const length of lengths)
        for (const sequences of batches)
          expect(family.time(shape(sequences, length, 16), half, start)).toBeGreaterThanOrEqual(family.time(shape(sequences, length, 16), die, start) * 0.999);
    });
  });
}

for (const sweep of latentSweeps) laws(sweep);
for (const sweep of blockSweeps) laws(sweep);
for (const sweep of recurrentSweeps) laws(sweep);

describe('latents', () => {
  test('are read once for keys and values', () => {
    expect(latentBytes(decoding(3, 1000, 128), 1000)).toBe(3 * 1000 * 576 * 2);
    expect(readsLatents(decoding(1, 10, 128))).toBe(true);
    expect(readsLatents(prompt(1, 10, 1))).toBe(false);
  });

  test('stored in a narrower format may be multiplied in it, up to its ceiling and not beyond', () => {
    const wide = decoding(256, 32_768, 128);
    const ratio = mlaDecode.floor(wide, die) / mlaDecode.floor({ ...wide, keyValueFormat: 'fp8' }, die);
    expect(ratio).toBeCloseTo(2, 9);
  });

  test('a benchmark that timed the host is priced in a step without it', () => {
    const constants = startOf(mlaDecode);
    constants[0] = 300e-6;
    mlaDecode.inStep?.(constants, die, 0);
    expect(constants[0]).toBeLessThan(50e-6);
  });
});
