import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import type { Pooled } from './links.contract.ts';
import { linksBetween, PushWays, sourceOf } from './links.ts';
import type { EndPlant } from './plant.ts';
import { request, splitPlant, tick } from './plants.contract.ts';
import { nodeByHash } from './prefix-pool.ts';
import { finished } from './run.contract.ts';

describe('transfers of KV', () => {
  test('MOV-1 a push alone takes its bytes over the slower link, then the latency', () => {
    const moved = (sourceBandwidth: number, sinkBandwidth: number) => {
      const plant = splitPlant({}, {}, {}, { bytesPerToken: 64, sourceBandwidth, sinkBandwidth, latency: 2 ** -8 });
      return finished(plant, listed([request(0, 16, 2)])).timelines[0]?.moved;
    };
    expect(moved(2 ** 20, 2 ** 18)).toBe(tick + 2 ** -8 + 2 ** -8);
    expect(moved(2 ** 16, 2 ** 18)).toBe(tick + 2 ** -6 + 2 ** -8);
  });

  test('MOV-1 states move with the tokens, as much for a short prompt as for a long one', () => {
    const moved = (tokens: number, bytesPerSequence: number) =>
      finished(splitPlant({}, {}, {}, { bytesPerToken: 64, bytesPerSequence }), listed([request(0, tokens, 2)])).timelines[0]?.moved ?? 0;
    for (const tokens of [1, 16]) expect(moved(tokens, 2 ** 12) - moved(tokens, 0)).toBe(2 ** -8);
  });

  test('MOV-1 contiguous groups of decode ranks pull from the same group of the prefill rank', () => {
    const sourcesOf = (ranks: number, sourcesPerRank: number) => Array.from({ length: ranks }, (_, to) => sourceOf({ sourcesPerRank }, to, ranks));
    expect(sourcesOf(8, 4)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(sourcesOf(7, 3)).toEqual([0, 0, 1, 1, 2, 2, 2]);
    expect(sourcesOf(2, 4)).toEqual([0, 1]);
    expect(sourcesOf(320, 32).filter((group) => group === 31)).toHaveLength(10);
  });

  test('MOV-1, MOV-2, MOV-4, MOV-5 the links carry all bytes of all pushes, reads and writes, and nothing else', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation, events } = finished(plant, listed(requests, concurrency));
        const { transfers, transport } = simulation;
        if (plant.transfer === undefined) return;
        const carried = transfers.carriedBy(simulation.now);
        const sum = (links: readonly (readonly number[])[]) => [...new Set(links.flat())].reduce((total, link) => total + (carried[link] ?? 0), 0);
        const same = (found: number, begun: number) => expect(found / (begun || 1)).toBeCloseTo(begun > 0 ? 1 : 0, 9);
        const { begun } = transport;
        same(sum(plant.transfer.sources.map(({ ports }) => ports)), begun.push);
        same(sum(plant.transfer.sinks.map(({ ports }) => ports)), begun.push);
        const least = events.filter(({ kind }) => kind === 'moved').length * (plant.transfer.bytesPerToken + plant.transfer.bytesPerSequence);
        expect(begun.push).toBeGreaterThanOrEqual(least * (1 - 1e-9));
        const { cache } = plant;
        if (cache === undefined) return;
        expect(begun.read).toBe(simulation.cacheCounters.tokensHit * cache.bytesPerToken);
        same(sum([cache.pool.out]), begun.read);
        same(sum(cache.ranks.map((rank) => rank.out)), begun.write);
        same(sum([cache.pool.in]), begun.write);
        same(sum(cache.ranks.map((rank) => rank.in)), begun.read);
        same(sum([cache.storage?.links.out ?? []]), begun.fromStorage);
        same(sum([cache.storage?.links.in ?? []]), begun.toStorage);
        expect(begun.fromStorage).toBe((simulation.prefixes?.tokensStored ?? 0) * cache.bytesPerToken);
      }),
    );
  });

  test('MOV-3 ends on one node meet there, ends on two pass what leads from node to node', () => {
    const end = (port: number, node: number, link: number): EndPlant => ({
      ports: [port],
      levels: [
        { group: node, link },
        { group: 9, link: -1 },
      ],
    });
    expect(linksBetween(end(0, 1, 4), end(1, 1, 5))).toEqual([0, 1]);
    expect(linksBetween(end(0, 1, 4), end(1, 2, 5))).toEqual([0, 4, 5, 1]);
  });

  test('MOV-3 ways that were put together before are those between their ends', () => {
    const end = (ends: readonly (readonly [number, number])[]): readonly EndPlant[] =>
      ends.map(([node, rack], i) => ({
        ports: i % 2 === 0 ? [10 * i] : [10 * i, 10 * i + 1],
        levels: [
          { group: node, link: 10 * i + 2 },
          { group: 50 + rack, link: i % 3 === 0 ? -1 : 10 * i + 3 },
          { group: 99, link: -1 },
        ],
      }));
    const nodes = fc.array(fc.tuple(fc.nat(3), fc.nat(1)), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(nodes, nodes, (above, below) => {
        const [sources, sinks] = [end(above), end(below)];
        const ways = new PushWays({ bytesPerToken: 1, bytesPerSequence: 0, sourcesPerRank: 2, latency: 0, sources, sinks }, 2);
        for (const from of [0, 1])
          for (let to = 0; to < 4; to++) {
            const source = ways.source(from, to);
            expect(source).toBe(2 * from + sourceOf({ sourcesPerRank: 2 }, to % 2, 2));
            const level = ways.level(source, to);
            const way = [...(ways.up[level]?.[source] ?? []), ...(ways.down[level]?.[to] ?? [])];
            expect(way).toEqual(linksBetween(sources[source] as EndPlant, sinks[to] as EndPlant));
          }
      }),
    );
  });

  test('MOV-4 a read alone takes as long as its slowest node: its part over the ports of that node, or all over those of the pool or of the reader', () => {
    const tokens = 33;
    const ids = Array.from({ length: tokens }, (_, i) => i);
    const readyAfter = (nodeBandwidths: readonly number[], poolBandwidth: number, rankBandwidth: number) => {
      const cache: Pooled = { bytesPerToken: 64, capacity: 64_000, blockTokens: 1, poolBandwidth, rankBandwidth, nodeBandwidths, latency: 2 ** -8 };
      const { timelines } = finished(splitPlant({}, {}, {}, {}, cache), listed([request(0, tokens, 1, ids), request(1, tokens, 1, ids)]));
      return (timelines.find((one) => one.request === 1)?.ready ?? 0) - 1 - 2 ** -8;
    };
    const parts = [0, 1].map((node) => ids.slice(0, tokens - 1).filter((id) => nodeByHash(id, 0, 2) === node).length);
    const [a = 0, b = 0] = parts;
    expect(a + b).toBe(tokens - 1);
    expect(readyAfter([2 ** 14, 2 ** 20], 2 ** 30, 2 ** 30)).toBeCloseTo((a * 64) / 2 ** 14, 9);
    expect(readyAfter([2 ** 20, 2 ** 14], 2 ** 30, 2 ** 30)).toBeCloseTo((b * 64) / 2 ** 14, 9);
    expect(readyAfter([2 ** 30, 2 ** 30], 2 ** 12, 2 ** 30)).toBeCloseTo(((a + b) * 64) / 2 ** 12, 9);
    expect(readyAfter([2 ** 30, 2 ** 30], 2 ** 30, 2 ** 12)).toBeCloseTo(((a + b) * 64) / 2 ** 12, 9);
  });

  test('MOV-5 a prefix is in the cache one latency after it was written, not before', () => {
    const ids = Array.from({ length: 8 }, (_, i) => i);
    const cachedAt = (second: number) => {
      const cache: Pooled = { bytesPerToken: 64, capacity: 6400, blockTokens: 1, poolBandwidth: 2 ** 14, rankBandwidth: 2 ** 20, latency: 2 ** -8 };
      const { timelines } = finished(splitPlant({}, {}, {}, {}, cache), listed([request(0, 8, 1, ids), request(second, 9, 1, [...ids, 99])]));
      return timelines.find((one) => one.request === 1)?.cached;
    };
    const there = tick + (8 * 64) / 2 ** 14 + 2 ** -8;
    expect(cachedAt(there - 2 ** -20)).toBe(0);
    expect(cachedAt(there + 2 ** -20)).toBe(8);
  });
});
