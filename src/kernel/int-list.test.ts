import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntList } from './int-list.ts';

test('a list of integers is the array of the platform, whatever is added and removed', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('push', 'push', 'push', 'pop', 'remove', 'clear'), fc.integer({ min: -9, max: 9 })), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (made) => {
      const list = new IntList();
      const model: number[] = [];
      const popped: [number, number | undefined][] = [];
      for (const [what, item] of made) {
        if (what === 'push') {
          list.push(item);
          model.push(item);
        } else if (what === 'pop' && model.length > 0) popped.push([list.pop(), model.pop()]);
        else if (what === 'remove' && model.includes(item)) {
          list.removeAt(list.indexOf(item));
          model.splice(model.indexOf(item), 1);
        } else if (what === 'clear' && item === 0) {
          list.clear();
          model.length = 0;
        }
        for (const [one, other] of popped) expect(one).toBe(other);
        expect([...list]).toEqual(model);
        expect([list.length, list.indexOf(item), list.includes(item)]).toEqual([model.length, model.indexOf(item), model.includes(item)]);
      }
    }),
  );
});
