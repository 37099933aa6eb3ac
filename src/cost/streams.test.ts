import { describe, expect, test } from 'vitest';
import type { Layout } from '../model/layout.ts';
import { stepOperators } from '../model/operators/step.ts';
import { precisionOf } from '../model/precision.ts';
import { decoding, models, stacks, uniform } from './settings.contract.ts';
import { runsOf, waysOf } from './streams.ts';

const { sglang } = stacks;
const layout: Layout = { ...uniform, dies: 16, experts: { ...uniform.experts, parallel: 16 }, microbatches: 2 };
const groups = stepOperators(models.r1, precisionOf(models.r1), layout, decoding(layout, 64, 2000));
const layer = groups.find(({ name }) => name.startsWith('experts'))?.operators ?? [];
const ways = waysOf(sglang.streams.decode);
const streamOf = Int32Array.from(layer, ({ stage }) => ways.get(stage)?.stream ?? 0);
const turns = sglang.streams.turns?.decode;

describe('runs of an expert layer by turns', () => {
  const runs = runsOf(layer, streamOf, turns);
  const turnOf = Array.from(runs.streams, (_, run) => runs.turns?.findIndex((own) => own.includes(run)) ?? -1);

  test('every operator is in one run, and every run has one turn', () => {
    const places = Array.from(runs.streams, (_, run) =>
      Array.from({ length: (runs.bounds[run + 1] ?? 0) - (runs.bounds[run] ?? 0) }, (__, i) => (runs.bounds[run] ?? 0) + i),
    );
    expect(places.flat()).toEqual(layer.map((_, i) => i));
    expect((runs.turns ?? []).flat().toSorted((a, b) => a - b)).toEqual(turnOf.map((_, run) => run));
  });

  test('no run has its turn before a run that it needs, and the stream of the attention waits for what comes back', () => {
    const needs = runs.after.flatMap((needed, run) => needed.filter((other) => other >= 0).map((other) => [turnOf[other] ?? -1, turnOf[run] ?? -1] as const));
    for (const [needed, own] of needs) expect(needed).toBeLessThanOrEqual(own);
    const last = runs.streams.length - 1;
    expect(runs.bounds[last]).toBe(runs.bounds[last + 1]);
    expect(runs.streams[last]).toBe(runs.streams[0]);
    expect((runs.after[last] ?? []).map((run) => layer[runs.bounds[run] ?? 0]?.stage)).toContain('combine');
  });

  test('received rows are copied in the turn of the experts, sums of those that come back behind the wait', () => {
    const apart = Int32Array.from(layer, (operator) => (operator.kind === 'compute' ? 0 : (ways.get(operator.stage)?.stream ?? 0)));
    const { bounds, turns: own = [] } = runsOf(layer, apart, turns);
    const turnAt = (name: string): number => {
      const place = layer.findIndex((operator) => operator.name === name);
      return own.findIndex((places) => places.some((run) => (bounds[run] ?? 0) <= place && place < (bounds[run + 1] ?? 0)));
    };
    expect(turnAt('dispatch-quantise')).toBe(turnAt('dispatch'));
    expect(turnAt('dispatch-copy')).toBe(turnAt('expert-gate-up'));
    expect(turnAt('dispatch-copy')).toBeGreaterThan(turnAt('dispatch'));
    expect(turnAt('weighted-sum')).toBe(own.length - 1);
  });

  test('a layer without an exchange has no turns', () => {
    const dense = groups.find(({ name }) => name.startsWith('dense'))?.operators ?? [];
    expect(
      runsOf(
        dense,
        Int32Array.from(dense, () => 0),
        turns,
      ).turns,
    ).toBeUndefined();
  });
});
