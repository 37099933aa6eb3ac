import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Calendar } from './calendar.ts';
import { rowOf, slotAt } from './request-table.ts';
import { SlotLists } from './slot-lists.ts';

/** All slots from the first of a list on. */
function from(first: number, next: Int32Array): readonly number[] {
  const slots: number[] = [];
  for (let slot = first; slot >= 0; slot = next[rowOf(slot)] ?? -1) slots.push(slot);
  return slots;
}

test('slots come out of lists in the order in which they were put in, but for those that were taken out', () => {
  const lists = 4;
  const step = fc.tuple(fc.nat(lists - 1), fc.constantFrom('push', 'push', 'push', 'remove', 'take'), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const next = new Int32Array(100);
      const linked = new SlotLists(lists, { next });
      const naive: number[][] = Array.from({ length: lists }, () => []);
      for (const [i, [list, what, which]] of steps.entries()) {
        const own = naive[list] ?? [];
        let [seen, expected]: unknown[] = [];
        if (what === 'push') {
          own.push(slotAt(i));
          linked.push(list, slotAt(i));
        } else if (what === 'remove') {
          const slot = own[which] ?? slotAt(99);
          [seen, expected] = [linked.remove(list, slot), own.includes(slot)];
          own.splice(which, 1);
        } else [seen, expected] = [from(linked.take(list), next), own.splice(0)];
        expect(seen).toEqual(expected);
        naive.forEach((slots, l) => {
          expect(from(linked.first(l), next)).toEqual(slots);
          expect([linked.size(l), linked.has(l, slotAt(i))]).toEqual([slots.length, slots.includes(slotAt(i))]);
        });
      }
    }),
  );
});

test('each step of a calendar has the slots that end with it, however far ahead', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 4 }), { maxLength: 60 }), (added) => {
      const next = new Int32Array(300);
      const calendar = new Calendar({ next });
      const naive = new Map<number, number[]>();
      let slots = 0;
      added.forEach((aheads, step) => {
        expect(from(calendar.take(step), next)).toEqual(naive.get(step) ?? []);
        for (const ahead of aheads) {
          const slot = slotAt(slots++);
          calendar.add(step + ahead, slot);
          naive.set(step + ahead, [...(naive.get(step + ahead) ?? []), slot]);
        }
      });
    }),
  );
});
