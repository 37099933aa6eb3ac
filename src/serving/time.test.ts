import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Acceptance } from './acceptance.ts';
import { cases, listed, syntheticPricer } from './cases.contract.ts';
import { metricsOf } from './compared.contract.ts';
import type { SimulationEvent } from './events.ts';
import { mergedPlant, request, tick } from './plants.contract.ts';
import { finished, recorded } from './run.contract.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;

const stepsOf = (events: readonly SimulationEvent[], instance: number): readonly Step[] =>
  events.filter((event): event is Step => event.kind === 'step' && event.instance === instance);

describe('time and order', () => {
  test('TIM-1 iterations begin and end on the grid and do not overlap', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { events, simulation } = finished(plant, listed(requests, concurrency));
        for (const { index } of simulation.pools.flatMap(({ instances }) => instances)) {
          let free = 0;
          for (const { at, duration } of stepsOf(events, index)) {
            expect(Number.isInteger(at * 2 ** 30) && Number.isInteger(duration * 2 ** 30) && duration > 0).toBe(true);
            expect(at).toBeGreaterThanOrEqual(free);
            free = at + duration;
          }
        }
      }),
    );
  });

  test('TIM-1 an idle instance begins at the next instant of the grid, and its next iteration when the last one ends', () => {
    const pricer = syntheticPricer([1], 1.3);
    const { events } = finished(mergedPlant({ pricer }), listed([request(0.1, 3, 3)]));
    const duration = Math.ceil(1.3 * 2 ** 10) / 2 ** 30;
    const begin = Math.ceil(0.1 * 2 ** 30) / 2 ** 30;
    expect(stepsOf(events, 0).map((step) => [step.at, step.duration])).toEqual([0, 1, 2].map((i) => [begin + i * duration, duration]));
  });

  test('TIM-2 what arrives when an iteration ends is part of the next one; what arrives because it ends is not', () => {
    const open = finished(mergedPlant(), listed([request(0, 1, 3), request(tick, 5, 1)]));
    expect(stepsOf(open.events, 0).map(({ prefillTokens }) => prefillTokens)).toEqual([1, 5, 0]);
    const closed = finished(mergedPlant(), listed([request(0, 1, 1), request(0, 1, 3), request(0, 5, 1)], 2));
    expect(closed.timelines.find((life) => life.request === 2)).toMatchObject({ arrived: tick, scheduled: 2 * tick });
  });

  test('TIM-2 the clock never goes back', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { events } = finished(plant, listed(requests, concurrency));
        let last = 0;
        for (const { at } of events) {
          expect(at).toBeGreaterThanOrEqual(last);
          last = at;
        }
      }),
    );
  });

  test('TIM-3 the same case gives the same bytes, in whatever slices of time it is run', () => {
    fc.assert(
      fc.property(
        cases,
        fc.array(fc.constantFrom(0, 2 ** -30, 2 ** -12, 0.0011, 2 ** -6), { minLength: 1, maxLength: 20 }),
        ({ plant, requests, concurrency }, slices) => {
          const once = finished(plant, listed(requests, concurrency));
          const sliced = recorded(plant, listed(requests, concurrency));
          let until = 0;
          for (const slice of slices) {
            sliced.simulation.advance((until += slice));
            expect(sliced.simulation.nextEventAt).toBeGreaterThan(until);
            expect(sliced.simulation.now).toBe(until);
            expect(sliced.events.every(({ at }) => at <= until)).toBe(true);
          }
          while (sliced.simulation.step());
          expect(sliced.simulation.done).toBe(true);
          expect(JSON.stringify([sliced.events, metricsOf(sliced)])).toBe(JSON.stringify([once.events, metricsOf(once)]));
        },
      ),
    );
  });

  test('TIM-3 draws belong to seed, request and step: asked for one by one, together or backwards they are the same', () => {
    const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.maxSafeNat(), chances, fc.nat(1e6), fc.nat(1000), fc.integer({ min: 1, max: 200 }), (seed, acceptance, ordinal, first, tokens) => {
        const draws = new Acceptance(seed, acceptance);
        const steps = draws.stepsFor(ordinal, first, tokens);
        const backwards = Array.from({ length: steps }, (_, i) => draws.emitted(ordinal, first + steps - 1 - i));
        const emitted = backwards.reduce((sum, each) => sum + each, 0);
        expect(emitted).toBeGreaterThanOrEqual(tokens);
        expect(emitted - (backwards[0] ?? 0)).toBeLessThan(tokens);
        expect(draws.emittedIn(ordinal, first, steps, Infinity)).toBe(emitted);
        expect(new Acceptance(seed, acceptance).stepsFor(ordinal, first, tokens)).toBe(steps);
      }),
    );
  });
});
