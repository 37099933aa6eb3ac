import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../cli/scenario.ts';
import { stepPricer } from '../../src/cost/pricer.ts';
import { sharedPricers } from '../../src/cost/shared-pricers.ts';
import { verticesOf } from '../../src/network/topology/end.ts';
import { fabricOf } from '../../src/network/topology/build.ts';
import { summarise } from '../../src/report/summarise.ts';
import { pricedUnder } from '../../src/serving/causes.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { WeightMoves } from '../../src/serving/experts/weight-moves.ts';

const pricers = sharedPricers(24);
const examples = new URL('../../examples/', import.meta.url);

/** An example with settings, to its end. */
async function served(name: string, ...set: readonly string[]) {
  const run = createSimulation(await loadScenario(new URL(`${name}.yaml`, examples).pathname, { set }), undefined, pricers);
  while (run.simulation.step());
  return { run, summary: summarise(run, 'test') };
}

const paper = 'cloudmatrix384-deepseek-r1';
const short = 'workload.requests=8000';
const restart = 'recovery={ detection: 500 ms, restart: 6 s, spares: false }';
const replace = 'recovery={ detection: 500 ms, restart: 6 s, spares: false, experts: replace, regroup: 1 s }';

describe('dies of the decode instance lost, and their experts placed anew', () => {
  test(
    'FLT-10, FLT-11 one die: the 319 others go on, 58 experts come from host memory, and more is served in time than by a restart',
    { timeout: 120_000 },
    async () => {
      const fault = 'faults=[{ at: 4 s, kill: die 300, for: 20 s }]';
      const [whole, stopped, narrow] = [await served(paper, short), await served(paper, short, fault, restart), await served(paper, short, fault, replace)];
      for (const { run } of [stopped, narrow]) expect(run.simulation.snapshot()).toMatchObject({ finished: 8000, failed: 0, waiting: 0, running: 0 });
      const [record] = narrow.summary.faults;
      // One slot of each of 58 layers, three matrices of 7168 x 2048 in INT8 with their scales, at 5.6 GB/s.
      expect(record).toMatchObject({ ranks: 1, experts: 58, instances: 1 });
      expect(record?.bytes).toBeGreaterThan(58 * 3 * 7168 * 2048);
      expect(record?.bytes).toBeLessThan(58 * 3 * 7168 * 2048 * 1.01);
      const moving = (record?.wentOnAt ?? 0) - 4 - 0.5 - 1;
      expect(moving).toBeCloseTo((record?.bytes ?? 0) / 5.6e9, 6);
      expect(record?.meanwhile).toBeGreaterThan(0);
      expect(record?.interrupted).toBeLessThan((stopped.summary.faults[0]?.interrupted ?? 0) / 50);
      const good = ({ run }: typeof whole): number => run.simulation.metrics.intervals.reduce((sum, interval) => sum + interval.good, 0);
      expect(good(narrow)).toBeGreaterThan(1.2 * good(stopped));
      expect(good(narrow)).toBeLessThanOrEqual(good(whole));
      // The dies of a prefill instance have the same experts, and give them at the rate of their ports.
      const peers = await served(paper, short, fault, replace.replace('regroup', 'experts-from: peers, regroup'));
      expect((peers.summary.faults[0]?.wentOnAt ?? 0) - 5.5).toBeLessThan(moving / 5);
      expect((peers.summary.faults[0]?.wentOnAt ?? 0) - 5.5).toBeGreaterThan(0);
      expect(JSON.stringify((await served(paper, short, fault, replace)).summary)).toBe(JSON.stringify(narrow.summary));
    },
  );

  test(
    'FLT-10 a node takes 16 ranks; three nodes take more experts than there are copies of; a prefill instance has one rank',
    { timeout: 120_000 },
    async () => {
      const node = await served(paper, short, 'faults=[{ at: 4 s, kill: node 20 }]', replace);
      expect(node.summary.faults[0]).toMatchObject({ ranks: 16, interrupted: expect.any(Number) as number });
      expect(node.summary.faults[0]?.experts).toBe(16 * 58);
      // A copy that is left needs nothing but tables: the first 32 experts have two.
      const copied = await served(paper, short, 'faults=[{ at: 4 s, kill: die 192 }]', replace);
      expect(copied.summary.faults[0]).toMatchObject({ ranks: 1, experts: 0, bytes: 0, wentOnAt: 5.5 });
      const three = await served(paper, short, 'faults=[{ at: 4 s, kill: node 20 }, { at: 4 s, kill: node 21 }, { at: 4 s, kill: node 22 }]', replace);
      const [first] = three.summary.faults;
      expect([first?.ranks ?? first?.refused]).toEqual([48]);
      const many = Array.from({ length: 15 }, (_, i) => `{ at: 4 s, kill: node ${15 + i} }`).join(', ');
      const most = await served(paper, short, `faults=[${many}]`, replace);
      expect(most.summary.faults[0]?.refused).toContain('no room for the experts of the others beside their KV');
      const prefill = await served(paper, short, 'faults=[{ at: 4 s, kill: die 40 }]', replace);
      expect(prefill.summary.faults[0]).toMatchObject({ refused: 'it has a single rank' });
      expect(prefill.summary.faults[0]?.ranks).toBeUndefined();
    },
  );

  test('FLT-10 attention and experts apart: an expert die that is lost takes no rank along', { timeout: 120_000 }, async () => {
    const { run, summary } = await served(
      'experts-apart',
      'workload.requests=1500',
      'faults=[{ at: 2 s, kill: die 600 }, { at: 6 s, kill: die 300 }]',
      replace,
    );
    expect(run.simulation.snapshot()).toMatchObject({ failed: 0, waiting: 0, running: 0 });
    expect(summary.faults.map(({ ranks, refused }) => ranks ?? refused)).toEqual([0, 1]);
  });
});

