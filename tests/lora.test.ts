import { expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { reportOf } from '../src/report/report.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const example = new URL('../examples/lora.yaml', import.meta.url).pathname;

async function summaryOf(...set: readonly string[]): Promise<Summary> {
  const run = createSimulation(await loadScenario(example, { set: ['workload.requests=600', ...set] }));
  while (run.simulation.step());
  return summarise(run, 'test');
}

const titles = (summary: Summary): readonly (string | undefined)[] => reportOf(summary).sections.map(({ title }) => title);

test('adapters are in the report with their memory and a doubt; without a lora block they cost nothing and nothing is said of them', async () => {
  const [priced, named, none] = [
    await summaryOf(),
    await summaryOf('deployment.merged.lora=null'),
    await summaryOf('deployment.merged.lora=null', 'workload.adapters=null'),
  ];
  expect(titles(priced)).toContain('Adapters');
  expect(titles(named)).not.toContain('Adapters');
  expect(named.adapters).toBeUndefined();
  expect(priced.doubts.filter(({ rule }) => rule === 'adapters-estimated')).toHaveLength(1);
  expect(named.doubts.filter(({ rule }) => rule === 'adapters-estimated')).toEqual([]);
  expect([named.latency, named.pools]).toEqual([none.latency, none.pools]);
  const [adapters, pool] = [priced.adapters?.[0], priced.pools[0]];
  expect(pool?.memory.find(({ name }) => name === 'adapters')?.bytes).toBe(32 * (adapters?.bytes ?? 0));
  expect(pool?.kvBlocks).toBeLessThan(named.pools[0]?.kvBlocks ?? 0);
  expect(adapters?.productShare).toBeGreaterThan(0);
  expect(adapters?.hits).toBeGreaterThan(0);
  expect(adapters?.loadedBytes).toBe((adapters?.loads ?? 0) * (adapters?.bytes ?? 0));
  expect(priced.latency.tpot.p50).toBeGreaterThan(named.latency.tpot.p50);
});

test('a block without requests that ask for adapters takes memory, and no time', async () => {
  const [served, none] = [await summaryOf('workload.adapters=null'), await summaryOf('deployment.merged.lora=null', 'workload.adapters=null')];
  expect(served.latency).toEqual(none.latency);
  expect(served.pools[0]?.kvBlocks).toBeLessThan(none.pools[0]?.kvBlocks ?? 0);
  expect(served.adapters).toMatchObject([{ hits: 0, loads: 0, productShare: 0, loadShare: 0, heldShare: 0 }]);
});
