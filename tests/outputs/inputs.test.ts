import { copyFileSync, linkSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scenarioInputs } from '../../cli/outputs/inputs.ts';
import { supernode } from '../fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-inputs-'));
const at = (name: string): string => join(folder, name);

const scenario = at('mine.yaml');
const served = at('served.yaml');
const trace = at('trace.csv');
const log = at('log.jsonl');
const machine = at('machine.yaml');
const text = readFileSync('examples/h100-llama-3.1-70b.yaml', 'utf8').replace(/^machine: .*$/m, 'machine: ./machine.yaml');
copyFileSync('data/machines/hgx-h100.yaml', machine);
writeFileSync(scenario, text);
writeFileSync(served, text.replace(/^workload: .*$/m, 'workload: { trace: trace.csv, format: csv }'));
writeFileSync(trace, 'arrived_at,input_tokens,output_tokens\n0,100,10\n1,100,10\n');
writeFileSync(log, '{"kind":"log"}\n');
const times = at('gemm.csv');
const shapes = [128, 256, 512, 1024, 2048, 4096, 8192].flatMap((m) => [1024, 2048, 4096, 8192].map((n) => `bf16,${m},${n},4096,${(m * n) / 2 ** 16 + 9}`));
writeFileSync(times, ['dtype,m,n,k,microseconds', ...shapes, ''].join('\n'));
const chip = at('chip.yaml');
copyFileSync('data/chips/ascend-910b.yaml', chip);
const workload = at('workload.yaml');
copyFileSync('data/workloads/chat.yaml', workload);
symlinkSync(scenario, at('symbolic.yaml'));
linkSync(scenario, at('hard.yaml'));

describe('an output is none of the files that the command reads', () => {
  test.each([
    ['the result', ['simulate', scenario, '--out', scenario], '--out', 'the scenario that is run'],
    ['the page', ['simulate', scenario, '--html', scenario], '--html', 'the scenario that is run'],
    ['by another path', ['simulate', scenario, '--out', join(folder, '..', folder.split('/').at(-1) ?? '', '.', 'mine.yaml')], '--out', 'the scenario'],
    ['by a symbolic link', ['simulate', scenario, '--out', at('symbolic.yaml')], '--out', 'the scenario that is run'],
    ['by a hard link', ['simulate', scenario, '--html', at('hard.yaml')], '--html', 'the scenario that is run'],
    ['a page of two', ['compare', 'examples/h100-llama-3.1-70b.yaml', scenario, '--html', scenario], '--html', 'the scenario that is run'],
    ['the trace of a flag', ['simulate', scenario, '--trace', trace, '--requests-out', trace], '--requests-out', 'the trace that is served'],
    [
      'the trace of a setting',
      ['simulate', scenario, '--set', 'workload={trace: trace.csv, format: csv}', '--out', trace],
      '--out',
      'the trace that is served',
    ],
    ['the trace of the scenario', ['simulate', served, '--series-out', trace], '--series-out', 'the trace that is served'],
    ['the machine of the scenario', ['simulate', scenario, '--out', machine], '--out', 'read by the scenario that is run'],
    ['the log', ['simulate', '--replay', log, '--events-out', log], '--events-out', 'the log that is run again'],
    ['measured times', ['calibrate', times, '--chip', 'ascend-910b', '--stack', 'vllm-ascend', '--out', times], '--out', 'a table that is read'],
    ['the chip of measured times', ['calibrate', times, '--chip', chip, '--stack', 'vllm-ascend', '--html', chip], '--html', 'a file that is read'],
    ['the law of a trace', ['trace', 'generate', '--workload', workload, '--rate', '1/s', '--out', workload], '--out', 'the workload that is drawn'],
    ['what is sent', ['load', '--trace', trace, '--out', trace], '--out', 'the trace that is sent'],
  ] as const)('%s', async (_, args, flag, what) => {
    const path = args.at(-1) ?? '';
    const before = readFileSync(path, 'utf8');
    const { code, err } = await supernode(...args);
    expect(err).toMatch(`supernode: 1 problem in the input\n  ${flag}: ${path} is ${what}`);
    expect(err).toMatch('; expected another file\n');
    expect(code).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('every file of the catalogue may be one', () => {
    expect(scenarioInputs(scenario, {})).toContainEqual({ path: resolve('data/chips/h100.yaml'), what: 'of the catalogue' });
  });

  test('two outputs are not one file by two names', async () => {
    const { code, err } = await supernode('simulate', scenario, '--out', at('r.csv'), '--requests-out', `${folder}/./r.csv`);
    expect([code, err]).toEqual([2, expect.stringContaining(`--out: ${at('r.csv')} is written by --requests-out as well; expected a file of its own`)]);
  });

  test('a result of before is written anew', async () => {
    for (let i = 0; i < 2; i++) expect((await supernode('simulate', scenario, '--requests', '20', '--no-intervals', '--out', at('again.json'))).code).toBe(0);
  });
});
