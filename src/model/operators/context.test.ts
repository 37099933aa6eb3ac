import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import llamaFile from '../../../data/models/llama-3.1-70b.yaml?raw';
import ossFile from '../../../data/models/gpt-oss-20b.yaml?raw';
import r1File from '../../../data/models/deepseek-r1.yaml?raw';
import { modelFromConfig } from '../config/config.ts';
import { kvBytesOfSequence } from '../kv.ts';
import type { ContextLayout, Layout } from '../layout.ts';
import type { Model } from '../model.ts';
import type { ComputeOperator, Operator } from '../operator.ts';
import { precisionOf } from '../precision.ts';
import { stepOperators } from './step.ts';

const load = (text: string, name: string): Model => modelFromConfig((parse(text) as { config: unknown }).config, name);
const models = { grouped: load(llamaFile, 'grouped'), windows: load(ossFile, 'windows'), latent: load(r1File, 'latent') };

const single: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const split = (context: Partial<ContextLayout>, tensor = 1): Layout => ({
  ...single,
  dies: tensor * (context.parallel ?? 1),
  tensor,
  context: { parallel: 1, exchange: 'all-gather', decode: 1, ...context },
});

const none = { decodeSequences: 0, queryTokens: 1, decodeContext: 0, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
const prompts = (length: number, before = 0) => ({
  rank: {
    ...none,
    prefillTokens: 2 * length,
    prefillSequences: 2,
    prefillPairs: 2 * length * before + length * (length + 1),
    prefillContext: 2 * (before + length),
  },
  instanceTokens: 2 * length,
});
const decoding = { rank: { ...none, decodeSequences: 8, decodeContext: 8 * 5000 }, instanceTokens: 8 };

/** All launches of a step on one die. */
function launches(model: Model, layout: Layout, batch: Parameters<typeof stepOperators>[3]): readonly Operator[] {
  return stepOperators(model, precisionOf(model), layout, batch).flatMap(({ count, operators }) => Array.from({ length: count }, () => operators).flat());
}
const computed = (all: readonly Operator[], name?: string): readonly ComputeOperator[] =>
  all.filter((operator) => operator.kind === 'compute').filter((operator) => name === undefined || operator.name === name);
const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);
const flop = (all: readonly ComputeOperator[]): number => sum(all, ({ matrixFlop }) => matrixFlop);
const sent = (all: readonly Operator[]): number =>
  sum(all, (operator) => (operator.kind === 'collective' ? (operator.bytes * (operator.ranks - 1)) / operator.ranks : 0));
/** Made of what every die has whole: latents of all tokens, and the head behind them. */
const copied = new Set(['key-value-up', 'head']);

