import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import { mergedPlant, request, splitPlant, tick } from './plants.contract.ts';
import { finished } from './run.contract.ts';
import { routerOf } from './policies/router.ts';

const placesOf = (events: readonly SimulationEvent[]): readonly number[] => events.flatMap((event) => (event.kind === 'moved' ? [event.rank] : []));

describe('routing', () => {
  test('RTE-1 a prompt goes to the rank with the fewest queued tokens, then the fewest sequences, then the first', () => {
    const load = fc.record({ queuedTokens: fc.nat(3), load: fc.nat(3) });
    const router = routerOf('least-loaded', 1);
    const about = { promptTokens: 1, tenant: 0, priority: 0 };
    const view = { usedTokens: 0, cachedTokens: () => 0 };
    fc.assert(
      fc.property(fc.array(load, { minLength: 1, maxLength: 8 }), (loads) => {
        const order = loads
          .map((_, i) => i)
          .sort((a, b) => {
            const [one, other] = [loads[a], loads[b]] as [(typeof loads)[number], (typeof loads)[number]];
            return one.queuedTokens - other.queuedTokens || one.load - other.load || a - b;
          });
        expect(
          router.route(
            about,
            loads.map((one, index) => ({ ...one, ...view, index })),
          ),
        ).toBe(order[0]);
      }),
    );
  });

  test('RTE-1 prompts under way and sequences that wait count', () => {
    const { events } = finished(
      mergedPlant({ instances: 3 }),
      listed([request(0, 9, 1), request(0, 2, 1), request(0, 4, 1), request(0, 3, 1), request(0, 1, 1)]),
    );
    const where = events.flatMap((event) => (event.kind === 'scheduled' ? [[event.request, event.instance]] : []));
    expect(where.toSorted(([a = 0], [b = 0]) => a - b).map(([, instance]) => instance)).toEqual([0, 1, 2, 1, 2]);
  });

  test('RTE-1, RTE-2 no decision depends on the length of an answer: what differs only there goes alike until one ends', () => {
    fc.assert(
      fc.property(cases, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 24, maxLength: 24 }), ({ plant, requests }, lengths) => {
        const other = requests.map((one, i) => ({ ...one, outputTokens: lengths[i] ?? 1 }));
        const runs = [requests, other].map((list) => finished(plant, listed(list)).events);
        const ends = runs.map((events) => events.find(({ kind }) => kind === 'finished')?.at ?? Infinity);
        const [one, two] = runs.map((events) => events.filter(({ at }) => at < Math.min(...ends)));
        expect(one).toEqual(two);
      }),
    );
  });

  test('RTE-2 a prefilled prompt decodes where the fewest sequences are, then where the most blocks are free, then first', () => {
    const plant = splitPlant({}, { ranks: 3, pricer: { cost: (batch) => ({ ...splitPlant().pools[1]!.pricer.cost(batch), time: 1 }) } });
    const { events } = finished(plant, listed([request(0, 9, 4), request(0, 2, 4), request(0, 4, 4), request(2 * tick, 3, 4), request(4 * tick, 1, 4)]));
    expect(placesOf(events).toSorted((a, b) => a - b)).toEqual([0, 1, 1, 2, 2]);
    expect(events.flatMap((event) => (event.kind === 'moved' && event.request >= 3 ? [event.rank] : []))).toEqual([1, 2]);
  });

  test('RTE-2 it waits for its turn where there is no place, and holds its KV', () => {
    const plant = splitPlant({ kvBlocks: 6 }, { maxSequences: 1 }, { maxContext: 6 });
    const { timelines } = finished(plant, listed([request(0, 2, 4), request(0, 2, 2), request(0, 1, 2), request(0, 5, 1)]));
    const [first, second, third, last] = timelines.toSorted((a, b) => a.request - b.request);
    expect(second?.prefilled).toBe(first?.prefilled);
    expect(second?.reserved).toBe(first?.finished);
    expect(third?.reserved).toBe(second?.finished);
    // Five blocks are free again when the second prompt's KV has left.
    expect(last?.scheduled).toBeGreaterThan(second?.reserved ?? Infinity);
    expect(last?.scheduled).toBeLessThan(third?.finished ?? 0);
  });

  test('RTE-2 places that a preemption leaves are handed out', () => {
    // Two sequences outgrow the rank together; the later one goes, and a prompt that has waited takes the room.
    const plant = splitPlant({}, { kvBlocks: 21 }, { maxContext: 20 });
    const { timelines, events } = finished(plant, listed([request(0, 1, 19), request(0, 9, 11), request(tick, 9, 2), request(tick, 2, 2)]));
    const preempted = events.find(({ kind }) => kind === 'preempted');
    expect(preempted).toBeDefined();
    expect(timelines.map(({ reserved }) => reserved)).toContain(preempted?.at);
  });
});
