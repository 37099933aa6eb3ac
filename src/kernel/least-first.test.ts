import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeastFirst } from './least-first.ts';

const number = fc.integer({ min: 0, max: 30 });
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), numbers: fc.array(number, { maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), numbers: fc.constant([]) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('replace' as const), numbers: fc.array(number, { minLength: 1, maxLength: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), numbers: fc.array(number, { maxLength: 200 }) }) },
);

test('the least one is that of a sorted list, whatever was added, taken away or put in its place', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
      const heap = new LeastFirst();
      let sorted: number[] = [];
      for (const { kind, numbers } of acts) {
        if (kind === 'list') {
          heap.clear();
          sorted = [];
          for (const one of numbers) heap.add(one);
          heap.order();
        } else if (kind === 'push') for (const one of numbers) heap.push(one);
        else if (sorted.length === 0) continue;
        else {
          sorted.shift();
          if (kind === 'shift') heap.shift();
          else heap.replace(numbers[0] ?? 0);
        }
        sorted = [...sorted, ...numbers].sort((a, b) => a - b);
        expect([heap.size, heap.size === 0 ? undefined : heap.least]).toEqual([sorted.length, sorted[0]]);
      }
      const rest = sorted.map(() => {
        const { least } = heap;
        heap.shift();
        return least;
      });
      expect(rest).toEqual(sorted);
    }),
  );
});