describe('prompts split over dies that share their context', () => {
  test.each(Object.entries(models))('%s: attention has its share of the work on each die, and all of it together', (_, model) => {
    for (const before of [0, 3000]) {
      const whole = flop(computed(launches(model, single, prompts(8192, before)), 'attention-prefill'));
      for (const parallel of [2, 4, 8])
        expect((flop(computed(launches(model, split({ parallel }), prompts(8192, before)), 'attention-prefill')) * parallel) / whole).toBeCloseTo(1, 12);
    }
  });

  test.each(Object.entries(models))('%s: all that is not copied is conserved over the dies', (_, model) => {
    const work = (layout: Layout) =>
      layout.dies * flop(computed(launches(model, layout, prompts(4096))).filter(({ name, class: kind }) => !copied.has(name) && kind !== 'grouped-gemm'));
    expect(work(split({ parallel: 4 })) / work(single)).toBeCloseTo(1, 12);
  });

  test('where dies split tokens around latent attention, what was computed before is gathered from all that keep it', () => {
    const ranks = 32;
    const spread: Layout = { ...single, dies: ranks, tensor: ranks, attention: 'sp-tp-sp', experts: { ...single.experts, parallel: ranks } };
    const gathered = (model: Model, before: number) =>
      sum(
        launches(model, spread, prompts(4096, before)).filter(({ name }) => name === 'context-all-gather'),
        (operator) => (operator.kind === 'collective' ? operator.bytes : 0),
      );
    const kept = (tokens: number) => kvBytesOfSequence(models.latent, precisionOf(models.latent), spread, tokens) * ranks;
    for (const before of [0, 1000, 3000]) expect(gathered(models.latent, before)).toBeCloseTo(2 * kept(before), 0);
    // Heads of others are of no use to a die.
    expect(gathered(models.grouped, 3000)).toBe(0);
  });

  test('a die keeps its share of the KV of a sequence', () => {
    for (const model of Object.values(models))
      for (const parallel of [2, 4])
        expect(kvBytesOfSequence(model, precisionOf(model), split({ parallel }), 8000) * parallel).toBeCloseTo(
          kvBytesOfSequence(model, precisionOf(model), single, 8000),
          6,
        );
  });

  test('what is sent grows with the dies and with what was computed before; nothing is where a sequence stays together', () => {
    const { grouped } = models;
    const bytes = (parallel: number, before = 0) => sent(launches(grouped, split({ parallel }), prompts(4096, before)));
    expect(bytes(1)).toBe(0);
    for (const parallel of [2, 4, 8]) expect(bytes(2 * parallel)).toBeGreaterThan(bytes(parallel));
    expect(bytes(4, 4096) / bytes(4)).toBeCloseTo(2, 12);
  });

  test('a window asks for no more than what lies in front of each piece', () => {
    const gathered = (length: number) =>
      launches(models.windows, split({ parallel: 4 }), prompts(length)).flatMap((operator) => (operator.kind === 'collective' ? [operator.bytes] : []));
    const least = (length: number) => Math.min(...gathered(length));
    expect(least(65_536)).toBe(least(8192));
    expect(Math.max(...gathered(65_536))).toBe(8 * Math.max(...gathered(8192)));
  });

  test('a ring passes the same bytes, block by block, inside the attention', () => {
    const { grouped } = models;
    const gathered = launches(grouped, split({ parallel: 4 }), prompts(4096));
    const ring = launches(grouped, split({ parallel: 4, exchange: 'ring' }), prompts(4096));
    const passed = sum(computed(ring, 'attention-prefill'), (operator) => (operator.ring?.bytes ?? 0) * ((operator.ring?.ranks ?? 0) - 1));
    expect(passed).toBeCloseTo(sent(gathered), 3);
    expect(sent(ring)).toBe(0);
  });

  test('sequences that decode on them see a share of their keys each, and put it together', () => {
    const { grouped } = models;
    const alone = launches(grouped, single, decoding);
    const spread = launches(grouped, split({ parallel: 4 }), decoding);
    expect(flop(computed(spread, 'attention-decode')) * 4).toBe(flop(computed(alone, 'attention-decode')));
    expect(spread.filter(({ name }) => name === 'partial-all-reduce')).toHaveLength(80);
  });
});

describe('sequences that decode, their KV spread over the dies that split heads', () => {
  const cases = [
    ['latent', models.latent, 8, 8],
    ['grouped', models.grouped, 16, 2],
  ] as const;

  test.each(cases)('%s: a die keeps and reads its share of the keys for all heads that share them, in the same work', (_, model, tensor, decode) => {
    const kept = (layout: Layout) => kvBytesOfSequence(model, precisionOf(model), layout, 8000);
    expect(kept(split({ decode }, tensor)) * decode).toBe(kept(split({}, tensor)));
    const core = (layout: Layout) => computed(launches(model, layout, decoding), 'attention-decode');
    const [alone, spread] = [core(split({}, tensor)), core(split({ decode }, tensor))];
    expect(flop(spread) / flop(alone)).toBeCloseTo(1, 12);
    const queries = (all: readonly ComputeOperator[]) => sum(all, ({ attention }) => attention?.heads ?? 0);
    expect(queries(spread)).toBe(decode * queries(alone));
    expect(sum(spread, ({ activationBytes }) => activationBytes)).toBeLessThan(sum(alone, ({ activationBytes }) => activationBytes));
  });

  test.each(cases)('%s: queries, sums and outputs travel, the more the more dies', (_, model, tensor, decode) => {
    const bytes = (of: number) => sent(launches(model, split({ decode: of }, tensor), decoding));
    expect(bytes(decode)).toBeGreaterThan(bytes(1));
    const names = launches(model, split({ decode }, tensor), decoding).map(({ name }) => name);
    for (const name of ['query-all-gather', 'attention-sum-all-gather', 'partial-reduce-scatter']) expect(names).toContain(name);
  });

  test('prompts gather what earlier steps computed, and nothing of their own', () => {
    const gathered = (before: number) =>
      sum(launches(models.latent, split({ decode: 8 }, 8), prompts(512, before)), (operator) =>
        operator.kind === 'collective' && operator.name === 'context-all-gather' ? operator.bytes : 0,
      );
    expect(gathered(0)).toBe(0);
    expect(gathered(2000)).toBe(2 * gathered(1000));
  });
});
