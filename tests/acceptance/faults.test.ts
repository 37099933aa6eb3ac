import { describe, expect, test } from 'vitest';
import { readFaults } from '../../schema/scenario/faults.ts';
import { Problems } from '../../schema/scenario/problems.ts';
import { stepPricer } from '../../src/cost/pricer.ts';
import { sharedPricers, type PricerSource } from '../../src/cost/shared-pricers.ts';
import { summarise } from '../../src/report/summarise.ts';
import { pricedUnder } from '../../src/serving/causes.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { example } from './outcome.ts';

const pricers = sharedPricers(24);
const scenario = await example('cloudmatrix384-deepseek-r1', { requests: 12_000 });

/** The paper's deployment under load, with one part killed at 8 s. */
function withKilled(part: string, spares = true) {
  const problems = new Problems('');
  const faults = readFaults([{ at: 8, kill: part, for: 3600 }], { detection: 0.5, restart: 1.5, spares }, scenario.machine, problems);
  problems.throwIfAny();
  const run = createSimulation({ ...scenario, faults }, undefined, pricers);
  while (run.simulation.step());
  return { run, summary: summarise(run, 'test') };
}

/** Each class of parts, and how many instances one of it stops or slows at least. */
const classes = [
  { part: 'die 40', instances: 1 },
  { part: 'npu 17', instances: 1 },
  { part: 'npu 200', instances: 1 },
  { part: 'node 13', instances: 1 },
  { part: 'cpu 3', instances: 0 },
  { part: 'l1 0.2', instances: 1 },
  { part: 'l2 4', instances: 1 },
  { part: 'sub-plane 4', instances: 7 },
  { part: 'link l1 0.2 - l2 2.5', instances: 1 },
];

test('a fault that is planned behind the end of the run is told of', async () => {
  const set = ['faults=[{ at: 1 s, slow: "npu 3:50%" }, { at: 30000 s, kill: leaf 0 }, { at: 30001 s, kill: npu 3 }]'];
  const run = createSimulation(await example('cloudmatrix384-deepseek-r1', { requests: 400, set }), undefined, pricers);
  while (run.simulation.step());
  const { faults, doubts } = summarise(run, 'test');
  expect(faults.map(({ what }) => what)).toEqual(['npu 3:50%']);
  expect(doubts.flatMap(({ rule, where }) => (rule === 'fault-late' ? [where] : []))).toEqual(['leaf 0 at 30000 s', 'npu 3 at 30001 s']);
});

describe('every class of parts of the CloudMatrix384, killed under load', () => {
  test.for(classes)('$part: all requests are accounted for, and what is left serves on', { timeout: 60_000 }, ({ part, instances }) => {
    const { run, summary } = withKilled(part);
    const { arrived, finished, rejected, failed, waiting, running } = run.simulation.snapshot();
    expect(arrived).toBe(12_000);
    expect([waiting, running, failed]).toEqual([0, 0, 0]);
    expect(finished + rejected).toBe(arrived);
    const [fault] = summary.faults;
    expect(fault?.instances).toBeGreaterThanOrEqual(instances);
    // Spare NPUs take the place of dead ones, and traffic goes around dead switches: at 80 % of what prefill sustains the same load is served again.
    expect(summary.throughput.requests).toBeGreaterThan(0.85 * 585);
    const again = withKilled(part);
    expect(JSON.stringify(again.summary)).toBe(JSON.stringify(summary));
  });

  test('planes at a quarter of their rate make a full decode step longer, by more than their own share of it', { timeout: 60_000 }, () => {
    const { pools } = createSimulation(scenario, undefined, pricers).deployed;
    const whole = pools.map(({ pricer }) => pricer);
    const settings = pools.map(({ setting }) => setting);
    const exact: PricerSource = (setting) => {
      const pricer = stepPricer(setting);
      return { exact: pricer, compiled: pricer };
    };
    const priced = pricedUnder(settings, exact);
    const rank = { decodeSequences: 48, queryTokens: 2, decodeContext: 48 * 4096, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
    const batch = { rank, instanceTokens: 320 * 96 };
    const at = (share: number): number => priced(1, { left: scenario.machine.planes.map(() => share) }).cost(batch).time;
    expect(at(1)).toBe(whole[1]?.cost(batch).time);
    expect(at(0.25) / at(1)).toBeGreaterThan(1.3);
    expect(at(0.25) / at(1)).toBeLessThan(4);
    expect(at(0.5)).toBeLessThan(at(0.25));
  });

  test('a prefill instance that does not come back leaves five sixths of the prefill pool', () => {
    const { summary, run } = withKilled('npu 17', false);
    expect(summary.faults[0]).toMatchObject({ instances: 1, restoredAt: undefined });
    expect(run.simulation.snapshot()).toMatchObject({ failed: 0, waiting: 0, running: 0 });
    const whole = withKilled('cpu 3').summary;
    const load = (of: typeof summary): number => of.pools[0]?.load ?? 0;
    expect(load(summary) / load(whole)).toBeGreaterThan(0.8);
    expect(load(summary) / load(whole)).toBeLessThan(1.05);
  }, 60_000);
});
