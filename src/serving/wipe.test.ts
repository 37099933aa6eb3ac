import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from './actor.ts';
import { cases, listed } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import { Breaker, loss } from './losses.contract.ts';
import { Simulation } from './simulation.ts';

interface Cut {
  readonly at: number;
  readonly link: number;
  readonly left: number;
  readonly back: number;
}

const cut: fc.Arbitrary<Cut> = fc.record({
  at: fc.integer({ min: 0, max: 400 }).map((ticks) => ticks * 2 ** -13),
  link: fc.nat(60),
  left: fc.constantFrom(0, 0.25),
  back: fc.integer({ min: 1, max: 200 }).map((ticks) => ticks * 2 ** -13),
});

/** Cuts a link or slows it, and takes a node of the cache away, for a while. */
class Cutter implements Actor {
  nextAt: number;
  readonly #cut: Cut;
  #done = false;

  constructor(of: Cut) {
    this.#cut = of;
    this.nextAt = of.at;
  }

  act({ plant, prefixes, transport }: Simulation): void {
    const link = this.#cut.link % Math.max(1, plant.links.length);
    const rate = plant.links[link]?.rate;
    if (rate !== undefined) transport.setCapacity(link, this.#done ? rate : rate * this.#cut.left);
    if (plant.cache !== undefined) prefixes?.setNode(this.#cut.link % plant.cache.nodes.length, this.#done);
    this.nextAt = this.#done ? Infinity : this.nextAt + this.#cut.back;
    this.#done = true;
  }
}

describe('instances that are lost', () => {
  test('REQ-1, MOV-6 every request ends once, as finished, rejected or failed; nothing is left behind; the same again', () => {
    const seen = { interrupted: 0, failed: 0, finished: 0 };
    fc.assert(
      fc.property(cases, fc.array(loss, { minLength: 1, maxLength: 4 }), fc.array(cut, { maxLength: 4 }), ({ plant, requests, concurrency }, losses, cuts) => {
        const run = () => {
          const events: SimulationEvent[] = [];
          const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
          for (const one of losses) simulation.attach(new Breaker(one));
          for (const one of cuts) simulation.attach(new Cutter(one));
          let last = 0;
          for (let handled = 0; simulation.step(); handled++) {
            if (handled > 100_000) throw new Error('still going on');
            const { at, arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
            expect(arrived).toBe(finished + rejected + failed + waiting + running);
            expect(at).toBeGreaterThanOrEqual(last);
            expect(Math.min(waiting, running)).toBeGreaterThanOrEqual(0);
            last = at;
          }
          return { simulation, events };
        };
        const { simulation, events } = run();
        expect(JSON.stringify(run().events)).toBe(JSON.stringify(events));
        const { arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
        expect([arrived, waiting, running]).toEqual([requests.length, 0, 0]);
        expect(arrived).toBe(finished + rejected + failed);
        const ended = events.filter(({ kind }) => kind === 'finished' || kind === 'rejected' || kind === 'failed');
        expect(new Set(ended.map((event) => ('request' in event ? event.request : -1))).size).toBe(requests.length);
        expect(ended).toHaveLength(requests.length);
        expect([...simulation.table.slots()]).toEqual([]);
        expect(simulation.transfers.active).toBe(0);
        for (const { instances } of simulation.pools)
          for (const { ranks } of instances)
            for (const rank of ranks) {
              expect([rank.usedBlocks, rank.queuedTokens, rank.sequences, rank.waiting.size, rank.late.size, rank.columns.baseSum[rank.at]]).toEqual([
                0, 0, 0, 0, 0, 0,
              ]);
              expect([...rank.columns.phases, ...rank.columns.growing.words].every((count) => count === 0)).toBe(true);
            }
        const answers = events.flatMap((event) => (event.kind === 'finished' ? [event] : []));
        for (const { request, outputTokens } of answers) {
          const { inputTokens = 0, outputTokens: asked = 0 } = requests[request] ?? {};
          expect(outputTokens).toBe(Math.min(asked, plant.maxContext - inputTokens));
        }
        seen.finished += answers.length;
        seen.interrupted += events.filter(({ kind }) => kind === 'interrupted').length;
        seen.failed += failed;
      }),
      { numRuns: 150 },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 60_000);
});
