import { describe, expect, test } from 'vitest';
import { mergedPlant, request, splitPlant, tick } from '../plants.contract.ts';
import type { PlannedFault } from './fault.ts';
import { damage, struck, under } from './under.contract.ts';

const kill = (at: number, duration: number, ...dies: number[]): PlannedFault => ({ kind: 'kill', at, duration, struck: struck(...dies), left: 0 });

describe('faults', () => {
  test('FLT-1, FLT-2 an instance that is killed stands still until that is noticed; what it held is computed anew where there is room', () => {
    const { at, records } = under(mergedPlant({ instances: 2 }), [request(0, 10, 50)], [kill(3.5 * tick, Infinity, 0)]);
    expect(at('scheduled')).toEqual([0, 5.5 * tick]);
    expect(at('interrupted')).toEqual([5.5 * tick]);
    // Three tokens were out: the prompt again, then the 47 others.
    expect(at('finished')).toEqual([(5.5 + 1 + 46) * tick]);
    expect(records).toMatchObject([{ instances: 1, interrupted: 1, failed: 0, tokens: 13 }]);
    expect(records[0]?.restoredAt).toBeUndefined();
  });

  test('FLT-3 it serves again a restart after it is whole, or after spare dies took its place', () => {
    const one = mergedPlant();
    const first = (fault: PlannedFault, spare: number, spares: boolean) =>
      under(one, [request(0, 10, 5)], [fault], { spare, over: { spares } }).at('scheduled')[1];
    expect(first(kill(1.5 * tick, tick, 0), 0, false)).toBe((3.5 + 4) * tick);
    expect(first(kill(1.5 * tick, 10 * tick, 0), 0, false)).toBe((11.5 + 4) * tick);
    expect(first(kill(1.5 * tick, 10 * tick, 0), 1, true)).toBe((3.5 + 4) * tick);
    expect(first(kill(1.5 * tick, 10 * tick, 0), 1, false)).toBe((11.5 + 4) * tick);
  });

  test('FLT-4 a hang that is over before it is noticed takes its time and nothing else; a longer one is a kill', () => {
    const hang = (duration: number): PlannedFault => ({ kind: 'hang', at: 1.5 * tick, duration, struck: struck(0), left: 0 });
    const short = under(mergedPlant(), [request(0, 10, 5)], [hang(1.5 * tick)]);
    expect(short.at('finished')).toEqual([6.5 * tick]);
    expect(short.at('interrupted')).toEqual([]);
    const long = under(mergedPlant(), [request(0, 10, 5)], [hang(3 * tick)]);
    expect(long.at('interrupted')).toEqual([3.5 * tick]);
    expect(long.at('finished')).toHaveLength(1);
  });

  test('FLT-5 a slow die sets the pace of its instance, the slowest where there are several', () => {
    const slow = (at: number, duration: number, left: number): PlannedFault => ({ kind: 'slow', at, duration, struck: struck(0), left });
    const plant = mergedPlant({ ranks: 2 });
    expect(under(plant, [request(tick, 10, 5)], [slow(0, Infinity, 0.5)]).at('finished')).toEqual([11 * tick]);
    expect(under(plant, [request(tick, 10, 5)], [slow(0, Infinity, 0.5), slow(0, Infinity, 0.25)]).at('finished')).toEqual([21 * tick]);
    expect(under(plant, [request(tick, 10, 5)], [slow(0, 2.5 * tick, 0.5)]).at('finished')).toEqual([(1 + 2 + 4) * tick]);
  });

  test('FLT-8 a share of the iterations of a die that jitters waits, by draws of their own', () => {
    const jitter = (share: number, by: number): PlannedFault => ({
      kind: 'jitter',
      at: 0,
      duration: Infinity,
      struck: struck(0),
      left: 1,
      jitter: { share, by },
    });
    const end = (faults: readonly PlannedFault[], output = 5) => under(mergedPlant(), [request(tick, 10, output)], faults).at('finished')[0] ?? 0;
    expect(end([jitter(1, 2 * tick)])).toBe((1 + 5 * 3) * tick);
    expect(end([jitter(1, 2 * tick), jitter(1, tick)])).toBe((1 + 5 * 3) * tick);
    expect(end([jitter(0, 2 * tick)])).toBe(6 * tick);
    const waited = (end([jitter(0.3, tick)], 90) - 91 * tick) / tick;
    expect(waited).toBeGreaterThan(90 * 0.15);
    expect(waited).toBeLessThan(90 * 0.5);
  });

  test('FLT-6 links that are cut stop what uses them until they are routed around, at the price of what is left; what is cut off is lost', () => {
    const plant = mergedPlant();
    const cut: PlannedFault = { kind: 'cut', at: 1.5 * tick, duration: 20 * tick, struck: struck(), left: 0 };
    const linked = { ...cut, struck: { ...cut.struck, links: [{ fabric: undefined, fault: undefined, text: '' } as never] } };
    const around = under(plant, [request(0, 10, 5)], [linked], { planes: damage(0.5) });
    // The iteration under way waits two ticks; those behind it take twice as long.
    expect(around.at('finished')).toEqual([(2 + 2 + 3 * 2) * tick]);
    expect(around.at('interrupted')).toEqual([]);
    const off = under(plant, [request(0, 10, 5)], [linked], { planes: damage(0) });
    expect(off.at('interrupted')).toEqual([3.5 * tick]);
    expect(off.at('scheduled')[1]).toBe((21.5 + 4) * tick);
  });

  test('FLT-2 a request that has lost its KV more often than it may fails, with the cause', () => {
    const kills = [1, 20, 40].map((at) => kill((at + 0.5) * tick, tick, 0));
    const { events, simulation } = under(mergedPlant(), [request(0, 10, 90)], kills, { over: { retries: 1 } });
    expect(events.filter(({ kind }) => kind === 'failed')).toMatchObject([{ request: 0, cause: 'lost its KV 2 times' }]);
    expect([...simulation.causes.keys()]).toEqual(['lost its KV 2 times']);
  });

  test.each(['kill', 'hang', 'slow', 'cut'] as const)(
    'FLT-14 a fault (%s) that is healed from outside ends as one of that length; one that is taken back does not come',
    (kind) => {
      const plant = mergedPlant({ instances: 2 });
      const requests = [request(0, 10, 20), request(tick, 10, 20), request(9 * tick, 10, 20)];
      const fault = (duration: number): PlannedFault => {
        const links = kind === 'cut' ? [{ fabric: undefined, fault: undefined, text: '' } as never] : [];
        return { kind, at: 1.5 * tick, duration, struck: { ...struck(...(kind === 'cut' ? [] : [0])), links }, left: kind === 'slow' ? 0.5 : 0 };
      };
      const events = (duration: number, heals: readonly (readonly [number, number])[] = []) =>
        under(plant, requests, [fault(duration)], { heals, planes: damage(0) }).events;
      for (const length of [0.5 * tick, 3 * tick, 7 * tick]) {
        expect(events(Infinity, [[1.5 * tick + length, 0]])).toEqual(events(length));
        // Before its own end, which does not end it again.
        expect(events(20 * tick, [[1.5 * tick + length, 0]])).toEqual(events(length));
      }
      expect(events(Infinity, [[tick, 0]])).toEqual(under(plant, requests, []).events);
    },
  );

  test('FLT-7, REQ-1 requests that nothing will serve fail at the end', () => {
    const { simulation } = under(mergedPlant(), [request(0, 10, 5), request(10 * tick, 10, 5)], [kill(1.5 * tick, Infinity, 0)]);
    expect(simulation.snapshot()).toMatchObject({ arrived: 2, finished: 0, failed: 2, waiting: 0, running: 0 });
  });

  test('RTE-7 KV that waits where it was computed outlives the instance that it was on its way to', () => {
    const plant = splitPlant({}, { instances: 2, kvBlocks: 60 }, {}, { bytesPerToken: 4096, latency: tick });
    const { at, events } = under(plant, [request(0, 10, 5)], [kill(2 * tick, Infinity, 1)]);
    expect(at('interrupted')).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'prefilled')).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'moved')).toMatchObject([{ instance: 2 }]);
  });
});
