import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { loadScenario } from '../../cli/scenario.ts';
import { version } from '../../cli/version.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import { act } from '../../src/serving/external.ts';
import { outsideFaults, type OutsideFault } from '../../src/serving/faults/outside.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { supernode } from '../fixtures/command-line.ts';

const pools = 'examples/cloudmatrix384-deepseek-r1.yaml';
const at = 1.2345;
const recovery = ['recovery={ detection: 200 ms, restart: 1 s }'];
const file = (name: string): string => join(mkdtempSync(join(tmpdir(), 'supernode-outside-')), name);

function struck(scenario: Scenario, faults: readonly OutsideFault[], log?: EventLogFile): Run {
  const run = createSimulation(scenario, (event) => log?.tell(event));
  run.simulation.advance(at);
  const planned = outsideFaults(scenario.machine);
  for (const fault of faults) {
    const { duration, ...rest } = planned(fault, run.simulation.now);
    act(run.simulation, { kind: 'fault', fault: { ...rest, ...(duration === Infinity ? {} : { duration }) } }, (record) => log?.tell(record));
  }
  while (run.simulation.step());
  return run;
}

test.each([
  ['kill', { cause: 'kill', part: 'npu 17', duration: 2 }, 'kill: npu 17, for: 2 s'],
  ['hang', { cause: 'hang', part: 'node 1', duration: 0.1 }, 'hang: node 1, for: 100 ms'],
  ['slow die', { cause: 'slow', part: 'die 5:50%' }, 'slow: "die 5:50%"'],
  ['slow links', { cause: 'slow', part: 'l2 3:25%', duration: 1 }, 'slow: "l2 3:25%", for: 1 s'],
] as const)('%s: a fault that comes from outside does what a planned one does, to the last bit', async (_, fault, planned) => {
  const outside = struck(await loadScenario(pools, { requests: 1200, set: recovery }), [fault]);
  const inside = createSimulation(await loadScenario(pools, { requests: 1200, set: [...recovery, `faults=[{ at: ${at} s, ${planned} }]`] }));
  while (inside.simulation.step());
  const result = ({ simulation, faults }: Run): unknown => [
    simulation.snapshot().at,
    faults,
    simulation.metrics.intervals.map(({ e2e, ttft }) => [e2e.mean(), ttft.mean()]),
  ];
  expect(outside.faults).toHaveLength(1);
  expect(result(outside)).toEqual(result(inside));
});

test('it stands in the log, and replay does it again at the same point', async () => {
  const path = file('faults.jsonl');
  const scenario = await loadScenario(pools, { requests: 1200, set: recovery });
  const log = new EventLogFile(path, scenario);
  const run = struck(
    scenario,
    [
      { cause: 'kill', part: 'npu 100', duration: 2 },
      { cause: 'slow', part: 'npu 3:50%' },
    ],
    log,
  );
  await log.close(run.simulation.now, summarise(run, version), false);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/"kind":"external","at":1\.2345,"action":\{"kind":"fault","fault":\{"kind":"kill","struck":\{"text":"npu 100","dies":\[200,201\]/);
  expect(text).toMatch(/"kind":"fault","at":1\.2345,"fault":"kill","what":"npu 100"/);
  expect(await supernode('simulate', '--replay', path, '--no-intervals')).toMatchObject({
    code: 0,
    out: expect.stringContaining('and so is the summary') as unknown,
  });
  const other = file('other.jsonl');
  writeFileSync(other, text.replace('"dies":[200,201]', '"dies":[0,1]'));
  expect(await supernode('simulate', '--replay', other)).toMatchObject({ code: 1, err: expect.stringContaining('differs from its log') as unknown });
  const broken = file('broken.jsonl');
  writeFileSync(broken, text.replace('"kind":"kill","struck"', '"kind":"explode","struck"'));
  expect(await supernode('simulate', '--replay', broken)).toMatchObject({ code: 2, err: expect.stringContaining('action.fault.kind') as unknown });
});

test.each([
  [{ cause: 'kill', part: 'npu 384' }, 'part: expected npu 0 to 383 of cloudmatrix384, got "npu 384"'],
  [{ cause: 'slow', part: 'npu 3' }, 'part: expected what is slow and what is left of it, such as "npu 3:50%", got "npu 3"'],
  [{ cause: 'hang', part: 'npu 3' }, 'duration: expected how long it hangs, got nothing'],
  [{ cause: 'kill', part: 'npu 3', duration: 0 }, 'duration: expected a time above 0, got 0'],
  [{ cause: 'jitter', part: 'npu 3' }, 'jitter: expected how often iterations wait and how long, got nothing'],
] as const)('a fault that cannot be: %j', async (fault, message) => {
  const { machine } = await loadScenario(pools, { requests: 10 });
  expect(() => outsideFaults(machine)(fault, 0)).toThrow(message);
});
