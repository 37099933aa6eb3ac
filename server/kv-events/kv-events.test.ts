import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../../src/kernel/id-runs.ts';
import { InputError } from '../../src/base/errors.ts';
import { listed } from '../../src/serving/cases.contract.ts';
import { act } from '../../src/serving/external.ts';
import { mergedPlant, request } from '../../src/serving/plants.contract.ts';
import { Simulation } from '../../src/serving/simulation.ts';
import type { PrefixPlace } from '../../src/serving/watch-prefixes.ts';
import { BlockHashes, shortHash } from '../tokens/block-hash.ts';
import { PrefixIds, prefixIdsOf, type PrefixBlock } from '../tokens/prefix-ids.ts';
import { binds, endpointOfRank, kvEventsConfigOf, kvEventsDefaults } from './endpoint.ts';
import type { KvBatch, KvEvent } from './event.ts';
import { feedOptions, KvEventFeed } from './feed.ts';
import { KvEvents, llmdTopic } from './kv-events.ts';
import { decodeBatch, encodeBatch } from './payload.ts';
import { KvPublisher } from './publisher.ts';
import { KvSubscriber, replayed, type Heard } from './subscriber.ts';

const hash = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ minLength: 32, maxLength: 32 }));
const extra = fc.option(fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 2 }), { nil: null });
const events: fc.Arbitrary<KvEvent> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).chain((blocks) =>
    fc.record({
      kind: fc.constant('stored' as const),
      hashes: fc.array(hash, { minLength: blocks, maxLength: blocks }),
      parent: fc.option(hash, { nil: undefined }),
      tokens: fc.array(fc.nat(200_000), { minLength: 4 * blocks, maxLength: 4 * blocks }),
      blockSize: fc.constant(4),
      loraName: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
      medium: fc.constantFrom('GPU', 'CPU_PINNED', undefined),
      extraKeys: fc.array(extra, { minLength: blocks, maxLength: blocks }),
    }),
  ),
  fc.record({ kind: fc.constant('removed' as const), hashes: fc.array(hash, { maxLength: 3 }), medium: fc.constantFrom('GPU', undefined) }),
  fc.constant({ kind: 'cleared' as const }),
);
const batches: fc.Arbitrary<KvBatch> = fc.record({
  at: fc.double({ min: 1, max: 2e9, noNaN: true }),
  events: fc.array(events, { maxLength: 4 }),
  rank: fc.option(fc.nat(7), { nil: undefined }),
});

describe('payloads', () => {
  test('what is encoded in either dialect is decoded to the same', () => {
    fc.assert(
      fc.property(batches, fc.constantFrom('positional' as const, 'map' as const), (batch, dialect) => {
        expect(decodeBatch(encodeBatch(batch, dialect))).toEqual(batch);
      }),
    );
  });

  const stored: KvEvent = {
    kind: 'stored',
    hashes: [5n, 2n ** 63n],
    parent: 7n,
    tokens: [1, 2, 3, 4],
    blockSize: 2,
    loraName: undefined,
    medium: 'GPU',
    extraKeys: [null, null],
  };
  const raw = (event: KvEvent, dialect: 'positional' | 'map', rank?: number): unknown =>
    decode(encodeBatch({ at: 1.5, events: [event], rank }, dialect), { useBigInt64: true });

  test('positions and names are those of the servers, and all that an array can have is in it', () => {
    expect(raw(stored, 'positional')).toEqual([1.5, [['BlockStored', [5n, 2n ** 63n], 7n, [1, 2, 3, 4], 2, null, 'GPU', null, null]], null]);
    expect(raw({ ...stored, loraName: 'ad', extraKeys: [['ad'], ['ad']] }, 'positional', 3)).toEqual([
      1.5,
      [['BlockStored', [5n, 2n ** 63n], 7n, [1, 2, 3, 4], 2, null, 'GPU', 'ad', [['ad'], ['ad']]]],
      3,
    ]);
    expect(raw({ kind: 'removed', hashes: [5n], medium: 'GPU' }, 'positional')).toEqual([1.5, [['BlockRemoved', [5n], 'GPU']], null]);
    expect(raw({ kind: 'cleared' }, 'positional')).toEqual([1.5, [['AllBlocksCleared']], null]);
    expect(raw(stored, 'map')).toEqual([
      1.5,
      [
        {
          type: 'BlockStored',
          block_hashes: [5n, 2n ** 63n],
          parent_block_hash: 7n,
          token_ids: [1, 2, 3, 4],
          block_size: 2,
          lora_id: null,
          medium: 'GPU',
          lora_name: null,
          group_idx: 0,
          kv_cache_spec_kind: 'full_attention',
        },
      ],
      null,
    ]);
    expect(raw({ kind: 'cleared' }, 'map')).toEqual([1.5, [{ type: 'AllBlocksCleared' }], null]);
  });

  test('a signed hash is the unsigned one of the same bits, and what is no batch is refused with its place', () => {
    const older = encode([1, [['BlockStored', [5], null, [1, 2], 2, null]]]);
    expect(decodeBatch(older).events).toMatchObject([{ kind: 'stored', hashes: [5n], medium: undefined, loraName: undefined, extraKeys: [null] }]);
    const signed = encode([1, [['BlockRemoved', [-1n]]]], { useBigInt64: true });
    expect(decodeBatch(signed).events).toEqual([{ kind: 'removed', hashes: [2n ** 64n - 1n], medium: undefined }]);
    for (const [value, message] of [
      [[1, [['Nothing']]], 'events[0]: has the type "Nothing"'],
      [[1, [['BlockStored', 5]]], 'events[0].token_ids'],
      [{}, 'expected [time'],
    ] as const)
      expect(() => decodeBatch(encode(value))).toThrow(message);
    expect(() => decodeBatch(Uint8Array.of(0xc1))).toThrow('is no msgpack');
  });
});

