import { existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeptShards } from '../../batch/kept.ts';
import { supernode } from '../fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-refused-'));
const at = (name: string): string => join(folder, name);
const simulate = (...flags: readonly string[]): ReturnType<typeof supernode> =>
  supernode('simulate', 'examples/h100-llama-3.1-70b.yaml', '--requests', '50', '--no-intervals', ...flags);

const times = at('gemm.csv');
const shapes = [128, 256, 512, 1024, 2048, 4096, 8192].flatMap((m) => [1024, 2048, 4096, 8192].map((n) => `bf16,${m},${n},4096,${(m * n) / 2 ** 16 + 9}`));
writeFileSync(times, ['dtype,m,n,k,microseconds', ...shapes, ''].join('\n'));

// Files of Linux that refuse everybody, root as well: permissions do not.
const unreadable = '/proc/self/mem';
const full = '/dev/full';

describe.runIf(existsSync(unreadable) && existsSync(full))('a file that the system refuses is told in one line', () => {
  test.each([
    ['a scenario', ['simulate', unreadable]],
    ['a trace', ['simulate', 'examples/trace.yaml', '--trace', unreadable]],
    ['a trace that is looked at', ['trace', 'inspect', unreadable]],
    ['a log', ['simulate', '--replay', unreadable]],
  ])('%s that cannot be read', async (_, args) => {
    const { code, err } = await supernode(...args);
    expect(err).toBe(`supernode: 1 problem in the input\n  ${unreadable}: cannot be read (i/o error); expected one that can\n`);
    expect(code).toBe(2);
  });

  test.each(['--out', '--html', '--requests-out', '--events-out'])('%s in a folder that takes no files, before the run', async (flag) => {
    const path = `/proc/x.${{ '--requests-out': 'csv', '--events-out': 'jsonl' }[flag] ?? 'txt'}`;
    const { code, out, err } = await simulate(flag, path);
    expect(err).toMatch(new RegExp(`^supernode: 1 problem in the input\n {2}${flag}: /proc cannot be written \\(.*\\); expected a file that can\n$`));
    expect([code, out]).toEqual([2, '']);
  });

  test.each(['--out', '--html'])('%s on a full disk', async (flag) => {
    const { code, err } = await simulate(flag, full);
    expect([code, err]).toEqual([1, `supernode: ${full} cannot be written: no space left on device\n`]);
  });

  test.each(['--out', '--html'])('calibrate %s, likewise', async (flag) => {
    const calibrate = (path: string): ReturnType<typeof supernode> =>
      supernode('calibrate', times, '--chip', 'ascend-910b', '--stack', 'vllm-ascend', flag, path);
    const { code, err } = await calibrate(full);
    expect([code, err]).toEqual([1, `supernode: ${full} cannot be written: no space left on device\n`]);
    expect((await calibrate('/proc/x')).err).toMatch(new RegExp(`^supernode: 1 problem in the input\n {2}${flag}: /proc cannot be written`));
  });

  test.each(['trace.csv', 'trace.csv.gz'])('trace generate --out %s, likewise', async (name) => {
    const own = mkdtempSync(join(folder, 'made-'));
    symlinkSync(full, join(own, name));
    const generate = (path: string): ReturnType<typeof supernode> => supernode('trace', 'generate', '--workload', 'chat', '--rate', '1/s', '--out', path);
    const { code, err } = await generate(join(own, name));
    expect([code, err]).toEqual([1, `supernode: ${join(own, name)} cannot be written: no space left on device\n`]);
    expect((await generate(`/proc/${name}`)).err).toMatch(/^supernode: 1 problem in the input\n {2}--out: \/proc cannot be written/);
  });

  test.each(['rows.csv', 'rows.parquet', 'rows.csv.gz'])('%s on a full disk: nothing is left of the others', async (name) => {
    const own = mkdtempSync(join(folder, 'full-'));
    symlinkSync(full, join(own, name));
    const { code, err } = await simulate('--requests-out', join(own, name), '--series-out', join(own, 'series.csv'), '--events-out', join(own, 'e.jsonl'));
    expect([code, err]).toEqual([1, `supernode: ${join(own, name)} cannot be written: no space left on device\n`]);
    await expect.poll(() => readdirSync(own)).toEqual([name]);
  });
});

describe('where machines of a fleet are kept', () => {
  const fleet = (runs: string): ReturnType<typeof supernode> => supernode('simulate', 'examples/fleet/day.yaml', '--requests', '900', '--runs', runs);

  test.each(['README.md', 'README.md/runs'])('%s is a file: told before a machine runs', async (runs) => {
    const { code, err } = await fleet(runs);
    expect([code, err]).toEqual([2, 'supernode: 1 problem in the input\n  --runs: README.md is a file; expected a folder, or where to make one\n']);
  });

  test.runIf(existsSync('/proc/self'))('a folder that takes no files, likewise', async () => {
    const { code, err } = await fleet('/proc/runs');
    expect([code, err]).toEqual([2, expect.stringMatching(/ {2}--runs: \/proc cannot be written \(.*\); expected a folder that can\n$/)]);
  });

  test('a machine that cannot be put in its place leaves nothing', () => {
    const kept = new KeptShards(at('kept'));
    mkdirSync(join(kept.folder, '7.json'), { recursive: true });
    expect(() => kept.write(7, {} as Parameters<KeptShards['write']>[1])).toThrow(/EISDIR/);
    expect(readdirSync(kept.folder)).toEqual(['7.json']);
  });
});

test('calibrated cells and a trace that is made go through a link, and take the place of what was there as a whole', async () => {
  for (const [name, ...args] of [
    ['cells.json', 'calibrate', times, '--chip', 'ascend-910b', '--stack', 'vllm-ascend'],
    ['made.csv', 'trace', 'generate', '--workload', 'chat', '--rate', '1/s'],
  ] as const) {
    writeFileSync(at(name), 'before');
    linkSync(at(name), at(`of-before-${name}`));
    symlinkSync(at(name), at(`link-to-${name}`));
    expect((await supernode(...args, '--out', at(`link-to-${name}`))).code).toBe(0);
    expect(lstatSync(at(`link-to-${name}`)).isSymbolicLink()).toBe(true);
    expect(readFileSync(at(name), 'utf8').length).toBeGreaterThan(100);
    // Another file is there now: that of before was not written over.
    expect(readFileSync(at(`of-before-${name}`), 'utf8')).toBe('before');
  }
});

test('what is written goes through a link, and what was there before is replaced as a whole', async () => {
  writeFileSync(at('result.json'), 'before');
  symlinkSync(at('result.json'), at('link.json'));
  expect((await simulate('--out', at('link.json'))).code).toBe(0);
  expect(lstatSync(at('link.json')).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(at('result.json'), 'utf8'))).toMatchObject({ schema: 'supernode/simulate/1' });
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});
