import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routerNames, routerOf, type RankView } from './router.ts';

const about = (promptTokens: number) => ({ promptTokens, tenant: 0, priority: 0 });

const loads = fc.array(
  fc.record({ queuedTokens: fc.nat(60), load: fc.nat(5), usedTokens: fc.nat(100), cached: fc.nat(40), gap: fc.integer({ min: 1, max: 3 }) }),
  {
    minLength: 1,
    maxLength: 9,
  },
);

/** Ranks whose numbers have holes, as where some instances take nothing. */
function ranksOf(
  list: readonly { queuedTokens: number; load: number; usedTokens: number; cached: number; gap: number }[],
  prompt: number,
): readonly RankView[] {
  let index = -1;
  return list.map(({ gap, cached, ...rest }) => ({ ...rest, index: (index += gap), cachedTokens: () => Math.min(cached, prompt - 1) }));
}

describe.each(routerNames)('the router %s', (name) => {
  test('RTE-1, RTE-3, RTE-4, RTE-5, RTE-6 picks one of the ranks, the same with the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(loads, fc.integer({ min: 1, max: 60 })), { maxLength: 12 }), fc.nat(), (asked, seed) => {
        const [one, other] = [routerOf(name, seed), routerOf(name, seed)];
        for (const [list, prompt] of asked) {
          const ranks = ranksOf(list, prompt);
          const chosen = one.route(about(prompt), ranks);
          expect(Number.isInteger(chosen) && chosen >= 0 && chosen < ranks.length).toBe(true);
          expect(other.route(about(prompt), ranks)).toBe(chosen);
        }
      }),
    );
  });

  test('RTE-1, RTE-3, RTE-4, RTE-5, RTE-6 spreads equal prompts over equal ranks that fill up: none is 30 prompts ahead of another', () => {
    const router = routerOf(name, 1);
    const filled = Array.from({ length: 8 }, () => 0);
    for (let i = 0; i < 800; i++) {
      const ranks = filled.map((count, index) => ({ index, queuedTokens: count * 10, load: count, usedTokens: count * 10, cachedTokens: () => 0 }));
      const chosen = router.route(about(10), ranks);
      filled[chosen] = (filled[chosen] ?? 0) + 1;
    }
    expect(Math.max(...filled) - Math.min(...filled)).toBeLessThan(30);
  });
});

describe('routers', () => {
  test('RTE-3 round robin takes each in turn, and goes on where it was when ranks come and go', () => {
    const router = routerOf('round-robin', 1);
    const ranks = ranksOf(
      [1, 1, 1, 1].map((gap) => ({ queuedTokens: 0, load: 0, usedTokens: 0, cached: 0, gap })),
      5,
    );
    expect(Array.from({ length: 6 }, () => router.route(about(5), ranks))).toEqual([0, 1, 2, 3, 0, 1]);
    expect(router.route(about(5), [ranks[0], ranks[1], ranks[3]] as RankView[])).toBe(2);
  });

  test('RTE-5 affinity follows half a prompt, unless loads are far apart; RTE-6 the KV-aware one weighs it against what is queued', () => {
    const rank = (index: number, load: number, queuedTokens: number, cached: number): RankView => ({
      index,
      load,
      queuedTokens,
      usedTokens: 0,
      cachedTokens: () => cached,
    });
    const affinity = routerOf('prefix-affinity', 1);
    expect(affinity.route(about(100), [rank(0, 0, 0, 0), rank(1, 30, 900, 60)])).toBe(1);
    expect(affinity.route(about(100), [rank(0, 0, 0, 0), rank(1, 30, 900, 49)])).toBe(0);
    expect(affinity.route(about(100), [rank(0, 0, 0, 0), rank(1, 33, 900, 60)])).toBe(0);
    const kv = routerOf('kv-aware', 1);
    expect(kv.route(about(100), [rank(0, 0, 0, 0), rank(1, 0, 59, 60)])).toBe(1);
    expect(kv.route(about(100), [rank(0, 0, 0, 0), rank(1, 0, 60, 60)])).toBe(0);
  });
});
