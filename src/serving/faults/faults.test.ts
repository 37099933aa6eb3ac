import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed, syntheticPricer } from '../cases.contract.ts';
import type { SimulationEvent } from '../events.ts';
import type { Plant } from '../plant.ts';
import { mergedPlant, request, splitPlant, tick } from '../plants.contract.ts';
import { Simulation } from '../simulation.ts';
import type { Arrival } from '../traffic/arrival.ts';
import { Dies } from './dies.ts';
import type { PlannedFault, RandomFaults, Recovery } from './fault.ts';
import { Timetable, type PlaneDamage } from './timetable.ts';

const struck = (...dies: number[]) => ({ text: `dies ${dies.join(' ')}`, dies, cpus: [], links: [] });
const recovery: Recovery = { detection: 2 * tick, restart: 4 * tick, retries: 3, spares: false };

/** Planes that carry a share of what they do while any fault of links is there. */
function damage(whole: Plant, share: number): PlaneDamage {
  const active = new Set<PlannedFault>();
  const slower = syntheticPricer([2 ** 11]);
  return {
    add: (fault) => void active.add(fault),
    remove: (fault) => void active.delete(fault),
    left: () => [active.size === 0 ? 1 : share],
    pricer: (pool, [left]) => (left === 1 ? (whole.pools[pool]?.pricer ?? slower) : slower),
  };
}

/** Runs a plant with one die a rank to its end under faults. */
function under(
  plant: Plant,
  requests: readonly Arrival[],
  planned: readonly PlannedFault[],
  {
    random = [],
    planes,
    over = {},
    concurrency,
    spare = 0,
  }: {
    readonly random?: readonly RandomFaults[];
    readonly planes?: PlaneDamage;
    readonly over?: Partial<Recovery>;
    readonly concurrency?: number | undefined;
    readonly spare?: number;
  } = {},
) {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
  const perInstance = plant.pools.map(({ ranks }) => ranks);
  const count = plant.pools.reduce((sum, { instances, ranks }) => sum + instances * ranks, spare);
  const dies = new Dies(simulation.service.pools, perInstance, count);
  const timetable = new Timetable(planned, random, { ...recovery, ...over }, dies, planes, 7);
  simulation.attach(timetable);
  for (let handled = 0; simulation.step(); handled++) if (handled > 200_000) throw new Error('still going on');
  const at = (kind: string, number = 0) =>
    events.filter((event) => event.kind === kind && 'request' in event && event.request === number).map((event) => event.at);
  return { simulation, events, records: timetable.records, at };
}

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
    const around = under(plant, [request(0, 10, 5)], [linked], { planes: damage(plant, 0.5) });
    // The iteration under way waits two ticks; those behind it take twice as long.
    expect(around.at('finished')).toEqual([(2 + 2 + 3 * 2) * tick]);
    expect(around.at('interrupted')).toEqual([]);
    const off = under(plant, [request(0, 10, 5)], [linked], { planes: damage(plant, 0) });
    expect(off.at('interrupted')).toEqual([3.5 * tick]);
    expect(off.at('scheduled')[1]).toBe((21.5 + 4) * tick);
  });

  test('FLT-2 a request that has lost its KV more often than it may fails, with the cause', () => {
    const kills = [1, 20, 40].map((at) => kill((at + 0.5) * tick, tick, 0));
    const { events, simulation } = under(mergedPlant(), [request(0, 10, 90)], kills, { over: { retries: 1 } });
    expect(events.filter(({ kind }) => kind === 'failed')).toMatchObject([{ request: 0, cause: 'lost its KV 2 times' }]);
    expect([...simulation.causes.keys()]).toEqual(['lost its KV 2 times']);
  });

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

  test('REQ-1, TIM-3 under any faults every request ends once, the same again with the same seed', () => {
    const seen = { interrupted: 0, failed: 0, restored: 0 };
    const time = fc.integer({ min: 0, max: 300 }).map((ticks) => ticks * 2 ** -13);
    const fault = fc.record({
      kind: fc.constantFrom('kill' as const, 'kill' as const, 'hang' as const, 'slow' as const, 'jitter' as const, 'cut' as const, 'choke' as const),
      at: time,
      duration: fc.oneof({ arbitrary: time, weight: 5 }, { arbitrary: fc.constant(Infinity), weight: 1 }),
      die: fc.nat(15),
      left: fc.constantFrom(0.25, 0.5),
    });
    fc.assert(
      fc.property(
        cases,
        fc.array(fault, { minLength: 1, maxLength: 5 }),
        fc.record({ detection: time, restart: time, retries: fc.nat(2), spares: fc.boolean() }),
        fc.constantFrom(0, 0.5),
        fc.nat(2),
        fc.boolean(),
        ({ plant, requests, concurrency }, faults, over, share, spare, random) => {
          const count = plant.pools.reduce((sum, { instances, ranks }) => sum + instances * ranks, 0);
          const planned = faults.map(({ kind, at, duration, die, left }): PlannedFault => {
            const links = kind === 'cut' || kind === 'choke' ? [{} as never] : [];
            const jitter = kind === 'jitter' ? { share: left, by: tick } : undefined;
            return { kind, at, duration, left, jitter, struck: { text: kind, dies: links.length > 0 ? [] : [die % count], cpus: [], links } };
          });
          const often: RandomFaults = { kind: 'kill', mtbf: 0.5, duration: 2 ** -6, parts: Array.from({ length: count }, (_, die) => struck(die)), left: 0 };
          const run = () => under(plant, requests, planned, { over, planes: damage(plant, share), concurrency, spare, random: random ? [often] : [] });
          const { simulation, events, records } = run();
          const again = run();
          expect(JSON.stringify(again.events)).toBe(JSON.stringify(events));
          const { arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
          expect([arrived, waiting, running]).toEqual([requests.length, 0, 0]);
          expect(finished + rejected + failed).toBe(arrived);
          const ended = events.flatMap((event) => (event.kind === 'finished' || event.kind === 'rejected' || event.kind === 'failed' ? [event.request] : []));
          expect([...ended].sort((a, b) => a - b)).toEqual(Array.from({ length: arrived }, (_, i) => i));
          expect(simulation.table.inUse).toBe(0);
          seen.interrupted += events.filter(({ kind }) => kind === 'interrupted').length;
          seen.failed += failed;
          seen.restored += records.filter(({ restoredAt }) => restoredAt !== undefined).length;
        },
      ),
      { numRuns: 300, endOnFailure: true },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 60_000);
});
