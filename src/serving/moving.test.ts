import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import { Links } from './links.ts';
import { request, splitPlant, tick } from './plants.contract.ts';
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
    const sourcesOf = (ranks: number, sourcesPerRank: number) => {
      const links = new Links(splitPlant({ instances: 2 }, { ranks }, {}, { sourcesPerRank }));
      return Array.from({ length: ranks }, (_, to) => (links.push(1, to)[0] ?? 0) - sourcesPerRank);
    };
    expect(sourcesOf(8, 4)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(sourcesOf(7, 3)).toEqual([0, 0, 1, 1, 2, 2, 2]);
    expect(sourcesOf(2, 4)).toEqual([0, 1]);
    expect(sourcesOf(320, 32).filter((group) => group === 31)).toHaveLength(10);
  });

  test('MOV-1, MOV-2 the links carry all bytes of all pushes and reads, and nothing else', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation, events } = finished(plant, listed(requests, concurrency));
        const { transfers, links } = simulation;
        if (transfers === undefined || plant.transfer === undefined) return;
        const carried = transfers.carriedBy(simulation.now);
        const sum = (from: number, to: number) => carried.slice(from, to).reduce((total, bytes) => total + bytes, 0);
        const pushed = sum(0, links.firstSink);
        expect(sum(links.firstSink, links.pool) / (pushed || 1)).toBeCloseTo(pushed > 0 ? 1 : 0, 9);
        const least = events.filter(({ kind }) => kind === 'moved').length * (plant.transfer.bytesPerToken + plant.transfer.bytesPerSequence);
        expect(pushed).toBeGreaterThanOrEqual(least * (1 - 1e-9));
        if (plant.cache === undefined) return;
        const read = simulation.cacheCounters.tokensHit * plant.cache.bytesPerToken;
        expect(sum(links.pool, links.pool + 1) / (read || 1)).toBeCloseTo(read > 0 ? 1 : 0, 9);
        expect(sum(links.pool + 1, links.rates.length) / (read || 1)).toBeCloseTo(read > 0 ? 1 : 0, 9);
      }),
    );
  });
});
