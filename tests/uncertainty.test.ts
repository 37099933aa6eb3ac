import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadScenario } from '../cli/scenario.ts';
import { loadUncertainty } from '../cli/uncertainty.ts';
import { readUncertainty } from '../schema/uncertainty.ts';
import { InputError } from '../src/base/errors.ts';
import { conditions, type Spread, type Uncertainty } from '../src/catalogue/uncertainty.ts';
import { simulationInterval, type RunIntervalOptions } from '../src/report/sampled-runs.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Intervals, MetricName, Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';
import type { Scenario } from '../src/serving/scenario.ts';

const text = readFileSync(fileURLToPath(new URL('../data/uncertainty.yaml', import.meta.url)), 'utf8');
const example = (name: string, set: readonly string[] = [], requests: number = 600): Promise<Scenario> =>
  loadScenario(fileURLToPath(new URL(`../examples/${name}.yaml`, import.meta.url)), { requests, set });

/** All spreads of a file's data times a factor. */
function widened<T>(value: T, factor: number): T {
  if (Array.isArray(value)) return value.map((item: unknown) => widened(item, factor)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entry = value as Readonly<Record<string, unknown>>;
  const of = Object.fromEntries(
    Object.entries(entry).map(([key, item]) => [
      key,
      typeof item === 'number' && ['median', 'p90', 'p99'].includes(key) ? item * factor : widened(item, factor),
    ]),
  );
  return of as T;
}

function ran(scenario: Scenario, options: RunIntervalOptions = {}): { readonly summary: Summary; readonly intervals: Intervals } {
  const run = createSimulation(scenario);
  while (run.simulation.step());
  const summary = summarise(run, 'test');
  return { summary, intervals: simulationInterval(run, summary, { requests: 300, ...options }) };
}

function uncertain(scenario: Scenario, uncertainty: Uncertainty, cellErrors: number): Scenario {
  const cells = scenario.stack.cells?.map((cell) => ({ ...cell, heldOut: widened(cell.heldOut, cellErrors) }));
  return { ...scenario, stack: { ...scenario.stack, uncertainty, cells } };
}

const values: Readonly<Record<MetricName, (summary: Summary) => number | undefined>> = {
  requestsPerSecond: ({ throughput }) => throughput.requests,
  inputTokensPerSecond: ({ throughput }) => throughput.inputTokens,
  outputTokensPerSecond: ({ throughput }) => throughput.outputTokens,
  ttftP50: ({ latency }) => latency.ttft.p50,
  ttftP99: ({ latency }) => latency.ttft.p99,
  tpotP50: ({ latency }) => latency.tpot.p50,
  tpotP99: ({ latency }) => latency.tpot.p99,
  goodput: ({ goodput }) => goodput.requestsPerSecond,
  goodShare: ({ goodput }) => goodput.share,
  bindingLoad: ({ limit }) => limit.utilisation,
  power: ({ cost }) => cost.power,
  joulesPerToken: ({ cost }) => cost.joulesPerToken,
  dollarsPerMillionTokens: ({ cost }) => cost.dollarsPerMillionTokens,
};

describe('data/uncertainty.yaml', () => {
  test('has a spread and a source for everything', () => {
    const shipped = loadUncertainty();
    for (const condition of conditions) {
      const { median, p90, p99, source }: Spread & { readonly source: string } = shipped.conditions[condition];
      expect([median, p90, p99].every((size) => size > 0)).toBe(true);
      expect(source.length).toBeGreaterThan(20);
    }
    for (const { together, apart } of [...shipped.releases, ...Object.values(shipped.standIns).flat(), ...shipped.rates])
      expect([together, apart].every(({ median, p90, p99 }) => median > 0 && p90 > 0 && p99 > 0)).toBe(true);
    expect(shipped.rates.some(({ measured, classes }) => measured && classes === undefined)).toBe(true);
    expect(shipped.rates.some(({ measured, classes }) => !measured && classes === undefined)).toBe(true);
  });

  test('every problem of a broken one is told, with what was found', () => {
    const broken = parse(text) as {
      common: Record<string, unknown>;
      'stand-ins': Record<string, object[]>;
      links: Record<string, { together: unknown }>;
      conditions: Record<string, unknown>;
    };
    broken.common['share'] = 2;
    if (broken.links['collective'] !== undefined) broken.links['collective'].together = [0.3, 0.2, 0.4];
    broken['stand-ins']['chip'] = [{ ...broken['stand-ins']['chip']?.[0], classes: ['gemm'] }];
    broken.conditions['luck'] = { spread: [0, 0, 0], kind: 'measured', source: 'none' };
    let issues: readonly string[] = [];
    try {
      readUncertainty(broken, 'mine.yaml');
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues = error.issues.map(({ path, message }) => `${path}: ${message}`);
    }
    expect(issues.some((issue) => issue.startsWith('mine.yaml: common.share'))).toBe(true);
    expect(issues.some((issue) => issue.startsWith('mine.yaml: links.collective.together') && issue.includes('do not fall'))).toBe(true);
    expect(issues.some((issue) => issue.startsWith('mine.yaml: stand-ins.chip') && issue.includes('without classes'))).toBe(true);
    expect(issues.some((issue) => issue.startsWith('mine.yaml: conditions.luck: unknown key'))).toBe(true);
  });
});

describe('the intervals of a run', () => {
  test.each(['cloudmatrix384-deepseek-r1', 'h100-llama-3.1-70b', 'closed-loop'])('of %s hold its metrics, and are the same again', async (name) => {
    const scenario = await example(name);
    const { summary, intervals } = ran(scenario);
    expect(Object.keys(intervals.metrics).length).toBeGreaterThanOrEqual(10);
    for (const [metric, interval] of Object.entries(intervals.metrics) as readonly [MetricName, { readonly low: number; readonly high: number }][]) {
      const value = values[metric](summary) ?? Number.NaN;
      expect(interval.low, metric).toBeLessThanOrEqual(value * (1 + 1e-9));
      expect(interval.high, metric).toBeGreaterThanOrEqual(value * (1 - 1e-9));
    }
    expect(ran(scenario).intervals).toEqual(intervals);
  });

  test('have nothing in them where nothing is off, and grow with what is', async () => {
    const scenario = await example('h100-llama-3.1-70b');
    const { uncertainty } = scenario.stack;
    if (uncertainty === undefined) throw new Error('no uncertainty');
    const still = ran(uncertain(scenario, widened(uncertainty, 0), 0));
    for (const { samples } of Object.values(still.intervals.metrics))
      expect(Math.max(...samples) - Math.min(...samples)).toBeLessThan(1e-9 * Math.max(...samples));
    const spans = [0.5, 1, 2].map((factor) => {
      const { low = 0, high = 0 } = ran(uncertain(scenario, widened(uncertainty, factor), factor)).intervals.metrics.tpotP50 ?? {};
      return high / low;
    });
    expect(spans[1]).toBeGreaterThan(spans[0] ?? Infinity);
    expect(spans[2]).toBeGreaterThan(spans[1] ?? Infinity);
  });

  test('an open loop puts through what arrives, until a pool is asked for more than it sustains', async () => {
    const { summary, intervals } = ran(await example('cloudmatrix384-deepseek-r1'));
    const { requestsPerSecond, bindingLoad } = intervals.metrics;
    expect(intervals.overloaded).toBe(bindingLoad?.samples.filter((load) => load > 1).length);
    for (const [k, load] of (bindingLoad?.samples ?? []).entries())
      expect(requestsPerSecond?.samples[k]).toBeLessThanOrEqual((summary.throughput.requests / Math.max(1, load)) * (1 + 1e-9));
    expect(Math.max(...(requestsPerSecond?.samples ?? []))).toBeLessThanOrEqual(summary.throughput.requests * (1 + 1e-9));
  });

  test('one that is asked for three times what it sustains is in every sample, and faster ones put through more', async () => {
    const scenario = await example('h100-llama-3.1-70b', ['workload.rate=60/s'], 2500);
    const { summary, intervals } = ran(scenario);
    expect(summary.saturation.saturated).toBe(true);
    expect(intervals.overloaded).toBe(intervals.samples);
    const { samples = [] } = intervals.metrics.requestsPerSecond ?? {};
    expect(new Set(samples).size).toBe(samples.length);
    expect(Math.max(...samples)).toBeGreaterThan(summary.throughput.requests);
  });

  test('say nothing of what no sample changes in a run too short to show what chance does', async () => {
    const { summary, intervals } = ran(await example('h100-llama-3.1-70b', [], 200));
    expect(summary.window.residences).toBeLessThan(2);
    expect(intervals.metrics.requestsPerSecond).toBeUndefined();
    expect(intervals.metrics.tpotP50).toBeDefined();
  });

  test('what a case states is not off', async () => {
    const scenario = await example('cloudmatrix384-deepseek-r1');
    const { intervals } = ran(scenario, { known: ['power', 'price'] });
    const free = ran(scenario).intervals;
    const spanOf = (of: Intervals): number => (of.metrics.joulesPerToken?.high ?? 0) / (of.metrics.joulesPerToken?.low ?? 1);
    expect(spanOf(intervals)).toBeLessThan(spanOf(free));
    expect(intervals.metrics.tpotP50).toEqual(free.metrics.tpotP50);
  });
});
