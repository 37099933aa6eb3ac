import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from '../serving/cases.contract.ts';
import { finished, whole } from '../serving/run.contract.ts';
import { TenantMeters, tenantsApart } from '../serving/tenant-meter.ts';
import { jain, tenantsSummary } from './tenants.ts';

const named = (count: number) => Array.from({ length: count }, (_, t) => ({ name: `t${t}`, weight: 1, slo: {} }));

describe('figures of tenants', () => {
  test('together are those of all', () => {
    let several = 0;
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const all = whole(finished({ ...plant, tenants: [...named(3)] }, listed(requests, concurrency)).simulation);
        const meters = all.tenants.meters.filter((meter) => meter !== undefined);
        if (meters.length > 1) several++;
        const sum = (of: 'arrived' | 'finished' | 'rejected' | 'good' | 'inputTokens' | 'outputTokens') =>
          meters.reduce((total, meter) => total + meter[of], 0);
        for (const of of ['arrived', 'finished', 'rejected', 'good', 'inputTokens', 'outputTokens'] as const) expect([of, sum(of)]).toEqual([of, all[of]]);
        const { each } = tenantsSummary(named(3), all.tenants, {}, 1) ?? { each: [] };
        const shares = each.reduce((total, { serviceShare }) => total + serviceShare, 0);
        expect(shares).toBeCloseTo(all.finished === 0 ? 0 : 1, 9);
      }),
      { numRuns: 100 },
    );
    expect(several).toBeGreaterThan(10);
  });

  test("Jain's index is 1 where all have the same, 1/n where one of n has everything, and lies between them", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 9 }), (values) => {
        expect(jain(values)).toBeGreaterThanOrEqual(1 / values.length - 1e-12);
        expect(jain(values)).toBeLessThanOrEqual(1 + 1e-12);
        expect(jain(values.map(() => 7))).toBeCloseTo(1, 12);
        expect(jain(values.map((_, i) => (i === 0 ? 7 : 0)))).toBeCloseTo(1 / values.length, 12);
      }),
    );
  });

  test('of many tenants those behind the first share one line; nobody is counted who has no name', () => {
    const count = tenantsApart + 8;
    const meters = new TenantMeters(count);
    for (let t = 0; t < count + 5; t++) meters.of(t)?.finish(10, 5, 1, 1, true);
    expect(meters.meters).toHaveLength(tenantsApart + 1);
    const { each } = tenantsSummary(named(count), meters, {}, 1) ?? { each: [] };
    expect(each).toHaveLength(tenantsApart + 1);
    expect(each.at(-1)).toMatchObject({ name: '8 others', weight: 8, finished: 8 });
    expect(tenantsSummary([], meters, {}, 1)).toBeUndefined();
  });
});
