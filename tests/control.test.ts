import { expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { fleetSection } from '../src/report/fleet.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const known = new Map<string, Promise<Summary>>();

/** What an example comes to with keys set over it. */
async function outcome(name: string, ...over: readonly string[]): Promise<Summary> {
  const key = [name, ...over].join(' ');
  const found = known.get(key) ?? ran(name, over);
  known.set(key, found);
  return found;
}

async function ran(name: string, over: readonly string[]): Promise<Summary> {
  const run = createSimulation(await loadScenario(new URL(`../examples/${name}`, import.meta.url).pathname, { set: over }));
  while (run.simulation.step());
  return summarise(run, 'test');
}

test('an autoscaler through a day takes a quarter off the cost and the energy of a token, for one request in a hundred that is late', async () => {
  const fixed = await outcome('control-autoscale.yaml', 'control=null', 'deployment.merged.instances=7');
  const scaled = await outcome('control-autoscale.yaml');
  const ratio = (of: (summary: Summary) => number): number => of(scaled) / of(fixed);
  expect(ratio(({ cost }) => cost.dollarsPerMillionTokens ?? NaN)).toBeCloseTo(0.73, 1);
  expect(ratio(({ cost }) => cost.joulesPerToken ?? NaN)).toBeCloseTo(0.75, 1);
  expect(fixed.goodput.share - scaled.goodput.share).toBeGreaterThan(0);
  expect(fixed.goodput.share - scaled.goodput.share).toBeLessThan(0.02);
  // Chips that are off draw nothing: what is used is what was on.
  expect(scaled.machine.chipsUsed).toBeLessThan(fixed.machine.chipsUsed);
  expect(scaled.control?.pools[0]?.started).toBeGreaterThan(10);
}, 120_000);

test('the report tells instances over the whole run apart from those at its head, which are of the window', async () => {
  const scaled = await outcome('control-autoscale.yaml');
  expect(fleetSection(scaled)?.blocks[0]).toMatchObject({ kind: 'table', caption: expect.stringMatching(/over the whole run$/) as string });
}, 120_000);

test('weights that every start fetches from the store make it late: starts take minutes in place of seconds', async () => {
  const warm = await outcome('control-autoscale.yaml');
  const cold = await outcome('control-autoscale.yaml', 'control.weights={cache: none}');
  expect(warm.control?.pools[0]).toMatchObject({ cold: 0 });
  expect(cold.control?.pools[0]?.cold).toBe(cold.control?.pools[0]?.started);
  // 141 GB at 5.6 GB/s on each of four GPUs and 12 s; with the store at 2.5 GB/s another 56 s alone, more where starts share it.
  expect(warm.control?.pools[0]?.startTime.max).toBeCloseTo(18.3, 1);
  expect(cold.control?.pools[0]?.startTime.mean).toBeGreaterThan(70);
  expect(cold.control?.goodShare ?? 1).toBeLessThan((warm.control?.goodShare ?? 0) - 0.02);
}, 120_000);

test('instances that follow traffic from decode to prefill serve three times as many requests in time', async () => {
  const fixed = await outcome('control-ratio.yaml', 'control=null');
  const shifted = await outcome('control-ratio.yaml');
  expect(fixed.goodput.share).toBeLessThan(0.3);
  expect(shifted.goodput.share).toBeGreaterThan(0.6);
  expect(shifted.control?.pools).toMatchObject([
    { name: 'prefill', fewest: 4, most: 8 },
    { name: 'decode', fewest: 1, most: 3 },
  ]);
}, 120_000);

test('models that are asked for in turn give their GPUs to each other: from host memory a switch costs a third of the requests less than from the store', async () => {
  const warm = await outcome('control-models.yaml');
  const cold = await outcome('control-models.yaml', 'control.weights={ cache: none }');
  expect(warm.control?.pools).toMatchObject([
    { name: 'llama-3.1-70b', fewest: 0, most: 2, cold: 0 },
    { name: 'qwen3-32b', fewest: 0, most: 2, cold: 0 },
  ]);
  expect(warm.control?.goodShare).toBeGreaterThan(0.75);
  expect((warm.control?.goodShare ?? 0) - (cold.control?.goodShare ?? 1)).toBeGreaterThan(0.2);
  expect(cold.latency.ttft.p99 / warm.latency.ttft.p99).toBeGreaterThan(2);
  expect([warm.requests.finished, cold.requests.finished]).toEqual([14_400, 14_400]);
}, 120_000);

test('an autoscaler by objectives answers for the requests of its own model: one that nobody asks for stays as small as it is beside one that is late', async () => {
  const late = await outcome(
    'control-models.yaml',
    'machine=hgx-h100*4',
    'models=[{ model: qwen3-32b, deployment: { merged: { instances: 1, gpus: 4, tensor: 4, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } } }]',
    'control.autoscale.merged={ min: 1, max: 4, policy: slo }',
    'workload.phases=[{ for: 5 min, rate: 60/s, model: 1 }]',
    'workload.requests=4000',
  );
  expect(late.latency.ttft.p90).toBeGreaterThan(2);
  expect(late.control?.pools[0]).toMatchObject({ name: 'llama-3.1-70b', fewest: 1, most: 1 });
}, 120_000);
