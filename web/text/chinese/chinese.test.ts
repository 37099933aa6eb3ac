import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadScenario } from '../../../cli/scenario.ts';
import { InputError } from '../../../src/base/errors.ts';
import { outsideFaults } from '../../../src/serving/faults/outside.ts';
import { shippedFacts } from '../../build/shipped.ts';
import { exampleWords } from './examples.ts';
import { messageWords } from './problems.ts';

const path = fileURLToPath(new URL('../../../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url));
const scenario = (...set: string[]) => loadScenario(path, { set });

/** What the engine says of a scenario with some keys changed. */
async function said(...set: string[]): Promise<readonly string[]> {
  const error: unknown = await scenario(...set).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof InputError)) throw new Error(`nothing is wrong with ${set.join(', ')}`);
  return error.issues.map(({ message }) => message);
}

test.each([
  ['machine=cloudmatrix38'],
  ['model=deepseek-r9'],
  ['stack=vllm9'],
  ['workload.reqests=3'],
  ['workload.requests=many'],
  ['workload.rate=-3/s'],
  ['workload.rate=585 foo'],
  ['workload.rate=585'],
  ['workload.rate=3 GB'],
  ['deployment.prefill.attention=foo'],
  ['deployment.prefill=3'],
  ['deployment.decode.npus=400'],
  ['deployment.decode.max-batch=9600/npu'],
  ['deployment.decode.microbatches=9'],
  ['deployment.decode.experts.parallel=7'],
  ['deployment.decode.mtp.acceptance=1.7'],
  ['deployment.transfer-plane=ubx'],
  ['deployment.prefill.experts.redundant=1000'],
  ['faults=[{ at: 3, kill: npu 4 }]'],
  ['faults=[{ at: 3 s, kil: npu 4 }]'],
  ['faults=[{ at: 3 s, kill: npu 999 }]'],
])('what the engine says of %s is said in Chinese, with its names and figures', async (set) => {
  for (const english of await said(set)) {
    const chinese = messageWords(english) ?? english;
    expect(chinese, english).toMatch(/[一-鿿]/);
    expect(chinese, english).not.toMatch(/\b(expected|got|unknown|the|takes|nothing)\b/);
    for (const figure of english.match(/\d[\d.]*/g) ?? []) expect(chinese).toContain(figure);
  }
});

test.each([
  ['kill', 'npu 9999'],
  ['kill', 'L2 999'],
  ['kill', 'foo'],
  ['kill', 'rack 1'],
  ['hang', 'cpu 3'],
  ['hang', 'npu 3'],
] as const)('that %s %s cannot be is told in Chinese', async (cause, part) => {
  const { machine } = await scenario();
  const strike = (): unknown => outsideFaults(machine)({ cause, part }, 0);
  expect(strike).toThrow(InputError);
  expect(strike).toThrow(expect.toSatisfy(({ issues }: InputError) => issues.every(({ message }) => /[一-鿿].*现/.test(messageWords(message) ?? ''))));
});

test('what nobody has translated is not half translated', () => {
  expect(messageWords('expected something that is new, got "3"')).toBeUndefined();
});

test('every example has its words, and no other', () => {
  expect(Object.keys(exampleWords)).toEqual(Object.keys(shippedFacts().examples));
});
