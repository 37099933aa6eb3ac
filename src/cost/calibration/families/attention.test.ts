import { describe, expect, test } from 'vitest';
import type { DieRates, MeasuredRow, OperatorFamily } from '../family.ts';
import { fitParameters } from '../fit.ts';
import { predictor } from '../predict.ts';
import { attentionDecode } from './attention-decode.ts';
import { attentionPrefill } from './attention-prefill.ts';
import { attentionFormat, keyValueBytes, lengthSweep, octaves, type AttentionLaunch } from './attention-shape.ts';

const die = { format: 'bf16', peak: 1000e12, ceiling: 900e12, vector: 50e12, cores: 128, bandwidth: 4e12, cache: 50e6 } as unknown as DieRates;
const starts = ({ parameters }: OperatorFamily<AttentionLaunch>): Float64Array => Float64Array.from(parameters, ({ start }) => start);

const decoding = (sequences: number, context: number, heads = 32, keyValueHeads = 8, window = 0): AttentionLaunch => ({
  sequences,
  queryTokens: 1,
  context,
  seen: window > 0 ? Math.min(context, window) : context,
  heads,
  keyValueHeads,
  headSize: 128,
  valueHeadSize: 128,
  keyValueFormat: 'bf16',
  window,
});
const prompt = (sequences: number, tokens: number, heads = 32, keyValueHeads = 8): AttentionLaunch => ({
  ...decoding(sequences, tokens, heads, keyValueHeads),
  queryTokens: tokens,
  seen: (tokens + 1) / 2,
});
const decode = (shape: AttentionLaunch, on = die): number => attentionDecode.time(shape, on, starts(attentionDecode));
const prefill = (shape: AttentionLaunch, on = die): number => attentionPrefill.time(shape, on, starts(attentionPrefill));

/** Constants of a kernel that needs no time: rates beyond all bounds, costs of nothing. */
const impossible = ({ parameters }: OperatorFamily<AttentionLaunch>): Readonly<Record<string, number>> =>
  Object.fromEntries(parameters.map(({ name }) => [name, /andwidth|matrix|^packed$/.test(name) ? 1e3 : 1e-12]));

const heads: readonly (readonly [number, number])[] = [
  [8, 1],
  [32, 8],
  [16, 16],
  [64, 1],
  [64, 8],
];

describe('attention of decoding sequences', () => {
  test('is linear in the length once the length is long', () => {
    for (const [all, keyValue] of heads) {
      const at = (length: number): number => decode(decoding(64, length, all, keyValue));
      expect((at(60_000) - at(40_000)) / (at(40_000) - at(20_000))).toBeCloseTo(1, 3);
    }
  });

  test('reads its keys and values at no more than the bandwidth of the memory, whatever was fitted', () => {
    const predict = predictor(attentionDecode, { parameters: impossible(attentionDecode) }, die);
    for (const [all, keyValue] of heads)
      for (const sequences of [1, 16, 256])
        for (const length of [1, 100, 5000, 100_000]) {
          const shape = decoding(sequences, length, all, keyValue);
          expect(keyValueBytes(shape, length) / predict(shape)).toBeLessThanOrEqual(die.bandwidth * (1 + 1e-12));
          const repeated = { ...shape, repeated: true };
          expect((keyValueBytes(shape, length) - die.cache) / predict(repeated)).toBeLessThanOrEqual(die.bandwidth * (1 + 1e-12));
        }
  });

  test('is quicker where the launch before left its keys in the cache, and only if they fit there', () => {
    const small = decoding(4, 512);
    const large = decoding(64, 8192);
    expect(decode({ ...small, repeated: true })).toBeLessThan(decode(small));
    expect(decode({ ...large, repeated: true })).toBe(decode(large));
  });

  test('splits long sequences where there are fewer of them than cores', () => {
    const one = decode(decoding(1, 64_000, 8, 1));
    const many = decode(decoding(64, 64_000, 8, 1));
    expect(many).toBeGreaterThan(8 * one);
    const unsplit = starts(attentionDecode);
    unsplit[attentionDecode.parameters.findIndex(({ name }) => name === 'splitTokens')] = 1e6;
    expect(attentionDecode.time(decoding(1, 64_000, 8, 1), die, unsplit)).toBeGreaterThan(3 * one);
  });

  test('queues its items one by one, more slowly the longer the queue, unless there are too many sequences to sort', () => {
    const queued = Float64Array.from(attentionDecode.parameters, ({ name, start }) => (name === 'queued' ? 2e-6 : name === 'queue' ? 1000 : start));
    const more = (sequences: number): number => attentionDecode.time(decoding(sequences, 64, 8, 2), die, queued) - decode(decoding(sequences, 64, 8, 2));
    expect(more(100) / 200).toBeCloseTo(2e-6 * 1.2, 9);
    expect(more(500) / 1000).toBeCloseTo(2e-6 * 2, 9);
    expect(more(1024)).toBe(0);
  });

  test('sees no more than its window', () => {
    expect(decode(decoding(64, 50_000, 32, 8, 128))).toBeLessThan(decode(decoding(64, 2000)));
  });

  test('is no quicker on part of the cores and of the bandwidth', () => {
    const part = { ...die, ceiling: die.ceiling / 2, cores: 64, bandwidth: die.bandwidth / 2 };
    for (const [all, keyValue] of heads)
      for (const length of [10, 1000, 100_000])
        expect(decode(decoding(32, length, all, keyValue), part)).toBeGreaterThanOrEqual(decode(decoding(32, length, all, keyValue)));
  });
});

