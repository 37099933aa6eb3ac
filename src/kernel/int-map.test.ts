import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntMap } from './int-map.ts';
import { RunMap } from './run-map.ts';

/** A map of runs, key by key. */
class KeyByKey extends RunMap {
  set(key: number, value: number): void {
    this.setAll(key, 1, value);
  }

  delete(key: number): void {
    this.deleteAll(key, 1);
  }
}

test.for([
  [IntMap, fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer())],
  [KeyByKey, fc.oneof(fc.nat(200), fc.nat(100_000))],
] as const)('%o is the map of the platform, whatever is set and deleted', ([Kind, key]) => {
  const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete', 'clear'), key, fc.nat(2 ** 31 - 2)), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (list) => {
      const map = new Kind();
      const model = new Map<number, number>();
      for (const [what, at, value] of list) {
        if (what === 'set') {
          map.set(at, value);
          model.set(at, value);
        } else if (what === 'delete') {
          map.delete(at);
          model.delete(at);
        } else if (value % 50 === 0) {
          map.clear();
          model.clear();
        }
        expect([map.size, map.get(at), map.has(at)]).toEqual([model.size, model.get(at) ?? -1, model.has(at)]);
      }
      for (const [at, value] of model) expect(map.get(at)).toBe(value);
      expect([...map.keys()].sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('keys that follow each other are set, deleted and found to be absent at once as one by one', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('setAll', 'deleteAll', 'gap'), fc.nat(300), fc.nat(150)), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(steps, (list) => {
      const map = new RunMap();
      const model = new Map<number, number>();
      list.forEach(([what, from, count], step) => {
        const keys = Array.from({ length: count }, (_, i) => from + i);
        if (what === 'setAll') {
          map.setAll(from, count, step);
          for (const key of keys) model.set(key, step);
        } else if (what === 'deleteAll') {
          map.deleteAll(from, count);
          for (const key of keys) model.delete(key);
        }
        const present = keys.findIndex((key) => model.has(key));
        expect([map.size, map.gap(from, count)]).toEqual([model.size, present < 0 ? count : present]);
        for (const key of keys) expect(map.get(key)).toBe(model.get(key) ?? -1);
      });
      expect([...map.keys()].sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});
