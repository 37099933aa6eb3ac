import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shipments } from './shipments.ts';

describe('shipments', () => {
  test('each is found by its name until it is there or forgotten, and numbers in use are all different', () => {
    const act = fc.record({ kind: fc.constantFrom('begin', 'begin', 'end', 'forget'), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
        const shipments = new Shipments();
        const named = new Map<number, number>();
        const forgotten: number[] = [];
        let doubles = 0;
        acts.forEach(({ kind, which }, of) => {
          if (kind === 'begin') {
            const number = shipments.begin(which % 3, of, of / 2);
            if ([...named.values(), ...forgotten].includes(number)) doubles++;
            named.set(of, number);
            return;
          }
          const [name, number] = [...named][which % Math.max(1, named.size)] ?? [];
          if (name === undefined || number === undefined) return;
          named.delete(name);
          if (kind === 'end') shipments.end(number);
          else {
            shipments.forget(number);
            forgotten.push(number);
          }
        });
        expect(doubles).toBe(0);
        acts.forEach(({ which }, of) => expect(shipments.find(which % 3, of)).toBe(named.get(of) ?? -1));
        for (const [of, number] of named) expect([shipments.of[number], shipments.latency[number]]).toEqual([of, of / 2]);
      }),
    );
  });
});
