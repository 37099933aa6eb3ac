import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import { finished, whole } from './run.contract.ts';

describe('throughput', () => {
  test('EMT-1 tokens served over all intervals are the tokens of the requests that finished', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const all = whole(finished(plant, listed(requests, concurrency)).simulation);
        expect(all.outputServed).toBeCloseTo(all.outputTokens, 6);
        expect(all.inputServed).toBe(all.inputTokens);
      }),
    );
  });
});
