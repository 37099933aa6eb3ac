import { beforeAll, describe, expect, test } from 'vitest';
import { findRate } from '../../cli/find-rate.ts';
import type { PoolSummary, Summary } from '../../src/report/summary.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { example, outcomeOf } from './outcome.ts';
import { equalRequests, memoryTimes, planeTimes, poolsOf } from './variants.ts';

/** What the report says would bind has to bind: each change is made to the machine or the deployment, and the run is compared. */

let rack: Scenario;
let domain: Scenario;
let node: Scenario;
beforeAll(async () => {
  [rack, domain, node] = await Promise.all([
    example('cloudmatrix384-deepseek-r1', { requests: 8000 }),
    example('nvl72-deepseek-r1'),
    example('h100-llama-3.1-70b'),
  ]);
});

function summaryOf(scenario: Scenario): Summary {
  return outcomeOf(scenario).summary;
}

function poolNamed({ pools }: Summary, name: string): PoolSummary {
  const pool = pools.find((candidate) => candidate.name === name);
  if (pool === undefined) throw new Error(`no pool ${name}`);
  return pool;
}

function stageTime(pool: PoolSummary, stage: string): number {
  return pool.stepShares.find(({ name }) => name === stage)?.time ?? 0;
}

function phaseTime({ requestShares }: Summary, phase: string): number {
  return requestShares.find(({ name }) => name === phase)?.time ?? 0;
}

function memoryShare({ engines, busy }: PoolSummary): number {
  return (engines.find(({ name }) => name === 'memory')?.utilisation ?? 0) / busy;
}

/** The rate that `--find-rate` finds. [1/s] */
async function foundRate(scenario: Scenario): Promise<number> {
  const { best } = await findRate(scenario, (attempt) => Promise.resolve({ summary: summaryOf(attempt), interrupted: false }));
  return best?.rate ?? 0;
}

/** Whether a value is `expected` give or take a share of it. */
function about(expected: number, share: number): (value: number) => boolean {
  return (value) => value > expected * (1 - share) && value < expected * (1 + share);
}

describe('a prefill pool that binds', () => {
  const rate = 600;
  const bound = (requests: number): Scenario => equalRequests(rack, { rate }, { input: 1024, output: 16 }, requests);

  test('the rate that is found is the rate over the load; a third more instances is a third more', { timeout: 60_000 }, async () => {
    const before = bound(10_000);
    const after = poolsOf(before, { prefill: { instances: 8 } });
    const [six, eight] = [summaryOf(before), summaryOf(after)];
    expect(six.limit.resource).toBe('prefill pool');
    expect(six.limit.utilisation).toBeGreaterThan(0.7);
    expect(eight.limit.utilisation).toSatisfy(about((six.limit.utilisation * 6) / 8, 0.03));
    const found = await foundRate(before);
    // A rate that keeps up beyond doubt: a queue that chance has made counts against it.
    expect(found).toSatisfy(about(rate / six.limit.utilisation, 0.12));
    expect(await foundRate(after)).toSatisfy(about((found * 8) / 6, 0.06));
  });

  test('more of the pool that does not bind changes next to nothing', { timeout: 30_000 }, () => {
    const before = summaryOf(bound(6000));
    const after = summaryOf(poolsOf(bound(6000), { decode: { instances: 2 } }));
    expect(after.limit.resource).toBe('prefill pool');
    expect(after.limit.utilisation).toSatisfy(about(before.limit.utilisation, 0.02));
    expect(after.throughput.requests).toSatisfy(about(before.throughput.requests, 0.02));
    expect(poolNamed(after, 'decode').load).toSatisfy(about(poolNamed(before, 'decode').load / 2, 0.05));
  });
});

