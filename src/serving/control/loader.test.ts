import { describe, expect, test } from 'vitest';
import type { Weights } from './control.ts';
import { Loader, type WeightsOf } from './loader.ts';

/** A model of 671 GB on eight instances of two nodes each, whose dies take in 134 GB/s together. */
const model: WeightsOf = { name: 'a', stored: 671e9, placed: 671e9, intake: 134e9 };
const weights: Weights = { place: 'pooled', capacity: 2e12, store: 2.5e9, perDie: 1, setup: 10 };
const nodes = (key: number): readonly number[] => [2 * key, 2 * key + 1];
const warm = 671 / 134;
const fetch = 671 / 2.5;

/** Loads that begin at times, each with what it loads; when each was complete and where from, by number. */
function loaded(over: Partial<Weights>, begins: readonly (readonly [at: number, weights?: WeightsOf])[], pool = 1e13) {
  const loader = new Loader(
    { ...weights, ...over },
    pool,
    begins.map(() => model.intake),
  );
  const done: (readonly [number, string])[] = [];
  const until = (end: number): void => {
    while (loader.nextAt <= end && loader.nextAt < Infinity) {
      const at = loader.nextAt;
      for (const { key, source, begunAt } of loader.advance(at)) done[key] = [at - begunAt, source];
    }
  };
  begins.forEach(([at, which = model], key) => {
    until(at);
    loader.begin(at, key, which, nodes(key));
  });
  until(1e9);
  return done;
}

const eight = Array.from({ length: 8 }, () => [0] as const);
const times = (list: readonly (readonly [number, string])[]): readonly number[] => list.map(([time]) => time);

describe('loads of weights', () => {
  test('CTL-4 without a cache eight loads share the store: eight times as long as one, whatever was loaded before', () => {
    for (const time of times(loaded({ place: 'none' }, eight))) expect(time).toBeCloseTo(8 * fetch + warm + 10, 6);
    expect(times(loaded({ place: 'none' }, [[0], [1000]]))[1]).toBeCloseTo(fetch + warm + 10, 6);
  });

  test('CTL-4 in pooled memory one fetch serves all, and those behind it are warm', () => {
    const done = loaded({}, [...eight, [1000]]);
    for (const time of times(done.slice(0, 8))) expect(time).toBeCloseTo(fetch + warm + 10, 6);
    expect(done.map(([, source]) => source)).toEqual(['store', ...Array.from({ length: 7 }, () => 'waited'), 'host memory']);
    expect(done[8]?.[0]).toBeCloseTo(warm + 10, 6);
  });

  test('CTL-4 loads at once share the CPU ports', () => {
    const narrow = loaded({}, [[0], [1000], [1000]], 134e9);
    expect(narrow[1]?.[0]).toBeCloseTo(2 * warm + 10, 6);
  });

  test('CTL-5 local memory is warm on the nodes that loaded it, cold on others', () => {
    const loader = new Loader({ ...weights, place: 'local' }, 1e13, [model.intake, model.intake]);
    loader.keep(model, nodes(0));
    const ready = (key: number): number => {
      loader.begin(0, key, model, nodes(key));
      for (;;) {
        const at = loader.nextAt;
        if (loader.advance(at).length > 0) return at;
      }
    };
    expect(ready(0)).toBeCloseTo(warm + 10, 6);
    expect(ready(1)).toBeGreaterThan(fetch);
  });

  test('CTL-5 host memory forgets what was used least recently', () => {
    const other = (name: string): WeightsOf => ({ ...model, name });
    const order = ['a', 'b', 'a', 'c', 'a', 'b'].map((name, i) => [i * 1000, other(name)] as const);
    expect(loaded({ capacity: 2 * 671e9 }, order).map(([, source]) => source)).toEqual(['store', 'store', 'host memory', 'store', 'host memory', 'store']);
    expect(loaded({ capacity: 600e9 }, order.slice(0, 3)).map(([, source]) => source)).toEqual(['store', 'store', 'store']);
  });

  test('CTL-3 a fetch that is given up is taken over by one that waited for it', () => {
    const loader = new Loader(weights, 1e13, [model.intake, model.intake]);
    loader.begin(0, 0, model, nodes(0));
    loader.begin(0, 1, model, nodes(1));
    loader.cancel(100, 0);
    let last: readonly unknown[] = [];
    while (last.length === 0) last = loader.advance(loader.nextAt);
    expect(last).toEqual([{ key: 1, source: 'store', begunAt: 0 }]);
    expect(loader.nextAt).toBe(Infinity);
  });
});
