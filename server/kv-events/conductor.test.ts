import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { BlockHashes, shortHash } from '../tokens/block-hash.ts';
import { PrefixIds } from '../tokens/prefix-ids.ts';
import { Conductor } from './conductor.ts';
import { kvEventsDefaults } from './endpoint.ts';
import { feedOptions, KvEventFeed } from './feed.ts';
import { mooncakeOptions } from './mooncake.ts';
import { encodeBatch } from './payload.ts';
import { KvPublisher } from './publisher.ts';
import { SequenceHashes } from './sequence-hash.ts';

const place = { kind: 'rank', pool: 0, rank: 0, instance: 0, rankOfInstance: 0 } as const;
const tokens = (count: number, from = 0): readonly number[] => Array.from({ length: count }, (_, i) => from + i);

// By Python: xxhash.xxh3_64(tokens as little-endian words, seed=1337), then of both hashes.
test('rolling hashes are those of XXH3-64', async () => {
  const hashes = await SequenceHashes.of();
  expect(hashes.next(undefined, [1, 2]).toString(16)).toBe('9581a6bbf9cef45a');
  const chain = hashes.chain([1, 2, 3, 4, 5], 2);
  expect(chain).toHaveLength(2);
  expect(chain[0]).toBe(hashes.next(undefined, [1, 2]));
  expect(chain[1]?.toString(16)).toBe('51bdd8da9da7a8e2');
  expect((await SequenceHashes.of('salt')).next(undefined, [1, 2])).not.toBe(chain[0]);
});

test('a conductor knows what a publisher has stored and removed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'conductor-'));
  const config = { ...kvEventsDefaults, endpoint: `ipc://${folder}/pub`, replayEndpoint: `ipc://${folder}/replay` };
  const publisher = await KvPublisher.open(config, 0);
  const conductor = new Conductor();
  const registration = {
    endpoint: config.endpoint,
    replay_endpoint: config.replayEndpoint,
    type: 'vLLM',
    modelname: 'twin',
    instance_id: 'one',
    block_size: 4,
  };
  expect(await conductor.handle('/register', registration)).toMatchObject({ status: 200 });
  expect(await conductor.handle('/register', registration)).toMatchObject({ status: 409 });
  const ids = new PrefixIds(4, new BlockHashes());
  const feed = new KvEventFeed(() => target, feedOptions('map'));
  const target = { rank: 0, sink: publisher };
  ids.listen(feed);
  const watcher = ids.watcher(place);
  const held = ids.hold(tokens(12));
  for (const id of held.ids) watcher.stored(id);
  const asked = (body: object): Promise<unknown> => conductor.handle('/query', { model: 'twin', ...body }).then((reply) => reply?.body);
  // Until the subscription has reached the publisher its batches are lost; the first that is heard brings them by a replay.
  await vi.waitFor(async () => {
    watcher.removed(held.ids[2] as number);
    watcher.stored(held.ids[2] as number);
    feed.flush();
    expect(await asked({ token_ids: tokens(13) })).toEqual({ default: { one: { longest_matched: 12, GPU: 12, CPU: 0, DISK: 0, DP: { 0: 12 } } } });
  });
  expect(await asked({ token_ids: [...tokens(9), 5, 5, 5] })).toMatchObject({ default: { one: { longest_matched: 8 } } });
  expect(await asked({ token_ids: tokens(12, 1) })).toMatchObject({ default: { one: { longest_matched: 0 } } });
  expect(await asked({ token_ids: tokens(12), instance_id: 'two' })).toEqual({});
  const chain = (await SequenceHashes.of()).chain(tokens(12), 4);
  expect((await conductor.handle('/query_by_hash', { seq_hashes: chain.map(String) }))?.body).toMatchObject({ default: { one: { GPU: 12 } } });
  watcher.removed(held.ids[2] as number);
  feed.flush();
  await vi.waitFor(async () => expect(await asked({ token_ids: tokens(12) })).toMatchObject({ default: { one: { longest_matched: 8 } } }));
  // What is in two places goes from one of them: it is still found, in the other.
  const [first] = held.blocks;
  const stored = {
    kind: 'stored',
    hashes: [shortHash(first?.hash ?? '')],
    parent: undefined,
    tokens: tokens(4),
    blockSize: 4,
    loraName: undefined,
    extraKeys: [null],
  } as const;
  const removed = { kind: 'removed', hashes: stored.hashes, medium: 'GPU' } as const;
  publisher.publish(encodeBatch({ at: 1, events: [{ ...stored, medium: 'CPU_PINNED' }, removed], rank: 0 }, 'positional'));
  await vi.waitFor(async () => expect(await asked({ token_ids: tokens(12) })).toMatchObject({ default: { one: { longest_matched: 8, GPU: 0, CPU: 4 } } }));
  expect(await conductor.handle('/unregister', { instance_id: 'one' })).toMatchObject({ status: 200, body: { unregistered: 1 } });
  expect(await conductor.handle('/unregister', { instance_id: 'one' })).toMatchObject({ status: 404 });
  await conductor.close();
  await publisher.close();
});

test('calls that cannot be answered are refused with what is wrong', async () => {
  const conductor = new Conductor();
  const message = async (path: string, body: unknown): Promise<string> => JSON.stringify((await conductor.handle(path, body))?.body);
  expect(await message('/register', { endpoint: 'http://x', block_size: 0, dp_rank: -1 })).toMatch(/block_size.*dp_rank.*endpoint.*modelname.*instance_id/);
  for (const body of [undefined, null, [], 'x', { token_ids: [-1] }, { token_ids: ['a'] }, { token_ids: [1], cache_salt: 5 }])
    expect(await message('/query', body)).toContain('"code":400');
  expect(await message('/query_by_hash', { seq_hashes: [{}] })).toContain('seq_hashes');
  expect(await conductor.handle('/nothing', {})).toBeUndefined();
});

test('Mooncake events name the same prefixes by rolling hashes, with their place in the prompt', async () => {
  const sent: Uint8Array[] = [];
  const hashes = await SequenceHashes.of();
  const sender = { model: 'twin', tenant: 'default', backend: 'one', salt: '', blockSize: 4 };
  const feed = new KvEventFeed(() => target, { ...mooncakeOptions(sender, hashes), clock: () => 12.5 });
  const target = { rank: undefined, sink: { publish: (payload: Uint8Array) => sent.push(payload) } };
  const ids = new PrefixIds(4, new BlockHashes());
  ids.listen(feed);
  const watcher = ids.watcher(place);
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 8, maxLength: 20 }), (prompt) => {
      const held = ids.hold(prompt);
      for (const id of held.ids) watcher.stored(id);
      feed.flush();
      for (const id of held.ids.toReversed()) watcher.removed(id);
      feed.flush();
      held.release();
      const [stored, removed] = sent.splice(0).map((payload) => decode(payload, { useBigInt64: true })) as [unknown, unknown];
      const chain = hashes.chain(prompt, 4);
      const common = { model_name: 'twin', block_size: 4, tenant_id: 'default', backend_id: 'one', medium: 'gpu', dp_rank: 0, timestamp: 12_500 };
      expect(stored).toMatchObject([
        12_500,
        [{ ...common, event_type: 'stored', seq_hashes: chain, base_block_idx: 0, parent_hash: null, token_ids: prompt.slice(0, 4 * chain.length) }],
        0,
      ]);
      expect(removed).toMatchObject([12_500, [{ ...common, event_type: 'removed', seq_hashes: chain.toReversed() }], 0]);
    }),
  );
});
