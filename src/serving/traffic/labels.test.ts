import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyArrival } from './arrival.ts';
import { labeller, popularity, type Mix } from './labels.ts';
import { requestSource } from './source.ts';
import type { Workload } from './workload.ts';

const workload: Workload = {
  kind: 'generator',
  name: 'labelled',
  arrivals: { kind: 'poisson', rate: 10 },
  input: { kind: 'uniform', min: 1, max: 100 },
  output: { kind: 'fixed', tokens: 5 },
  requests: 20_000,
  seed: 3,
};
const tenants = [
  { name: 'many', share: 0.7, priority: 0, model: 0 },
  { name: 'few', share: 0.25, priority: 2, model: 1 },
  { name: 'rare', share: 0.05, priority: -1, model: 0 },
];
const mix: Mix = { tenants, adapters: { count: 50, exponent: 1, share: 0.4 }, seed: 3 };

function all(given: Workload) {
  const source = requestSource(given);
  const arrival = emptyArrival();
  const seen = [];
  while (source.next(arrival)) seen.push({ ...arrival });
  return seen;
}

describe('labels', () => {
  test('tenants come by their shares, with their priority and model', () => {
    const requests = all({ ...workload, mix });
    tenants.forEach(({ share, priority, model }, t) => {
      const own = requests.filter(({ tenant }) => tenant === t);
      expect(Math.abs(own.length / requests.length - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / requests.length));
      expect(own.every((request) => request.priority === priority && request.model === model)).toBe(true);
    });
  });

  test('the shares of adapters sum to the share of requests that ask for one, and fall by rank as the exponent says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (count, exponent, share) => {
          const shares = popularity({ count, exponent, share });
          expect(shares.reduce((sum, one) => sum + one, 0)).toBeCloseTo(share, 9);
          shares.forEach((one, r) => expect(one * (r + 1) ** exponent).toBeCloseTo(shares[0] ?? 0, 9));
        },
      ),
    );
    const requests = all({ ...workload, mix });
    popularity({ count: 50, exponent: 1, share: 0.4 }).forEach((share, r) => {
      const found = requests.filter(({ adapter }) => adapter === r + 1).length / requests.length;
      expect(Math.abs(found - share)).toBeLessThan(5 * Math.sqrt(share / requests.length));
    });
  });

  test('they leave times and lengths as they were, and each other', () => {
    const bare = (requests: ReturnType<typeof all>) => requests.map(({ arrivedAt, inputTokens, outputTokens }) => [arrivedAt, inputTokens, outputTokens]);
    expect(bare(all({ ...workload, mix }))).toEqual(bare(all(workload)));
    const tenantsOf = (given: Mix) => all({ ...workload, mix: given }).map(({ tenant }) => tenant);
    expect(tenantsOf({ ...mix, adapters: undefined })).toEqual(tenantsOf(mix));
  });

  test('without a mix all are 0; a trace keeps its own where the mix says nothing', () => {
    expect(all(workload).every(({ tenant, priority, model, adapter }) => tenant + priority + model + adapter === 0)).toBe(true);
    const columns = {
      count: 2,
      arrivedAt: Float64Array.of(0, 1),
      inputTokens: Int32Array.of(5, 5),
      outputTokens: Int32Array.of(1, 1),
      blockTokens: 0,
      blockStart: new Int32Array(0),
      blocks: new Int32Array(0),
      labels: { tenant: Int32Array.of(4, 7), priority: Int32Array.of(-3, 1) },
    };
    const trace: Workload = { kind: 'trace', name: 'own', columns, speed: 1, requests: 2 };
    expect(all(trace).map(({ tenant, priority, adapter }) => [tenant, priority, adapter])).toEqual([
      [4, -3, 0],
      [7, 1, 0],
    ]);
    const adapters = { count: 1, exponent: 0, share: 1 };
    expect(all({ ...trace, mix: { tenants: [], adapters, seed: 1 } }).map(({ tenant, adapter }) => [tenant, adapter])).toEqual([
      [4, 1],
      [7, 1],
    ]);
  });

  test('one tenant takes everything without a draw', () => {
    const label = labeller({ tenants: [{ name: 'only', share: 1, priority: 9, model: 0 }], seed: 0 });
    const arrival = emptyArrival();
    label(arrival);
    expect(arrival).toMatchObject({ tenant: 0, priority: 9 });
  });
});
