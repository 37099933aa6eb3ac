import { beforeAll, describe, expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import type { Summary } from '../src/report/summary.ts';
import { summarise } from '../src/report/summarise.ts';
import type { FaultFile } from '../schema/scenario/file.ts';
import { readFaults } from '../schema/scenario/faults.ts';
import { Problems } from '../schema/scenario/problems.ts';
import { parseFault } from '../src/network/topology/end.ts';
import { createSimulation } from '../src/serving/deploy.ts';
import type { Scenario } from '../src/serving/scenario.ts';

/** Context caching over UB and VPC at shares of the prompt that repeat, as docs/guide/context-cache.md tells it. */

let base: Scenario;
beforeAll(async () => {
  base = await loadScenario(new URL('../examples/context-cache.yaml', import.meta.url).pathname);
});

/** @param cache other keys of the cache; `null` for none */
function outcome(prefix: number, cache: { readonly plane?: string; readonly capacity?: number; readonly readInStep?: boolean } | null = {}): Summary {
  const { deployment, workload } = base;
  if (deployment.kind === 'merged' || deployment.cache === undefined || workload.kind !== 'generator' || workload.reuse === undefined)
    throw new Error('the example has changed');
  const run = createSimulation({
    ...base,
    deployment: { ...deployment, cache: cache === null ? undefined : { ...deployment.cache, ...cache } },
    workload: { ...workload, reuse: { ...workload.reuse, prefix } },
  });
  while (run.simulation.step());
  return summarise(run, 'test');
}

const input = ({ throughput }: Summary): number => throughput.inputTokensPerPrefillChip;
const readTime = ({ requestShares }: Summary): number => requestShares.find(({ name }) => name === 'cache read')?.time ?? 0;

describe('context caching', () => {
  // Published: prefill throughput 1.42 and 2.28 times that without a cache at half and nine tenths of the tokens, TTFT 34 and 59 % less.
  test('prefill does more, and first tokens come sooner, the more of prompts repeats', { timeout: 60_000 }, () => {
    const without = outcome(0.5, null);
    const half = outcome(0.5);
    const most = outcome(0.9);
    const gains = [half, most].map((summary) => input(summary) / input(without));
    const sooner = [half, most].map((summary) => 1 - summary.latency.ttft.p50 / without.latency.ttft.p50);
    expect(gains[0]).toBeGreaterThan(1.42 * 0.85);
    expect(gains[0]).toBeLessThan(1.42 * 1.2);
    expect(gains[1]).toBeGreaterThan(2.28 * 0.85);
    // Too high by a quarter: the host takes no time for a cached prompt.
    expect(gains[1]).toBeLessThan(2.28 * 1.35);
    expect(sooner[0]).toBeGreaterThan(0.24);
    expect(sooner[0]).toBeLessThan(0.44);
    expect(sooner[1]).toBeGreaterThan(0.49);
    expect(sooner[1]).toBeLessThan(0.8);
  });

  // Published: up to 1.52 times the throughput over VPC.
  test('UB reads at least ten times as fast as VPC, and prefill does more over it', { timeout: 60_000 }, () => {
    for (const prefix of [0.5, 0.9]) {
      const [ub, vpc] = [outcome(prefix), outcome(prefix, { plane: 'vpc' })];
      expect(readTime(vpc)).toBeGreaterThan(10 * readTime(ub));
      expect(input(ub) / input(vpc)).toBeGreaterThan(1);
      expect(input(ub) / input(vpc)).toBeLessThan(1.52);
      expect(ub.latency.ttft.mean).toBeLessThan(vpc.latency.ttft.mean);
    }
  });

  test('iterations that wait for what they read lose over VPC by how much is read, and next to nothing over UB', { timeout: 60_000 }, () => {
    const gain = (prefix: number): number => input(outcome(prefix, { readInStep: true })) / input(outcome(prefix, { plane: 'vpc', readInStep: true }));
    const gains = [0.25, 0.5, 0.9].map(gain);
    expect(gains).toEqual(gains.toSorted((a, b) => a - b));
    expect(gains[2]).toBeGreaterThan(1.15);
    expect(gains[2]).toBeLessThan(1.52);
    expect(input(outcome(0.9, { readInStep: true })) / input(outcome(0.9))).toBeGreaterThan(0.98);
  });

  test('memory for less than is used finds less there, what is missing comes from storage, and the curve says so beforehand', { timeout: 60_000 }, () => {
    const whole = outcome(0.5);
    const little = outcome(0.5, { capacity: 3e10 });
    const memory = ({ cache }: Summary): number => (cache?.pool?.tiers[0]?.tokensHit ?? 0) / ((cache?.tokensHit ?? 0) / (cache?.hitShare ?? 1));
    const storage = (summary: Summary): number => summary.cache?.pool?.tiers[1]?.tokensHit ?? 0;
    expect(storage(whole)).toBe(0);
    expect(storage(little)).toBeGreaterThan(0);
    expect(memory(little)).toBeLessThan(memory(whole));
    expect(little.cache?.hitShare).toBeCloseTo(whole.cache?.hitShare ?? 0, 1);
    const curve = whole.cache?.pool?.curve ?? [];
    expect(curve.map(({ hitShare }) => hitShare)).toEqual(curve.map(({ hitShare }) => hitShare).toSorted((a, b) => a - b));
    const below = curve.findLast(({ capacity }) => capacity <= 3e10)?.hitShare ?? 0;
    const above = curve.find(({ capacity }) => capacity >= 3e10)?.hitShare ?? 1;
    expect(memory(little)).toBeGreaterThan(below - 0.03);
    expect(memory(little)).toBeLessThan(above + 0.03);
  });

  test('faults by the names that `network` knows leave links what their cables carry, and slow what passes them', () => {
    const { machine, workload } = base;
    if (workload.kind !== 'generator') throw new Error('the example has changed');
    const readTimes = (typed: readonly string[]): number => {
      const run = createSimulation({ ...base, workload: { ...workload, requests: 1500 } });
      const { wiring } = run.deployed;
      if (wiring === undefined) throw new Error('nothing moves');
      const faults = typed.flatMap((text) => parseFault(machine, wiring.fabrics, text, text.includes(':')).value ?? []);
      expect(faults).toHaveLength(typed.length);
      wiring.rates(faults).forEach((rate, link) => {
        run.simulation.transport.setCapacity(link, rate);
      });
      while (run.simulation.step());
      return readTime(summarise(run, 'test'));
    };
    const healthy = readTimes([]);
    // One of 112 switches of level 2 takes a 112th of what leads on from a node, which reads do not fill.
    expect(readTimes(['l2 0'])).toBeCloseTo(healthy, 4);
    // One slow node in 32 slows most reads, for most have a block there.
    const cpus = [0, 1, 2, 3].map((socket) => `cpu ${4 * 9 + socket}:5%`);
    expect(readTimes(cpus)).toBeGreaterThan(1.2 * healthy);
  });

  test('FLT-9 faults of links and sockets reach reads, and a killed node takes what it had of the cache', () => {
    const { machine, workload } = base;
    if (workload.kind !== 'generator') throw new Error('the example has changed');
    const under = (list: readonly FaultFile[]): Summary => {
      const problems = new Problems('');
      const faults = readFaults(list, {}, machine, problems);
      const run = createSimulation({ ...base, faults, workload: { ...workload, requests: 1500 } });
      while (run.simulation.step());
      return summarise(run, 'test');
    };
    const healthy = under([]);
    const slow = under([0, 1, 2, 3].map((socket) => ({ slow: `cpu ${4 * 31 + socket}:5%`, at: 0.001 })));
    expect(readTime(slow)).toBeGreaterThan(1.2 * readTime(healthy));
    // The memory of node 31 has a 32nd of the blocks: prompts that were being computed with them write them again.
    const killed = under([{ kill: 'cpu 127', at: 15, for: 5 }]);
    const written = ({ cache }: Summary): number => cache?.pool?.tiers[0]?.written ?? 0;
    expect(killed.requests.finished).toBe(healthy.requests.finished);
    expect(written(killed)).toBeGreaterThan(written(healthy));
    expect(written(killed)).toBeLessThan(1.05 * written(healthy));
  });
});
