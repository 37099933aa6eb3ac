import { expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { summarise } from '../src/report/summarise.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const example = new URL('../examples/experts-perfect.yaml', import.meta.url).pathname;

test.each<[string, readonly number[]]>([
  ['{ draft: 2, acceptance: [0.7, 0.5] }', [0.7, 0.5]],
  ['{ draft: 1, acceptance: 0.9 }', [0.9]],
  ['{ draft: 3, acceptance: [0.8, 0.6, 0.4] }', [0.8, 0.6, 0.4]],
])('mtp %s: verified and emitted tokens are told apart, and positions follow each other', async (mtp, acceptance) => {
  const scenario = await loadScenario(example, {
    set: ['workload.requests=1500', 'workload.output=200', 'workload.rate=300/s', `deployment.decode.mtp=${mtp}`],
  });
  const run = createSimulation(scenario);
  while (run.simulation.step());
  const { speculation } = summarise(run, 'test');
  let chance = 1;
  const mean = acceptance.reduce((sum, next) => sum + (chance *= next), 1);
  expect(speculation?.drafts).toBe(acceptance.length);
  expect(speculation?.verified).toBe((speculation?.steps ?? 0) * (1 + acceptance.length));
  const [steps, emitted] = run.simulation.metrics.intervals.reduce(
    ([a, b], { decodeSteps, decodeEmitted }) => [a + decodeSteps, b + decodeEmitted],
    [0, 0],
  ) as [number, number];
  // The last step of a request may put out less than was accepted.
  expect(emitted / steps).toBeLessThanOrEqual(mean * 1.003);
  expect(emitted / steps).toBeGreaterThan(mean * 0.985);
  // Of equal requests those that finish in a window were lucky rather than not.
  expect(Math.abs((speculation?.perStep ?? 0) / mean - 1)).toBeLessThan(0.02);
});

test('without drafts there is nothing to tell', async () => {
  const scenario = await loadScenario(example, { set: ['workload.requests=200', 'workload.output=20', 'deployment.decode.mtp=null'] });
  const run = createSimulation(scenario);
  while (run.simulation.step());
  expect(summarise(run, 'test').speculation).toBeUndefined();
});
