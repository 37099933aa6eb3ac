import { expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { InputError } from '../src/base/errors.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const example = new URL('../examples/experts-balanced.yaml', import.meta.url).pathname;
const at = 'deployment.decode.experts.balance';

/** The balanced example, shorter, with answers that end within the run. */
async function run(...set: readonly string[]): Promise<Summary> {
  const scenario = await loadScenario(example, {
    set: ['workload.requests=3000', 'workload.output=256', `${at}.period=5 s`, `${at}.window=5 s`, 'workload.experts.every=8 s', ...set],
  });
  const made = createSimulation(scenario);
  while (made.simulation.step());
  const summary = summarise(made, 'test');
  expect(summary.requests.finished).toBe(3000);
  return summary;
}

test('EXP-4 a balancer makes steps shorter than none and longer than a perfect balance does, and says what it moved', async () => {
  const [off, on, perfect] = [await run(`${at}.policy=static`), await run(), await run(`${at}={ policy: perfect }`)];
  expect(on.latency.tpot.p50).toBeLessThan(0.9 * off.latency.tpot.p50);
  expect(perfect.latency.tpot.p50).toBeLessThan(on.latency.tpot.p50);
  const [own] = on.balances;
  expect(own?.rebalanced).toBeGreaterThan(1);
  expect(own?.balancedness).toBeGreaterThan(2 * (off.balances[0]?.balancedness ?? 1));
  // At least one slot of each of 58 layers, 44 MB of INT8 each, on some die; at most both of all 256.
  expect((own?.bytes ?? 0) / (own?.rebalanced ?? 1)).toBeGreaterThan(2.5e9);
  expect((own?.bytes ?? 0) / (own?.rebalanced ?? 1)).toBeLessThan(512 * 2.6e9);
  expect(off.balances[0]).toMatchObject({ policy: 'static', rebalanced: 0, bytes: 0, moving: 0 });
  expect(perfect.balances).toEqual([]);
});

test('the same seed gives the same run, and popularity that never changes leaves nothing to move behind the first placement', async () => {
  const [one, other] = [await run(), await run()];
  expect(other).toEqual(one);
  const still = await run('workload.experts={ power: 0.68 }');
  expect(still.balances[0]).toMatchObject({ changes: 0, rebalanced: 1 });
});

test('EXP-3 weights move at a share of the ports, or at all of them while steps wait: the second is over sooner, and no request is lost', async () => {
  const free = await run(`${at}.move=0.01`, `${at}.period=1000 s`);
  const [shared, paused] = [await run(`${at}.move=0.9`), await run(`${at}.move=pause`)];
  expect(free.balances[0]?.rebalanced).toBe(0);
  expect(paused.balances[0]?.moving).toBeLessThan(shared.balances[0]?.moving ?? 0);
  expect(paused.requests.finished).toBe(3000);
});

test('FLT-13, EXP-4 faults of dies and links, control loops and a balancer work on the same instances: each costs, and no request is lost', async () => {
  const recovery = 'recovery={ detection: 500 ms, restart: 10 s, spares: false, experts: replace, regroup: 1 s }';
  const fault = ['faults=[{ at: 6 s, kill: die 300, for: 60 s }, { at: 8 s, slow: "sub-plane 4:25%", for: 60 s }]', recovery];
  const [own, struck] = [await run(), await run(...fault)];
  expect(struck.faults[0]).toMatchObject({ ranks: 1, failed: 0 });
  expect(struck.faults[0]?.wentOnAt).toBeGreaterThan(7.5);
  expect(struck.latency.tpot.p50).toBeGreaterThan(own.latency.tpot.p50);
  expect(struck.balances[0]?.rebalanced).toBeGreaterThan(1);
  expect(await run(...fault)).toEqual(struck);
  // A move that all steps wait for, and an instance that is found lost while they do.
  const paused = await run(...fault, `${at}.move=pause`);
  expect(paused.faults[0]).toMatchObject({ ranks: 1, failed: 0 });
  const scaled = await run(...fault, 'deployment.prefill.instances=3', 'control={ period: 2 s, autoscale: { prefill: { min: 2, max: 7, target: 0.3 } } }');
  expect(Math.max(...(scaled.control?.series ?? []).map(({ instances }) => instances[0] ?? 0))).toBeGreaterThan(3);
}, 120_000);

test('what does not fit together is refused with its place', async () => {
  const issues = async (...set: readonly string[]): Promise<string> => {
    try {
      await loadScenario(example, { set });
      return 'fine';
    } catch (error) {
      if (error instanceof InputError) return error.issues.map(({ path, message }) => `${path}: ${message}`).join('\n');
      throw error;
    }
  };
  expect(await issues()).toBe('fine');
  expect(await issues('workload.experts=null')).toMatch(/decode\.experts\.balance: needs experts of the workload/);
  expect(await issues('deployment.decode.experts.load=uniform')).toMatch(/decode\.experts\.load: says what the experts of the workload say/);
  expect(await issues('workload.experts.share=null')).toMatch(/workload\.experts: has every without share/);
  expect(await issues('workload.experts.power=null')).toMatch(/expected power or counts, got neither/);
  expect(await issues(`${at}.move=2`)).toMatch(/balance\.move: expected a share of the port above 0 and below 1, or pause, got 2/);
  expect(await issues(`${at}.policy=elpb`)).toMatch(/did you mean "eplb"/);
  expect(await issues('workload.experts={ counts: nowhere.jsonl }')).toMatch(/workload\.experts\.counts: no such file: nowhere\.jsonl/);
});
