import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Figure } from '../../catalogue/figure.ts';
import type { Machine } from '../../catalogue/machine.ts';
import { engines, type StepCost } from '../../cost/batch.ts';
import { activeTime, activityOf, type DieActivity } from '../../cost/power.ts';
import type { Iteration } from '../../serving/iteration.ts';
import { cases, listed } from '../../serving/cases.contract.ts';
import { Metrics } from '../../serving/metrics.ts';
import { finished, whole } from '../../serving/run.contract.ts';
import { alwaysOn, energyAccount, type EnergyAccount } from './account.ts';
import { chipSecondsOf, type PoweredPool } from './activity.ts';
import { boundsOf, idleEnergy, sourcesOf, type PowerSources } from './sources.ts';

const figure = (value: number, kind: Figure['kind'] = 'sheet'): Figure => ({ value, kind, source: 'a test' });

/** Four nodes of eight chips of two dies on a fabric of two switches a node. */
const machine: Machine = {
  name: 'm',
  title: 'M',
  chip: {
    name: 'c',
    title: 'C',
    vendor: 'V',
    word: 'NPU',
    generation: 'g',
    dies: 2,
    die: {
      matrix: { cores: figure(4), peaks: { bf16: { peak: figure(1e14) } } },
      vector: { cores: figure(4), peak: figure(1e13) },
      memory: { capacity: figure(64e9), bandwidth: figure(1.6e12) },
    },
    power: { idle: figure(100), max: figure(600) },
    notes: [],
  },
  nodes: 4,
  scalable: false,
  node: { chips: 8, cpus: 2, cpu: 'a CPU', dram: figure(1e12) },
  planes: [
    {
      name: 'fabric',
      role: 'scale-up',
      port: { owner: 'die', bandwidth: figure(2e11), latency: figure(1e-6) },
      efficiency: figure(0.8),
      peerAccess: true,
      domainChips: 32,
      subPlanes: 1,
      rails: 1,
      levels: [{ name: 'one', chips: 2, per: 'node', uplinks: 0, linkBandwidth: figure(2e11) }],
      paths: [],
    },
  ],
  power: figure(40_000),
  draws: [
    { name: 'CPUs', group: 'host', per: 'cpu', idle: figure(50), max: figure(300) },
    { name: 'switches', group: 'fabric', per: 'switch', plane: 'fabric', idle: figure(80), max: figure(160) },
    { name: 'optics', group: 'fabric', per: 'chip', max: figure(10, 'estimate') },
    { name: 'fans', group: 'cooling', per: 'node', idle: figure(100), max: figure(900) },
  ],
  losses: figure(0.05),
  pue: figure(1.2),
  powerFacts: {
    activity: { running: figure(0.3), matrix: figure(0.7), vector: figure(0.3), memory: figure(48e-12), link: figure(40e-12) },
    ownership: { life: figure(1e8), electricity: figure(2e-8) },
  },
  stack: 's',
  notes: [],
};
const activity = activityOf(machine) as DieActivity;
const pools: readonly PoweredPool[] = [
  { instances: 2, stages: 1, chipsPerInstance: 4 },
  { instances: 1, stages: 3, chipsPerInstance: 6 },
];

/** Steps of the batches in flight of each pool: a pause, how long it takes, and which share of that each engine is busy. */
type Steps = readonly { readonly pause: number; readonly time: number; readonly busy: readonly number[] }[];
const steps = fc.array(
  fc.record({
    pause: fc.double({ min: 0, max: 1, noNaN: true }),
    time: fc.double({ min: 0.01, max: 2, noNaN: true }),
    busy: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: engines.length, maxLength: engines.length }),
  }),
  { maxLength: 30 },
);
/** What each batch in flight of the two pools runs. */
const lanes = fc.tuple(fc.array(steps, { minLength: 2, maxLength: 2 }), fc.array(steps, { minLength: 3, maxLength: 3 }));

function costOf({ time, busy }: Steps[number]): StepCost {
  return { time, busy: busy.map((share) => share * time), stages: [] };
}

