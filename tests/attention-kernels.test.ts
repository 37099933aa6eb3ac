import { describe, expect, test } from 'vitest';
import { dataNames } from '../cli/data.ts';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import type { AttentionKernel, Stack } from '../src/catalogue/stack.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import type { Model } from '../src/model/model.ts';
import { precisionOf } from '../src/model/precision.ts';

const machines: Readonly<Record<string, string>> = { hopper: 'hgx-h100', blackwell: 'hgx-b200' };
const base = loadModel('llama-3.1-8b');

/** A model whose heads have a size, with a window or without one. */
function withHeads(headSize: number, window: number | undefined): Model {
  return {
    ...base,
    groups: base.groups.map((group) =>
      group.attention.kind === 'grouped-query' ? { ...group, attention: { ...group.attention, headSize, valueHeadSize: headSize, window } } : group,
    ),
  };
}

const layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
} as const;
const none = { decodeSequences: 0, queryTokens: 1, decodeContext: 0, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };

/** What one launch of either phase takes. */
function launches(stack: Stack, generation: string, model: Model, kv: 'bf16' | 'fp8'): { readonly prefill: number; readonly decode: number } {
  const pricer = stepPricer({ machine: loadMachine(machines[generation] ?? ''), model, precision: precisionOf(model, { kv }), layout, stack, role: 'merged' });
  const rank = {
    ...none,
    decodeSequences: 16,
    decodeContext: 16 * 4096,
    prefillTokens: 4096,
    prefillSequences: 1,
    prefillPairs: (4096 * 4097) / 2,
    prefillContext: 4096,
  };
  const { operators } = pricer.explain({ rank, instanceTokens: 16 + 4096 });
  const time = (name: string): number => operators.find((operator) => operator.name === name)?.time ?? Number.NaN;
  return { prefill: time('attention-prefill'), decode: time('attention-decode') };
}

const entries = dataNames('stacks').flatMap((name) => {
  const stack = loadStack(name);
  return (stack.attentionKernels ?? []).map((entry): readonly [string, Stack, AttentionKernel] => [
    `${name}, ${entry.generation}, heads of ${entry.headSizes.join(', ')}`,
    stack,
    entry,
  ]);
});

describe('attention kernels beside the own one of a stack', () => {
  test('some stacks have them', () => {
    expect(entries.length).toBeGreaterThan(4);
  });

  test.each(entries)('%s: cells of the kernel are there for both phases', (_, stack, { kernel, generation, keyValueFormat }) => {
    const format = keyValueFormat === 'fp8' ? `bf16-kv-fp8-${kernel}` : `bf16-${kernel}`;
    for (const phase of ['attention-prefill', 'attention-decode'])
      expect(
        stack.cells?.some(
          (cell) => cell.class === phase && cell.stack === (stack.base ?? stack.name) && cell.generation === generation && cell.format === format,
        ),
      ).toBe(true);
  });

  test.each(entries)('%s: prices heads that it is named for, and no others', (_, stack, { headSizes, windowed, keyValueFormat, generation = '' }) => {
    const kv = keyValueFormat === 'fp8' ? 'fp8' : 'bf16';
    const without: Stack = { ...stack, attentionKernels: undefined };
    const window = windowed === true ? 1024 : undefined;
    const [named, other] = [withHeads(headSizes[0] ?? 0, window), withHeads(128, window)];
    const [by, own] = [launches(stack, generation, named, kv), launches(without, generation, named, kv)];
    expect(by.prefill).not.toBe(own.prefill);
    expect(by.decode).not.toBe(own.decode);
    expect(launches(stack, generation, other, kv)).toEqual(launches(without, generation, other, kv));
  });
});
