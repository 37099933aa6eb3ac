import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from './actor.ts';
import { cases, listed } from './cases.contract.ts';
import { Emissions } from './emissions.ts';
import type { SimulationEvent } from './events.ts';
import { inOrder, leavesNothing, watcher } from './laws.contract.ts';
import { Breaker, loss } from './losses.contract.ts';
import { place } from './place.ts';
import { Simulation } from './simulation.ts';

/** Gives up one of the requests that are in flight at some moment. */
class Impatient implements Actor {
  nextAt: number;
  readonly #nth: number;
  readonly #seen: Set<number>;

  constructor(at: number, nth: number, seen: Set<number>) {
    this.nextAt = at;
    this.#nth = nth;
    this.#seen = seen;
  }

  act(simulation: Simulation): void {
    this.nextAt = Infinity;
    const slots = [...simulation.table.slots()];
    if (slots.length === 0) return;
    const slot = slots[this.#nth % slots.length] ?? 0;
    this.#seen.add(simulation.table.place[slot] ?? 0);
    simulation.abort(simulation.table.ordinal[slot] ?? -1, 'gone');
  }
}

const leaving = fc.record({ at: fc.integer({ min: 0, max: 500 }).map((ticks) => ticks * 2 ** -14), nth: fc.nat(20) });

describe('requests that nobody waits for any more', () => {
  test('REQ-1 end once wherever they are, and nothing of them is left; others go on; the same again', () => {
    const places = new Set<number>();
    let gone = 0;
    fc.assert(
      fc.property(
        cases,
        fc.array(leaving, { minLength: 1, maxLength: 8 }),
        fc.array(loss, { maxLength: 2 }),
        ({ plant, requests, concurrency }, leavers, losses) => {
          const run = () => {
            const events: SimulationEvent[] = [];
            const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
            const tokens = new Map<number, number>();
            const add = (slot: number, count: number): void => {
              const request = simulation.table.ordinal[slot] ?? 0;
              const before = tokens.get(request) ?? 0;
              tokens.set(request, Math.min(simulation.table.outputTokens[slot] ?? 0, before + count));
            };
            const emissions = new Emissions(simulation.table);
            simulation.world.emissions = { prompted: (slot) => add(slot, 1), stepped: (instance) => emissions.of(instance, add) };
            for (const one of losses) simulation.attach(new Breaker(one));
            for (const { at, nth } of leavers) simulation.attach(new Impatient(at, nth, places));
            const { watch } = watcher();
            for (let handled = 0; simulation.step(); handled++) {
              if (handled > 100_000) throw new Error('still going on');
              if (losses.length === 0) watch(simulation);
            }
            return { simulation, events, tokens };
          };
          const { simulation, events, tokens } = run();
          expect(JSON.stringify(run().events)).toBe(JSON.stringify(events));
          leavesNothing(simulation);
          const { arrived, finished, failed, rejected } = simulation.snapshot();
          expect(arrived).toBe(finished + failed + rejected);
          inOrder(events, requests.length);
          for (const { instances } of simulation.pools)
            for (const { columns } of instances)
              expect([...columns.phases, ...columns.growing.words, ...columns.decoding].every((count) => count === 0)).toBe(true);
          // Whoever looks on has seen every token of the answers that were finished.
          const answers = events.flatMap((event) => (event.kind === 'finished' ? [event] : []));
          for (const { request, outputTokens } of answers) expect(tokens.get(request)).toBe(outputTokens);
          gone += events.filter((event) => event.kind === 'failed' && event.cause === 'gone').length;
        },
      ),
      { numRuns: 400 },
    );
    expect(gone).toBeGreaterThan(400);
    // Wherever a request can be, one was given up there.
    expect([...places].sort((a, b) => a - b)).toEqual(
      Object.values(place)
        .filter((at) => at !== place.nowhere)
        .sort((a, b) => a - b),
    );
  }, 60_000);

  test('tokens served are those of finished answers and of what was put out before the others were given up', () => {
    fc.assert(
      fc.property(cases, fc.array(leaving, { minLength: 1, maxLength: 8 }), ({ plant, requests, concurrency }, leavers) => {
        const simulation = new Simulation(plant, listed(requests, concurrency));
        let seen = 0;
        const left = new Map<number, number>();
        const add = (slot: number, count: number): void => {
          const { table } = simulation;
          const request = table.ordinal[slot] ?? 0;
          const before = left.get(request) ?? table.outputTokens[slot] ?? 0;
          seen += Math.min(before, count);
          left.set(request, before - Math.min(before, count));
        };
        const emissions = new Emissions(simulation.table);
        simulation.world.emissions = { prompted: (slot) => add(slot, 1), stepped: (instance) => emissions.of(instance, add) };
        for (const { at, nth } of leavers) simulation.attach(new Impatient(at, nth, new Set()));
        while (simulation.step());
        const served = simulation.metrics.intervals.reduce((sum, { outputServed }) => sum + outputServed, 0);
        expect(served).toBeCloseTo(seen, 6);
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
