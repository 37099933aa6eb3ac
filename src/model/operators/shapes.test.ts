import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { RankBatch } from '../batch.ts';
import { modelFromConfig } from '../config/config.ts';
import type { Layout } from '../layout.ts';
import type { ComputeOperator } from '../operator.ts';
import { precisionOf } from '../precision.ts';
import { stepOperators } from './step.ts';

const files = import.meta.glob<string>('../../../data/models/*.yaml', { query: '?raw', import: 'default', eager: true });
const models = Object.entries(files).map(([path, text]) =>
  modelFromConfig((parse(text) as { config: unknown }).config, path.replace(/^.*\/(.*)\.yaml$/, '$1')),
);
const layout: Layout = {
  dies: 2,
  tensor: 2,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const rank: RankBatch = {
  decodeSequences: 24,
  queryTokens: 2,
  decodeContext: 24 * 5000,
  prefillTokens: 3 * 700,
  prefillSequences: 3,
  prefillPairs: 3 * ((700 * 701) / 2 + 700 * 900),
  prefillContext: 3 * 1600,
};

const operatorsOf = (model: (typeof models)[number]): readonly ComputeOperator[] =>
  stepOperators(model, precisionOf(model, { weights: 'bf16' }), layout, { rank, instanceTokens: 24 * 2 + 3 * 700 }).flatMap(({ operators }) =>
    operators.filter((operator) => operator.kind === 'compute'),
  );

describe('shapes of attention', () => {
  test.each(models.map((model) => [model.name, operatorsOf(model)] as const))('%s: the shape of a launch has the work of the launch', (_, operators) => {
    const scans = operators.filter(({ recurrence, kernel }) => recurrence !== undefined && kernel === undefined);
    for (const { recurrence, matrixFlop, name } of scans) expect(recurrence?.matrixFlop, name).toBe(matrixFlop);
    for (const { attention, matrixFlop, name } of operators) {
      if (attention === undefined || matrixFlop === 0) continue;
      const { sequences, queryTokens, heads, seen, headSize, valueHeadSize } = attention;
      const work = 2 * sequences * queryTokens * heads * seen * (headSize + valueHeadSize);
      expect(work / matrixFlop, name).toBeCloseTo(1, 9);
      expect(seen, name).toBeLessThanOrEqual(attention.context);
    }
  });

  test.each([
    'latent-attention-prefill',
    'latent-attention-decode',
    'sparse-attention-prefill',
    'sparse-attention-decode',
    'linear-attention-prefill',
    'linear-attention-decode',
  ])('every launch of %s says its shape', (name) => {
    const launches = models.flatMap(operatorsOf).filter((operator) => operator.class === name && !operator.name.includes('compressed'));
    expect(launches.length).toBeGreaterThan(0);
    for (const { attention, recurrence, name: of } of launches) expect(attention ?? recurrence, of).toBeDefined();
  });

  test('prompts score their index over rows, decoding sequences over pages', () => {
    const scores = models.flatMap(operatorsOf).filter(({ name }) => name === 'index-scores');
    expect(new Set(scores.filter(({ kernel }) => kernel === 'index-scores').map(({ variant }) => variant))).toEqual(new Set([undefined, 'paged']));
  });
});

describe('shapes of launches over rows', () => {
  test.each(models.map((model) => [model.name, operatorsOf(model)] as const))('%s: rows, width and bytes are the traffic of the launch', (_, operators) => {
    const shaped = operators.filter(({ rows }) => rows !== undefined);
    expect(shaped.length).toBeGreaterThan(0);
    for (const { rows, activationBytes, weightBytes, name } of shaped) {
      expect(((rows?.rows ?? 0) * (rows?.width ?? 0) * (rows?.bytes ?? 0)) / activationBytes, name).toBeCloseTo(1, 12);
      expect(weightBytes, name).toBe(0);
    }
  });

  test('every norm, activation, rotation, quantisation and embedding says its shape', () => {
    const expected: readonly (readonly [RegExp, string])[] = [
      [/^(attention|feed-forward|final|latent|query-key|post)-norm$/, 'norm'],
      [/^(dense|shared|expert)-activation$/, 'activation'],
      [/^rope$/, 'rope'],
      [/-quantise$/, 'quantise'],
      [/^expert-permute$|^dispatch-copy$|^weighted-sum$|^key-join$/, 'row-move'],
      [/^embedding$/, 'embedding'],
    ];
    const operators = models.flatMap((model) =>
      stepOperators(model, precisionOf(model, { weights: 'fp8' }), layout, { rank, instanceTokens: 24 * 2 + 3 * 700 }).flatMap((group) =>
        group.operators.filter((operator) => operator.kind === 'compute'),
      ),
    );
    for (const [name, kernel] of expected) {
      const found = operators.filter((operator) => name.test(operator.name));
      expect(found.length, kernel).toBeGreaterThan(0);
      for (const operator of found) expect([operator.kernel ?? operator.class, operator.rows === undefined], operator.name).toEqual([kernel, false]);
    }
  });

  test('quantisation says into which format, and whether blocks have scales of their own', () => {
    const variants = (name: string, weights: 'fp8' | 'int8'): ReadonlySet<string | undefined> => {
      const model = models.find((other) => other.name === name) as (typeof models)[number];
      const groups = stepOperators(model, precisionOf(model, { weights }), layout, { rank, instanceTokens: 24 * 2 + 3 * 700 });
      return new Set(
        groups.flatMap(({ operators }) =>
          operators.flatMap((operator) => (operator.kind === 'compute' && operator.kernel === 'quantise' ? [operator.variant] : [])),
        ),
      );
    };
    expect(variants('llama-3.1-8b', 'fp8')).toEqual(new Set(['to-fp8']));
    expect(variants('llama-3.1-8b', 'int8')).toEqual(new Set(['to-int8']));
    expect(variants('deepseek-r1', 'fp8')).toEqual(new Set(['to-fp8-block']));
  });
});
