import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases } from '../cases.contract.ts';
import type { SimulationEvent } from '../events.ts';
import { mergedPlant, request, splitPlant, tick } from '../plants.contract.ts';
import type { Plant } from '../plant.ts';
import type { PlannedFault } from './fault.ts';
import { oneDieARank, struck, under } from './under.contract.ts';

const kill = (at: number, duration: number, ...dies: number[]): PlannedFault => ({ kind: 'kill', at, duration, struck: struck(...dies), left: 0 });
const replace = { experts: 'replace' as const };
/** What goes on with fewer ranks waits for three ticks of weights. */
const narrowed = oneDieARank(3 * tick);

describe('instances that go on without some of their ranks', () => {
  const two = mergedPlant({ ranks: 2 });

  test('FLT-10, FLT-11 lost ranks lose what they held, the others keep it, stand still, and form the iteration anew that did not end', () => {
    const { at, records, events } = under(two, [request(0, 10, 9), request(0, 10, 9)], [kill(2.5 * tick, Infinity, 1)], { narrowed, over: replace });
    expect(at('interrupted', 0)).toEqual([]);
    expect(at('interrupted', 1)).toEqual([4.5 * tick]);
    // Noticed at 4.5; regrouped in one tick and three of weights at 8.5: of 9 tokens, two were out.
    expect(at('finished', 0)).toEqual([(8.5 + 7) * tick]);
    // Its prompt and two tokens first: routed as soon as the instance is seen again.
    expect(at('scheduled', 1)).toEqual([0, 8.5 * tick]);
    expect(at('finished', 1)).toEqual([(8.5 + 1 + 6) * tick]);
    expect(records).toMatchObject([{ instances: 1, interrupted: 1, tokens: 12, wentOnAt: 8.5 * tick, ranks: 1, experts: 1 }]);
    expect(records[0]?.restoredAt).toBeUndefined();
    const states = events.flatMap((event) => (event.kind === 'instance' ? [[event.at / tick, event.state, event.ranks]] : []));
    expect(states.filter(([at], i) => states[i + 1]?.[0] !== at)).toEqual([
      [2.5, 'stopped', 2],
      [4.5, 'stopped', 1],
      [8.5, 'active', 1],
    ]);
    const steps = events.flatMap((event) => (event.kind === 'step' ? [event.at] : []));
    expect(steps.filter((begun) => begun > 2.5 * tick && begun < 8.5 * tick)).toEqual([]);
  });

  test('FLT-10 lost ranks get nothing, from routers or from prefill, until they are back', () => {
    const many = Array.from({ length: 12 }, (_, i) => request(i * tick, 10, 20));
    const lasting = under(two, many, [kill(2.5 * tick, 60 * tick, 0)], { narrowed, over: replace });
    const routed = lasting.events.flatMap((event) => (event.kind === 'routed' ? [[event.at, event.rank] as const] : []));
    expect(routed.some(([, rank]) => rank === 0)).toBe(true);
    expect(routed.filter(([at, rank]) => at > 4.5 * tick && rank === 0)).toEqual([]);
    const split = splitPlant({}, { ranks: 3 });
    const { events } = under(split, many, [kill(2.5 * tick, 400 * tick, 1)], { narrowed, over: replace });
    const promised = events.flatMap((event) => (event.kind === 'transfer-begun' && event.at > 4.5 * tick ? [event.rank] : []));
    expect(new Set(promised)).toEqual(new Set([1, 2]));
  });

  test('FLT-12 it comes back to its full width a restart after it is whole, or after spare dies took their place, in one pause more', () => {
    const late = [request(0, 10, 40), request(0, 10, 40), request(30 * tick, 10, 5), request(30 * tick, 10, 5)];
    const healed = under(two, late, [kill(2.5 * tick, 10 * tick, 1)], { narrowed, over: replace });
    expect(healed.records).toMatchObject([{ wentOnAt: 8.5 * tick, healedAt: 12.5 * tick, restoredAt: (12.5 + 4 + 1) * tick }]);
    const spare = under(two, late, [kill(2.5 * tick, Infinity, 1)], { narrowed, over: { ...replace, spares: true }, spare: 1 });
    expect(spare.records).toMatchObject([{ wentOnAt: 8.5 * tick, restoredAt: (8.5 + 4 + 1) * tick }]);
    const routed = spare.events.flatMap((event) => (event.kind === 'routed' && event.at > 20 * tick ? [event.rank] : []));
    expect(new Set(routed)).toEqual(new Set([0, 1]));
    // What decodes beside it waits for a tick, and loses nothing.
    expect(spare.at('interrupted', 0)).toEqual([]);
  });

  test('FLT-10 what cannot go on comes back whole or not at all, and says why; more that is lost meanwhile is noticed in its turn', () => {
    const all = under(two, [request(0, 10, 9), request(0, 10, 9)], [kill(2.5 * tick, 5 * tick, 0, 1)], { narrowed, over: replace });
    expect(all.records).toMatchObject([{ refused: 'none of the merged ranks is left', interrupted: 2, restoredAt: 11.5 * tick }]);
    const three = mergedPlant({ ranks: 3 });
    const requests = [request(0, 10, 9), request(0, 10, 9), request(0, 10, 9)];
    const twice = under(three, requests, [kill(2.5 * tick, Infinity, 0), kill(5.5 * tick, Infinity, 1)], { narrowed, over: replace });
    // The first would go on at 8.5, but the second has been there for more than a detection by then.
    expect(twice.at('interrupted', 1)).toEqual([8.5 * tick]);
    expect(twice.records).toMatchObject([{ ranks: 2 }, { ranks: 1, wentOnAt: (8.5 + 1 + 6) * tick }]);
    expect(twice.at('finished', 2)).toEqual([(15.5 + 7) * tick]);
  });

  test('FLT-10 a rank that was lost is not lost once more', () => {
    const again = under(two, [request(0, 10, 60)], [kill(2.5 * tick, Infinity, 1), kill(20 * tick, Infinity, 1)], { narrowed, over: replace });
    expect(again.records).toMatchObject([{ instances: 1 }, { instances: 0 }]);
    expect(again.at('finished', 0)).toEqual([(8.5 + 58) * tick]);
  });
});

