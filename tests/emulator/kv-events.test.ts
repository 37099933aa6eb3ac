import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { kvEventsDefaults } from '../../server/kv-events/endpoint.ts';
import { KvSubscriber, replayed, type Heard } from '../../server/kv-events/subscriber.ts';
import { BlockHashes, shortHash } from '../../server/tokens/block-hash.ts';
import { emulate } from './running.ts';

const prompt = 'All happy families are alike; every unhappy family is unhappy in its own way. '.repeat(6);

async function post(url: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

test.each(['map', 'positional'] as const)('a client makes the emulator publish %s events of the blocks that vLLM would name', async (format) => {
  const folder = mkdtempSync(join(tmpdir(), 'emulated-kv-'));
  const config = { ...kvEventsDefaults, endpoint: `ipc://${folder}/pub`, replayEndpoint: `ipc://${folder}/replay`, topic: 'kv@127.0.0.1:8000@llama-3.1-8b' };
  const { url } = await emulate({ kvEvents: { config, format }, hashSeed: '7' });
  const heard: Heard[] = [];
  const subscriber = await KvSubscriber.open({ endpoint: config.endpoint, replayEndpoint: config.replayEndpoint }, (batch) => heard.push(batch));
  const { tokens } = (await post(`${url}/tokenize`, { prompt })) as { readonly tokens: readonly number[] };
  const usage = async (): Promise<unknown> => (await post(`${url}/v1/completions`, { prompt, max_tokens: 2 }))['usage'];
  const [first, second] = [await usage(), await usage()];
  await vi.waitFor(async () => expect(await replayed(config.replayEndpoint, 0)).not.toEqual([]));
  const [batch] = await replayed(config.replayEndpoint, 0);
  const [event] = batch?.events ?? [];
  const blockSize = event?.kind === 'stored' ? event.blockSize : 0;
  expect(blockSize).toBeGreaterThan(0);
  const full = Math.floor(tokens.length / blockSize);
  const hashes = new BlockHashes('7');
  let parent = hashes.root;
  const chain = Array.from({ length: full }, (_, i) => shortHash((parent = hashes.of(parent, tokens.slice(i * blockSize, (i + 1) * blockSize)))));
  expect(event).toMatchObject({ kind: 'stored', hashes: chain, parent: undefined, tokens: tokens.slice(0, full * blockSize), medium: 'GPU' });
  expect(batch?.sequence).toBe(0);
  const cached = Math.min(full, Math.floor((tokens.length - 1) / blockSize)) * blockSize;
  expect(first).toMatchObject({ prompt_tokens: tokens.length });
  expect(second).toMatchObject({ prompt_tokens_details: { cached_tokens: cached } });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`^vllm:prefix_cache_hits_total\\{[^}]*\\} ${cached}$`, 'm'));
  for (const { topic } of heard) expect(topic).toBe(config.topic);
  await subscriber.close();
});

test('the conductor finds what the emulator has in its caches', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'emulated-kv-'));
  const config = { ...kvEventsDefaults, endpoint: `ipc://${folder}/pub`, replayEndpoint: `ipc://${folder}/replay` };
  const { url } = await emulate({ kvEvents: { config, format: 'map' }, conductor: true });
  const registration = { endpoint: config.endpoint, replay_endpoint: config.replayEndpoint, modelname: 'llama-3.1-8b', instance_id: 'one', block_size: 16 };
  expect(await post(`${url}/register`, registration)).toEqual({ status: 'ok' });
  const { tokens } = (await post(`${url}/tokenize`, { prompt })) as { readonly tokens: readonly number[] };
  await post(`${url}/v1/completions`, { prompt, max_tokens: 2 });
  // The first batch may be lost before the subscription is there; a second one brings it by a replay.
  let other = 0;
  await vi.waitFor(async () => {
    await post(`${url}/v1/completions`, { prompt: `${other++} ${prompt}`, max_tokens: 2 });
    expect(await post(`${url}/query`, { token_ids: tokens })).toMatchObject({
      default: { one: { longest_matched: Math.floor(tokens.length / 16) * 16 } },
    });
  });
  expect(await post(`${url}/query`, { token_ids: 'x' })).toMatchObject({ error: { code: 400 } });
});

test('events that could never come, and sockets that cannot be opened, are told at the start', async () => {
  const kvEvents = { config: kvEventsDefaults, format: 'map' } as const;
  await expect(emulate({ kvEvents }, { scenario: 'examples/lora.yaml', flags: { set: ['deployment.merged.prefix-caching=false'] } })).rejects.toThrow(
    'caches no prefixes',
  );
  const nowhere = 'ipc:///nowhere/at/all';
  const free = `ipc://${mkdtempSync(join(tmpdir(), 'emulated-kv-'))}/free`;
  const flags = { endpoint: '--zmq-endpoint', replayEndpoint: '--kv-events-replay-endpoint' };
  for (const [config, problem] of [
    [{ ...kvEventsDefaults, endpoint: nowhere }, '--kv-events-config: endpoint: ipc:///nowhere/at/all cannot be opened'],
    [{ ...kvEventsDefaults, endpoint: nowhere, replayEndpoint: free, flags }, '--zmq-endpoint: ipc:///nowhere/at/all cannot be opened'],
    [{ ...kvEventsDefaults, endpoint: free, replayEndpoint: nowhere, flags }, '--kv-events-replay-endpoint: ipc:///nowhere/at/all cannot be opened'],
    [{ ...kvEventsDefaults, endpoint: free, replayEndpoint: nowhere }, '--kv-events-config: replay_endpoint: ipc:///nowhere/at/all cannot be opened'],
  ] as const)
    await expect(emulate({ kvEvents: { ...kvEvents, config } })).rejects.toThrow(problem);
});
