import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError } from '../base/errors.ts';
import { precisionOf } from '../model/precision.ts';
import { memoryBudget } from './memory.ts';
import { machines, models, publishedDecode, publishedPrefill, stacks, uniform } from './settings.contract.ts';

test('parts sum to the capacity of the die and KV takes whole blocks', () => {
  fc.assert(
    fc.property(fc.constantFrom('decode', 'prefill'), fc.integer({ min: 1, max: 20_000 }), (role, tokens) => {
      const setting = role === 'decode' ? publishedDecode : publishedPrefill;
      const { parts, capacity, kvBlocks, blockTokens, kvBytesPerToken } = memoryBudget({ ...setting, maxBatchTokens: tokens });
      expect(Math.abs(parts.reduce((sum, { bytes }) => sum + bytes, 0) / capacity - 1)).toBeLessThan(1e-12);
      expect(Number.isInteger(kvBlocks)).toBe(true);
      expect(parts.find(({ name }) => name === 'KV blocks')?.bytes).toBe(kvBlocks * blockTokens * kvBytesPerToken);
    }),
  );
});

test('the published buffers: 96 tokens per die over EP320 take 645 MiB', () => {
  const { parts } = memoryBudget({ ...publishedDecode, maxBatchTokens: 96 });
  expect((parts.find(({ name }) => name === 'exchange buffers')?.bytes ?? 0) / 2 ** 20).toBeCloseTo(645, 9);
});

test('larger batches leave fewer blocks', () => {
  const blocks = [64, 1024, 16_384].map((maxBatchTokens) => memoryBudget({ ...publishedPrefill, maxBatchTokens: maxBatchTokens * 32 }).kvBlocks);
  expect(blocks).toEqual(blocks.toSorted((a, b) => b - a));
  expect(new Set(blocks).size).toBe(3);
});

test('what does not fit is refused with both figures', () => {
  const request = {
    machine: machines.hopper,
    model: models.llama,
    precision: precisionOf(models.llama),
    layout: uniform,
    stack: stacks.vllm,
    maxBatchTokens: 8192,
  };
  expect(() => memoryBudget(request)).toThrow(InputError);
  expect(() => memoryBudget(request)).toThrow(/needs 1[45]\d GB per die, 8[56]\.\d GB there \(weights: dense/);
});
