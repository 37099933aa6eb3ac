import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

const scenario = 'examples/h100-llama-3.1-70b.yaml';
const beside = (file: string): string => `expected ${resolve('examples', file)}: a path in a file, or in a --set for it, starts at the folder of that file`;

test.each([
  ['machine=mine.yaml', 'machine: no such machine file: mine.yaml', beside('mine.yaml')],
  ['model=models/mine.json', 'model: no such model file: models/mine.json', beside('models/mine.json')],
  ['stack=../mine.yaml', 'stack: no such stack file: ../mine.yaml', beside('../mine.yaml')],
  ['workload={ generator: ./mine.yaml, rate: 1/s, requests: 10 }', 'workload.generator: no such workload file: ./mine.yaml', beside('mine.yaml')],
  ['workload={ trace: mine.csv }', 'workload.trace: no such trace file: mine.csv', beside('mine.csv')],
  ['workload={ trace: mine, format: servegen }', 'workload.trace: no such folder: mine', beside('mine')],
])('--set %s: a file that is not there is told with its whole path and where that starts', async (setting, what, where) => {
  const { code, err } = await supernode('simulate', scenario, '--set', setting);
  expect([code, err]).toEqual([2, `supernode: 1 problem in the input\n  ${scenario}: ${what}; ${where}\n`]);
});

test('a text that a scenario names is told likewise', async () => {
  const setting = 'deployment.decode.experts.load={ counts: nowhere.json }';
  const { code, err } = await supernode('simulate', 'examples/cloudmatrix384-deepseek-r1.yaml', '--set', setting);
  expect([code, err]).toEqual([2, expect.stringContaining(`no such file: nowhere.json; ${beside('nowhere.json')}\n`)]);
});

test('a file that a flag names is looked for in the working folder; of one that is named whole nothing more is said', async () => {
  expect((await supernode('network', './mine.yaml')).err).toContain(
    `machine: no such machine file: ./mine.yaml; expected ${resolve('mine.yaml')}: a path of a command line starts at the working folder\n`,
  );
  expect((await supernode('network', '/nowhere/mine.yaml')).err).toMatch(/ {2}machine: no such machine file: \/nowhere\/mine\.yaml\n$/);
});
