import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor } from '../actor.ts';
import { cases, listed } from '../cases.contract.ts';
import { Dies } from '../dies.ts';
import type { SimulationEvent } from '../events.ts';
import { oneDieARank } from '../faults/under.contract.ts';
import { Timetable } from '../faults/timetable.ts';
import type { Plant, PoolPlant } from '../plant.ts';
import { Prices } from '../prices.ts';
import { mergedPlant, request, splitPlant, tick } from '../plants.contract.ts';
import { Simulation } from '../simulation.ts';
import type { Arrival } from '../traffic/arrival.ts';
import { ControlLoop } from './control-loop.ts';
import type { Control, Weights } from './control.ts';
import { Fleet } from './fleet.ts';
import { Loader } from './loader.ts';

/** Weights that are in host memory and take four ticks onto the dies, two more to set up. */
const weights: Weights = { place: 'pooled', capacity: 100, store: 1, perDie: 1, setup: 2 * tick };
const each = { name: 'a', stored: 1, placed: 1, intake: 1 / (4 * tick) };

type Order = readonly [at: number, pool: number, count: number];

/** Runs a plant with one die a rank to its end; orders say what is wanted when. */
function under(
  plant: Plant,
  requests: readonly Arrival[],
  orders: readonly Order[],
  spare = 8,
  control?: Control,
  concurrency?: number,
  kill?: readonly [at: number, die: number, replace: boolean],
) {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
  const perInstance = plant.pools.map(({ ranks }) => ranks);
  const count = plant.pools.reduce((sum, { instances, atStart = instances, ranks }) => sum + atStart * ranks, spare);
  const dies = new Dies(simulation.service.pools, perInstance, count);
  if (kill !== undefined) {
    const [at, die, replace] = kill;
    const fault = { kind: 'kill' as const, at, duration: 20 * tick, left: 0, struck: { text: '', dies: [die % count], cpus: [], links: [] } };
    const recovery = {
      detection: tick,
      restart: tick,
      retries: 9,
      spares: false,
      experts: replace ? ('replace' as const) : ('restart' as const),
      regroup: tick,
    };
    const prices = new Prices(simulation.service, (pool) => (plant.pools[pool] as PoolPlant).pricer);
    simulation.attach(new Timetable(simulation, [fault], [], recovery, { dies, prices, narrowing: oneDieARank(tick)(plant, simulation.service) }, 1));
  }
  const keys = simulation.service.pools.flatMap(({ instances }) => instances.map(() => each.intake));
  const pools = perInstance.map((own) => ({ dies: own, weights: each }));
  const fleet = new Fleet(simulation, pools, dies, 4, new Loader(weights, 1e9, keys));
  const left = [...orders];
  const boss: Actor = {
    get nextAt() {
      return left[0]?.[0] ?? Infinity;
    },
    act: (run) => {
      const [, pool, wanted] = left.shift() as Order;
      fleet.want(run, pool, wanted);
    },
  };
  simulation.attach(boss);
  if (control !== undefined) simulation.attach(new ControlLoop(simulation, control, plant.slo, fleet, perInstance));
  for (let handled = 0; simulation.step(); handled++) if (handled > 200_000) throw new Error('still going on');
  const at = (kind: string, number: number): readonly number[] =>
    events.filter((event) => event.kind === kind && 'request' in event && event.request === number).map((event) => event.at);
  const where = events.flatMap((event) => (event.kind === 'scheduled' ? [event.instance] : []));
  return { simulation, fleet, events, at, where };
}

