import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sketch } from '../kernel/sketch.ts';
import { cases, listed } from './cases.contract.ts';
import { finished, whole } from './run.contract.ts';
import { twin } from './twin.contract.ts';

describe('twin', () => {
  test('x', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const naive = twin(plant, listed(requests, concurrency));
        const run = finished(plant, listed(requests, concurrency));
        expect(run.events).toEqual(naive.events);
        expect(run.timelines).toEqual(naive.timelines);
        void whole;
        void Sketch;
      }),
      { numRuns: 1000 },
    );
  });
});
