import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readGeneration } from '../cli/traces/generation.ts';
import { chartColumns, inspectionAsJson, inspectionAsText } from '../cli/traces/inspection.ts';
import { parseLengths } from '../cli/traces/laws.ts';
import { InputError } from '../src/base/errors.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import { supernode, type Outcome } from './fixtures/command-line.ts';
import { sourcesHere, traceRoot } from './workload-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const trace = (...args: readonly string[]): Promise<Outcome> => supernode('trace', ...args);

describe('supernode trace', () => {
  test('what generate writes, inspect reads: the same rate, lengths and reuse', async () => {
    const out = join(folder, 'made.jsonl.gz');
    const written = await trace('generate', '--workload', 'long-context', '--rate', '10/s', '--requests', '2000', '--seed', '3', '--out', out);
    expect(written).toEqual({ code: 0, out: '', err: `2,000 requests (mooncake) in ${out}\n` });
    const found = JSON.parse((await trace('inspect', out, '--json')).out) as Record<string, unknown> & { readonly reuse: { readonly hitShare: number } };
    expect(Object.keys(found)[0]).toBe('schema');
    expect(found).toMatchObject({ schema: 'supernode/trace/1', file: out, format: 'mooncake', requests: 2000 });
    expect(Math.abs((found['rate'] as number) / 10 - 1)).toBeLessThan(0.1);
    expect(found.reuse.hitShare).toBeGreaterThan(0.25);
    await trace('generate', '--workload', 'long-context', '--rate', '10/s', '--requests', '2000', '--seed', '3', '--out', join(folder, 'again.jsonl'));
    expect(readFileSync(join(folder, 'again.jsonl'), 'utf8')).toBe(gunzipSync(readFileSync(out)).toString('utf8'));
  });

  test.skipIf(!sourcesHere)('inspect tells sessions, and a pool of clients in a folder', async () => {
    const weka = JSON.parse((await trace('inspect', `${traceRoot}agentic-weka/originals/trace_0291.json`, '--json')).out) as Record<string, unknown>;
    expect(weka).toMatchObject({ schema: 'supernode/trace/1', format: 'weka', sessions: 1, leftOut: 0 });
    const folder = `${traceRoot}servegen`;
    const pool = JSON.parse((await trace('inspect', folder, '--pool', 'deepseek-r1', '--json')).out) as Record<string, number>;
    expect(pool).toMatchObject({ format: 'servegen', clients: 73, span: 86_400 });
    expect(Math.abs((pool['rate'] ?? 0) - 16)).toBeLessThan(0.1);
    expect(Math.abs((pool['busiest'] ?? 0) - 0.68)).toBeLessThan(0.01);
    expect(Math.abs((pool['peakRate'] ?? 0) - 42.5)).toBeLessThan(0.5);
    expect((await trace('inspect', folder)).err).toMatch(/has 5 client pools; expected a pool: deepseek-r1, m-large/);
    expect((await trace('inspect', `${traceRoot}vidur/splitwise_conv.csv`, '--pool', 'x')).err).toMatch(/--pool: belongs to a folder/);
  });

  test('generate offers the workloads that it takes, and no others', async () => {
    const { out } = await trace('generate', '--help');
    const names = /^Workloads: (.*)$/m.exec(out)?.[1]?.split(', ') ?? [];
    expect(names).toContain('servegen-r1');
    expect(names).not.toContain('agentic');
    for (const name of names) expect([name, (await trace('generate', '--workload', name, '--rate', '5/s', '--requests', '2')).code]).toEqual([name, 0]);
  });

  test('a preset of clients is written as a trace, one of sessions is refused', async () => {
    const made = await trace('generate', '--workload', 'servegen-r1', '--requests', '50');
    expect([made.code, made.out.split('\n').length]).toEqual([0, 52]);
    expect((await trace('generate', '--workload', 'agentic', '--rate', '1/s')).err).toMatch(/no times before they are served/);
    expect((await trace('generate', '--workload', 'servegen-r1', '--cv', '2', '--format', 'parquet')).err).toMatch(/2 problems/);
  });

  test('wrong input ends with 2 and says everything', async () => {
    const bad = join(folder, 'bad.csv');
    writeFileSync(bad, 'arrived_at,input_tokens,output_tokens\n0,0,0\n');
    const { code, err } = await trace('inspect', bad);
    expect([code, err.split('\n').length]).toEqual([2, 4]);
    expect(err).toMatch(/2 problems in the input\n.*line 2: input_tokens: 0 tokens/);
    expect((await trace('inspekt')).err).toMatch(/did you mean "inspect"/);
  });
});