describe('endpoints', () => {
  test('are bound where vLLM binds, and ranks count ports up', () => {
    expect(['tcp://*:5557', 'tcp://[::]:5557', 'ipc:///tmp/x', 'inproc://x', 'tcp://10.0.0.1:5557'].map(binds)).toEqual([true, true, true, true, false]);
    expect([endpointOfRank('tcp://*:5557', 3), endpointOfRank('inproc://kv', 2), endpointOfRank('tcp://*:5557', 0)]).toEqual([
      'tcp://*:5560',
      'inproc://kv_dp2',
      'tcp://*:5557',
    ]);
  });

  test('the JSON of the flag is read, and everything wrong in it is told', () => {
    expect(kvEventsConfigOf('{"enable_kv_cache_events":true,"publisher":"zmq"}')).toEqual({ ...kvEventsDefaults, replayEndpoint: undefined });
    expect(kvEventsConfigOf('{"enable_kv_cache_events":false}')).toBeUndefined();
    expect(() => kvEventsConfigOf('{"endpoint":"http://x","buffer_steps":0,"nope":1}')).toThrow(/nope[\s\S]*buffer_steps[\s\S]*endpoint/);
    expect(() => kvEventsConfigOf('[')).toThrow(InputError);
  });
});

const blockTokens = 4;

/** A prompt and its answer. */
type Text = readonly [prompt: readonly number[], answer: readonly number[]];

/** A server with little memory, whose caches tell a feed. */
function asked(texts: readonly Text[], feed: KvEventFeed): { readonly ids: PrefixIds; readonly cached: ReadonlySet<number> } {
  const simulation = new Simulation(mergedPlant({ prefixCaching: true, blockTokens, kvBlocks: 12 }), listed([]));
  const ids = prefixIdsOf(simulation);
  ids.listen(feed);
  for (const [prompt, answer] of texts) {
    const held = ids.hold([...prompt, ...answer.slice(0, -1)]);
    const asking = { ...request(simulation.now, prompt.length, answer.length), blockTokens, prefix: runsOf(held.ids), answered: true };
    act(simulation, { kind: 'inject', request: asking });
    while (simulation.step());
    held.release();
    feed.flush();
  }
  return { ids, cached: new Set(simulation.pools[0]?.instances[0]?.ranks[0]?.cache?.ids()) };
}

const tokens = (min: number, max: number): fc.Arbitrary<number[]> => fc.array(fc.nat(2), { minLength: min, maxLength: max });
const texts = fc.array(fc.tuple(tokens(4, 24), tokens(2, 20)), { minLength: 1, maxLength: 15 });

/** What a subscriber knows that applies every event: the tokens up to each block, by its hash. */
class Index {
  readonly tokens = new Map<unknown, readonly number[]>();
  removals = 0;

