import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepPricer } from '../cost/batch.ts';
import { cases, listed, pipelined, syntheticPricer } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import { Pipeline } from './pipeline.ts';
import { mergedPlant, request } from './plants.contract.ts';
import { finished } from './run.contract.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;
const stepsOf = (events: readonly SimulationEvent[]): readonly Step[] => events.filter((event): event is Step => event.kind === 'step');

/** Every iteration takes 2^-10 s, a sixth of it more in each stage than in the one behind; a send and the host 2^-16 s. */
const whole = 3 * 2 ** -10;
const host = 2 ** -16;
const even = {
  cost: () => ({
    time: whole + 4 * host,
    busy: [0, 0, 0, 0, 0, 0],
    stages: Array.from({ length: 13 }, () => 0),
    pipeline: { stages: [whole / 3, whole / 3, whole / 3], send: host, host },
  }),
};
const alone: StepPricer = { cost: () => ({ ...even.cost(), pipeline: undefined }) };
const many = Array.from({ length: 30 }, () => request(0, 1, 10));

describe('batches in flight', () => {
  test('PIP-3 one alone takes the sum of stages, sends and host', () => {
    const { events } = finished(mergedPlant({ stages: 3, pricer: even }), listed([request(0, 1, 1)]));
    expect(stepsOf(events)).toMatchObject([{ duration: whole + 3 * host }]);
  });

  test('PIP-2 with enough to do a batch enters a stage behind the one before, and as many are in flight as there are stages', () => {
    const { events } = finished(mergedPlant({ stages: 3, pricer: even, kvBlocks: 1000, maxSequences: 8 }), listed(many));
    const steps = stepsOf(events);
    const early = steps.slice(0, 20);
    for (const [i, { at }] of early.slice(0, 3).entries()) expect(at).toBe((i * whole) / 3);
    for (const { at } of early) expect(early.filter((other) => other.at <= at && other.at + other.duration > at).length).toBeLessThanOrEqual(3);
    const used = new Set(early.map(({ instance }) => instance));
    expect(used.size).toBe(3);
  });

  test('PIP-2 no two batches of an instance enter within the time of its first stage', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { events } = finished(plant, listed(requests, concurrency));
        for (const pool of plant.pools) {
          if (pool.stages === 1) continue;
          const first = pool === plant.pools[0] ? 0 : (plant.pools[0]?.instances ?? 0) * (plant.pools[0]?.stages ?? 1);
          for (let place = 0; place < pool.instances; place++) {
            const own = stepsOf(events).filter((step) => step.pool === pool.name && (step.instance - first) % pool.instances === place);
            for (const [i, { at }] of own.entries()) expect(at).toBeGreaterThan(own[i - 1]?.at ?? -1);
          }
        }
      }),
    );
  });

  test('PIP-3 the slowest part sets the pace, whichever it is', () => {
    for (const [stages, last] of [
      [[4, 1, 1], 1],
      [[1, 4, 1], 1],
      [[1, 1, 1], 4],
    ] as const) {
      const pipeline = new Pipeline(3);
      const ends: number[] = [];
      for (let batch = 0; batch < 20; batch++) ends.push(pipeline.pass(pipeline.freeAt, { stages, send: 1, host: last }, 1, 0));
      expect((ends.at(-1) ?? 0) - (ends.at(-2) ?? 0)).toBe(4);
    }
  });

  test('three batches in flight serve up to three times what one does with as many places each', () => {
    const end = (stages: number, pricer: StepPricer = even) =>
      finished(mergedPlant({ stages, pricer, kvBlocks: 1000, maxSequences: 4 }), listed(many)).simulation.now;
    const speedup = end(1, alone) / end(3);
    expect(speedup).toBeGreaterThan(1.5);
    expect(speedup).toBeLessThanOrEqual(3);
  });

  test('PIP-1 a request may have all the KV of its rank, whatever the number of batches', () => {
    const pricer = pipelined(syntheticPricer([100]), 2);
    const { timelines } = finished(mergedPlant({ stages: 2, pricer, kvBlocks: 24 }, { maxContext: 24 }), listed([request(0, 20, 3), request(0, 20, 3)]));
    expect(timelines).toHaveLength(2);
  });
});
