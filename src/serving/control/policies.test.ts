import { describe, expect, test } from 'vitest';
import { ratioNames, ratioPolicy } from './ratio-policy.ts';
import { idlePool, scalingPolicySuite } from './scaling-policy.contract.ts';
import { scalingNames, scalingPolicy, scalingTargets, type ScalingName } from './scaling-policy.ts';

const slo = { ttft: 1, tpot: 0.05 };
const policy = (name: Exclude<ScalingName, 'manual'>) => scalingPolicy({ name, target: scalingTargets[name] }, slo);

for (const name of scalingNames) if (name !== 'manual') scalingPolicySuite(name, () => policy(name));

describe('scaling policies', () => {
  test('CTL-1 target-load brings the load to its target and leaves what is near it', () => {
    const at = (load: number) => policy('target-load').desired({ ...idlePool, load });
    expect([0.35, 0.65, 0.76, 1].map(at)).toEqual([2, 4, 4, 6]);
  });

  test('CTL-1 queue follows the time ahead, at most doubling', () => {
    const at = (ahead: number, load = 0.7) => policy('queue').desired({ ...idlePool, ahead, load });
    expect([0.1, 0.5, 1.5, 100].map((ahead) => at(ahead))).toEqual([4, 4, 6, 8]);
    expect(at(0.1, 0.5)).toBe(3);
  });

  test('CTL-1 slo looks at the latency that the pool answers for', () => {
    const late = { ...idlePool, load: 0.7, ttft: 2, tpot: 0.01 };
    const at = (role: 'merged' | 'prefill' | 'decode') => policy('slo').desired({ ...late, role });
    expect([at('merged'), at('prefill'), at('decode')]).toEqual([5, 5, 4]);
  });

  test('CTL-1 slo gives up what those that stay can bear, though an answer of an idle pool takes half of the objective', () => {
    const at = (serving: number, tpot: number) => policy('slo').desired({ ...idlePool, serving, load: 0.3, ttft: 0.1, tpot });
    expect([at(8, 0.026), at(4, 0.033), at(4, 0.035), at(2, 0.022), at(2, 0.026), at(1, 0.01)]).toEqual([7, 3, 4, 1, 2, 1]);
  });
});

describe('ratio policies', () => {
  const quiet = { ...idlePool, load: 0.2, ttft: 0.1, tpot: 0.01 };
  const prefill = { ...quiet, role: 'prefill' as const };
  const decode = { ...quiet, role: 'decode' as const };
  const full = { load: 0.98, ttft: 3, tpot: 0.2, ahead: 3 };

  for (const name of ratioNames)
    test(`CTL-6 ${name} gives to the pool that presses, if the other can spare it`, () => {
      const policy = ratioPolicy({ name, target: 0.85 }, slo);
      const little = { prefill: 0.3, decode: 0.3 };
      expect(policy.toward(prefill, decode, little)).toBeUndefined();
      expect(policy.toward({ ...prefill, ...full }, decode, little)).toBe('prefill');
      expect(policy.toward(prefill, { ...decode, ...full }, little)).toBe('decode');
      expect(policy.toward({ ...prefill, ...full }, decode, { ...little, decode: 0.9 })).toBeUndefined();
      expect(policy.toward(prefill, { ...decode, ...full }, { ...little, prefill: Infinity })).toBeUndefined();
    });
});
