import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adaptedProducts, adapterCost, adapterTime } from './lora.ts';
import { memoryBudget } from './memory.ts';
import { precisionOf } from '../model/precision.ts';
import { machines, models, stacks, uniform } from './settings.contract.ts';

const costOf = (rank: number, tensor = 1, model = models.llama) => adapterCost(machines.hopper, model, { ...uniform, dies: tensor, tensor }, stacks.vllm, rank);

test('an adapter by hand: Llama 3.1 70B has 80 layers of 8192, with 64 query heads and 8 key-value heads of 128', () => {
  expect(models.llama.hidden).toBe(8192);
  const widths = 8192 + 8192 + 2 * (8192 + 1024) + (8192 + 8192);
  const { bytes, perAdapter, perToken, launches } = costOf(16);
  expect(bytes).toBe(80 * 16 * widths * 2);
  const { die } = machines.hopper.chip;
  expect(perAdapter).toBe(bytes / die.memory.bandwidth.value);
  expect(perToken).toBe((2 * 80 * 16 * widths) / (die.matrix.peaks.bf16?.peak.value ?? 0));
  const floor = launches / (2 * 4 * 80);
  expect(floor).toBeGreaterThan(1e-7);
  expect(floor).toBeLessThan(2e-5);
});

test('latent attention: the projections of the query, the compression, the output', () => {
  const latent = models.r1.groups[0]?.attention;
  expect(latent?.kind).toBe('latent');
  expect(adaptedProducts(latent ?? { kind: 'none' }, 7168)).toEqual([
    { in: 7168, out: 1536 },
    { in: 1536, out: 128 * 192 },
    { in: 7168, out: 576 },
    { in: 128 * 128, out: 7168 },
  ]);
});

test('it grows with rank, with distinct adapters and with tokens, and is split over dies; nothing without adapters', () => {
  const counts = { rank: fc.integer({ min: 1, max: 256 }), distinct: fc.integer({ min: 1, max: 200 }), tokens: fc.integer({ min: 1, max: 8192 }) };
  fc.assert(
    fc.property(fc.record(counts), fc.record(counts), fc.constantFrom(1, 2, 4, 8), (less, by, tensor) => {
      const at = ({ rank, distinct, tokens }: typeof less, dies: number = tensor): number => adapterTime(costOf(rank, dies), distinct, tokens);
      for (const key of ['rank', 'distinct', 'tokens'] as const) expect(at({ ...less, [key]: less[key] + by[key] })).toBeGreaterThan(at(less));
      expect(at(less, 2 * tensor)).toBeLessThan(at(less));
      expect(adapterTime(costOf(less.rank), 0, 0)).toBe(0);
    }),
  );
});

test('resident adapters take memory from the KV, and no other part', () => {
  const budget = (adapterBytes?: number) =>
    memoryBudget({
      machine: machines.hopper,
      model: models.llama,
      precision: precisionOf(models.llama, {}),
      layout: { ...uniform, dies: 4, tensor: 4 },
      stack: stacks.vllm,
      maxBatchTokens: 4096,
      adapterBytes,
    });
  const { bytes } = costOf(16, 4);
  const [none, some] = [budget(), budget(8 * bytes)];
  const sizes = ({ parts }: typeof none) => new Map(parts.map((part) => [part.name, part.bytes]));
  const [before, after] = [sizes(none), sizes(some)];
  expect(after.get('adapters')).toBe(8 * bytes);
  expect(before.has('adapters')).toBe(false);
  const others = (all: typeof before) => [...all].filter(([name]) => !['adapters', 'KV blocks', 'less than a block'].includes(name));
  expect(others(after)).toEqual(others(before));
  const block = none.kvBytesPerToken * none.blockTokens;
  expect(Math.abs(none.kvBlocks - some.kvBlocks - (8 * bytes) / block)).toBeLessThan(1);
  expect(budget(0)).toEqual(none);
});
