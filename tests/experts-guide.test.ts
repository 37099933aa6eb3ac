import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import { Problems } from '../schema/scenario/problems.ts';
import type { StepFlags } from '../schema/step/flags.ts';
import { readStepFlags } from '../schema/step/request.ts';
import { stepPricer } from '../src/cost/pricer.ts';

const guide = readFileSync(new URL('../docs/guide/experts.md', import.meta.url), 'utf8');
const expected = JSON.parse(readFileSync(new URL('../examples/expected.json', import.meta.url), 'utf8')) as Record<string, Record<string, number>>;
const machine = loadMachine('cloudmatrix384', '');
const model = loadModel('deepseek-r1', '');
const stack = loadStack(machine.stack, '');

/** How far a figure of the guide may be from what comes out now. */
const tolerance = 0.02;

function step(flags: StepFlags): { readonly tpot: number; readonly perNpu: number } {
  const request = readStepFlags({ phase: 'decode', weights: 'int8', ...flags }, { machine, model, stack }, new Problems(''));
  const { time } = stepPricer(request.setting).cost(request.batch);
  return { tpot: time / request.emitted, perNpu: (request.total * request.emitted) / time / request.chips };
}

/** Rows of the table whose first title is this. */
function tableOf(title: string): readonly (readonly string[])[] {
  const lines = guide.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  const to = lines.findIndex((line, i) => i > from && !line.startsWith('|'));
  return lines.slice(from + 2, to).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const figure = (cell: string | undefined): number => Number((cell ?? '').replaceAll(/[,%\s]/g, ''));

test('the split of 480 and 288 dies and the same dies together are what the guide says', () => {
  const rows = tableOf('dies that attend, dies of experts');
  expect(rows).toHaveLength(9);
  const apart = { npus: '240', expertParallel: '288', sharedDies: '32', expertsApart: true };
  const together = { npus: '384', expertParallel: '768', sharedDies: '96', redundant: '416' };
  for (const [dies = '', microbatches = '', batch = '', tpot, perNpu] of rows) {
    const found = step({ ...(dies.includes('+') ? apart : together), mtp: '1:0.9', context: '3072', microbatches, batch: `${batch}/die` });
    expect(Math.abs((found.tpot * 1e3) / figure(tpot) - 1), dies).toBeLessThan(tolerance);
    expect(Math.abs(found.perNpu / figure(perNpu) - 1), dies).toBeLessThan(tolerance);
  }
});

test('gains of two microbatches and of drafts by batch size are what the guide says', () => {
  const rows = tableOf('sequences an NPU');
  expect(rows).toHaveLength(6);
  const published = { npus: '160', expertParallel: '320', sharedDies: '32', redundant: '32', context: '4096' };
  for (const [sequences = '', one, two, gain, plain, drafts] of rows) {
    const batch = `${sequences}/npu`;
    const [single, both, without] = [
      step({ ...published, batch, microbatches: '1', mtp: '1:0.7' }),
      step({ ...published, batch, microbatches: '2', mtp: '1:0.7' }),
      step({ ...published, batch, microbatches: '2' }),
    ].map(({ perNpu }) => perNpu) as [number, number, number];
    [single, both, without].forEach((value, i) => expect(Math.abs(value / figure([one, two, plain][i]) - 1), batch).toBeLessThan(tolerance));
    expect(Math.abs((both / single - 1) * 100 - figure(gain))).toBeLessThan(2);
    expect(Math.abs((both / without - 1) * 100 - figure(drafts))).toBeLessThan(2);
  }
  // What is published of 96 sequences an NPU: 1,943.
  expect(Math.abs(figure(rows.find(([sequences]) => sequences === '96')?.[2]) / 1943 - 1)).toBeLessThan(0.1);
});

test('figures of the examples are those that they are run against', () => {
  const rows = guide.split('\n').flatMap((line) => {
    const [, name] = /^\| `(experts-[a-z]+(?:-768)?\.yaml)` \|/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, cells: line.split('|').slice(2, -1).map(figure) }];
  });
  expect(rows).toHaveLength(7);
  for (const { name, cells } of rows) {
    const stated = expected[name] ?? {};
    const second = name.includes('apart') || name.includes('together') ? 'output [tok/s]' : 'requests within the SLO';
    expect([stated['TPOT p50 [s]'], stated[second]], name).toEqual(cells);
  }
  const tpot = (name: string): number => expected[`experts-${name}.yaml`]?.['TPOT p50 [s]'] ?? NaN;
  // A balancer takes away more than half of the time per token, and less than a fifth of it remains over a perfect balance.
  expect(tpot('balanced') / tpot('unbalanced')).toBeLessThan(0.5);
  expect(tpot('balanced') / tpot('perfect')).toBeGreaterThan(1);
  expect(tpot('balanced') / tpot('perfect')).toBeLessThan(1.2);
});
