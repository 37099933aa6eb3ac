import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emulate } from './emulator/running.ts';
import { supernode } from './fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'load-'));
const { url } = await emulate();
const scenario = join(folder, 'scenario.yaml');
writeFileSync(
  scenario,
  `machine: hgx-h100
model: llama-3.1-8b
deployment: { merged: { instances: 1, gpus: 1, max-num-seqs: 64/rank, max-num-batched-tokens: 4096/rank } }
workload: { rate: 50/s, input: 300, output: 12, requests: 40 }
slo: { ttft: 400 ms, tpot: 200 ms }
seed: 3
`,
);

/** Where nobody listens any more. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}`;
}

describe('supernode load', () => {
  test('reports a server as simulate does a twin, and puts both in one table', async () => {
    const twin = join(folder, 'twin.json');
    expect((await supernode('simulate', scenario, '--out', twin)).code).toBe(0);
    const result = join(folder, 'bench.json');
    const out = join(folder, 'load.json');
    const run = await supernode(
      'load',
      scenario,
      '--base-url',
      `${url}/v1`,
      '--against',
      twin,
      '--result-filename',
      result,
      '--save-detailed',
      '--out',
      out,
      '--num-warmups',
      '1',
    );
    expect(run.err.replaceAll(/^.*% .*$/gm, '').trim()).toBe('');
    expect(run.code).toBe(0);
    for (const text of ['── In short', '── Latency', 'Time to first token', '2 runs side by side', 'TPOT p99', `server at ${url}`])
      expect(run.out).toContain(text);
    expect(run.out).not.toMatch(/NaN|undefined/);
    const bench = JSON.parse(readFileSync(result, 'utf8')) as Record<string, unknown>;
    expect(bench).toMatchObject({
      completed: 40,
      failed: 0,
      total_input_tokens: 40 * 300,
      total_output_tokens: 40 * 12,
      request_rate: 50,
      model_id: 'llama-3.1-8b',
    });
    const measured = JSON.parse(readFileSync(out, 'utf8')) as Record<string, Record<string, unknown>>;
    expect(measured).toMatchObject({ schema: 'supernode/load/1', interrupted: false, requests: { arrived: 40, finished: 40 }, seed: 3 });
    // A result of load goes beside another one as well.
    const again = await supernode('load', scenario, '--base-url', url, '--against', out, '--requests', '3', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ schema: 'supernode/load/1', requests: { finished: 3 } });
  });

  test('generates traffic in the words of other clients, over chat too', async () => {
    const words = [
      '--isl',
      '50',
      '--osl',
      '4',
      '--num-prompts',
      '6',
      '--request-rate',
      'inf',
      '--max-concurrency',
      '2',
      '--goodput',
      'ttft:500',
      'tpot:100',
      '--seed',
      '5',
    ];
    const run = await supernode('load', '--base-url', url, '--endpoint', '/v1/chat/completions', ...words, '--html', join(folder, 'load.html'));
    expect(run.code).toBe(0);
    expect(run.out).toContain('TTFT ≤ 500 ms and TPOT ≤ 100 ms');
    expect(run.out).toContain('2 in flight');
    const line = `npx supernode load --base-url ${url} --endpoint /v1/chat/completions --request-rate inf --max-concurrency 2 --isl 50 --osl 4 --num-prompts 6 --goodput ttft:500 tpot:100 --seed 5`;
    expect(run.out).toContain(line);
    expect(run.out).not.toContain('secret');
    expect(readFileSync(join(folder, 'load.html'), 'utf8')).toContain('server at');
  });

  test('replays a trace, whose shared prefixes the server finds again', async () => {
    const trace = join(folder, 'trace.jsonl');
    const row = (at: number, ids: readonly number[]): string =>
      JSON.stringify({ timestamp: at, input_length: 512 * ids.length, output_length: 2, hash_ids: ids });
    writeFileSync(trace, `${[row(0, [1, 2, 3]), row(600, [1, 2, 3, 4]), row(900, [1, 2, 5])].join('\n')}\n`);
    const run = await supernode('load', '--base-url', url, '--trace', trace, '--json');
    expect(run.code).toBe(0);
    expect(JSON.parse(run.out)).toMatchObject({ requests: { finished: 3 }, cache: { tokensHit: 512 * 5 } });
  });

  test('says that objectives are missed, that nothing answers, and what is wrong in the flags', async () => {
    const missed = await supernode('load', '--base-url', url, '--isl', '50', '--osl', '4', '--num-prompts', '2', '--slo', 'ttft:0.001', '--fail-on-slo');
    expect([missed.code, missed.err]).toEqual([1, expect.stringContaining('0 % of the requests meet the objectives')]);
    const nobody = await supernode('load', '--base-url', url, '--model', 'nothing', '--isl', '50', '--osl', '4', '--num-prompts', '2');
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('no request was answered')]);
    expect(nobody.out).toContain('HTTP 404');
    const closed = await supernode('load', '--base-url', await closedPort(), '--isl', '5', '--osl', '5');
    expect([closed.code, closed.err]).toEqual([2, expect.stringContaining('/v1/models cannot be read (connect ECONNREFUSED')]);
    for (const [args, message] of [
      [['--isl', '5', '--input-len', '5'], /--isl: is another word for --input-len/],
      [
        ['--base-url', 'ftp://x', '--endpoint', 'completions', '--extra-body', '[', '--header', 'x'],
        /4 problems[\s\S]*--base-url[\s\S]*--endpoint[\s\S]*--extra-body[\s\S]*--header/,
      ],
      [[scenario, '--isl', '5', '--request-rate', '3'], /2 problems[\s\S]*--input-len[\s\S]*--request-rate/],
      [['--input-len', 'x'], /2 problems[\s\S]*--input-len: expected a number of tokens[\s\S]*--output-len: expected it/],
      [['--against', scenario], /is no JSON/],
      [['--request-rate', '-1'], /expected a number above 0/],
      [['--isl', '5', '--osl', '5', '--goodput', 'nope:5'], /nope/],
      [['--isl', '5', '--osl', '5', '--fail-on-slo'], /--fail-on-slo: needs a service level/],
    ] as const) {
      const { code, err } = await supernode('load', ...args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
    }
  });
});
