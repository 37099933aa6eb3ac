import { describe, expect, test } from 'vitest';
import { runBatch } from '../batch/batch.ts';
import { runJob } from '../batch/job.ts';
import { loadScenario } from '../cli/scenario.ts';
import { freshPricers, sharedPricers } from '../src/cost/shared-pricers.ts';
import type { Shard } from '../src/report/merged/shard.ts';
import type { SeedsSummary } from '../src/report/seeds.ts';
import type { Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';
import { withSeed } from '../src/serving/seeded.ts';
import { supernode } from './fixtures/command-line.ts';

const merged = 'examples/h100-llama-3.1-70b.yaml';
const split = 'examples/cloudmatrix384-deepseek-r1.yaml';
const clients = 'examples/clients.yaml';
const short = { requests: 300 };

async function json(...args: readonly string[]): Promise<Summary> {
  const { code, out, err } = await supernode('simulate', ...args, '--no-intervals', '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Summary;
}

describe('withSeed', () => {
  test.each([merged, clients, 'examples/agentic.yaml', 'examples/trace.yaml'])('is what --seed says: %s', async (file) => {
    expect(withSeed(await loadScenario(file), 7)).toEqual(await loadScenario(file, { seed: 7 }));
  });
});

describe('workers', () => {
  test('give the bytes that this thread gives, in whatever order', async () => {
    const base = await loadScenario(clients, short);
    const jobs = [1, 2, 3, 4].map((seed) => withSeed(base, seed)).map(({ seed, workload }) => ({ seed, workload }));
    const found: Shard[] = [];
    let told = 0;
    await runBatch(base, jobs, { threads: 2, version: 'x', onProgress: () => told++, onDone: (index, shard) => (found[index] = shard) });
    const alone = jobs.map((job) => runJob(base, job, freshPricers, 'x', () => {}));
    expect(JSON.stringify(found)).toBe(JSON.stringify(alone));
    expect(new Set(found.map(({ summary }) => summary.latency.e2e.mean)).size).toBe(4);
  });

  test('costs that runs share change nothing', async () => {
    const base = await loadScenario(merged, short);
    const shared = sharedPricers(4);
    const [, again] = [1, 1].map((seed) => runJob(base, { seed }, shared, 'x', () => {}));
    expect(again).toEqual(runJob(base, { seed: 1 }, freshPricers, 'x', () => {}));
  });

  test('links that runs share change nothing, and are made anew for another model', async () => {
    const base = await loadScenario(split, short);
    const [first, again] = [1, 1].map((seed) => createSimulation({ ...base, seed }));
    expect(again?.deployed.wiring).toBe(first?.deployed.wiring);
    const other = createSimulation({ ...base, model: { ...base.model } });
    expect(other.deployed.wiring).not.toBe(first?.deployed.wiring);
    const shards = [base, base, { ...base, deployment: { ...base.deployment } }].map((one) => runJob(one, {}, freshPricers, 'x', () => {}));
    expect(shards[1]).toEqual(shards[0]);
    expect(shards[2]).toEqual(shards[0]);
  });

  test('a scenario that does not fit is refused with its problems, and all workers end', async () => {
    const base = await loadScenario(merged, short);
    const huge = { ...base.model, maxPositions: 1 };
    await expect(runBatch({ ...base, model: huge }, [{}, {}], { version: 'x', onDone: () => {} })).rejects.toThrow(/1/);
  });

  test('an abort ends them and keeps what was done', async () => {
    const base = await loadScenario(merged, { requests: 200 });
    const ending = new AbortController();
    const done: number[] = [];
    const jobs = Array.from({ length: 50 }, (_, i) => ({ seed: i }));
    await runBatch(base, jobs, {
      threads: 1,
      version: 'x',
      signal: ending.signal,
      onDone: (index) => {
        done.push(index);
        if (done.length === 2) ending.abort();
      },
    });
    expect(done).toEqual([0, 1]);
  });
});

describe('simulate --seeds', () => {
  test('tells of each metric what single runs come to', async () => {
    const { seeds, ...first } = (await json(merged, '--requests', '400', '--seeds', '4')) as Summary & { readonly seeds: SeedsSummary };
    const singles = await Promise.all(
      [1, 2, 3, 4].map((seed) => loadScenario(merged, { requests: 400, seed }).then((one) => runJob(one, {}, freshPricers, '', () => {}))),
    );
    expect(seeds.seeds).toEqual([1, 2, 3, 4]);
    const values = singles.map(({ summary }) => summary.latency.ttft.p99);
    expect(seeds.metrics.ttftP99?.values).toEqual(values);
    expect(first.latency.ttft.p99).toBe(values[0]);
    const mean = values.reduce((sum, value) => sum + value, 0) / 4;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3);
    expect(seeds.metrics.ttftP99?.mean).toBeCloseTo(mean, 12);
    expect(seeds.metrics.ttftP99?.deviation).toBeCloseTo(deviation, 12);
    expect((seeds.metrics.ttftP99?.high ?? 0) - mean).toBeCloseTo((3.182446 * deviation) / 2, 6);
  });

  test('is a section of the report, and can be run again', async () => {
    const { out } = await supernode('simulate', merged, '--requests', '300', '--seeds', '3', '--no-intervals');
    expect(out).toMatch(/── Over seeds ─/);
    expect(out).toMatch(/Means of 3 runs that differ in their seeds, 1 to 3/);
    expect(out).toContain(`npx supernode simulate ${merged} --requests 300 --no-intervals --seeds 3`);
  });

  test('one seed, or a search, is refused', async () => {
    expect((await supernode('simulate', merged, '--seeds', '1')).code).toBe(2);
    const { code, err } = await supernode('simulate', merged, '--seeds', '3', '--find-rate');
    expect(code).toBe(2);
    expect(err).toContain('--seeds: is about one rate');
  });
});