  /** @throws Error where an event does not follow from those before it */
  apply(event: KvEvent): void {
    if (event.kind === 'removed') {
      this.removals++;
      if (!event.hashes.every((one) => this.tokens.delete(one))) throw new Error('a block was removed that was not there');
    }
    if (event.kind !== 'stored') return;
    if (event.tokens.length !== event.hashes.length * event.blockSize) throw new Error('tokens do not fill the blocks');
    const known = event.parent === undefined ? [] : this.tokens.get(event.parent);
    if (known === undefined) throw new Error('the block before the first one is not there');
    for (const [i, one] of event.hashes.entries()) this.tokens.set(one, [...known, ...event.tokens.slice(0, (i + 1) * event.blockSize)]);
  }
}

/** The hash of the last block of tokens: it follows from them alone. */
function hashOf(tokens: readonly number[]): bigint {
  const hashes = new BlockHashes();
  let all = hashes.root;
  for (let at = 0; at < tokens.length; at += blockTokens) all = hashes.of(all, tokens.slice(at, at + blockTokens));
  return shortHash(all);
}

test('a subscriber that applies every event knows what the engine has, and chains end at what it has', () => {
  let removals = 0;
  fc.assert(
    fc.property(texts, fc.constantFrom('positional' as const, 'map' as const), (list, dialect) => {
      const index = new Index();
      const publish = (payload: Uint8Array): void => {
        for (const event of decodeBatch(payload).events) index.apply(event);
      };
      const target = { rank: undefined, sink: { publish } };
      const { ids, cached } = asked(list, new KvEventFeed(() => target, feedOptions(dialect)));
      expect(new Set(index.tokens.keys())).toEqual(new Set([...cached].map((id) => shortHash(ids.block(id)?.hash ?? ''))));
      for (const [hash, tokens] of index.tokens) expect(hashOf(tokens)).toBe(hash);
      removals += index.removals;
    }),
  );
  expect(removals).toBeGreaterThan(20);
});

test.each(['map', 'positional'] as const)('the blocks of an answer are one %s event, behind those of its prompt', (dialect) => {
  const told: KvEvent[] = [];
  const target = { rank: undefined, sink: { publish: (payload: Uint8Array) => void told.push(...decodeBatch(payload).events) } };
  const all = Array.from({ length: 27 }, (_, i) => i);
  const prompt = all.slice(0, 9);
  asked(
    [
      [prompt, [9, 9]],
      [prompt, all.slice(9)],
    ],
    new KvEventFeed(() => target, feedOptions(dialect)),
  );
  const chain = Array.from({ length: 6 }, (_, i) => hashOf(all.slice(0, (i + 1) * blockTokens)));
  expect(told).toMatchObject([
    { kind: 'stored', hashes: chain.slice(0, 2), parent: undefined, tokens: all.slice(0, 8) },
    { kind: 'stored', hashes: chain.slice(2), parent: chain[1], tokens: all.slice(8, 24) },
  ]);
});

describe('a feed', () => {
  const place: PrefixPlace = { kind: 'rank', pool: 0, rank: 0, instance: 0, rankOfInstance: 0 };
  const sent = (most: number): { readonly feed: KvEventFeed; readonly batches: (readonly KvEvent[])[] } => {
    const batches: (readonly KvEvent[])[] = [];
    const target = { rank: undefined, sink: { publish: (payload: Uint8Array) => void batches.push(decodeBatch(payload).events) } };
    return { feed: new KvEventFeed(() => target, { ...feedOptions('map'), most }), batches };
  };
  const blocksOf = (ids: PrefixIds, first: number): readonly PrefixBlock[] => ids.hold([first, ...Array.from({ length: 11 }, () => 1)]).blocks;
  const short = ({ hash }: PrefixBlock): bigint => shortHash(hash);

  test('puts blocks in order however they were told, and apart where another event comes between', () => {
    const ids = new PrefixIds(4, new BlockHashes());
    const [one, other] = [blocksOf(ids, 2), blocksOf(ids, 3)];
    const { feed, batches } = sent(9);
    for (const block of [...one.toReversed(), ...other]) feed.stored(place, block);
    for (const block of other.toReversed()) feed.removed(place, block);
    for (const block of other) feed.stored(place, block);
    feed.flush();
    expect(batches).toMatchObject([
      [
        { kind: 'stored', parent: undefined, hashes: one.map(short) },
        { kind: 'stored', parent: undefined, hashes: other.map(short) },
        { kind: 'removed', hashes: other.toReversed().map(short) },
        { kind: 'stored', parent: undefined, hashes: other.map(short) },
      ],
    ]);
  });

  test('has no more events in a batch than it may, and no child in an earlier one than its parent', () => {
    const ids = new PrefixIds(4, new BlockHashes());
    const { feed, batches } = sent(2);
    for (const first of [2, 3, 4, 5, 6]) for (const block of blocksOf(ids, first).toReversed()) feed.stored(place, block);
    feed.flush();
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 1]);
    const index = new Index();
    for (const event of batches.flat()) index.apply(event);
    expect(index.tokens.size).toBe(15);
  });
});

