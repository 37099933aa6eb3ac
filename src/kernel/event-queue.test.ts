import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

const operation = fc.oneof(
  { weight: 30, arbitrary: fc.record({ time: fc.integer({ min: 0, max: 5 }), priority: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 10, arbitrary: fc.record({ time: fc.integer({ min: 0, max: 500 }), priority: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 28, arbitrary: fc.constant('pop' as const) },
  // As many as there are, and more than are kept in order.
  { weight: 1, arbitrary: fc.constant('drain' as const) },
);

describe('event queue', () => {
  test('events leave by time, then priority, then order of insertion, as from a sorted list', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 600, size: 'max' }), (operations) => {
        const queue = new EventQueue(0);
        const naive: { time: number; priority: number; id: number }[] = [];
        let next = 0;
        const seen: unknown[] = [];
        const wanted: unknown[] = [];
        for (const pushed of operations) {
          const pops = pushed === 'drain' ? 100 : Number(pushed === 'pop');
          for (let left = pops; left > 0; left--) {
            naive.sort((a, b) => a.time - b.time || a.priority - b.priority || a.id - b.id);
            const first = naive.shift();
            wanted.push(first === undefined ? [Infinity, false] : [first.time, true, first.time, first.priority, first.id]);
            const peeked = queue.peekTime();
            seen.push(queue.pop() ? [peeked, true, queue.time, queue.kind, queue.payload] : [peeked, false]);
          }
          if (typeof pushed === 'object') {
            queue.push(pushed.time, pushed.priority, pushed.priority, next);
            naive.push({ ...pushed, id: next++ });
          }
          expect(queue.size).toBe(naive.length);
        }
        expect(seen).toEqual(wanted);
      }),
    );
  });

  test('a time that is not a number and a priority out of range are refused', () => {
    const queue = new EventQueue();
    expect(() => queue.push(Number.NaN, 0, 0, 0)).toThrow(/NaN/);
    expect(() => queue.push(0, 256, 0, 0)).toThrow(/priority 256/);
    expect(() => queue.push(0, -1, 0, 0)).toThrow(/priority -1/);
    expect(queue.size).toBe(0);
  });
});
