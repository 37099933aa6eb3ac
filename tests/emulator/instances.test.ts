import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { replay } from '../../cli/replay.ts';
import { version } from '../../cli/version.ts';
import { summarise } from '../../src/report/summarise.ts';
import { kvEventsDefaults } from '../../server/kv-events/endpoint.ts';
import { KvSubscriber, replayed, type Heard } from '../../server/kv-events/subscriber.ts';
import { emulate, type Running } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-routed-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Json = Readonly<Record<string, unknown>>;
const cloudmatrix = { scenario: 'examples/cloudmatrix384-deepseek-r1.yaml' };

async function ask(port: number, body: Json): Promise<Json> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'word '.repeat(300).trim(), ignore_eos: true, ...body }),
  });
  return (await response.json()) as Json;
}

/** Where requests were routed, moved and how they ended. */
function watched({ emulator }: Running) {
  const seen: string[] = [];
  const first = emulator.engine.simulation.pools[1]?.instances[0]?.index ?? 0;
  emulator.engine.observe({
    event: (event) => {
      if (event.kind === 'routed') seen.push(`${event.request} computed on ${event.instance}`);
      if (event.kind === 'moved') seen.push(`${event.request} moved to ${event.instance - first}`);
      if (event.kind === 'finished' || event.kind === 'failed') seen.push(`${event.request} ${event.kind}`);
    },
  });
  return seen;
}

/** A counter of one port without further labels than its engine and model. */
async function counted(port: number, name: string): Promise<{ readonly engine: string; readonly value: number }[]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^vllm:${name}\\{engine="(\\d+)",model_name="[^"]*"\\} (\\d+)$`, 'gm'))].map(([, engine = '', value]) => ({
    engine,
    value: Number(value),
  }));
}

/** Where requests are computed and where their KV moves, by instance and rank. */
function ranksOf({ emulator }: Running): readonly string[] {
  const where: string[] = [];
  emulator.engine.observe({
    event: (event) => {
      if (event.kind === 'routed' || event.kind === 'moved') where.push(`${event.kind} ${event.instance} ${event.rank}`);
    },
  });
  return where;
}

describe('a port for each data-parallel rank', () => {
  test('takes what comes to it on that rank, and has its KV moved to the rank whose port is asked', async () => {
    const running = await emulate({ rankPorts: 0, speed: 20 }, { scenario: 'examples/nvl72-deepseek-r1.yaml' });
    const where = ranksOf(running);
    const ports = running.emulator.rankPorts;
    // Three prefill instances of 8 ranks, then a decode instance of 48.
    expect(ports).toHaveLength(24 + 48);
    const [computes, decodes] = [ports[8 + 5] as number, ports[24 + 7] as number];
    const prefill = await ask(computes, { max_tokens: 1, kv_transfer_params: { do_remote_decode: true } });
    expect(prefill).toMatchObject({ kv_transfer_params: { remote_engine_id: 'prefill-1_dp5', remote_port: computes } });
    await ask(decodes, { max_tokens: 9, kv_transfer_params: prefill['kv_transfer_params'] });
    expect(where).toEqual(['routed 1 5', 'moved 3 7']);
    expect(await counted(computes, 'prompt_tokens_total')).toEqual([{ engine: '5', value: 300 }]);
    expect(await counted(ports[8 + 4] as number, 'prompt_tokens_total')).toEqual([{ engine: '4', value: 0 }]);
    expect(await counted(decodes, 'generation_tokens_total')).toEqual([{ engine: '7', value: 9 }]);
  }, 60_000);

  test('publishes what its caches store on an endpoint of its own, under a topic with its own port; a header names ranks as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'supernode-ranks-'));
    const config = { ...kvEventsDefaults, endpoint: `ipc://${folder}/pub`, replayEndpoint: `ipc://${folder}/replay`, topic: 'llm-d' };
    const set = ['deployment.merged.tensor=1', 'deployment.merged.data=8', 'deployment.merged.experts={"parallel":8}'];
    const running = await emulate(
      { rankPorts: 0, speed: 20, kvEvents: { config, format: 'map' }, pod: { name: 'pod-7', ip: '10.0.0.7' } },
      { scenario: 'examples/h200x32-deepseek-r1.yaml', flags: { set } },
    );
    const where = ranksOf(running);
    const thirteenth = running.emulator.rankPorts[13] as number;
    await ask(thirteenth, { max_tokens: 1 });
    expect(where).toEqual(['routed 1 5']);
    await expect.poll(() => replayed(`${config.replayEndpoint}_dp13`, 0)).toHaveLength(1);
    const [batch] = await replayed(`${config.replayEndpoint}_dp13`, 0);
    expect(batch).toMatchObject({ rank: 13, events: [{ kind: 'stored', medium: 'GPU' }] });
    expect(await replayed(`${config.replayEndpoint}_dp12`, 0)).toEqual([]);
    const heard: Heard[] = [];
    const subscriber = await KvSubscriber.open({ endpoint: `${config.endpoint}_dp13` }, (one) => heard.push(one));
    const to = (port: number, rank: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'X-data-parallel-rank': rank },
        body: JSON.stringify({ prompt: `${performance.now()} `.repeat(40), max_tokens: 1 }),
      });
    const front = Number(new URL(running.url).port);
    await expect
      .poll(async () => {
        await to(front, '13');
        return heard[0]?.topic;
      })
      .toBe(`kv@10.0.0.7:${thirteenth}@deepseek-r1`);
    expect(new Set(where)).toEqual(new Set(['routed 1 5']));
    const answer = await to(front, '31');
    expect([answer.status, answer.headers.get('x-inference-pod'), answer.headers.get('x-inference-port')]).toEqual([200, 'pod-7', String(front)]);
    expect(where.at(-1)).toBe('routed 3 7');
    for (const wrong of ['32', '-1', 'x', '']) expect((await to(front, wrong)).status).toBe(400);
    expect((await to(thirteenth, '1')).status).toBe(400);
    await subscriber.close();
  }, 60_000);
});