describe('attention of prompts', () => {
  test('is quadratic in long prompts, with a part that is linear', () => {
    for (const [all, keyValue] of heads) {
      const at = (length: number): number => prefill(prompt(8, length, all, keyValue));
      const ratio = at(64_000) / at(32_000);
      expect(ratio).toBeGreaterThan(3.5);
      expect(ratio).toBeLessThan(4);
      expect(at(2000) / at(1000)).toBeLessThan(3.5);
    }
  });

  test('computes at no more than the ceiling, whatever was fitted', () => {
    const predict = predictor(attentionPrefill, { parameters: impossible(attentionPrefill) }, die);
    for (const [all, keyValue] of heads)
      for (const length of [1, 16, 1000, 30_000]) {
        const shape = prompt(4, length, all, keyValue);
        const flop = 2 * 4 * length * shape.seen * all * 256;
        expect(flop / predict(shape)).toBeLessThanOrEqual(die.ceiling * (1 + 1e-12));
      }
  });

  test('costs a chunk the keys before it', () => {
    const fresh = prompt(1, 1024);
    const later = { ...fresh, context: 9216, seen: 8192 + 512.5 };
    expect(prefill(later)).toBeGreaterThan(3 * prefill(fresh));
  });

  test('with a window is no slower than without, and linear where the kernel skips what lies outside', () => {
    const skips = starts(attentionPrefill);
    skips[attentionPrefill.parameters.findIndex(({ name }) => name === 'unseen')] = 0;
    const windowed = (length: number): AttentionLaunch => ({ ...prompt(1, length), window: 128, seen: 128 });
    expect(prefill(windowed(32_000))).toBeLessThan(prefill(prompt(1, 32_000)));
    const at = (length: number): number => attentionPrefill.time(windowed(length), die, skips);
    expect(at(64_000) / at(32_000)).toBeLessThan(2.01);
  });

  test('is no quicker on part of the cores and of the bandwidth', () => {
    const part = { ...die, ceiling: die.ceiling / 2, cores: 64, bandwidth: die.bandwidth / 2 };
    for (const [all, keyValue] of heads)
      for (const length of [10, 1000, 30_000])
        expect(prefill(prompt(4, length, all, keyValue), part)).toBeGreaterThanOrEqual(prefill(prompt(4, length, all, keyValue)));
  });
});

describe('a fit', () => {
  test.each([
    [attentionDecode, decoding, [1, 64, 512, 4096, 32_768]],
    [attentionPrefill, prompt, [16, 128, 700, 4096, 16_384]],
  ] as const)('of %o finds times that the formula made', (family, shapeOf, lengths) => {
    const truth = starts(family).map((value, p) => {
      const { min, max } = family.parameters[p] as { readonly min: number; readonly max: number };
      return Math.min(max, Math.max(min, value * (p % 2 === 0 ? 1.3 : 0.8)));
    });
    const rows: MeasuredRow<AttentionLaunch>[] = heads.flatMap(([all, keyValue]) =>
      [1, 4, 32, 256].flatMap((sequences) =>
        lengths.map((length) => {
          const shape = { ...shapeOf(sequences, length, all, keyValue), repeated: true };
          return { shape, time: family.time(shape, die, truth) };
        }),
      ),
    );
    const found = fitParameters(family, rows, die);
    const errors = rows.map(({ shape, time }) => Math.abs(family.time(shape, die, found) / time - 1)).sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length * 0.9)]).toBeLessThan(0.05);
  });
});

test('the format of a cell names that of keys and values where it differs', () => {
  expect(attentionFormat('bf16', 'bf16')).toBe('bf16');
  expect(attentionFormat('bf16', 'fp8')).toBe('bf16-kv-fp8');
});

test('a sweep runs over lengths and keeps all else', () => {
  expect(lengthSweep(decoding(4, 100)).along).toBe(lengthSweep(decoding(4, 5000)).along);
  expect(lengthSweep(decoding(8, 100)).along).not.toBe(lengthSweep(decoding(4, 100)).along);
  expect(lengthSweep(prompt(4, 100)).along).toBe(lengthSweep(prompt(4, 5000)).along);
});

test('octaves are exact at powers of two and grow between them', () => {
  expect([0.25, 1, 2, 1024].map(octaves)).toEqual([-2, 0, 1, 10]);
  for (let x = 1; x < 40; x += 0.5) expect(octaves(x + 0.5)).toBeGreaterThan(octaves(x));
});
