import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, chained, listed, syntheticPricer } from './cases.contract.ts';
import { metricsOf, metricsOfTwin, sum } from './compared.contract.ts';
import { phases } from './lifetime.ts';
import { mergedPlant, request, splitPlant } from './plants.contract.ts';
import { finished, whole } from './run.contract.ts';
import { Simulation } from './simulation.ts';
import { twin } from './twin.contract.ts';

describe('the simulation and its naive twin', () => {
  test('TIM-3 tell the same story to the last bit: events, lives of requests, metrics', () => {
    const seen = {
      chunked: 0,
      heldBack: 0,
      unitsDropped: 0,
      preempted: 0,
      hits: 0,
      evictions: 0,
      rejected: 0,
      several: 0,
      stored: 0,
      spilt: 0,
      expired: 0,
      onNodes: 0,
    };
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const naive = twin(plant, listed(requests, concurrency));
        const run = finished(plant, listed(requests, concurrency));
        expect(JSON.stringify(run.events)).toBe(JSON.stringify(naive.events));
        expect(JSON.stringify(run.timelines)).toBe(JSON.stringify(naive.timelines));
        expect(JSON.stringify(metricsOf(run))).toBe(JSON.stringify(metricsOfTwin(naive, run, requests)));
        seen.chunked += naive.seen.chunked;
        seen.heldBack += naive.seen.heldBack;
        seen.unitsDropped += naive.seen.unitsDropped;
        seen.preempted += sum(naive.pools.map(({ preemptions }) => preemptions));
        seen.hits += naive.cache.tokensHit;
        seen.evictions += plant.cache === undefined ? 0 : naive.cache.evictions;
        seen.stored += run.simulation.prefixes?.tokensStored ?? 0;
        seen.spilt += run.simulation.prefixes?.spilt ?? 0;
        seen.expired += run.simulation.prefixes?.expired ?? 0;
        seen.onNodes += (run.simulation.prefixes?.found.length ?? 0) > 1 ? run.simulation.transport.begun.read : 0;
        seen.rejected += naive.events.filter(({ kind }) => kind === 'rejected').length;
        seen.several += Math.max(0, run.simulation.steps - run.simulation.snapshot().events);
      }),
      { numRuns: 600 },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 120_000);

  test('TIM-3 come to the same where nobody is told of iterations, and many are gone through at once', () => {
    let coasted = 0;
    fc.assert(
      fc.property(cases, fc.array(fc.constantFrom(2 ** -12, 0.0011, 2 ** -6), { maxLength: 5 }), ({ plant, requests, concurrency }, slices) => {
        const told = finished(plant, listed(requests, concurrency));
        const simulation = new Simulation(plant, listed(requests, concurrency));
        let until = 0;
        for (const slice of slices) {
          simulation.advance((until += slice));
          expect(simulation.now).toBe(until);
        }
        while (simulation.step());
        const silent = { ...told, simulation };
        expect([simulation.steps, simulation.now]).toEqual([told.simulation.steps, Math.max(until, told.simulation.now)]);
        expect(JSON.stringify(metricsOf(silent))).toBe(JSON.stringify(metricsOf(told)));
        const [one, other] = [whole(simulation), whole(told.simulation)];
        for (const key of ['outputServed', 'waiting', 'running', 'outputTokens'] as const) expect(one[key]).toBeCloseTo(other[key], 9);
        one.pools.forEach((pool, p) => {
          for (const key of ['occupancy', 'kv', 'active', 'decodeTokens'] as const) expect(pool[key]).toBeCloseTo(other.pools[p]?.[key] ?? Number.NaN, 9);
        });
        coasted += simulation.stepsAhead;
      }),
      { numRuns: 400 },
    );
    expect(coasted).toBeGreaterThan(200);
  }, 60_000);

  test('TIM-3 tell the same story of more ranks than a word has bits', () => {
    const asked = fc.array(
      fc.record({ gap: fc.constantFrom(0, 0, 0, 2 ** -12), input: fc.integer({ min: 1, max: 25 }), output: fc.integer({ min: 1, max: 30 }) }),
      {
        minLength: 100,
        maxLength: 200,
      },
    );
    const shape = fc.record({
      ranks: fc.integer({ min: 31, max: 66 }),
      blockTokens: fc.constantFrom(1, 4),
      split: fc.boolean(),
      drafts: fc.nat(3),
      caching: fc.boolean(),
    });
    let preempted = 0;
    fc.assert(
      fc.property(asked, shape, (list, { ranks, blockTokens, split, drafts, caching }) => {
        let arrivedAt = 0;
        const requests = list.map(({ gap, input, output }) => request((arrivedAt += gap), input, output));
        const pool = {
          ranks,
          blockTokens,
          kvBlocks: Math.ceil(60 / blockTokens),
          acceptance: [0.9, 0.8, 0.7].slice(0, drafts),
          pricer: syntheticPricer([700, 2, 1, 1, 3, 1], 1.07),
        };
        const plant = split ? splitPlant({ instances: 2 }, pool, { maxContext: 58 }) : mergedPlant({ ...pool, prefixCaching: caching }, { maxContext: 58 });
        const naive = twin(plant, listed(requests));
        const run = finished(plant, listed(requests));
        expect(JSON.stringify(run.events)).toBe(JSON.stringify(naive.events));
        expect(JSON.stringify(metricsOf(run))).toBe(JSON.stringify(metricsOfTwin(naive, run, requests)));
        preempted += sum(naive.pools.map(({ preemptions }) => preemptions));
      }),
      { numRuns: 40 },
    );
    expect(preempted).toBeGreaterThan(0);
  }, 60_000);

  test('TIM-3 tell the same story of requests that follow from others', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 6 }), ({ plant, requests }, chains) => {
        const naive = twin(plant, chained(requests, chains));
        const run = finished(plant, chained(requests, chains));
        expect(JSON.stringify(run.events)).toBe(JSON.stringify(naive.events));
        expect(JSON.stringify(run.timelines)).toBe(JSON.stringify(naive.timelines));
      }),
    );
  });

  test('TIM-3 agree on what is only summed: places taken, blocks held, requests in flight, phases', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const naive = twin(plant, listed(requests, concurrency));
        const all = whole(finished(plant, listed(requests, concurrency)).simulation);
        naive.pools.forEach(({ durations, iterations, kv }, p) => {
          const { role, ranks, tokenBudget, maxSequences } = plant.pools[p] as (typeof plant.pools)[number];
          const places = iterations.map((step) => (role === 'prefill' ? step.prefillTokens / tokenBudget : step.decodeSequences / maxSequences) / ranks);
          expect(all.pools[p]?.occupancy).toBeCloseTo(sum(durations.map((duration, i) => duration * (places[i] ?? 0))), 9);
          expect(all.pools[p]?.kv).toBeCloseTo(sum(durations.map((duration, i) => duration * (kv[i] ?? 0))), 9);
        });
        const inFlight = sum(naive.timelines.map((life) => life.finished - life.arrived));
        expect(all.waiting + all.running).toBeCloseTo(inFlight, 9);
        expect(sum([...all.phases])).toBeCloseTo(inFlight, 9);
        // The first time: what is preempted may be sent again.
        const routedAt = new Map(naive.events.toReversed().flatMap((event) => (event.kind === 'routed' ? [[event.request, event.at] as const] : [])));
        const cacheRead = sum(naive.timelines.map((life) => life.ready - (routedAt.get(life.request) ?? 0)));
        expect(all.phases[phases.indexOf('cache read')]).toBeCloseTo(cacheRead, 9);
      }),
      { numRuns: 100 },
    );
  });
});