describe('a decode pool that binds', () => {
  const rate = 180;
  // Two sequences on a die: few slots and long answers, so that places run out long before prefill does.
  const bound = (slots: number, requests: number): Scenario => ({
    ...poolsOf(equalRequests(rack, { rate }, { input: 128, output: 128 }, requests), { decode: { maxSequences: slots } }),
    slo: { ttft: 2, tpot: 0.03 },
  });

  test('the report names its slots; twice the slots is half the load and twice the rate that is found', { timeout: 60_000 }, async () => {
    const [two, four] = [summaryOf(bound(2, 7000)), summaryOf(bound(4, 7000))];
    expect(two.limit.resource).toMatch(/^decode (?:slots|pool)$/);
    expect(two.limit.utilisation).toBeGreaterThan(0.7);
    expect(poolNamed(four, 'decode').occupancy).toSatisfy(about(poolNamed(two, 'decode').occupancy / 2, 0.03));
    expect(poolNamed(four, 'decode').load).toSatisfy(about(poolNamed(two, 'decode').load / 2, 0.05));
    const found = await foundRate(bound(2, 7000));
    expect(found).toSatisfy(about(rate / two.limit.utilisation, 0.1));
    expect(await foundRate(bound(4, 14_000))).toSatisfy(about(2 * found, 0.08));
  });

  test('a second decode instance halves the load, two more prefill instances do not change it', { timeout: 30_000 }, () => {
    const before = poolNamed(summaryOf(bound(2, 7000)), 'decode').load;
    expect(poolNamed(summaryOf(poolsOf(bound(2, 7000), { decode: { instances: 2 } })), 'decode').load).toSatisfy(about(before / 2, 0.05));
    expect(poolNamed(summaryOf(poolsOf(bound(2, 7000), { prefill: { instances: 8 } })), 'decode').load).toSatisfy(about(before, 0.02));
  });
});

describe('memory of the dies', () => {
  test('on one stream, twice the bandwidth takes half of the memory share off a decode step', () => {
    const scenario = equalRequests(node, { concurrency: 32 }, { input: 128, output: 512 }, 400);
    const [before, after] = [summaryOf(scenario), summaryOf(memoryTimes(scenario, { bandwidth: 2 }))];
    const pool = poolNamed(before, 'merged');
    const share = memoryShare(pool);
    expect(share).toBeGreaterThan(0.6);
    // Launches and latencies inside the calibrated products do not shrink with the bandwidth.
    expect(1 - poolNamed(after, 'merged').stepTime.mean / pool.stepTime.mean).toSatisfy(about(share / 2, 0.1));
    expect(1 - after.latency.tpot.p50 / before.latency.tpot.p50).toSatisfy(about(share / 2, 0.1));
  });

  test('where two streams share the bandwidth, it takes off about that, and at most what the wider stream waits for', () => {
    const scenario = equalRequests(rack, { concurrency: 1280 }, { input: 128, output: 64 }, 4000);
    const [before, after] = [poolNamed(summaryOf(scenario), 'decode'), poolNamed(summaryOf(memoryTimes(scenario, { bandwidth: 2 })), 'decode')];
    const gain = 1 - after.stepTime.mean / before.stepTime.mean;
    const widest = Math.max(...rack.stack.streams.decode.map(({ memoryShare: part }) => part));
    expect(gain).toBeGreaterThan((0.92 * memoryShare(before)) / 2);
    expect(gain).toBeLessThan(memoryShare(before) / 2 / widest);
  });

  test(
    'twice the capacity holds as many more KV blocks; a pool that is short of them carries more by about what its load says',
    { timeout: 60_000 },
    async () => {
      const rate = 0.4;
      const scenario: Scenario = { ...equalRequests(node, { rate }, { input: 16_000, output: 2000 }, 600), slo: { ttft: 10, tpot: 0.1 } };
      const larger = memoryTimes(scenario, { capacity: 2 });
      const [before, after] = [summaryOf(scenario), summaryOf(larger)];
      const [small, large] = [poolNamed(before, 'merged'), poolNamed(after, 'merged')];
      expect(large.kvBlocks).toBeGreaterThan(2 * small.kvBlocks);
      expect(large.kv.mean).toSatisfy(about((small.kv.mean * small.kvBlocks) / large.kvBlocks, 0.01));
      expect(after.latency.tpot.p50).toSatisfy(about(before.latency.tpot.p50, 0.01));
      expect(large.load).toBeLessThan(0.85 * small.load);
      const [found, foundLarger] = [await foundRate(scenario), await foundRate(larger)];
      expect(found).toSatisfy(about(rate / small.load, 0.12));
      expect(foundLarger).toSatisfy(about(rate / large.load, 0.12));
    },
  );
});

