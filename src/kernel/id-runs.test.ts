import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstOf, idsOf, lengthOf, runAt, RunsBuilder, runsOf, startOf } from './id-runs.ts';

const list = fc
  .array(fc.tuple(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(2 ** 31 - 3, -(2 ** 31), 2 ** 32 - 2)), fc.nat(6)))
  .map((runs) => runs.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i)));

test('runs have the ids of their list, and no run goes on where the one before it ends', () => {
  fc.assert(
    fc.property(list, fc.nat(40), fc.nat(5), (ids, some, begin) => {
      const end = Math.max(begin, Math.min(some, ids.length));
      const count = end - begin;
      const runs = runsOf(ids, begin, end);
      const plain = Array.from(Int32Array.from(ids.slice(begin, end)));
      expect([idsOf(runs), lengthOf(runs)]).toEqual([plain, count]);
      expect(idsOf(runs, count >> 1)).toEqual(plain.slice(0, count >> 1));
      for (let n = 1; n <= count; n++) {
        const at = runAt(runs, n);
        expect((runs[at] ?? 0) + n - 1 - startOf(runs, at)).toBe(plain[n - 1]);
      }
      for (let at = 2; at < runs.length; at += 2) expect(runs[at]).not.toBe((runs[at - 2] ?? 0) + (runs[at - 1] ?? 0) - startOf(runs, at - 2));
    }),
  );
});

test('parts that are put together, and the first ones of a list, are what their ids are', () => {
  const builder = new RunsBuilder();
  const parts = fc.array(fc.tuple(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(2 ** 31 - 3, -(2 ** 31), 2 ** 32 - 2)), fc.nat(6)));
  fc.assert(
    fc.property(parts, fc.nat(40), (given, some) => {
      for (const [from, many] of given) builder.add(from, many);
      const ids = given.flatMap(([from, many]) => Array.from({ length: many }, (_, i) => from + i));
      const runs = builder.take();
      expect(runs).toEqual(runsOf(ids));
      expect(firstOf(runs, some)).toEqual(runsOf(ids.slice(0, some)));
      expect(runs).toEqual(runsOf(ids));
      expect(builder.take()).toEqual([]);
    }),
  );
});