test('events leave over ZeroMQ counted from 0, and a late subscriber asks for what it missed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kv-'));
  const config = {
    ...kvEventsDefaults,
    endpoint: `ipc://${folder}/pub`,
    replayEndpoint: `ipc://${folder}/replay`,
    topic: 'kv@127.0.0.1:8000@twin',
    bufferSteps: 3,
  };
  const publisher = await KvPublisher.open(config, 1);
  const batch = (n: number): KvBatch => ({ at: n, events: [{ kind: 'removed', hashes: [BigInt(n)], medium: 'GPU' }], rank: 1 });
  for (let n = 0; n < 5; n++) publisher.publish(encodeBatch(batch(n), n % 2 === 0 ? 'map' : 'positional'));
  const replay = endpointOfRank(config.replayEndpoint, 1);
  expect((await replayed(replay, 0)).map(({ sequence, at }) => [sequence, at])).toEqual([
    [2, 2],
    [3, 3],
    [4, 4],
  ]);
  expect((await replayed(replay, 4)).map(({ sequence }) => sequence)).toEqual([4]);
  expect(await replayed(replay, 9)).toEqual([]);
  const heard: Heard[] = [];
  const done = Promise.withResolvers<void>();
  const subscriber = await KvSubscriber.open({ endpoint: endpointOfRank(config.endpoint, 1), replayEndpoint: replay, topic: 'kv@' }, (one) => {
    heard.push(one);
    if (one.sequence >= 6) done.resolve();
  });
  // A subscription takes a moment to reach the publisher: what is sent before then is lost, and replayed.
  const beat = setInterval(() => publisher.publish(encodeBatch(batch(publisher.sequence), 'map')), 20);
  await done.promise;
  clearInterval(beat);
  const numbers = heard.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
  expect(heard.at(-1)?.topic).toBe('kv@127.0.0.1:8000@twin');
  for (const { sequence, at, rank } of heard) expect([at, rank]).toEqual([sequence, 1]);
  await subscriber.close();
  await publisher.close();
});

test('each rank of a deployment publishes on an endpoint of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kv-'));
  const simulation = new Simulation(mergedPlant({ prefixCaching: true, blockTokens, kvBlocks: 50, ranks: 2 }), listed([]));
  const ids = prefixIdsOf(simulation);
  const config = {
    ...kvEventsDefaults,
    endpoint: `ipc://${folder}/pub`,
    replayEndpoint: `ipc://${folder}/replay`,
    topic: llmdTopic('127.0.0.1', 8000, 'twin'),
  };
  const events = await KvEvents.open(simulation, ids, { config, format: { kind: 'vllm', dialect: 'map', hashes: 'bytes' }, pool: 0 });
  expect(events.publishers).toHaveLength(2);
  for (let n = 0; n < 2; n++) {
    const prompt = [n, ...Array.from({ length: 8 }, (_, i) => i)];
    act(simulation, { kind: 'inject', request: { ...request(simulation.now, prompt.length, 2), blockTokens, prefix: runsOf(ids.hold(prompt).ids) } });
  }
  while (simulation.step());
  await new Promise(setImmediate);
  const sent = await Promise.all([0, 1].map((rank) => replayed(endpointOfRank(config.replayEndpoint, rank), 0)));
  for (const [rank, [batch, ...more]] of sent.entries()) {
    expect(more).toEqual([]);
    expect(batch).toMatchObject({ sequence: 0, rank, events: [{ kind: 'stored', parent: undefined, blockSize: 4, medium: 'GPU' }] });
    expect(batch?.events[0]).toHaveProperty('hashes.length', 2);
  }
  await events.close();
});
