import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';
import { readRecord } from '../cli/validate/record.ts';

interface LedgerJson {
  readonly schema: string;
  readonly cases: readonly {
    readonly id: string;
    readonly measured: number;
    readonly predicted: number;
    readonly error: number;
    readonly withinTolerance: boolean;
  }[];
  readonly scores: readonly { readonly kind: string; readonly basis: string; readonly cases: number; readonly median: number }[];
}

const folder = mkdtempSync(join(tmpdir(), 'supernode-validate-'));
const at = (name: string): string => join(folder, name);

afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  process.exitCode = undefined;
});

const source = { document: 'a test', tag: 'P' };
const switches = (id: string, measured: string): object => ({
  id,
  title: 'Switch chips of the first level',
  kind: 'system',
  basis: 'predicted',
  source,
  system: { machine: 'cloudmatrix384', figure: 'switch-chips', plane: 'ub', level: 'L1' },
  measured,
  tolerance: '10 %',
});
const write = (name: string, value: object): string => {
  writeFileSync(at(name), JSON.stringify(value));
  return at(name);
};

describe('validate', () => {
  test('runs a folder of one’s own, folders in it too, and a scenario beside the case', async () => {
    mkdirSync(at('own/inner'), { recursive: true });
    write('own/switches.json', switches('switches', '336'));
    write('own/inner/more.json', switches('more', '320'));
    const scenario = {
      machine: 'hgx-h100',
      model: 'llama-3.1-8b',
      deployment: { merged: { instances: 1, gpus: 1, 'max-num-seqs': '64/rank', 'max-num-batched-tokens': '8192/rank' } },
      workload: { concurrency: 8, input: 128, output: 16, requests: 40 },
    };
    write('scenario.json', scenario);
    const simulate = { scenario: '../scenario.json', figure: 'output-tokens-per-second', over: 'run' };
    write('own/served.json', {
      id: 'served',
      title: 'A server',
      kind: 'serving',
      basis: 'predicted',
      source,
      simulate,
      measured: '100 tok/s',
      tolerance: '1 %',
    });
    const { code, out } = await supernode('validate', at('own'), '--json');
    const { schema, cases, scores } = JSON.parse(out) as LedgerJson;
    expect(code).toBe(0);
    expect(schema).toBe('supernode/validate-cases/1');
    expect(cases.map(({ id, error }) => [id, Math.round(error * 1000) / 1000]).slice(0, 1)).toEqual([['more', 0.05]]);
    expect(cases.map(({ id }) => id)).toEqual(['more', 'served', 'switches']);
    expect(cases.find(({ id }) => id === 'served')?.predicted).toBeGreaterThan(100);
    expect(scores.map(({ kind, cases: count }) => [kind, count])).toEqual([
      ['serving', 1],
      ['system', 2],
    ]);
  });

  test('says so by its exit code only when it is asked to', async () => {
    const far = write('far.json', switches('far', '200'));
    expect((await supernode('validate', far)).code).toBe(0);
    expect((await supernode('validate', far, '--fail-on-miss')).code).toBe(1);
    process.exitCode = undefined;
    expect((await supernode('validate', write('near.json', switches('near', '335')), '--fail-on-miss')).code).toBe(0);
  });

  test('writes a page that needs nothing beside itself', async () => {
    const cases = ['paged', 'paged-2', 'paged-3'].map((id) => write(`${id}.json`, switches(id, '340')));
    const { code, out } = await supernode('validate', ...cases, '--html', at('page.html'));
    const page = readFileSync(at('page.html'), 'utf8');
    expect(code).toBe(0);
    expect(out).toMatch(/\nwrote .*page\.html\n$/);
    const machine = await supernode('validate', ...cases, '--html', at('page.html'), '--json');
    expect([JSON.parse(machine.out), machine.err]).toEqual([expect.anything(), `wrote ${at('page.html')}\n`]);
    expect(page).toContain('paged');
    expect(page).toContain('<svg');
    expect(page).not.toMatch(/<script|href="http|src="/);
  });

  test('tells everything that is wrong with all files, and runs none', async () => {
    const one = write('one.json', { ...switches('same', '336'), tolerance: 'small' });
    const other = write('other.json', { ...switches('other', '336'), system: { machine: 'cloudmatrix', figure: 'chips' } });
    const { code, out, err } = await supernode('validate', one, other);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/2 problems/);
    expect(err).toMatch(/one\.json: tolerance: expected "10 %"/);
    expect(err).toMatch(/other\.json: system\.machine: unknown machine/);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a folder that is not there', ['nowhere'], /nowhere: no such file or folder of cases/],
    ['a slip of the pen in a flag', ['--jsn'], /--jsn: no such flag \(did you mean "--json"\?\)/],
    ['a page that cannot be written', ['--html', '/no/such/folder/page.html'], /--html: no such folder/],
    [
      'flags of cases beside a table of operator times',
      ['--operators', 'gemm.csv', '--chip', 'h100', '--html', 'v.html', '--fail-on-miss', '--record', '--record-intervals'],
      /4 problems[\s\S]*--html: means nothing beside --operators\n[\s\S]*--fail-on-miss: [\s\S]*--record: [\s\S]*--record-intervals: /,
    ],
    ['flags of cases beside points', ['--points', 'p.csv', '--fail-on-miss'], /--fail-on-miss: means nothing beside --points/],
    ['a stack beside cases', ['--stack', 'vllm'], /--operators: expected a table/],
    ['a record of what is not shipped', ['nowhere', '--record'], /--record: writes what is shipped/],
  ])('refuses %s', async (_, args, complaint) => {
    const { code, err } = await supernode('validate', ...args);
    expect(code).toBe(2);
    expect(err).toMatch(complaint);
  });

  test('refuses two cases of one name', async () => {
    const { code, err } = await supernode('validate', write('first.json', switches('twin', '336')), write('second.json', switches('twin', '336')));
    expect(code).toBe(2);
    expect(err).toMatch(/second\.json: id: "twin" is the name of .*first\.json already/);
  });

  test('records an error for each shipped case', () => {
    expect(Object.keys(readRecord()).length).toBeGreaterThan(600);
  });
});
