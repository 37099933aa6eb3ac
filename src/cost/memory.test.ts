import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { MemoryRule } from '../catalogue/stack.ts';
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

test('experts on dies of their own leave the others room for KV, and are refused where they do not fit', () => {
  const split = (parallel: number): typeof publishedDecode.layout => ({ ...publishedDecode.layout, experts: { ...uniform.experts, parallel, apart: true } });
  const { kvBlocks, experts, parts, capacity } = memoryBudget({ ...publishedDecode, layout: split(256), maxBatchTokens: 96 });
  expect(kvBlocks).toBeGreaterThan(memoryBudget({ ...publishedDecode, maxBatchTokens: 96 }).kvBlocks);
  expect(parts.some(({ name }) => name === 'weights: experts')).toBe(false);
  expect(Math.abs((experts?.parts.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0) / capacity - 1)).toBeLessThan(1e-12);
  // 256 experts of 58 layers, and of the draft module, on 8 dies: 85 GB each.
  expect(() => memoryBudget({ ...publishedDecode, layout: split(8), maxBatchTokens: 96 })).toThrow(/per expert die, 64.0 GB there/);
});

test('larger batches leave fewer blocks', () => {
  const blocks = [64, 1024, 16_384].map((maxBatchTokens) => memoryBudget({ ...publishedPrefill, maxBatchTokens: maxBatchTokens * 32 }).kvBlocks);
  expect(blocks).toEqual(blocks.toSorted((a, b) => b - a));
  expect(new Set(blocks).size).toBe(3);
});

test('layers with a window that free what is behind it leave the others twice the tokens, and take their window of each sequence', () => {
  const model = models.oss;
  const layout = { ...uniform, dies: 1, tensor: 1, experts: { ...uniform.experts, parallel: 1, sharedDies: 0, redundant: 0 } };
  const at = (share: number | undefined) => {
    const windowedLayers = share === undefined ? undefined : { share, source: '' };
    const setting = { machine: machines.hopper, model, precision: precisionOf(model), layout, stack: { ...stacks.vllm, windowedLayers } };
    return memoryBudget({ ...setting, maxBatchTokens: 2048 });
  };
  const [every, most, free] = [at(undefined), at(0.8), at(0)];
  const tokens = ({ kvBlocks, blockTokens }: typeof free): number => kvBlocks * blockTokens;
  // Half of the layers have a window, of 128 tokens.
  expect(tokens(free) / tokens(every)).toBeCloseTo(2, 3);
  expect(tokens(most) / tokens(every)).toBeCloseTo(1 / 0.9, 3);
  expect([every, most, free].map(({ stateBlocks, blockTokens }) => stateBlocks * blockTokens)).toEqual([0, 0, 128 + free.blockTokens]);
  // A model whose layers all keep every token has nothing to free.
  const same = { ...publishedDecode, maxBatchTokens: 96 };
  expect(memoryBudget({ ...same, stack: { ...same.stack, windowedLayers: { share: 0, source: '' } } })).toEqual(memoryBudget(same));
});

describe('what the utilisation is a share of', () => {
  const sized = (rule: MemoryRule, utilisation: number): ReadonlyMap<string, number> => {
    const { parts } = memoryBudget({ ...publishedDecode, stack: { ...stacks.cann, memoryRule: rule }, maxBatchTokens: 192, utilisation });
    return new Map(parts.map(({ name, bytes }) => [name, bytes]));
  };
  const sum = (parts: ReadonlyMap<string, number>, which: (name: string) => boolean): number =>
    [...parts].reduce((total, [name, bytes]) => total + (which(name) ? bytes : 0), 0);
  const capacity = machines.supernode.chip.die.memory.capacity.value;
  const block = 1e9;

  test.each([0.7, 0.8, 0.9, 0.95])('%d of the memory, of weights and KV, or of what is left', (share) => {
    const whole = sized('whole', share);
    expect(Math.abs(sum(whole, (name) => name !== 'kept free' && name !== 'less than a block') - share * capacity)).toBeLessThan(block);
    const fixed = sized('static', share);
    const working = sum(fixed, (name) => ['exchange buffers', 'activations', 'framework reserve'].includes(name));
    const held = sum(fixed, (name) => name.startsWith('weights') || name === 'KV blocks');
    expect(Math.abs(held - Math.min(share * capacity, capacity - working))).toBeLessThan(block);
    const free = sized('free', share);
    const [kv = 0, left = 0] = [free.get('KV blocks'), free.get('kept free')];
    expect(Math.abs(kv / (kv + left) - share)).toBeLessThan(0.05);
  });
});

test('sequences whose tokens are drawn keep logits, prompt tokens do not', () => {
  const at = (maxSequences: number): number =>
    memoryBudget({
      machine: machines.hopper,
      model: models.qwen,
      precision: precisionOf(models.qwen),
      layout: uniform,
      stack: stacks.vllm,
      maxBatchTokens: 2048,
      maxSequences,
    }).kvBlocks;
  expect(at(256)).toBeLessThan(at(128));
  expect(at(4096)).toBe(at(2048));
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