/** Counts steps as a simulation does, the earliest first, and when the last one ends. */
function counted(runs: readonly (readonly Steps[])[], width = 2 ** -4): { readonly metrics: Metrics; readonly end: number } {
  const metrics = new Metrics(pools.length);
  metrics.width = width;
  const begun = runs.flatMap((own, pool) =>
    own.flatMap((lane) => {
      let at = 0;
      return lane.map((step) => {
        const start = at + step.pause;
        at = start + step.time;
        return { pool, start, end: at, step };
      });
    }),
  );
  for (const { pool, start, step } of begun.toSorted((a, b) => a.start - b.start)) {
    const iteration = { cost: costOf(step), prefillTokens: 0, prefillContext: 0, prefillPairs: 0, slowestPairs: 0, decoding: 0, decodeContext: 0 } as Iteration;
    metrics.at(start).pools[pool]?.step(step.time, iteration, 0, 0, 1, activity);
  }
  const end = begun.reduce((last, one) => Math.max(last, one.end), 1);
  metrics.at(end);
  return { metrics, end };
}

function totalOf({ lines }: EnergyAccount): number {
  return lines.reduce((sum, { joules }) => sum + joules.reduce((all, value) => all + value, 0), 0);
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);
const power: PowerSources = sourcesOf(machine);

describe('energy', () => {
  test('the parts and intervals of the chips add up to their idle power over time and their range over the active time', () => {
    fc.assert(
      fc.property(lanes, (runs) => {
        const { metrics, end } = counted(runs);
        const { chips } = energyAccount(power, pools, metrics, end);
        pools.forEach(({ instances, stages, chipsPerInstance }, p) => {
          const active = (runs[p] ?? []).flat().reduce((sum, step) => sum + activeTime(activity, costOf(step)), 0);
          const wanted = 100 * instances * chipsPerInstance * end + (500 * chipsPerInstance * active) / stages;
          expect(
            close(
              (chips[p] as Float64Array).reduce((sum, value) => sum + value, 0),
              wanted,
            ),
          ).toBe(true);
        });
      }),
    );
  });

  test('of any run its chip-seconds at work are those of its steps, interval by interval, and none is counted twice', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation } = finished(plant, listed(requests, concurrency));
        const all = whole(simulation);
        simulation.metrics.at(simulation.now);
        plant.pools.forEach(({ instances, stages }, p) => {
          const seconds = chipSecondsOf(
            simulation.metrics,
            { instances, stages, chipsPerInstance: stages },
            p,
            simulation.now,
            (_, __, length) => instances * length,
          );
          const total = (of: (one: (typeof seconds)[number]) => number) => seconds.reduce((sum, one) => sum + of(one), 0);
          expect(
            close(
              total(({ following }) => following.steps),
              all.pools[p]?.busy ?? NaN,
            ),
          ).toBe(true);
          expect(total(({ following }) => following.chips)).toBeLessThanOrEqual((all.pools[p]?.busy ?? NaN) * (1 + 1e-9));
          expect(
            close(
              total(({ on }) => on),
              instances * stages * simulation.now,
            ),
          ).toBe(true);
          for (const { on, following } of seconds) expect(following.steps).toBeLessThanOrEqual(on * (1 + 1e-9));
        });
      }),
      { numRuns: 200 },
    );
  });

  test('all of it is what parts draw, and what is lost and cooled on its way', () => {
    fc.assert(
      fc.property(lanes, (runs) => {
        const { metrics, end } = counted(runs);
        const account = energyAccount(power, pools, metrics, end);
        const parts = account.lines.filter(({ group }) => group !== 'losses' && group !== 'facility');
        expect(close(totalOf(account), (totalOf({ ...account, lines: parts }) / 0.95) * 1.2)).toBe(true);
      }),
    );
  });

  test('no interval draws less than everything idle or more than everything at its maximum', () => {
    const { idle, max } = boundsOf(power, 14);
    fc.assert(
      fc.property(lanes, (runs) => {
        const { metrics, end } = counted(runs);
        const { lines, lengths } = energyAccount(power, pools, metrics, end);
        lengths.forEach((length, i) => {
          const drawn = lines.reduce((sum, { joules }) => sum + (joules[i] as number), 0);
          expect(drawn).toBeGreaterThanOrEqual(idle * length * (1 - 1e-12));
          expect(drawn).toBeLessThanOrEqual(max * length * (1 + 1e-12));
        });
      }),
    );
  });

  test('does not depend on the width of intervals', () => {
    fc.assert(
      fc.property(lanes, (runs) => {
        const [fine, coarse] = [counted(runs), counted(runs, 1)];
        expect(close(totalOf(energyAccount(power, pools, fine.metrics, fine.end)), totalOf(energyAccount(power, pools, coarse.metrics, coarse.end)))).toBe(
          true,
        );
      }),
    );
  });

  test('an instance that is off for a time without steps draws less by what it draws idle', () => {
    const { metrics, end } = counted([[], []]);
    const all = totalOf(energyAccount(power, pools, metrics, end));
    const on = alwaysOn(pools);
    const fewer = totalOf(energyAccount(power, pools, metrics, end, (pool, i, length) => on(pool, i, length) / (pool === 0 ? 2 : 1)));
    expect(close(all - fewer, idleEnergy(machine, 4, end))).toBe(true);
    expect(all).toBeCloseTo(idleEnergy(machine, 4, 2 * end) + idleEnergy(machine, 6, end), 6);
  });

  test('a step that is under way at the end of the account has drawn what it did up to there', () => {
    const { metrics } = counted([[[{ pause: 0, time: 2, busy: [1, 0, 0, 0, 0, 0] }]], []]);
    const [first, ...rest] = chipSecondsOf(metrics, { instances: 1, stages: 1, chipsPerInstance: 1 }, 0, 0.5, (_, __, length) => length);
    expect(first?.following.steps).toBe(2 ** -4);
    expect([first, ...rest].reduce((sum, seconds) => sum + (seconds?.following.steps ?? 0), 0)).toBeCloseTo(0.5, 12);
  });
});

