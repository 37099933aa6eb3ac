import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../../src/report/summary.ts';
import { supernode } from '../fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-tables-'));
const pools = 'examples/cloudmatrix384-deepseek-r1.yaml';
const endings = ['parquet', 'csv', 'jsonl', 'csv.gz', 'jsonl.gz'];
const file = (name: string): string => join(folder, name);

let summary: Summary;

/** Asks a database that has nothing of this project in it. */
async function asked(query: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const answer = await connection.runAndReadAll(query);
  return answer.getRowObjectsJS();
}

async function one(query: string): Promise<Readonly<Record<string, number>>> {
  const [row = {}] = await asked(query);
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]));
}

async function ran(scenario: string, ...flags: readonly string[]): Promise<Summary> {
  const { code, out, err } = await supernode('simulate', scenario, '--no-intervals', '--json', ...flags);
  expect([code, err.replaceAll(/^(wrote .*|.* left)\n/gm, '')]).toEqual([0, '']);
  return JSON.parse(out) as Summary;
}

beforeAll(async () => {
  for (const ending of endings) summary = await ran(pools, '--requests', '3000', '--requests-out', file(`r.${ending}`), '--series-out', file(`s.${ending}`));
}, 120_000);

describe('--requests-out', () => {
  test.each(endings)('%s: another reader finds the figures of the report', async (ending) => {
    const table = `'${file(`r.${ending}`)}'`;
    const whole = await one(`select count(*) as n, count(distinct request) as names, min(request) as least, max(request) as most from ${table}`);
    expect(whole).toEqual({ n: summary.requests.arrived, names: summary.requests.arrived, least: 0, most: summary.requests.arrived - 1 });
    const { from, to } = summary.window;
    const inside = await one(
      `select count(*) as n, avg(ttft) as ttft, avg(tpot) as tpot, avg(e2e) as e2e, max(ttft) as worst from ${table} where finished_at >= ${from} and finished_at < ${to}`,
    );
    expect(inside['n']).toBe(summary.latency.ttft.count);
    expect(inside['n']).toBe(Math.round(summary.throughput.requests * (to - from)));
    for (const name of ['ttft', 'tpot', 'e2e'] as const) expect(inside[name]).toBeCloseTo(summary.latency[name].mean, 9);
    expect(inside['worst']).toBe(summary.latency.ttft.max);
  });

  test('times go in the order of a life, and make up what is told of it', async () => {
    const table = `'${file('r.parquet')}'`;
    const order = ['arrived_at', 'ready_at', 'scheduled_at', 'prefilled_at', 'reserved_at', 'moved_at', 'joined_at', 'finished_at'];
    const late = order.slice(1).map((name, i) => `coalesce(${name} < ${order[i]}, false)`);
    expect(await one(`select count(*) as n from ${table} where ${late.join(' or ')}`)).toEqual({ n: 0 });
    const off = 'abs(ttft - (first_token_at - arrived_at)) > 1e-12 or abs(e2e - (finished_at - arrived_at)) > 1e-12';
    expect(await one(`select count(*) as n from ${table} where ${off}`)).toEqual({ n: 0 });
    const places = await one(
      `select count(distinct prefill_instance) as prefill, count(distinct decode_rank) as ranks from ${table} where decode_pool = 'decode'`,
    );
    expect(places['prefill']).toBe(6);
    expect(places['ranks']).toBeGreaterThan(300);
  });

  test('columns have types, not text, and the file says what it is of', async () => {
    const columns = await asked(`describe select * from '${file('r.parquet')}'`);
    const types = Object.fromEntries(columns.map(({ column_name: name, column_type: type }) => [String(name), type]));
    expect(types).toMatchObject({
      request: 'INTEGER',
      outcome: 'VARCHAR',
      arrived_at: 'DOUBLE',
      input_tokens: 'INTEGER',
      tpot: 'DOUBLE',
      decode_rank: 'INTEGER',
    });
    const about = await asked(`select decode(key) as key, decode(value) as value from parquet_kv_metadata('${file('r.parquet')}')`);
    expect(about).toContainEqual({ key: 'scenario', value: 'cloudmatrix384-deepseek-r1' });
  });

  test('rows say whose a request is, what it asks for, and how urgent it is, as the report counts them', async () => {
    const path = file('labels.parquet');
    const mix = ['workload.tenants=[{ name: paid, share: 0.3, priority: 2 }, { name: free, share: 0.7 }]', 'workload.adapters={ count: 3, share: 0.4 }'];
    await ran('examples/closed-loop.yaml', '--requests', '2000', ...mix.flatMap((one) => ['--set', one]), '--requests-out', path);
    const rows = await asked(`select tenant, priority, model, count(*)::int as n from '${path}' group by all order by n`);
    expect(rows.map(({ tenant, priority, model }) => [tenant, priority, model])).toEqual([
      ['paid', 2, 'llama-3.1-8b'],
      ['free', 0, 'llama-3.1-8b'],
    ]);
    expect(Number(rows[0]?.['n'])).toBeCloseTo(600, -2);
    expect(await one(`select count(distinct adapter) as kinds, min(adapter) as least, max(adapter) as most from '${path}'`)).toEqual({
      kinds: 3,
      least: 1,
      most: 3,
    });
    expect((await one(`select count(adapter) as n from '${path}'`))['n']).toBeCloseTo(800, -2);
  });

  test('tenants that a trace names have their lines in the report, and their names in the rows', async () => {
    const [trace, path] = [file('tenants.csv'), file('traced.parquet')];
    const rows = Array.from({ length: 300 }, (_, i) => `${i / 10},500,50,${i % 3 === 0 ? 'batch' : 'chat'}`);
    writeFileSync(trace, `arrived_at,input_tokens,output_tokens,tenant\n${rows.join('\n')}\n`);
    const { tenants } = await ran('examples/closed-loop.yaml', '--trace', trace, '--requests-out', path);
    expect(tenants?.each.map(({ name }) => name)).toEqual(['batch', 'chat']);
    expect(await asked(`select tenant, count(*)::int as n from '${path}' group by all order by n`)).toEqual([
      { tenant: 'batch', n: 100 },
      { tenant: 'chat', n: 200 },
    ]);
  });

  test('more rows than one row group holds', async () => {
    const path = file('many.parquet');
    const { requests } = await ran(
      'examples/closed-loop.yaml',
      '--requests',
      '70000',
      '--set',
      'workload.output=2',
      '--set',
      'workload.input=8',
      '--requests-out',
      path,
    );
    expect(await one(`select num_row_groups as n, num_rows as rows from parquet_file_metadata('${path}')`)).toEqual({ n: 2, rows: requests.finished });
    expect(await one(`select count(distinct request) as n, sum(output_tokens) as out from '${path}'`)).toEqual({ n: 70_000, out: 140_000 });
  }, 60_000);

  test('a request that is rejected has its cause and no times', async () => {
    const path = file('rejected.jsonl');
    const law = 'workload.input={ kind: uniform, min: 100, max: 60000 }';
    const few = ['--requests', '80', '--set', 'workload.concurrency=8', '--set', 'deployment.merged.gpu-memory-utilization=0.25', '--set', law];
    const { requests } = await ran('examples/closed-loop.yaml', ...few, '--requests-out', path);
    expect(requests.rejected).toBeGreaterThan(10);
    const text = readFileSync(path, 'utf8').trim().split('\n');
    const rows = text.map((line) => JSON.parse(line) as Record<string, unknown>);
    const rejected = rows.filter(({ outcome }) => outcome === 'rejected');
    expect([rows.length, rejected.length]).toEqual([80, requests.rejected]);
    for (const row of rejected) expect(row).toMatchObject({ cause: requests.causes[0]?.cause, ttft: null, finished_at: null, decode_pool: null });
  });
});

