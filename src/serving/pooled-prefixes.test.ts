import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PooledPrefixes } from './pooled-prefixes.ts';

/** Ids of a prompt: runs up and down, steps of two, ids that come twice. */
const prompt = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 16 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 1, 1, 1, 2, -1)), { minLength: 1, maxLength: 4 })
  .map((runs) => runs.flatMap(([from, length, step]) => Array.from({ length }, (_, i) => from + step * i)));
const action = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom('use', 'touch', 'add'), ids: prompt }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('evict'), ids: fc.constant([]) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), ids: fc.integer({ min: -4, max: 25 }).map((id) => [id]) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire'), ids: fc.array(fc.constant(0), { minLength: 8, maxLength: 40 }) }) },
);

interface Unit {
  readonly id: number;
  readonly usedAt: number;
}

/** Units as a list, least recently used first. */
class Naive {
  units: readonly Unit[] = [];

  has(id: number): boolean {
    return this.units.some((unit) => unit.id === id);
  }

  /** One after the other, the deepest first. */
  touch(ids: readonly number[], usedAt: number): void {
    for (const id of ids.toReversed()) if (this.has(id)) this.units = [...this.units.filter((unit) => unit.id !== id), { id, usedAt }];
  }

  leading(ids: readonly number[]): number {
    const absent = ids.findIndex((id) => !this.has(id));
    return absent < 0 ? ids.length : absent;
  }
}

test('CAC-2 the order of use of runs is that of a plain list of their blocks, whatever is used, added and taken out', () => {
  let split = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const cache = new PooledPrefixes(true);
      const naive = new Naive();
      const watched = new Set<number>();
      cache.watcher = { stored: (id) => watched.add(id), removed: (id) => watched.delete(id), cleared: () => watched.clear() };
      actions.forEach(({ kind, ids }, now) => {
        cache.now = now;
        const absent = ids.filter((id) => !naive.has(id)).length;
        if (kind === 'use') {
          const found = naive.leading(ids);
          if (found > 0 && found < ids.length) split++;
          expect(cache.use(ids, ids.length)).toBe(found);
          naive.touch(ids.slice(0, found), now);
        } else if (kind === 'touch') {
          expect(cache.absent(ids, ids.length)).toBe(absent);
          expect(cache.touch(ids, ids.length)).toBe(absent);
          naive.touch(ids, now);
        } else if (kind === 'add') {
          const [from = 0] = ids;
          const present = ids.findIndex((_, i) => cache.has(from + i));
          const many = present < 0 ? ids.length : present;
          if (many === 0) return;
          cache.add(from, many);
          naive.units = [...naive.units, ...Array.from({ length: many }, (_, i) => ({ id: from + many - 1 - i, usedAt: now }))];
        } else if (kind === 'evict') {
          expect(cache.evict()).toBe(naive.units.length > 0);
          naive.units = naive.units.slice(1);
        } else if (kind === 'remove') {
          for (const id of new Set(ids)) if (cache.has(id)) cache.remove(id);
          naive.units = naive.units.filter(({ id }) => !ids.includes(id));
        } else {
          const before = now - ids.length;
          const kept = naive.units.slice(
            Math.max(
              0,
              naive.units.findIndex(({ usedAt }) => usedAt >= before),
            ),
          );
          const left = naive.units.some(({ usedAt }) => usedAt >= before) ? kept : [];
          expect(cache.expire(before)).toBe(naive.units.length - left.length);
          naive.units = left;
        }
        const [oldest] = naive.units;
        expect([cache.size, cache.oldest]).toEqual([naive.units.length, oldest?.id]);
        if (oldest !== undefined) expect(cache.oldestAt).toBe(oldest.usedAt);
        expect(watched).toEqual(new Set(naive.units.map(({ id }) => id)));
      });
      const order: (number | undefined)[] = [];
      for (let id = cache.oldest; cache.evict(); id = cache.oldest) order.push(id);
      expect(order).toEqual(naive.units.map(({ id }) => id));
    }),
    { numRuns: 400 },
  );
  expect(split).toBeGreaterThan(20);
});
