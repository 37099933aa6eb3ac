import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowsOnLinks } from './flows-on-links.ts';

const links = 9;
/** Flows come over some links, in two parts, or the one whose turn it is leaves. */
const changes = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ over: fc.uniqueArray(fc.nat(links - 1), { minLength: 1, maxLength: 7 }), cut: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.nat() },
  ),
  { maxLength: 120 },
);

describe('flows on links', () => {
  test('a row holds the links of its flow, a chain the flows of its link, as in sets', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const flows = new FlowsOnLinks(links);
        const naive = new Map<number, readonly number[]>();
        let next = 0;
        for (const change of list) {
          if (typeof change === 'object') {
            // Numbers need not follow each other.
            next += 2;
            naive.set(next, change.over);
            flows.join(next, change.over.slice(0, change.cut), change.over.slice(change.cut));
          } else if (naive.size > 0) {
            const [flow = 0] = [...naive.keys()].slice(change % naive.size);
            naive.delete(flow);
            flows.leave(flow);
          }
        }
        for (let flow = 0; flow <= next; flow++) {
          const start = flow << flows.shift;
          expect([...flows.link.subarray(start, start + (flows.size[flow] ?? 0))]).toEqual(naive.get(flow) ?? []);
        }
        for (let link = 0; link < links; link++) {
          const chain: number[] = [];
          for (let place = flows.first[link] ?? -1; place >= 0; place = flows.after[place] ?? -1) chain.push(place >> flows.shift);
          const over = [...naive].filter(([, own]) => own.includes(link)).map(([flow]) => flow);
          expect(chain.toSorted((a, b) => a - b)).toEqual(over);
          expect(flows.count[link]).toBe(over.length);
        }
      }),
    );
  });
});