describe('--series-out', () => {
  test.each(endings)('%s: its sums are those of the report', async (ending) => {
    const table = `'${file(`s.${ending}`)}'`;
    const whole = await one(
      `select sum(arrived) as arrived, sum(finished) as finished, sum(decode_steps) as steps, sum(input_tokens_per_second * ("to" - "from")) as input from ${table}`,
    );
    const tokens = await one(`select sum(input_tokens) as input from '${file('r.parquet')}'`);
    expect(whole).toMatchObject({ arrived: summary.requests.arrived, finished: summary.requests.finished });
    expect(whole['input']).toBeCloseTo(tokens['input'] ?? Number.NaN, 3);
    const { from, to } = summary.window;
    const inside = await one(
      `select sum(finished) / (${to} - ${from}) as rate, avg(input_tokens_per_second) as input, avg(output_tokens_per_second) as output, avg(decode_busy) as busy, max(decode_kv_max) as kv, sum(decode_steps) as steps from ${table} where "from" >= ${from} and "to" <= ${to}`,
    );
    const decode = summary.pools.find(({ name }) => name === 'decode');
    expect(inside['rate']).toBeCloseTo(summary.throughput.requests, 6);
    expect(inside['input']).toBeCloseTo(summary.throughput.inputTokens, 4);
    expect(inside['output']).toBeCloseTo(summary.throughput.outputTokens, 4);
    expect(inside['busy']).toBeCloseTo(decode?.busy ?? Number.NaN, 9);
    expect(inside['steps']).toBe(decode?.steps);
    expect(inside['kv']).toBeCloseTo(decode?.kv.max ?? Number.NaN, 12);
  });
});

test('nothing else is left beside the files', () => {
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});
