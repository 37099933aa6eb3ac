import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adapterTime } from '../../cost/lora.ts';
import { cases, listed, type Case } from '../cases.contract.ts';
import type { SimulationEvent } from '../events.ts';
import { troubled, trouble } from '../faults/under.contract.ts';
import { inOrder, leavesNothing, watcher } from '../laws.contract.ts';
import type { Plant } from '../plant.ts';
import { Simulation } from '../simulation.ts';
import { AdapterSlots } from './adapter-slots.ts';
import type { AdapterPlant } from './adapter-work.ts';

describe('slots', () => {
  const uses = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 120 });

  test('find what fewer than so many others came between, as a list in order of use does; more slots find more', () => {
    fc.assert(
      fc.property(uses, (adapters) => {
        let fewer = -1;
        for (const size of [1, 2, 3, 5, 8, 12]) {
          const slots = new AdapterSlots(size);
          const last: number[] = [];
          let hits = 0;
          for (const adapter of adapters) {
            const at = last.indexOf(adapter);
            const there = at >= 0 && at < size;
            expect(slots.take(adapter)).toBe(there ? 'hit' : 'load');
            slots.give(adapter);
            if (at >= 0) last.splice(at, 1);
            last.unshift(adapter);
            if (there) hits++;
          }
          expect(hits).toBeGreaterThanOrEqual(fewer);
          fewer = hits;
        }
      }),
    );
  });

  test('what is in use stays', () => {
    const slots = new AdapterSlots(2);
    expect([slots.take(1), slots.take(2), slots.take(1), slots.take(3)]).toEqual(['load', 'load', 'hit', 'full']);
    slots.give(1);
    expect(slots.take(3)).toBe('full');
    slots.give(1);
    expect([slots.take(3), slots.take(2), slots.take(1)]).toEqual(['load', 'hit', 'full']);
  });
});

const adapterPlant: fc.Arbitrary<AdapterPlant> = fc.record({
  rank: fc.constant(8),
  slots: fc.integer({ min: 1, max: 5 }),
  load: fc.constantFrom(0, 2 ** -12, 0.0007),
  cost: fc.record({
    bytes: fc.constant(1e6),
    perAdapter: fc.constantFrom(0, 2 ** -14, 0.0001),
    perToken: fc.constantFrom(0, 2 ** -18, 0.00001),
    launches: fc.constantFrom(0, 2 ** -13),
  }),
});

/** Cases of merged pools in one stage, whose requests ask for a few adapters. */
const adapted: fc.Arbitrary<Case> = fc
  .tuple(
    cases.filter(({ plant: { pools } }) => pools.length === 1 && pools[0]?.stages === 1),
    adapterPlant,
    fc.array(fc.nat(6), { minLength: 24, maxLength: 24 }),
  )
  .map(([one, adapters, asked]) => ({
    ...one,
    plant: served(one.plant, adapters),
    requests: one.requests.map((request, i) => ({ ...request, adapter: asked[i] ?? 0 })),
  }));

function served(plant: Plant, adapters: AdapterPlant | undefined): Plant {
  return { ...plant, pools: plant.pools.map((pool) => ({ ...pool, adapters })) };
}

/** What adapters add to the running iterations, counted anew over their sequences. Returns how many iterations had any. */
function counted({ pools, table }: Simulation): number {
  let any = 0;
  for (const { plant, instances } of pools)
    for (const { ranks, running, iteration } of instances) {
      if (plant.adapters === undefined) continue;
      for (const { adapters, members, prefilling, chunks } of ranks) {
        const held = [...members, ...prefilling].flatMap((slot) => (table.adapter[slot] === 0 ? [] : [table.adapter[slot]]));
        expect(adapters?.users).toBe(held.length);
        expect(new Set(held).size).toBeLessThanOrEqual(plant.adapters.slots);
        if (!running) continue;
        const used = new Set<number>();
        let tokens = 0;
        const use = (slot: number | undefined, count: number): void => {
          const adapter = table.adapter[slot ?? -1] ?? 0;
          if (adapter === 0 || count === 0) return;
          used.add(adapter);
          tokens += count;
        };
        if (iteration.decoding > 0) for (const slot of members) use(slot, 1 + plant.acceptance.length);
        [...chunks].forEach((chunk, i) => use(prefilling.items[i], chunk));
        expect(adapters?.products).toBe(adapterTime(plant.adapters.cost, used.size, tokens));
        if (used.size > 0) any++;
      }
    }
  return any;
}

