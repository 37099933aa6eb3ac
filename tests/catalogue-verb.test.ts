import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { dataNames } from '../cli/data.ts';
import { supernode } from './fixtures/command-line.ts';
import { table } from '../cli/table.ts';

const example = fileURLToPath(new URL('../examples/machines/supernode-64.yaml', import.meta.url));

describe('supernode machines', () => {
  test('lists every machine of the catalogue, one a line', async () => {
    const { code, out } = await supernode('machines');
    expect(code).toBe(0);
    const firsts = out.split('\n').map((line) => line.split(/\s/)[0]?.replace('*N', ''));
    expect(dataNames('machines').filter((name) => !firsts.includes(name))).toEqual([]);
    expect(out).toMatch(/cloudmatrix384 +384 +768 +49\.2 TB +1,229 TB\/s +289 Pflop\/s/);
  });

  test('shows one with its totals, paths and sources', async () => {
    const { code, out } = await supernode('machines', 'cloudmatrix384');
    expect(code).toBe(0);
    for (const part of [
      /switch chips, L1 +336  5,376 links up of 28\.00 GB\/s/,
      /switch chips, L2 +112/,
      /also published: 299\.5 Pflop\/s/,
      /between nodes +164\.0 GB\/s +1\.900 µs/,
      /arXiv 2506\.12708/,
    ])
      expect(out).toMatch(part);
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('shows a machine of the user', async () => {
    const { code, out } = await supernode('machines', example);
    expect(code).toBe(0);
    expect(out).toMatch(/chips, dies, CPUs +64, 128, 32/);
  });

  test('prints the documented JSON, the schema first', async () => {
    const list = await supernode('machines', '--json');
    const one = await supernode('machines', 'hgx-h100*2', '--json');
    const [catalogue, shown] = [list, one].map(({ out }) => JSON.parse(out) as Record<string, unknown>);
    expect([Object.keys(catalogue ?? {}), catalogue?.['schema']]).toEqual([['schema', 'machines'], 'supernode/machines/1']);
    expect([Object.keys(shown ?? {}), shown?.['schema']]).toEqual([['schema', 'machine', 'totals', 'kinds'], 'supernode/machines/1']);
    expect(shown?.['totals']).toMatchObject({ chips: 16, dies: 16, cpus: 4 });

    const guide = readFileSync(new URL('../docs/guide/machines.md', import.meta.url), 'utf8');
    const keys = new Set<string>();
    JSON.stringify([(catalogue?.['machines'] as unknown[] | undefined)?.[0], shown?.['totals'], shown?.['machine']], (key, value: unknown) => {
      if (!/^\d*$/.test(key)) keys.add(key);
      return value;
    });
    expect([...keys].filter((key) => !guide.includes(`\`${key}\``))).toEqual([]);
  });

  test('refuses what it does not know with exit code 2', async () => {
    const { code, out, err } = await supernode('machines', 'hgx-h2oo');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/1 problem in the input\n {2}machine: unknown machine: .*did you mean "hgx-h20"/);
    expect((await supernode('machines', '--jsn')).code).toBe(2);
  });
});

test('a table is as wide in every row as its widest cells', () => {
  const lines = table(
    ['name', 'GB'],
    [
      ['a', '64'],
      ['µs–x', '1,024'],
    ],
    { align: ['left', 'right'] },
  ).split('\n');
  expect(lines).toEqual(['name     GB', '────  ─────', 'a        64', 'µs–x  1,024']);
});