test('FLT-13 the price without dies is that of a layout with fewer, and rises with each cause', async () => {
  const { run } = await served(paper, 'workload.requests=10');
  const settings = run.deployed.pools.map(({ setting }) => setting);
  const priced = pricedUnder(settings, (setting) => {
    const exact = stepPricer(setting);
    return { exact, compiled: exact };
  });
  const rank = { decodeSequences: 48, queryTokens: 2, decodeContext: 48 * 4096, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
  // As many tokens for the experts of all, whatever is lost.
  const time = (...causes: Parameters<typeof priced>): number => priced(...causes).cost({ rank, instanceTokens: 320 * 96 }).time;
  const lost = (count: number) => ({ ranks: count, routed: Array.from({ length: count }, (_, i) => i), shared: 0, redundant: Math.max(0, 32 - count) });
  const planes = settings[1]?.machine.planes ?? [];
  const slow = planes.map(() => 0.5);
  const whole = time(1, { left: [] });
  let before = whole;
  for (const count of [16, 64, 128]) {
    const now = time(1, { left: [], lost: lost(count) });
    expect(now).toBeGreaterThan(before);
    before = now;
  }
  // Twice as many tokens on each die of experts: less than twice the step, which has attention in it.
  expect(time(1, { left: [], lost: lost(144) }) / whole).toBeLessThan(2);
  const both = time(1, { left: slow, lost: lost(64) });
  expect(both).toBeGreaterThan(time(1, { left: slow }));
  expect(both).toBeGreaterThan(time(1, { left: [], lost: lost(64) }));
  expect(time(1, { left: slow, lost: lost(64), imbalance: 1 })).toBeGreaterThan(both);
});

test('FLT-11 weights move over the links that there are: more never sooner, faults never sooner, from peers at the rate of their ports', async () => {
  const { machine } = await loadScenario(new URL(`${paper}.yaml`, examples).pathname);
  const source = { kept: true, store: 2.5e9, perDie: 5.6e9 };
  const moves = new WeightMoves(machine, source);
  const gigabytes = (count: number, from?: number) => Array.from({ length: count }, (_, i) => ({ to: 200 + i, from, bytes: 1e9 }));
  expect(moves.time(gigabytes(1), [])).toBeCloseTo(1 / 5.6, 9);
  expect(moves.time(gigabytes(300), [])).toBeGreaterThanOrEqual(moves.time(gigabytes(100), []));
  expect(new WeightMoves(machine, { ...source, kept: false }).time(gigabytes(4), [])).toBeCloseTo(4 / 2.5, 9);
  const peers = moves.time(gigabytes(1, 8), []);
  expect(peers).toBeLessThan(1 / 50);
  // One die gives to eight: its port is what they share.
  const shared = moves.time(gigabytes(8, 8), []) / peers;
  expect(shared).toBeGreaterThan(4);
  expect(shared).toBeLessThanOrEqual(8);
  const plane = machine.planes.find(({ role }) => role === 'scale-up');
  const fabric = plane === undefined ? undefined : fabricOf(machine, plane);
  if (fabric === undefined) throw new Error('no scale-up plane');
  const [die = -1] = verticesOf(fabric, { kind: 'die', index: 200, text: '' });
  expect(moves.time(gigabytes(1, 8), [{ fabric, fault: { at: [die], left: 0.5 } }])).toBeGreaterThan(1.5 * peers);
  expect(moves.time(gigabytes(1, 8), [{ fabric, fault: { at: [die], left: 0 } }])).toBe(Infinity);
});
