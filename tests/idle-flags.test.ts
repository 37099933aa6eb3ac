import { describe, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

const scenario = 'examples/h100-llama-3.1-70b.yaml';
const fleet = 'examples/fleet/day.yaml';
const search = [scenario, '--slo', 'ttft:2s', '--find-rate'];
const dense = 'step --machine hgx-h100 --model llama-3.1-70b --phase decode --gpus 8 --tensor 8 --batch 64/gpu --context 2000'.split(' ');
const sparse = 'step --machine hgx-h100 --model mixtral-8x7b --phase decode --gpus 8 --expert-parallel 8 --batch 64/gpu --context 2000'.split(' ');

/** Command lines with flags that nothing would come of, and what is said of each: all of it. */
const idle: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ['simulate', scenario, '--no-intervals', '--samples', '9', '--known', 'skew'],
    [
      '--samples: says how intervals are drawn; expected it without --no-intervals',
      '--known: says how intervals are drawn; expected it without --no-intervals',
    ],
  ],
  [
    ['simulate', ...search, '--samples', '9', '--known', 'skew'],
    ['--samples: is about one rate; expected it without --find-rate', '--known: is about one rate; expected it without --find-rate'],
  ],
  [
    ['simulate', scenario, '--threads', '2', '--runs', 'runs'],
    [
      '--threads: is about seeds and fleets; expected --seeds as well, or a scenario with a fleet',
      '--runs: is about machines of a fleet; expected a scenario with a fleet',
    ],
  ],
  [['simulate', scenario, '--seeds', '2', '--threads', '2', '--runs', 'runs'], ['--runs: is about machines of a fleet; expected a scenario with a fleet']],
  [
    ['simulate', ...search, '--threads', '2', '--runs', 'runs'],
    ['--threads: is about seeds and fleets; expected it without --find-rate', '--runs: is about machines of a fleet; expected it without --find-rate'],
  ],
  [
    ['simulate', '--replay', 'log.jsonl', '--threads', '2', '--runs', 'runs'],
    ['--threads: is about seeds and fleets; expected it without --replay', '--runs: is about machines of a fleet; expected it without --replay'],
  ],
  [
    ['simulate', fleet, '--samples', '9', '--known', 'skew'],
    ['--samples', '--known'].map((flag) => `${flag}: is about one machine; expected it without a fleet, such as with --set fleet=null`),
  ],
  [
    ['simulate', fleet, '--find-rate', '--seeds', '2', '--threads', '2', '--events-out', 'x.jsonl'],
    ['--find-rate', '--seeds', '--events-out'].map((flag) => `${flag}: is about one machine; expected it without a fleet, such as with --set fleet=null`),
  ],
  [['compare', scenario, scenario, '--no-intervals', '--samples', '9'], ['--samples: says how intervals are drawn; expected it without --no-intervals']],
  [
    ['compare', scenario, '--no-intervals', '--samples', '9'],
    ['compare: expected two to four scenario files, got 1', '--samples: says how intervals are drawn; expected it without --no-intervals'],
  ],
  [[...dense, '--dies', '8'], ['--npus: says its size 2 times (gpus, dies); expected one of them']],
  [
    [...dense, '--no-intervals', '--known', 'drift', '--json', '--all'],
    [
      '--known: says how intervals are drawn; expected it without --no-intervals',
      '--all: is about the tables of the text; expected it without --json, which has every part',
    ],
  ],
  [[...sparse, '--expert-load', 'power:0.5', '--expert-where', 'domain=c4'], ['--expert-where: picks lines of a file; expected --expert-load with one']],
  [
    ['network', 'cloudmatrix384', '--size', '64MB', '--stack', 'vllm-ascend'],
    [
      '--size: is of a path or a collective; expected --path or --collective as well',
      '--stack: is of a collective or an exchange; expected --collective, --dispatch or --combine as well',
    ],
  ],
  [
    [
      'network',
      'cloudmatrix384',
      '--path',
      'die 0',
      'die 17',
      '--ranks',
      '8',
      '--ep',
      '8',
      '--tokens',
      '9',
      '--hidden',
      '1',
      '--top-k',
      '1',
      '--experts',
      '8',
      '--format',
      'fp8',
    ],
    [
      '--ranks: is of a collective; expected --collective as well',
      ...['--ep', '--tokens', '--hidden', '--top-k', '--experts', '--format'].map(
        (flag) => `${flag}: is of an exchange; expected --dispatch or --combine as well`,
      ),
    ],
  ],
  [
    ['network', 'cloudmatrix384', '--collective', 'all-reduce', '--size', '1MB', '--ranks', '8', '--operation', 'write', '--plane', 'ub'],
    ['--operation: is of a path; expected --path as well', '--plane: is of a path or of the planes themselves; expected it without --collective'],
  ],
  [
    ['network', 'cloudmatrix384', '--combine', '--ep', '8', '--tokens', '8', '--size', '1MB', '--plane', 'ub'],
    [
      '--size: is of a path or a collective; expected --path or --collective as well',
      '--plane: is of a path or of the planes themselves; expected it without --combine',
    ],
  ],
  [
    ['simulate', scenario, '--no-intervals', '--samples', '9', '--out', '/none/x.json'],
    ['--samples: says how intervals are drawn; expected it without --no-intervals', '--out: no such folder: /none; expected a file in a folder that exists'],
  ],
  [
    ['compare', scenario, '--no-intervals', '--samples', '9', '--html', '/none/x.html'],
    [
      'compare: expected two to four scenario files, got 1',
      '--samples: says how intervals are drawn; expected it without --no-intervals',
      '--html: no such folder: /none; expected a file in a folder that exists',
    ],
  ],
  [
    ['load', scenario, '--request-rate', '4', '--burstiness', '0.5', '--save-detailed', '--metadata', 'a=b', '--metric-percentiles', '50'],
    [
      '--request-rate: a scenario says how its requests come; expected it without a scenario, or --set workload.rate=4/s, or workload.speed of a trace',
      '--burstiness: a scenario has gaps of its own; expected it without a scenario',
      ...['--metric-percentiles', '--metadata', '--save-detailed'].map((flag) => `${flag}: is about the result file; expected --result-filename as well`),
    ],
  ],
  [
    ['load', scenario, '--request-rate', 'inf'],
    ['--request-rate: a scenario says how its requests come; expected it without a scenario, or --set workload.concurrency=N of a closed loop'],
  ],
  [
    ['load', '--trace', 'x.csv', '--request-rate', '4', '--burstiness', '0.5', '--isl', '5'],
    ['--burstiness: a trace has gaps of its own; expected it without --trace', '--input-len: a trace has lengths of its own; expected it without --trace'],
  ],
  [
    ['load', '--isl', '5', '--osl', '5', '--burstiness', '0.5'],
    ['--burstiness: says how the gaps of a rate are drawn; expected --request-rate with one as well'],
  ],
];

describe('flags that nothing would come of', () => {
  test.each(idle)('%j is refused', async (args, problems) => {
    const { code, out, err } = await supernode(...args);
    expect([code, out]).toEqual([2, '']);
    const [, ...said] = err.trimEnd().split('\n');
    expect(said.map((line) => line.trim()).toSorted()).toEqual(problems.toSorted());
  });
});