describe('the activity of a step', () => {
  test('is nothing while the host works, never more than the rest of the step, and grows with what is busy', () => {
    fc.assert(
      fc.property(steps, fc.nat(engines.length - 1), (some, engine) => {
        for (const step of some) {
          const cost = costOf(step);
          const active = activeTime(activity, cost);
          expect(active).toBeGreaterThanOrEqual(0);
          expect(active).toBeLessThanOrEqual(cost.time - (cost.busy[5] ?? 0) + 1e-12);
          if (engines[engine] === 'host') continue;
          const more = { ...cost, busy: cost.busy.map((busy, e) => (e === engine ? busy + 0.1 : busy)) };
          expect(activeTime(activity, more)).toBeGreaterThanOrEqual(active);
        }
      }),
    );
  });

  test('is all of a step where the matrix engine is busy throughout, and all of it where nothing is known', () => {
    const full = { time: 1, busy: [1, 0, 0, 0, 0, 0] };
    expect(activeTime(activity, full)).toBeCloseTo(1, 12);
    expect(activeTime(undefined, { ...full, busy: [0, 0, 0, 0, 0, 0.25] })).toBe(0.75);
  });

  test('takes bytes at what they cost: half of the memory is half of 3.2 TB/s at 48 pJ a byte', () => {
    const moved = activeTime(activity, { time: 1, busy: [0, 0, 0.5, 0, 0, 0] }) - 0.3;
    expect(moved * 500).toBeCloseTo(0.5 * 3.2e12 * 48e-12, 6);
  });
});

describe('what a machine states', () => {
  test('without draws the rest of its all-in power is drawn at all times', () => {
    const plain = sourcesOf({ ...machine, draws: undefined, losses: undefined, pue: undefined });
    expect(boundsOf(plain, 32)).toEqual({ idle: 32 * 100 + (40_000 - 32 * 600), max: 40_000 });
    expect(plain.notes.join(' ')).toMatch(/upper bound.*no PUE/);
  });

  test('without any power but that of the chips nothing else is counted, and that is said', () => {
    const bare = sourcesOf({ ...machine, draws: undefined, losses: undefined, pue: undefined, power: undefined });
    expect(boundsOf(bare, 1)).toEqual({ idle: 100, max: 600 });
    expect(bare.notes.join(' ')).toMatch(/not counted/);
  });

  test('without an idle power chips draw their maximum', () => {
    const hot = { ...machine, chip: { ...machine.chip, power: { max: figure(600) } } };
    expect(activityOf(hot)).toBeUndefined();
    expect(sourcesOf(hot).sources[0]).toMatchObject({ idle: { watts: 600 }, range: { watts: 0 } });
  });

  test('what rests on an estimate is assumed, what moves under a stated maximum bounded', () => {
    const guess = { ...machine, chip: { ...machine.chip, power: { idle: figure(100, 'estimate'), max: figure(600) } } };
    expect([sourcesOf(guess).sources[0]?.idle.stands, sourcesOf(guess).sources[0]?.range.stands]).toEqual(['assumed', 'bounded']);
    expect(power.sources.map(({ idle, range }) => [idle.stands, range.stands])).toEqual([
      ['known', 'bounded'],
      ['known', 'bounded'],
      ['known', 'bounded'],
      ['assumed', 'assumed'],
      ['known', 'bounded'],
    ]);
  });
});
