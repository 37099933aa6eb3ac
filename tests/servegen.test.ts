import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadServeGen } from '../cli/servegen.ts';
import { InputError } from '../src/base/errors.ts';
import { meanRate, type ClientPool } from '../src/serving/traffic/client-pool.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import { sourcesHere, traceRoot, workloadSources, lengthAt } from './workload-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header = 'client,t_start_s,rate_rps,cv,dist,param_a,param_b';
const rates = (...rows: readonly string[]) => [header, ...rows, ''].join('\n');
const lengths = (client: number, ...windows: readonly object[]) => `${JSON.stringify({ client, windows })}\n`;
const window = (t: number, input: readonly (readonly [number, number])[], output: readonly (readonly [number, number])[] = [[5, 1]]) => ({
  t_start_s: t,
  input_tokens: input,
  output_tokens: output,
});
const goodRates = rates('0,0,2,1,Gamma,1,0.5', '0,600,4,2,Weibull,0.5,0.1', '1,0,0,0,,0,0', '1,600,6,1,Gamma,1,1');
const goodLengths = lengths(0, window(0, [[10, 1]]));

beforeEach(() => {
  writeFileSync(join(folder, 'mine.trace.csv'), goodRates);
  writeFileSync(join(folder, 'mine.dataset.jsonl.gz'), gzipSync(goodLengths));
});

const choice = { name: undefined, from: undefined, span: undefined };
const load = (more: Partial<Parameters<typeof loadServeGen>[1]> = {}): Promise<ClientPool> => loadServeGen(folder, { ...choice, ...more }, 'workload.trace');

async function problemsOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof InputError) return error.issues.map(({ path, message }) => `${path}: ${message}`).join('\n');
    throw error;
  }
  return '';
}

describe('a ServeGen folder', () => {
  test('rates, laws and lengths by window; a client without lengths draws those of the others, and the pool says so', async () => {
    const pool = await load();
    expect([pool.window, pool.windows, pool.clients.length, meanRate(pool)]).toEqual([600, 2, 2, 6]);
    expect(pool.clients.map(({ rate }) => [...rate])).toEqual([
      [2, 4],
      [0, 6],
    ]);
    expect(pool.clients[0]?.gaps).toEqual([
      { kind: 'gamma', shape: 1 },
      { kind: 'weibull', shape: 0.5 },
    ]);
    expect(pool.clients[1]?.lengths[0]?.input.value).toEqual(Float64Array.of(10));
    expect(pool.note).toMatch(/^50 % of requests are of clients without published lengths/);
  });

  test('a part of the recorded time', async () => {
    const pool = await load({ from: 600, span: 600 });
    expect([pool.windows, meanRate(pool)]).toEqual([1, 10]);
  });

  test.each<readonly [string, Parameters<typeof load>[0], RegExp]>([
    ['another pool', { name: 'min' }, /unknown pool: did you mean "mine"|expected one of mine/],
    ['a part of a window', { from: 100 }, /from: 100 s is no multiple of the 600 s/],
    ['more than there is', { from: 600, span: 1200 }, /hold 1 windows of 600 s from 600 s on/],
    ['behind the end', { from: 60_000 }, /hold 0 windows/],
  ])('%s is refused', async (_, more, message) => {
    expect(await problemsOf(load(more))).toMatch(message);
  });

  test.each<readonly [string, string, string, RegExp]>([
    ['other columns', 'client,rate\n0,1\n', goodLengths, /line 1: expected the columns client,t_start_s/],
    ['an unknown law', rates('0,0,2,1,Pareto,1,1'), goodLengths, /line 2: dist: expected Gamma or Weibull, got "Pareto"/],
    ['a shape of nothing', rates('0,0,2,1,Weibull,0,1'), goodLengths, /line 2: param_a: expected a shape from 0.06, got 0/],
    ['a negative rate', rates('0,0,-2,1,Gamma,1,1'), goodLengths, /line 2: expected a client/],
    ['a time between windows', rates('0,5,2,1,Gamma,1,1'), goodLengths, /line 2: expected a client, a multiple of 600 s/],
    ['nobody who sends', rates('0,0,0,0,,0,0'), goodLengths, /no client that sends anything/],
    ['lengths of nobody who sends', goodRates, lengths(7, window(0, [[10, 1]])), /no client that sends anything has lengths/],
    ['lengths that are none', goodRates, lengths(0, { t_start_s: 0, input_tokens: [[1]] }), /line 1: expected windows of t_start_s/],
    ['broken JSON', goodRates, '{', /broken JSON/],
  ])('%s is refused with its line', async (_, trace, dataset, message) => {
    writeFileSync(join(folder, 'mine.trace.csv'), trace);
    writeFileSync(join(folder, 'mine.dataset.jsonl.gz'), gzipSync(dataset));
    expect(await problemsOf(load())).toMatch(message);
  });
});

describe.skipIf(!sourcesHere)('the published client pools', () => {
  test('deepseek-r1 reads as described and draws its rates and lengths', async () => {
    const pool = await loadServeGen(`${traceRoot}servegen`, { ...choice, name: 'deepseek-r1' }, 'pool');
    expect([pool.clients.length, pool.windows * pool.window, pool.note]).toEqual([73, 86_400, '']);
    expect(Math.abs(meanRate(pool) / 16 - 1)).toBeLessThan(0.01);
    const columns = traceOf({ kind: 'client-pool', name: 'r1', pool, scale: 1, requests: 1_382_000, seed: 4 });
    expect(Math.abs((columns.arrivedAt.at(-1) ?? 0) / 86_400 - 1)).toBeLessThan(0.03);
    const drawn = traceStatistics(columns, 144);
    const source = await workloadSources['reasoning']?.();
    if (source === undefined) throw new Error('no source');
    for (const [found, table] of [
      [drawn.input, source.input],
      [drawn.output, source.output],
    ] as const) {
      expect(Math.abs(found.mean / table.mean - 1)).toBeLessThan(0.03);
      expect(Math.abs((found.quantiles[0] ?? 0) / lengthAt(table, 0.5) - 1)).toBeLessThan(0.03);
      expect(Math.abs((found.quantiles[2] ?? 0) / lengthAt(table, 0.95) - 1)).toBeLessThan(0.03);
    }
    // Each tenth minute has its rate, within what the bursts of its clients make of it.
    const expected = Array.from({ length: 144 }, (_, w) => pool.clients.reduce((sum, { rate }) => sum + (rate[w] ?? 0), 0) * 600);
    const off = drawn.arrivals.map((count, w) => Math.abs(count / (expected[w] ?? 1) - 1)).sort((a, b) => a - b);
    expect(off[72]).toBeLessThan(0.03);
  });
});