function run({ plant, requests, concurrency }: Case, watch?: (simulation: Simulation) => void) {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
  for (let handled = 0; simulation.step(); handled++) {
    if (handled > 100_000) throw new Error('still going on');
    watch?.(simulation);
  }
  return { simulation, events };
}

/** What happened and when, without what requests asked for. */
function happenings(events: readonly SimulationEvent[]): string {
  return JSON.stringify(events, (key, value: unknown) => (key === 'labels' ? undefined : value));
}

describe('laws of deployments with adapters', () => {
  test('REQ-1 requests are conserved, products are those of the sequences that run, every admission is a hit or a load, the same again', () => {
    const seen = { priced: 0, hits: 0, loads: 0, held: 0 };
    fc.assert(
      fc.property(adapted, (one) => {
        const looks = watcher();
        const { simulation, events } = run(one, (now) => {
          looks.watch(now);
          seen.priced += counted(now);
        });
        inOrder(events, one.requests.length);
        leavesNothing(simulation);
        expect(JSON.stringify(run(one).events)).toBe(JSON.stringify(events));
        const asked = new Set(one.requests.flatMap(({ adapter }, i) => (adapter === 0 ? [] : [i])));
        const admitted = events.filter((event) => event.kind === 'scheduled' && asked.has(event.request)).length;
        const sum = { hits: 0, loads: 0, held: 0 };
        for (const { pools } of simulation.metrics.intervals) {
          for (const { adapters, busy } of pools) {
            for (const key of ['hits', 'loads', 'held'] as const) sum[key] += adapters[key];
            expect(adapters.products + adapters.loading).toBeLessThanOrEqual(busy * (1 + 1e-12));
          }
        }
        expect(sum.hits + sum.loads).toBe(admitted);
        for (const key of ['hits', 'loads', 'held'] as const) seen[key] += sum[key];
      }),
      { numRuns: 300, endOnFailure: true },
    );
    for (const [what, times] of Object.entries(seen)) expect([what, times > 0]).toEqual([what, true]);
  }, 60_000);

  test('requests without adapters cost what they cost where none are served, and adapters that cost nothing change nothing', () => {
    const free: AdapterPlant = { rank: 8, slots: 6, load: 0, cost: { bytes: 0, perAdapter: 0, perToken: 0, launches: 0 } };
    fc.assert(
      fc.property(adapted, (one) => {
        const plain = happenings(run({ ...one, plant: served(one.plant, undefined) }).events);
        expect(happenings(run({ ...one, requests: one.requests.map((request) => ({ ...request, adapter: 0 })) }).events)).toBe(plain);
        expect(happenings(run({ ...one, plant: served(one.plant, free) }).events)).toBe(plain);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  }, 60_000);

  test('FLT-1 the same under faults: every request ends once, nothing is left behind', () => {
    let interrupted = 0;
    fc.assert(
      fc.property(adapted, trouble, ({ plant, requests, concurrency }, drawn) => {
        const looks = watcher();
        const { simulation, events } = troubled(plant, requests, drawn, concurrency, (now) => {
          looks.watch(now);
          if (drawn.faults.every(({ kind }) => kind !== 'slow')) counted(now);
        });
        inOrder(events, requests.length);
        leavesNothing(simulation);
        interrupted += events.filter(({ kind }) => kind === 'interrupted').length;
      }),
      { numRuns: 200, endOnFailure: true },
    );
    expect(interrupted).toBeGreaterThan(0);
  }, 60_000);
});
