import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StepPricer } from '../cost/batch.ts';
import type { LostDies } from '../model/layout-without.ts';
import { listed } from './cases.contract.ts';
import type { Causes } from './causes.ts';
import type { Instance } from './instance.ts';
import { mergedPlant } from './plants.contract.ts';
import { Prices } from './prices.ts';
import { Simulation } from './simulation.ts';

const left = fc.constantFrom<readonly number[]>([1, 1], [0.5, 1], [0.5, 0.25]);
const lost = fc.option(fc.constantFrom<LostDies>({ ranks: 1, routed: [3], shared: 0, redundant: 2 }, { ranks: 2, routed: [0, 3], shared: 1, redundant: 0 }), {
  nil: undefined,
});
const cause = fc.oneof(
  left.map((shares) => ({ kind: 'links' as const, shares })),
  lost.map((dies) => ({ kind: 'lost' as const, dies })),
  fc.tuple(left, fc.constantFrom(0.1, 0.2)).map(([shares, skew]) => ({ kind: 'experts' as const, shares, skew })),
);

test('EXP-4, FLT-6, FLT-13 a price is that of all causes that hold, whatever came first', () => {
  fc.assert(
    fc.property(fc.array(cause, { maxLength: 12 }), (list) => {
      const plant = mergedPlant({ instances: 2 });
      const { service } = new Simulation(plant, listed([]));
      const asked = new Map<StepPricer, Causes>();
      const prices = new Prices(service, (pool, causes) => {
        const pricer = { cost: () => (plant.pools[pool] as { pricer: StepPricer }).pricer.cost({} as never) };
        asked.set(pricer, causes);
        return pricer;
      });
      const [one, other] = [service.instance(0), service.instance(1)];
      let [links, dies, skew, moving]: [readonly number[], LostDies | undefined, number | undefined, readonly number[]] = [[], undefined, undefined, []];
      for (const each of list) {
        if (each.kind === 'links') prices.links(one, (links = each.shares));
        else if (each.kind === 'lost') prices.lost(one, (dies = each.dies));
        else {
          [skew, moving] = [each.skew, each.shares];
          const base = each.skew;
          // Ranks that are left carry more.
          prices.experts(0, { left: each.shares, imbalance: (gone) => base + (gone?.routed.length ?? 0) });
        }
      }
      const held = ({ pricer }: Instance): Causes | 'whole' => asked.get(pricer) ?? 'whole';
      const shares = [0, 1].map((p) => (links[p] ?? 1) * (moving[p] ?? 1));
      const all = shares.every((share) => share === 1) ? [] : shares;
      const nothing = all.length === 0 && dies === undefined && skew === undefined;
      const imbalance = skew === undefined ? undefined : skew + (dies?.routed.length ?? 0);
      expect(held(one)).toEqual(nothing ? 'whole' : { left: all, lost: dies, imbalance });
      const own = moving.every((share) => share === 1) ? [] : moving;
      expect(held(other)).toEqual(skew === undefined ? 'whole' : { left: own, lost: undefined, imbalance: skew });
    }),
  );
});

test('FLT-13 the same causes are priced once', () => {
  const { service } = new Simulation(mergedPlant({ instances: 2 }), listed([]));
  let made = 0;
  const prices = new Prices(service, () => {
    made++;
    return service.pools[0]?.plant.pricer as StepPricer;
  });
  for (let i = 0; i < 3; i++) {
    for (const index of [0, 1]) prices.links(service.instance(index), [0.5]);
    for (const index of [0, 1]) prices.links(service.instance(index), [1]);
  }
  expect(made).toBe(1);
});
