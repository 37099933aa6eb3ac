import { existsSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { summarise } from '../src/report/summarise.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const traces = ['mooncake/conversation_trace.jsonl.gz', 'azure-2023/AzureLLMInferenceTrace_conv.csv', 'azure-2023/AzureLLMInferenceTrace_code.csv'].map(
  (name) => new URL(`../../shared/traces/${name}`, import.meta.url).pathname,
);
const machines = ['cloudmatrix384-deepseek-r1', 'nvl72-deepseek-r1', 'h200x32-deepseek-r1', 'h100-llama-3.1-70b'];
const missing = traces.filter((trace) => !existsSync(trace));
if (missing.length > 0) process.stderr.write(`skipped: published traces are not here (${missing.join(', ')})\n`);

function broken(value: unknown, path: string): readonly string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path];
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => broken(inner, `${path}.${key}`)) : [];
}

describe.skipIf(missing.length > 0).each(machines)('published traces on %s', (machine) => {
  test.each(traces)('%s: every request is accounted for, every figure is a number, utilisations are shares', async (trace) => {
    const requests = 1200;
    const run = createSimulation(await loadScenario(new URL(`../examples/${machine}.yaml`, import.meta.url).pathname, { trace, requests }));
    while (run.simulation.step());
    const summary = summarise(run, 'test');
    const { arrived, finished, rejected, failed, running, waiting } = summary.requests;
    expect(arrived).toBe(requests);
    expect(finished + rejected + failed).toBe(arrived);
    expect(running + waiting).toBe(0);
    expect(broken(summary, 'summary')).toEqual([]);
    const shares = summary.pools.flatMap(({ busy, occupancy, kv, engines }) => [
      busy,
      occupancy,
      kv.mean,
      kv.max,
      ...engines.map(({ utilisation }) => utilisation),
    ]);
    expect(shares.filter((share) => share < 0 || share > 1 + 1e-9)).toEqual([]);
  });
});
