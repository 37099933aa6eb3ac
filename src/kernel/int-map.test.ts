import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntMap } from './int-map.ts';
import { RunMap } from './run-map.ts';

test.for([IntMap, RunMap])('%o is the map of the platform, whatever is set and deleted', (Kind) => {
  const key = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer());
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