describe('half a plane', () => {
  test('the plane that KV takes: pushes last twice as long, nothing else moves', { timeout: 30_000 }, () => {
    const [before, after] = [summaryOf(rack), summaryOf(planeTimes(rack, 'rdma', 0.5))];
    const utilisation = ({ planes }: Summary): number => planes.find(({ name }) => name === 'rdma')?.utilisation ?? 0;
    expect(phaseTime(after, 'KV push')).toSatisfy(about(2 * phaseTime(before, 'KV push'), 0.1));
    expect(utilisation(after)).toSatisfy(about(2 * utilisation(before), 0.1));
    expect(after.throughput.requests).toSatisfy(about(before.throughput.requests, 0.02));
    expect(after.limit.utilisation).toSatisfy(about(before.limit.utilisation, 0.01));
    expect(after.latency.ttft.p50).toSatisfy(about(before.latency.ttft.p50, 0.01));
  });

  test('the plane of experts: dispatch and combine take up to twice as long, and the pool that waits for them loses that time', { timeout: 30_000 }, () => {
    const scenario = equalRequests(domain, { concurrency: 1536 }, { input: 512, output: 64 }, 6000);
    const [before, after] = [summaryOf(scenario), summaryOf(planeTimes(scenario, 'nvlink', 0.5))];
    for (const name of ['prefill', 'decode']) {
      const [fast, slow] = [poolNamed(before, name), poolNamed(after, name)];
      let lost = 0;
      for (const stage of ['dispatch', 'combine']) {
        const growth = stageTime(slow, stage) / stageTime(fast, stage);
        // Waiting for the slowest rank is a part of the dispatch that a plane does not change.
        expect(growth).toBeGreaterThan(1.05);
        expect(growth).toBeLessThan(2);
        lost += stageTime(slow, stage) - stageTime(fast, stage);
      }
      for (const stage of ['attention-prologue', 'attention-core', 'experts', 'gate'])
        expect(stageTime(slow, stage)).toSatisfy(about(stageTime(fast, stage), 0.03));
      expect(slow.stepTime.mean - fast.stepTime.mean).toSatisfy(about(lost, 0.1));
    }
    // A prefill batch has so many tokens that the start of an exchange is nothing beside them.
    expect(stageTime(poolNamed(after, 'prefill'), 'combine')).toSatisfy(about(2 * stageTime(poolNamed(before, 'prefill'), 'combine'), 0.03));
  });

  test('where the exchange is hidden behind compute, it costs nothing until it is no longer hidden', { timeout: 30_000 }, () => {
    // Without the wait for slow ranks the stream of the exchange has time left.
    const { decode } = rack.stack.spread;
    const even: Scenario = { ...rack, stack: { ...rack.stack, spread: { ...rack.stack.spread, decode: { ...decode, value: 0 } } } };
    const scenario = equalRequests(even, { concurrency: 1280 }, { input: 128, output: 64 }, 4000);
    const [before, after] = [poolNamed(summaryOf(scenario), 'decode'), poolNamed(summaryOf(planeTimes(scenario, 'ub', 0.5)), 'decode')];
    const scaleUp = ({ engines, busy }: PoolSummary): number => (engines.find(({ name }) => name === 'scale-up')?.utilisation ?? 0) / busy;
    expect(scaleUp(after)).toBeGreaterThan(1.01 * scaleUp(before));
    expect(after.stepTime.mean).toSatisfy(about(before.stepTime.mean, 0.02));
  });
});
