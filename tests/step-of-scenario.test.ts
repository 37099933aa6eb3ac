import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseFile } from '../cli/data.ts';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadScenario } from '../cli/scenario.ts';
import { loadStack } from '../cli/stacks.ts';
import { scenarioFile } from '../schema/scenario/keys.ts';
import { Problems } from '../schema/scenario/problems.ts';
import { readShape } from '../schema/scenario/shape.ts';
import { stepsOf, type PoolStep } from '../schema/step/of-scenario.ts';
import { readStepFlags } from '../schema/step/request.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import type { Layout } from '../src/model/layout.ts';
import type { StepRequest } from '../src/report/step/request.ts';
import type { Scenario } from '../src/serving/scenario.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function requestOf({ flags }: PoolStep): StepRequest {
  const machine = loadMachine(flags.machine ?? '', '--machine', folder);
  const model = loadModel(flags.model ?? '', '--model', folder);
  return readStepFlags(flags, { machine, model, stack: loadStack(flags.stack ?? machine.stack, '--stack', folder) }, new Problems(''));
}

function layoutOf({ deployment }: Scenario, { pool }: PoolStep): Layout {
  return deployment.kind === 'merged' ? deployment.layout : deployment[pool === 'prefill' ? 'prefill' : 'decode'].layout;
}

test.each(examples)('%s: its pools are iterations that fit, laid out as the scenario says', async (name) => {
  const scenario = await loadScenario(`${folder}${name}`, {});
  const steps = stepsOf(readShape(scenarioFile, parseFile(`${folder}${name}`), new Problems('')), scenario);
  expect(steps.length).toBe(2);
  for (const step of steps) {
    const { setting, batch } = requestOf(step);
    const { experts, dies, tensor, pipeline, microbatches, attention, context } = layoutOf(scenario, step);
    expect(setting.layout).toMatchObject({ dies, tensor, pipeline, microbatches, attention });
    expect(setting.layout.context).toEqual(context);
    const { load: _load, ...spread } = experts;
    expect(setting.layout.experts).toMatchObject(spread);
    expect(setting.precision).toEqual(scenario.precision);
    // Prefill computes the layers that draft, and proposes nothing.
    expect(setting.layout.draftTokens).toBe(step.phase === 'decode' ? layoutOf(scenario, step).draftTokens : 0);
    expect(stepPricer(setting).cost(batch).time).toBeGreaterThan(0);
  }
});

test('decode is as full as the scenario lets it be, and no fuller than memory', async () => {
  const scenario = await loadScenario(`${folder}cloudmatrix384-deepseek-r1.yaml`, {});
  const file = readShape(scenarioFile, parseFile(`${folder}cloudmatrix384-deepseek-r1.yaml`), new Problems(''));
  const [decode] = stepsOf(file, scenario);
  // 96 sequences an NPU of two dies, each die a rank.
  expect(decode?.flags.batch).toBe('48/rank');
  const long: Scenario = { ...scenario, workload: { ...scenario.workload, input: { kind: 'fixed', tokens: 100_000 } } as Scenario['workload'] };
  const [cut] = stepsOf(file, long);
  const sequences = Number.parseInt(cut?.flags.batch ?? '', 10);
  expect(sequences).toBeLessThan(48);
  expect(requestOf(cut as PoolStep).batch.rank.decodeSequences).toBe(sequences);
  // Buffers are those of as many sequences as run at once: a batch of few leaves room for one more, not for a tenth more.
  expect(() => requestOf({ ...(cut as PoolStep), flags: { ...cut?.flags, batch: `${Math.ceil(sequences * 1.1) + 1}/rank` } })).toThrow(/per rank fit/);
});
