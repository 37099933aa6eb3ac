import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../src/kernel/id-runs.ts';
import { act } from '../../src/serving/external.ts';
import { listed } from '../../src/serving/cases.contract.ts';
import { mergedPlant, request } from '../../src/serving/plants.contract.ts';
import { Simulation } from '../../src/serving/simulation.ts';
import { BlockHashes } from './block-hash.ts';
import { PrefixIds, prefixIdsOf } from './prefix-ids.ts';

const blockTokens = 4;
const common = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((token, i) => token !== b[i]);
  return at === -1 ? a.length : at;
};

/** A server of one rank that is asked prompt after prompt; each entry of the result is what was found of one. */
function served(
  prompts: readonly (readonly number[])[],
  kvBlocks: number,
): { readonly cached: readonly number[]; readonly ids: PrefixIds; readonly kept: () => number } {
  const cached: number[] = [];
  const simulation = new Simulation(mergedPlant({ prefixCaching: true, blockTokens, kvBlocks, instances: 1, ranks: 1 }), listed([]), (event) => {
    if (event.kind === 'scheduled') cached.push(event.cachedTokens);
  });
  const ids = prefixIdsOf(simulation);
  for (const tokens of prompts) {
    const held = ids.hold(tokens);
    act(simulation, { kind: 'inject', request: { ...request(simulation.now, tokens.length, 2), blockTokens, prefix: runsOf(held.ids) } });
    while (simulation.step());
    held.release();
    held.release();
  }
  return { cached, ids, kept: () => simulation.pools[0]?.instances[0]?.ranks[0]?.cache?.size ?? 0 };
}

const prompts = fc.array(fc.array(fc.nat(1), { minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 12 });

test('the engine finds of a prompt just what an earlier one had before it, in whole blocks and never the last token', () => {
  let hits = 0;
  fc.assert(
    fc.property(prompts, (asked) => {
      const { cached } = served(asked, 10_000);
      const expected = asked.map((tokens, i) => {
        const longest = Math.max(0, ...asked.slice(0, i).map((before) => Math.min(common(tokens, before), before.length)));
        return Math.min(Math.floor(longest / blockTokens), Math.floor((tokens.length - 1) / blockTokens)) * blockTokens;
      });
      expect(cached).toEqual(expected);
      hits += cached.filter((found) => found > 0).length;
    }),
  );
  expect(hits).toBeGreaterThan(20);
});

test('names are kept for what caches hold and what stands before it, and for nothing else', () => {
  fc.assert(
    fc.property(prompts, fc.integer({ min: 8, max: 14 }), (asked, kvBlocks) => {
      const { ids, kept } = served(asked, kvBlocks);
      // The engine drops the end of a prefix before its beginning, so nothing stands before a block that is not held itself.
      expect(ids.size).toBe(kept());
    }),
  );
});

test('an adapter or a salt makes other blocks of the same tokens', () => {
  const ids = new PrefixIds(blockTokens, new BlockHashes());
  const tokens = Array.from({ length: 9 }, (_, i) => i);
  const of = (keys: { readonly lora?: string; readonly salt?: string }): readonly number[] => ids.hold(tokens, keys).ids;
  const all = [of({}), of({ lora: 'a' }), of({ salt: 's' }), of({ lora: 'a', salt: 's' })];
  expect(all.map(({ length }) => length)).toEqual([2, 2, 2, 2]);
  expect(new Set(all.flat()).size).toBe(8);
  expect(of({ lora: 'a' })).toEqual(all[1]);
  // A salt is in the first block's hash only: those behind it follow from that.
  const hashes = new BlockHashes();
  const first = hashes.of(hashes.root, tokens.slice(0, 4), ['s']);
  expect(ids.hold(tokens, { salt: 's' }).blocks.map(({ hash }) => hash)).toEqual([first, hashes.of(first, tokens.slice(4, 8))]);
});