describe('a port for each instance', () => {
  test('a router of its own sends prompts to a prefill instance and their KV to a decode instance', async () => {
    const running = await emulate({ instancePorts: 0, speed: 20 }, { ...cloudmatrix });
    const seen = watched(running);
    const ports = running.emulator.instancePorts;
    expect(ports).toHaveLength(7);
    const prefill = await ask(ports[4] as number, { max_tokens: 1, kv_transfer_params: { do_remote_decode: true, do_remote_prefill: false } });
    expect(prefill).toMatchObject({
      usage: { prompt_tokens: 300, completion_tokens: 1 },
      kv_transfer_params: { do_remote_prefill: true, do_remote_decode: false, remote_host: '127.0.0.1', remote_port: ports[4], remote_engine_id: 'prefill-4' },
    });
    expect(seen).toEqual(['0 computed on 4']);
    const decode = await ask(ports[6] as number, { max_tokens: 20, kv_transfer_params: prefill['kv_transfer_params'] });
    expect(decode).toMatchObject({ usage: { completion_tokens: 20 }, kv_transfer_params: null });
    expect(seen).toEqual(['0 computed on 4', '0 moved to 0', '0 finished']);
    expect(running.emulator.engine.simulation.table.inUse).toBe(0);
    // What is fetched is not there twice.
    const again = await ask(ports[6] as number, { max_tokens: 3, kv_transfer_params: prefill['kv_transfer_params'] });
    expect(again).toMatchObject({ usage: { completion_tokens: 3 } });
    expect(seen.filter((line) => line.startsWith('1 moved'))).toEqual(['1 moved to 0']);
  }, 60_000);

  test('a decode instance that is asked first, with a threshold, says that it has nothing; then what it fetches is answered', async () => {
    const { emulator } = await emulate({ instancePorts: 0, speed: 20 }, { ...cloudmatrix });
    const ports = emulator.instancePorts;
    const gated = { max_tokens: 5, cache_hit_threshold: 0.8 };
    expect(await ask(ports[6] as number, gated)).toMatchObject({ choices: [{ finish_reason: 'cache_threshold', text: '' }], usage: { completion_tokens: 0 } });
    const { kv_transfer_params: params } = await ask(ports[0] as number, { max_tokens: 1, kv_transfer_params: { do_remote_decode: true } });
    expect(await ask(ports[6] as number, { ...gated, kv_transfer_params: params })).toMatchObject({ usage: { completion_tokens: 5 } });
  }, 60_000);

  test('a run that was routed from outside replays', async () => {
    const { emulator } = await emulate({ instancePorts: 0, speed: 20 }, { ...cloudmatrix });
    const { engine } = emulator;
    const path = join(folder, 'routed.jsonl');
    const log = new EventLogFile(path, engine.run.scenario);
    engine.observe({ event: (event) => log.tell(event), external: (record) => log.tell(record) });
    const ports = emulator.instancePorts;
    const both = async (i: number): Promise<Json> => {
      const { kv_transfer_params: params } = await ask(ports[i % 6] as number, { max_tokens: 1, kv_transfer_params: { do_remote_decode: true } });
      return ask(ports[6] as number, { max_tokens: 5 + i, kv_transfer_params: params });
    };
    await Promise.all(Array.from({ length: 12 }, (_, i) => both(i)));
    await emulator.stop(1000);
    await log.close(engine.simulation.now, summarise(engine.run, version), false);
    const { difference } = await replay(path);
    expect(difference).toBeUndefined();
    expect(readFileSync(path, 'utf8').match(/"kind":"hand-over"/g)).toHaveLength(12);
  }, 60_000);

  test('metrics of each are its own', async () => {
    const { emulator } = await emulate({ instancePorts: 0, speed: 20 }, { ...cloudmatrix });
    const [one, two] = emulator.instancePorts;
    await ask(two as number, { max_tokens: 1, kv_transfer_params: { do_remote_decode: true } });
    const prompts = async (port: number | undefined): Promise<string | undefined> =>
      /^vllm:prompt_tokens_total\{.*\} (\d+)$/m.exec(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())?.[1];
    expect([await prompts(one), await prompts(two)]).toEqual(['0', '300']);
  }, 60_000);

  test('merged instances take what comes to their port', async () => {
    const running = await emulate({ instancePorts: 0, speed: 20 }, { scenario: 'examples/h100-llama-3.1-70b.yaml' });
    const seen = watched(running);
    for (const at of [1, 1, 0, 1]) await ask(running.emulator.instancePorts[at] as number, { max_tokens: 2 });
    expect(seen.filter((line) => line.includes('computed'))).toEqual([1, 1, 0, 1].map((instance, request) => `${request} computed on ${instance}`));
  }, 60_000);
});
