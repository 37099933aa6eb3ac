import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../kernel/id-runs.ts';
import { PrefixCache } from './prefix-cache.ts';

/** Ids of a prompt: runs up and down, steps of two, ids that come twice. */
const prompt = fc
  .array(fc.tuple(fc.integer({ min: 50, max: 70 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 1, 1, 1, 2, -1)), { minLength: 1, maxLength: 4 })
  .map((runs) => runs.flatMap(([from, length, step]) => Array.from({ length }, (_, i) => from + step * i)));
const actions = fc.array(fc.tuple(fc.constantFrom('use', 'use', 'touch', 'add', 'add', 'pin', 'pin', 'unpin', 'evict', 'remove', 'expire'), prompt), {
  maxLength: 80,
  size: 'max',
});

interface Unit {
  readonly id: number;
  readonly usedAt: number;
}

/** Blocks one by one: those that are not pinned as a list, least recently used first. */
class Naive {
  units: readonly Unit[] = [];
  readonly refs = new Map<number, number>();

  has(id: number): boolean {
    return this.refs.has(id) || this.units.some((unit) => unit.id === id);
  }

  touch(ids: readonly number[], usedAt: number): void {
    for (const id of ids.toReversed()) if (this.has(id)) this.#take(id, usedAt);
  }

  leading(ids: readonly number[]): number {
    const absent = ids.findIndex((id) => !this.has(id));
    return absent < 0 ? ids.length : absent;
  }

  pin(ids: readonly number[]): number {
    let pinned = 0;
    for (const id of ids) {
      if (this.refs.has(id)) pinned++;
      this.refs.set(id, (this.refs.get(id) ?? 0) + 1);
      this.units = this.units.filter((unit) => unit.id !== id);
    }
    return pinned;
  }

  unpin(ids: readonly number[], usedAt: number): void {
    for (const id of ids.toReversed()) {
      const left = (this.refs.get(id) ?? 0) - 1;
      if (left > 0) this.refs.set(id, left);
      else {
        this.refs.delete(id);
        this.#take(id, usedAt);
      }
    }
  }

  #take(id: number, usedAt: number): void {
    this.units = [...this.units.filter((unit) => unit.id !== id), { id, usedAt }];
  }
}

test('CAC-2, CAC-3 runs are used, pinned and dropped as their blocks one by one in a plain list', () => {
  const seen = { found: 0, doubled: 0, evicted: 0 };
  /** Does something to both; returns what each has answered. */
  const apply = (kind: string, ids: readonly number[], now: number, cache: PrefixCache, naive: Naive, held: (readonly number[])[]): readonly unknown[] => {
    const [id = 0] = ids;
    const runs = runsOf(ids);
    switch (kind) {
      case 'use':
      case 'touch': {
        if (ids.some((each) => naive.refs.has(each))) return [cache.match(runs, ids.length), naive.leading(ids)];
        const found = naive.leading(ids);
        const absent = ids.filter((each) => !naive.has(each)).length;
        if (found > 0 && found < ids.length) seen.found++;
        naive.touch(kind === 'use' ? ids.slice(0, found) : ids, now);
        return kind === 'use'
          ? [cache.use(runs, ids.length), found]
          : [
              [cache.absent(runs, ids.length), cache.touch(runs, ids.length)],
              [absent, absent],
            ];
      }
      case 'add': {
        const present = ids.findIndex((_, i) => naive.has(id + i));
        const many = present < 0 ? ids.length : present;
        if (many > 0) cache.add(id, many);
        naive.units = [...naive.units, ...Array.from({ length: many }, (_, i) => ({ id: id + many - 1 - i, usedAt: now }))];
        return [];
      }
      case 'pin': {
        held.push(ids);
        const found = naive.leading(ids);
        const unpinned = ids.slice(0, found).filter((each) => !naive.refs.has(each)).length;
        const before = cache.unpinned(runs, found);
        const doubled = naive.pin(ids);
        seen.doubled += doubled;
        return [
          [before, cache.pin(runs, 0, found) + cache.pin(runs, found, ids.length)],
          [unpinned, doubled],
        ];
      }
      case 'unpin': {
        const given = held.shift() ?? [];
        cache.unpin(runsOf(given), given.length);
        naive.unpin(given, now);
        return [];
      }
      case 'evict': {
        cache.evict(ids.length);
        seen.evicted += Math.min(naive.units.length, ids.length);
        naive.units = naive.units.slice(ids.length);
        return [];
      }
      case 'remove': {
        if (naive.has(id) && !naive.refs.has(id)) cache.remove(id);
        naive.units = naive.units.filter((unit) => unit.id !== id);
        return [];
      }
      default: {
        const left = naive.units.filter(({ usedAt }) => usedAt >= now - 5 * ids.length);
        const dropped = naive.units.length - left.length;
        naive.units = left;
        return [cache.expire(now - 5 * ids.length), dropped];
      }
    }
  };
  fc.assert(
    fc.property(actions, (list) => {
      const cache = new PrefixCache(true);
      const naive = new Naive();
      const held: (readonly number[])[] = [];
      const watched = new Set<number>();
      cache.watcher = { stored: (id) => watched.add(id), removed: (id) => watched.delete(id), cleared: () => watched.clear() };
      list.forEach(([kind, ids], now) => {
        cache.now = now;
        const [got, expected] = apply(kind, ids, now, cache, naive, held);
        expect(got).toEqual(expected);
        expect([cache.evictable, cache.size, cache.oldest]).toEqual([naive.units.length, naive.units.length + naive.refs.size, naive.units[0]?.id]);
        expect(naive.units.length === 0 ? undefined : cache.oldestAt).toBe(naive.units[0]?.usedAt);
        expect(watched).toEqual(new Set([...naive.refs.keys(), ...naive.units.map(({ id }) => id)]));
      });
      const order: (number | undefined)[] = [];
      for (; cache.evictable > 0; cache.evict()) order.push(cache.oldest);
      expect(order).toEqual(naive.units.map(({ id }) => id));
    }),
    { numRuns: 200 },
  );
  for (const [path, times] of Object.entries(seen)) expect([path, times > 50]).toEqual([path, true]);
});