describe('instances that come and go', () => {
  const plant = mergedPlant({ instances: 3, atStart: 1, maxSequences: 1 });

  test('CTL-2 one more takes free dies, loads its weights and then requests', () => {
    const { fleet, at, where } = under(plant, [request(0, 10, 30), request(0, 10, 5)], [[tick, 0, 2]]);
    expect(fleet.spans).toMatchObject([
      { instance: 0, from: 0, servesFrom: 0 },
      { instance: 1, from: tick, servesFrom: 7 * tick, source: 'host memory' },
    ]);
    // What is queued stays where it was queued.
    expect(where).toEqual([0, 0]);
    expect(at('finished', 1)[0]).toBeGreaterThan(30 * tick);
    expect(under(plant, [request(0, 10, 30), request(8 * tick, 10, 5)], [[tick, 0, 2]]).where).toEqual([0, 1]);
  });

  test('CTL-2 without dies it waits until another instance has given some back', () => {
    const split = splitPlant({ instances: 2, atStart: 2 }, { instances: 2, atStart: 1 });
    const orders: Order[] = [
      [3 * tick, 1, 2],
      [20 * tick, 0, 1],
    ];
    const { fleet } = under(split, [request(0, 10, 60)], orders, 0);
    expect(fleet.spans.map(({ pool, from, to }) => [pool, from, to])).toEqual([
      [0, 0, undefined],
      [0, 0, 20 * tick],
      [1, 0, undefined],
      [1, 20 * tick, undefined],
    ]);
  });

  test('CTL-3 one that drains finishes what it has, out of sight of the router, and gives its dies back', () => {
    const two = mergedPlant({ instances: 2, atStart: 2 });
    const requests = [request(0, 10, 40), request(0, 10, 20), request(10 * tick, 10, 5), request(11 * tick, 10, 5)];
    const { fleet, at, where } = under(two, requests, [[5 * tick, 0, 1]]);
    expect(where).toEqual([0, 1, 0, 0]);
    expect(at('finished', 1)).toEqual([20 * tick]);
    expect(fleet.spans[1]).toMatchObject({ instance: 1, drainsFrom: 5 * tick, to: 20 * tick });
    expect(fleet.poweredSeconds(0, 0, 40 * tick)).toBe(60 * tick);
    // Asked for again while it drains, it serves on.
    const again = under(two, requests, [
      [5 * tick, 0, 1],
      [6 * tick, 0, 2],
    ]);
    expect(again.where).toEqual([0, 1, 0, 1]);
    expect(again.fleet.spans).toHaveLength(2);
  });

  test('CTL-3 one that loads is given up first', () => {
    const { fleet } = under(
      plant,
      [request(0, 10, 30)],
      [
        [tick, 0, 3],
        [2 * tick, 0, 2],
      ],
    );
    expect(fleet.spans.map(({ instance, servesFrom, to }) => [instance, servesFrom, to])).toEqual([
      [0, 0, undefined],
      [1, 7 * tick, undefined],
      [2, undefined, 2 * tick],
    ]);
  });

  test('CTL-1 a pool grows at once, and shrinks to the most that was asked for within the hold', () => {
    const busy = Array.from({ length: 40 }, (_, i) => request(i * tick, 10, 20));
    const loop: Control = {
      period: 4 * tick,
      scaling: [{ pool: 0, min: 1, max: 3, rule: { name: 'target-load', target: 0.5 }, hold: 40 * tick }],
      weights,
    };
    const late = request(600 * tick, 10, 5);
    const { fleet, simulation } = under(mergedPlant({ instances: 3, atStart: 1, maxSequences: 4 }), [...busy, late], [], 8, loop);
    expect(fleet.spans.length).toBeGreaterThanOrEqual(3);
    expect(simulation.snapshot().finished).toBe(41);
    const open = (at: number): number => fleet.spans.filter(({ from, to = Infinity }) => from <= at && at < to).length;
    expect([open(30 * tick), open(590 * tick)]).toEqual([3, 1]);
    // Nothing goes before the hold is over.
    const kept = fleet.spans.flatMap(({ drainsFrom, from }) => (drainsFrom === undefined ? [] : [drainsFrom - from]));
    expect(Math.min(...kept)).toBeGreaterThan(40 * tick);
  });

  test('CTL-6 instances move from prefill to decode and back as the traffic does', () => {
    const split = splitPlant(
      { instances: 4, atStart: 2, tokenBudget: 10 },
      { instances: 3, atStart: 2, maxSequences: 2, kvBlocks: 1000 },
      { maxContext: 1000 },
    );
    const answers = Array.from({ length: 30 }, (_, i) => request(i * 8 * tick, 1, 60));
    const prompts = Array.from({ length: 400 }, (_, i) => request((1500 + i * 0.55) * tick, 10, 2));
    const ratio = { rule: { name: 'load' as const, target: 0.85 }, min: { prefill: 1, decode: 1 }, max: { prefill: 4, decode: 3 }, hold: 10 * tick };
    const { fleet, simulation } = under(split, [...answers, ...prompts], [], 0, { period: 10 * tick, scaling: [], ratio, weights });
    const open = (pool: number, at: number): number => fleet.spans.filter((span) => span.pool === pool && span.from <= at && at < (span.to ?? Infinity)).length;
    expect([open(0, 0), open(1, 0)]).toEqual([2, 2]);
    expect([open(0, 200 * tick), open(1, 200 * tick)]).toEqual([1, 3]);
    expect(open(0, 1700 * tick)).toBeGreaterThan(1);
    expect(simulation.snapshot().finished).toBe(430);
    for (let at = 0; at < 1800; at += 7) expect(open(0, at * tick) + open(1, at * tick)).toBeLessThanOrEqual(4);
  });

  test('REQ-1, TIM-3 whatever comes and goes, every request ends once, dies have one owner, and the same again with the same seed', () => {
    const seen = { started: 0, drained: 0, revived: 0, killed: 0 };
    const time = fc.integer({ min: 1, max: 300 }).map((ticks) => ticks * 2 ** -13);
    const order = fc.tuple(time, fc.nat(1), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(
        cases,
        fc.array(order, { minLength: 1, maxLength: 8 }),
        fc.nat(6),
        fc.boolean(),
        fc.option(fc.tuple(time, fc.nat(9), fc.boolean()), { nil: undefined }),
        ({ plant: whole, requests, concurrency }, list, spare, loops, kill) => {
          // Links are there for the instances that a case has; a merged one needs none.
          const more = whole.pools.length === 1 ? 2 : 0;
          const pools = whole.pools.map((pool) => ({ ...pool, atStart: Math.ceil(pool.instances / 2), instances: pool.instances + more }));
          const orders = [...list].sort(([a], [b]) => a - b).map(([at, pool, count]): Order => [at, pool % pools.length, count]);
          const scaling = pools.map((_, pool) => ({ pool, min: 1, max: 3, rule: { name: 'queue' as const, target: tick }, hold: 8 * tick }));
          const control: Control | undefined = loops ? { period: 4 * tick, scaling, weights } : undefined;
          const run = () => under({ ...whole, pools }, requests, orders, spare, control, concurrency, kill);
          const { simulation, fleet, events } = run();
          expect(JSON.stringify(run().events)).toBe(JSON.stringify(events));
          const { arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
          expect([arrived, waiting, running]).toEqual([requests.length, 0, 0]);
          expect(finished + rejected + failed).toBe(arrived);
          expect(failed).toBe(kill === undefined ? 0 : failed);
          expect(simulation.table.inUse).toBe(0);
          const total = pools.reduce((sum, { atStart, ranks }) => sum + atStart * ranks, spare);
          for (const { from } of fleet.spans) {
            const open = fleet.spans.filter((span) => span.from <= from && from < (span.to ?? Infinity));
            expect(open.reduce((sum, { pool }) => sum + (pools[pool]?.ranks ?? 0), 0)).toBeLessThanOrEqual(total);
          }
          seen.started += fleet.spans.filter(({ from, servesFrom }) => from > 0 && servesFrom !== undefined).length;
          seen.drained += fleet.spans.filter(({ to, drainsFrom }) => to !== undefined && drainsFrom !== undefined).length;
          seen.revived += fleet.spans.filter(({ to, servesFrom }) => to !== undefined && servesFrom === undefined).length;
          seen.killed += events.filter(({ kind }) => kind === 'interrupted').length;
        },
      ),
      { numRuns: 300, endOnFailure: true },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 60_000);
});
