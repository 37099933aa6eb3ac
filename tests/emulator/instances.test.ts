import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { replay } from '../../cli/replay.ts';
import { version } from '../../cli/version.ts';
import { summarise } from '../../src/report/summarise.ts';
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