describe('flags of generate', () => {
  const typed = { requests: 10, seed: 1 };
  const problemsOf = (flags: Readonly<Record<string, string>>) => {
    try {
      readGeneration({ ...typed, ...flags });
    } catch (error) {
      if (error instanceof InputError) return error.issues.map(({ path }) => path);
      throw error;
    }
    return [];
  };
  test.each([
    [{}, ['--input', '--output', '--rate']],
    [{ workload: 'chat' }, ['--rate']],
    [{ workload: 'chatt', rate: '10/s' }, ['--workload']],
    [{ workload: 'chat', rate: '10' }, ['--rate']],
    [{ workload: 'chat', rate: '10 ms' }, ['--rate']],
    [{ workload: 'chat', rate: '0/s' }, ['--rate']],
    [{ workload: 'chat', rate: '1/s', cv: 'x' }, ['--cv']],
    [{ workload: 'chat', rate: '1/s', cv: '' }, ['--cv']],
    [{ workload: 'chat', rate: '1/s', format: 'parquet' }, ['--format']],
    [{ workload: 'long-context', rate: '1/s', format: 'csv' }, ['--format']],
    [{ input: '5', rate: '1/s' }, ['--output']],
    [{ input: '5', output: '0', rate: '1/s' }, ['--output']],
    [{ workload: 'chat', rate: '1/s' }, []],
    [{ input: '5', output: 'uniform:1..9', rate: '60/min', cv: '0' }, []],
  ] as const)('%o', (flags, expected) => expect(problemsOf(flags)).toEqual(expected));

  test.each([
    ['1000', { kind: 'fixed', tokens: 1000 }],
    ['uniform:100..2000', { kind: 'uniform', min: 100, max: 2000 }],
    ['lognormal:500:0.8:9000', { kind: 'lognormal', median: 500, sigma: 0.8, max: 9000 }],
    ['lognormal:500:1', { kind: 'lognormal', median: 500, sigma: 1, max: 10_000_000 }],
  ])('%s is a law', (text, law) => expect(parseLengths(text)).toEqual(law));

  test.each([
    '',
    '0',
    '1.5',
    '-3',
    '1e3',
    '10000001',
    'uniform',
    'uniform:5',
    'uniform:9..3',
    'uniform:1..2..3',
    'lognormal:5',
    'lognormal:5:',
    'lognormal:5:0',
    'lognormal:5:1:4',
    'normal:5:1',
  ])('"%s" is none', (text) => expect(typeof parseLengths(text)).toBe('string'));
});

describe('inspection', () => {
  const statistics = (requests: number, cv = 1) =>
    traceStatistics(
      traceOf({
        kind: 'generator',
        name: 'x',
        arrivals: { kind: 'gamma', rate: 5, cv },
        input: { kind: 'uniform', min: 1, max: 5000 },
        output: { kind: 'fixed', tokens: 9 },
        requests,
        seed: 1,
      }),
      chartColumns,
    );

  test.each([1, 2, 30, 5000])('%d requests fit a terminal of 110 columns', (requests) => {
    const text = inspectionAsText('trace.csv', 'csv', statistics(requests));
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('the histogram of the JSON counts every request', () => {
    const { input } = JSON.parse(inspectionAsJson('trace.csv', 'csv', statistics(500))) as {
      readonly input: { readonly histogram: readonly { readonly requests: number }[] };
    };
    expect(input.histogram.reduce((sum, { requests }) => sum + requests, 0)).toBe(500);
  });

  test('bursts stand out in the chart', () => {
    const rows = inspectionAsText('trace.csv', 'csv', statistics(2000, 8))
      .split('\n')
      .filter((line) => line.includes('┤'));
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/█/);
    const marks = rows.map((line) => line.slice(line.indexOf('┤') + 1).padEnd(chartColumns));
    const stacks = Array.from({ length: chartColumns }, (_, i) => marks.map((row) => row[i]).join(''));
    for (const stack of stacks) expect(stack).toMatch(/^ *[▁▂▃▄▅▆▇]?█*$/);
    expect(new Set(stacks).size).toBeGreaterThan(4);
  });
});
