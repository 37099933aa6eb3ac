import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from './actor.ts';
import { cases, listed } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import { inOrder, leavesNothing, watcher } from './laws.contract.ts';
import { place } from './place.ts';
import { held } from './rare-fields.ts';
import { Simulation } from './simulation.ts';

/** Hands over every request that is held, some time after its prompt was computed, to an instance by its number. */
class Outside implements Actor {
  nextAt = 2 ** -13;
  readonly #every: number;
  handed = 0;

  constructor(every: number) {
    this.#every = every;
  }

  act(simulation: Simulation): void {
    const { table, pools } = simulation;
    for (const slot of table.slots()) {
      if (table.rare.of(slot).decodesOn !== held || table.place[slot] !== place.holding) continue;
      const request = table.ordinal[slot] ?? 0;
      this.handed++;
      const { instances = 1, ranks = 1 } = pools[1]?.plant ?? {};
      // Every other one to a rank of that instance.
      const rank = request % 2 === 0 ? undefined : request % ranks;
      if (!simulation.handOver(request, request % instances, 5 + (request % 7), rank)) throw new Error(`request ${request} is not there`);
    }
    this.nextAt = simulation.snapshot().arrived === 0 || simulation.table.inUse > 0 ? this.nextAt + this.#every : Infinity;
  }
}

/** Every other request is sent to a rank: its number modulo so many; 1 for the others, which any rank may have. */
function ranksNamed(request: number, pool: { readonly ranks: number } | undefined): number {
  return request % 2 === 1 ? (pool?.ranks ?? 1) : 1;
}

describe('requests that somebody outside routes', () => {
  test('are computed on the instance that they were sent to, wait there, and decode on the one that is named; nothing is left', () => {
    let handed = 0;
    fc.assert(
      fc.property(
        cases.filter(({ plant, concurrency }) => plant.pools.length === 2 && concurrency === undefined),
        fc.constantFrom(2 ** -12, 2 ** -10),
        ({ plant, requests }, every) => {
          const [prefill, decode] = plant.pools;
          const sent = requests.map((request, i) => ({
            ...request,
            outputTokens: 2,
            instance: i % (prefill?.instances ?? 1),
            rank: i % 2 === 0 ? undefined : i % (prefill?.ranks ?? 1),
            held: true,
          }));
          const events: SimulationEvent[] = [];
          const simulation = new Simulation(plant, listed(sent), (event) => events.push(event));
          const outside = new Outside(every);
          simulation.attach(outside);
          const { watch } = watcher();
          for (let handled = 0; simulation.table.inUse > 0 || simulation.transfers.active > 0 || handled === 0; handled++) {
            if (handled > 100_000) throw new Error('still going on');
            simulation.advance(simulation.now + every);
            watch(simulation);
          }
          leavesNothing(simulation);
          inOrder(events, requests.length);
          handed += outside.handed;
          const order = new Map(events.flatMap((event) => (event.kind === 'arrived' ? [event.request] : [])).map((request, i) => [request, i]));
          expect(order.size).toBe(requests.length);
          const first = simulation.pools[1]?.instances[0]?.index ?? 0;
          const moved = events.flatMap((event) => (event.kind === 'moved' ? [event] : []));
          for (const { request, instance, rank } of moved) {
            expect((instance - first) % (decode?.instances ?? 1)).toBe(request % (decode?.instances ?? 1));
            expect(rank % ranksNamed(request, decode)).toBe(request % ranksNamed(request, decode));
          }
          const routed = events.flatMap((event) => (event.kind === 'routed' ? [event] : []));
          for (const { request, instance, rank } of routed) {
            expect(instance % (prefill?.instances ?? 1)).toBe(request % (prefill?.instances ?? 1));
            expect(rank % ranksNamed(request, prefill)).toBe(request % ranksNamed(request, prefill));
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(handed).toBeGreaterThan(500);
  }, 60_000);

  test('a request that is not held is not handed over twice, and one that is not there is not at all', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests }) => {
        const simulation = new Simulation(plant, listed(requests));
        for (let i = 0; i < 30 && simulation.step(); i++);
        const before = JSON.stringify([...simulation.table.outputTokens]);
        for (const slot of simulation.table.slots()) simulation.handOver(simulation.table.ordinal[slot] ?? 0, 0, 3);
        expect(JSON.stringify([...simulation.table.outputTokens])).toBe(before);
        expect(simulation.handOver(1e6, 0, 3)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
