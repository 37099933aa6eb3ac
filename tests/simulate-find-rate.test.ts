import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atRate, findRate, lowestFailed, rateOf, stoppedByServiceLevel } from '../cli/find-rate.ts';
import { goodShare } from '../cli/service-level.ts';
import { searchHead } from '../cli/simulate/search-text.ts';
import type { Summary } from '../src/report/summary.ts';
import type { Scenario } from '../src/serving/scenario.ts';

function scenarioAt(rate: number): Scenario {
  const workload = { kind: 'generator', name: 'custom', arrivals: { kind: 'poisson', rate }, requests: 100, seed: 1 };
  return { workload, slo: { ttft: 2 } } as unknown as Scenario;
}

/** A deployment that carries up to `capacity`. */
function runner(capacity: number, interruptAt = Infinity): (scenario: Scenario, index: number) => Promise<{ summary: Summary; interrupted: boolean }> {
  return async (scenario, index) => {
    const rate = rateOf(scenario)?.value ?? 0;
    const share = rate <= capacity ? 1 : goodShare - 0.01;
    return {
      summary: { goodput: { share }, saturation: { saturated: false }, window: { residences: 9 }, pools: [{ load: 0.5 }] } as unknown as Summary,
      interrupted: index >= interruptAt,
    };
  };
}

test('the rate found is carried, and one 2 % above it is not, from wherever the search starts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0.1, max: 1e4, noNaN: true }), fc.double({ min: -4, max: 4, noNaN: true }), async (capacity, distance) => {
      const { best, tries } = await findRate(scenarioAt(capacity * 2 ** distance), runner(capacity));
      const rate = best?.rate ?? 0;
      expect(rate).toBeLessThanOrEqual(capacity);
      expect(rate * 1.021).toBeGreaterThanOrEqual(capacity);
      expect(tries.length).toBeLessThan(20);
    }),
  );
});

test('a growing queue is not carried, however many requests are good', async () => {
  const search = await findRate(scenarioAt(8), async (scenario) => {
    const saturated = (rateOf(scenario)?.value ?? 0) > 4;
    return {
      summary: { goodput: { share: 1 }, saturation: { saturated }, window: { residences: 9 }, pools: [{ load: 0.5 }] } as unknown as Summary,
      interrupted: false,
    };
  });
  expect(search.best?.rate).toBeGreaterThan(3.9);
  expect(search.best?.rate).toBeLessThanOrEqual(4);
});

test('a pool above what it sustains is not carried, before the queue shows it', async () => {
  const search = await findRate(scenarioAt(8), async (scenario) => {
    const load = (rateOf(scenario)?.value ?? 0) / 4;
    const summary = { goodput: { share: 1 }, saturation: { saturated: false }, window: { residences: 9 }, pools: [{ load: 0.3 }, { load }] };
    return { summary: summary as unknown as Summary, interrupted: false };
  });
  expect(search.best?.rate).toBeGreaterThan(3.9);
  expect(search.best?.rate).toBeLessThanOrEqual(4.08);
  expect(stoppedByServiceLevel(search)).toBeUndefined();
});

test('the service level is what stops a search whose pools still had room', async () => {
  const stop = stoppedByServiceLevel(await findRate(scenarioAt(8), runner(4)));
  expect(stop?.rate).toBeGreaterThan(4);
  expect(stop?.rate).toBeLessThan(4.1);
});

test('where no rate is carried, the search ends and says so', async () => {
  const { best, tries } = await findRate(scenarioAt(1), runner(0));
  expect(best).toBeUndefined();
  expect(tries.length).toBeGreaterThan(5);
});

test('where every rate that was tried is carried, the answer is at least the last of them', async () => {
  const found = await findRate(scenarioAt(1), runner(Infinity));
  expect(searchHead(found, String)).toBe(`Highest rate: at least ${2 ** 23}; no rate that was tried is too high.`);
  expect(searchHead(await findRate(scenarioAt(1), runner(1)), String)).toBe('Highest rate: 1.');
  expect(searchHead(await findRate(scenarioAt(1), runner(0)), String)).toBe('No rate that was tried is carried.');
});

test('an interrupted run ends the search and does not count', async () => {
  const { best, tries } = await findRate(scenarioAt(1), runner(100, 3));
  expect(tries).toHaveLength(3);
  expect(best?.rate).toBe(4);
});

test('a closed loop and a missing service level are refused', async () => {
  const closed = { ...scenarioAt(1), workload: { kind: 'generator', arrivals: { kind: 'closed', concurrency: 4 } } } as unknown as Scenario;
  await expect(findRate(closed, runner(1))).rejects.toThrow(/--find-rate: a closed loop has no rate/);
  await expect(findRate({ ...scenarioAt(1), slo: {} }, runner(1))).rejects.toThrow(/--find-rate: needs a service level/);
});

test('the speed of a trace is its rate', () => {
  const trace = { workload: { kind: 'trace', speed: 2 } } as unknown as Scenario;
  expect(rateOf(atRate(trace, 3))?.value).toBe(3);
});

test('a run too short to fill anything does not count until it was long enough', async () => {
  const asked: number[] = [];
  const { best } = await findRate(scenarioAt(64), async ({ workload }) => {
    const rate = workload.kind === 'generator' && workload.arrivals.kind !== 'closed' ? workload.arrivals.rate : 0;
    asked.push(workload.requests);
    const residences = workload.requests / rate;
    // Above 10/s the queue grows, but that shows after five residences only.
    return {
      summary: { goodput: { share: 1 }, saturation: { saturated: rate > 10 && residences >= 5 }, window: { residences }, pools: [] } as unknown as Summary,
      interrupted: false,
    };
  });
  expect(best?.rate).toBeGreaterThan(9.8);
  expect(best?.rate).toBeLessThanOrEqual(10);
  expect(Math.max(...asked)).toBeGreaterThan(100);
});

test('nor does a short run that misses the service level, as long as it keeps up', async () => {
  const { best } = await findRate(scenarioAt(8), async ({ workload }) => {
    const rate = workload.kind === 'generator' && workload.arrivals.kind !== 'closed' ? workload.arrivals.rate : 0;
    const residences = workload.requests / rate / 5;
    // What begins empty is late at first; only a long run says how late it stays.
    const share = residences < 2 ? 0.5 : rate > 10 ? 0.8 : 0.95;
    const summary = { goodput: { share }, saturation: { saturated: false }, window: { residences }, pools: [] };
    return { summary: summary as unknown as Summary, interrupted: false };
  });
  expect(best?.rate).toBeGreaterThan(9.8);
  expect(best?.rate).toBeLessThanOrEqual(10);
});

test('a trace that is too short at a rate is not carried there, and said to be too short', async () => {
  const trace = { workload: { kind: 'trace', speed: 1, requests: 10 }, slo: { ttft: 2 } } as unknown as Scenario;
  const found = await findRate(trace, async (scenario) => {
    const speed = rateOf(scenario)?.value ?? 0;
    return {
      summary: { goodput: { share: 1 }, saturation: { saturated: false }, window: { residences: 20 / speed }, pools: [] } as unknown as Summary,
      interrupted: false,
    };
  });
  expect(found.best?.rate).toBeGreaterThan(3.9);
  expect(found.best?.rate).toBeLessThanOrEqual(4);
  expect(lowestFailed(found)?.tooShort).toBe(true);
});
