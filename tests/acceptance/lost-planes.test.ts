import { expect, test } from 'vitest';
import type { SimulationEvent } from '../../src/serving/events.ts';
import { example, outcomeOf, type Outcome } from './outcome.ts';

const recovery = 'recovery={ detection: 200 ms, restart: 1 s }';
const disaggregated = 'cloudmatrix384-deepseek-r1';
const hosts = 'h200x32-deepseek-r1';

interface Seen extends Outcome {
  readonly events: readonly SimulationEvent[];
}

async function seen(name: string, set: readonly string[], requests: number): Promise<Seen> {
  const events: SimulationEvent[] = [];
  const outcome = outcomeOf(await example(name, { requests, set: [recovery, ...set] }), (event) => events.push(event));
  return { ...outcome, events };
}

/** All that was served, without the faults themselves. */
function served({ events }: Seen): readonly SimulationEvent[] {
  return events.filter(({ kind }) => kind !== 'fault' && kind !== 'healed');
}

/** When requests finish, on average. [s] */
function endsOf({ events }: Seen): number {
  const ends = events.flatMap(({ kind, at }) => (kind === 'finished' ? [at] : []));
  return ends.reduce((sum, at) => sum + at, 0) / ends.length;
}

test.each([
  ['KV and exchanges over UB', disaggregated, ['deployment.transfer-plane=ub'], 'kill: leaf 0, for: 1 s'],
  ['the same, for good', disaggregated, ['deployment.transfer-plane=ub'], 'kill: leaf 0'],
  ['instances in one node each', hosts, [], 'kill: rail 3'],
  ['the same, at half of the rate', hosts, [], 'slow: "rail 3:50%"'],
])('FLT-6 a plane that nothing of an instance uses may fail: %s', async (_, name, set, fault) => {
  const [whole, failed] = [await seen(name, set, 800), await seen(name, [...set, `faults=[{ at: 0.3 s, ${fault} }]`], 800)];
  expect(failed.summary.faults).toMatchObject([{ instances: 0, interrupted: 0, failed: 0 }]);
  expect(served(failed)).toEqual(served(whole));
});

test.each([
  ['exchanges over UB', disaggregated, [], 'sub-plane 3', 7],
  ['collectives over NVLink', hosts, [], 'nvswitch 1', 1],
  [
    'collectives over the rails',
    hosts,
    ['deployment.merged={ instances: 2, gpus: 16, tensor: 16, max-num-seqs: 256/rank, max-num-batched-tokens: 8192/rank }'],
    'rail 3',
    2,
  ],
])('FLT-6 a plane that an instance uses stops it, or slows it at once: %s', async (_, name, set, part, instances) => {
  const whole = await seen(name, set, 800);
  const slow = await seen(name, [...set, `faults=[{ at: 0.3 s, slow: "${part}:10%" }]`], 800);
  const cut = await seen(name, [...set, `faults=[{ at: 0.3 s, kill: ${part}, for: 1 s }]`], 800);
  for (const { summary } of [slow, cut]) expect(summary.faults).toMatchObject([{ instances }]);
  expect(endsOf(slow)).toBeGreaterThan(endsOf(whole));
  expect(cut.events.filter((event) => event.kind === 'instance' && event.state === 'stopped')).toHaveLength(instances);
});

test('FLT-9 KV that is pushed over a plane that is lost waits until it is back; the instances live', async () => {
  const { events, summary, run } = await seen(disaggregated, ['faults=[{ at: 0.5 s, kill: leaf 0, for: 2 s }]'], 800);
  expect(summary.faults).toMatchObject([{ instances: 0, interrupted: 0 }]);
  const moved = events.flatMap(({ kind, at }) => (kind === 'moved' ? [at] : []));
  expect(moved.filter((at) => at > 0.51 && at < 2.5)).toEqual([]);
  expect(moved.filter((at) => at >= 2.5).length).toBeGreaterThan(400);
  expect(run.simulation.snapshot()).toMatchObject({ finished: 800, failed: 0 });
});

test('FLT-7 where the plane does not come back, requests whose KV cannot move fail at the end', async () => {
  const { run } = await seen(disaggregated, ['faults=[{ at: 0.5 s, kill: leaf 0 }]'], 800);
  const { finished, failed, waiting, running } = run.simulation.snapshot();
  expect([finished + failed, waiting, running]).toEqual([800, 0, 0]);
  expect(finished).toBeGreaterThan(0);
  expect(failed).toBeGreaterThan(400);
});