/** Events without those of faults. */
function served(events: readonly SimulationEvent[]): readonly SimulationEvent[] {
  return events.filter(({ kind }) => kind !== 'fault' && kind !== 'healed' && kind !== 'instance');
}

test('FLT-10 an instance that has lost its last ranks before anything came serves as one that never had them', () => {
  const merged = cases.filter(({ plant, concurrency }) => plant.pools.length === 1 && concurrency === undefined);
  let compared = 0;
  fc.assert(
    fc.property(merged, fc.integer({ min: 1, max: 3 }), ({ plant, requests }, lost) => {
      const [pool] = plant.pools;
      if (pool === undefined) return;
      const later = requests.map((one) => ({ ...one, arrivedAt: one.arrivedAt + 1 }));
      const dies = Array.from({ length: pool.instances }, (_, i) => Array.from({ length: lost }, (__, r) => (i + 1) * (pool.ranks + lost) - 1 - r));
      const wide: Plant = { ...plant, pools: [{ ...pool, ranks: pool.ranks + lost }] };
      const at = { detection: 0, regroup: 0, experts: 'replace' as const };
      const narrow = under(wide, later, [kill(0, Infinity, ...dies.flat())], { narrowed: oneDieARank(0), over: at });
      const own = under(plant, later, []);
      expect(JSON.stringify(served(narrow.events))).toBe(JSON.stringify(own.events));
      compared += own.events.length;
    }),
    { numRuns: 200 },
  );
  expect(compared).toBeGreaterThan(5000);
});

test('FLT-10 a saturated instance that lost ranks puts out what those that are left allow, and no more', () => {
  const plant = mergedPlant({ ranks: 8, maxSequences: 4, kvBlocks: 400 });
  const requests = Array.from({ length: 400 }, () => request(0, 10, 40));
  for (const lost of [1, 3, 7]) {
    const dies = Array.from({ length: lost }, (_, i) => 7 - i);
    const { events, records, simulation } = under(plant, requests, [kill(100.5 * tick, Infinity, ...dies)], { narrowed, over: replace, concurrency: 32 });
    const [from = 0] = records.flatMap(({ wentOnAt }) => wentOnAt ?? []);
    const steps = events.flatMap((event) => (event.kind === 'step' && event.at > from + 2 * tick ? [event.decoding] : []));
    // The last requests are fewer than the places.
    const full = steps.slice(0, 200);
    expect(Math.max(...full)).toBe(4 * (8 - lost));
    expect(full.reduce((sum, each) => sum + each, 0) / full.length).toBeGreaterThan(0.85 * 4 * (8 - lost));
    expect(simulation.snapshot()).toMatchObject({ finished: 400, failed: 0 });
  }
});
