import { expect, test } from 'vitest';
import { emulate } from './running.ts';

test('metrics tell of all that is served, the traffic of the scenario among it', async () => {
  const flags = { set: ['workload.rate=40/s', 'workload.requests=100000'] };
  const { url, emulator } = await emulate({ background: true, instancePorts: 0, speed: 5 }, { scenario: 'examples/cloudmatrix384-deepseek-r1.yaml', flags });
  const body = JSON.stringify({ prompt: 'a b c', max_tokens: 20, ignore_eos: true });
  await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await expect.poll(() => emulator.engine.simulation.snapshot().finished, { timeout: 20_000 }).toBeGreaterThan(50);
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`vllm:${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  const ended = sum('request_success_total');
  expect(ended).toBeGreaterThan(50);
  expect(['e2e_request_latency_seconds_count', 'request_generation_tokens_count', 'request_params_n_count'].map(sum)).toEqual([ended, ended, ended]);
  expect(sum('time_to_first_token_seconds_count')).toBeGreaterThanOrEqual(ended);
  expect(sum('generation_tokens_total')).toBeGreaterThanOrEqual(sum('request_generation_tokens_sum'));
  // Of steps that have begun the last ones have not ended.
  const [gaps, drafts] = [sum('inter_token_latency_seconds_count'), sum('spec_decode_num_drafts_total')];
  expect(gaps).toBeLessThanOrEqual(drafts);
  expect(gaps).toBeGreaterThan(drafts / 2);
  // What only a client asks for is of clients.
  expect(sum('request_params_max_tokens_count')).toBe(1);
});
