import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import type { Plant } from './plant.ts';
import { mergedPlant, request } from './plants.contract.ts';
import { Simulation } from './simulation.ts';
import type { Arrival } from './traffic/arrival.ts';

/** What becomes of each request, in order of arrival: kinds of events and their times. */
function fates(
  plant: Plant,
  requests: readonly Arrival[],
): { readonly fates: readonly (readonly (readonly [string, number])[])[]; readonly simulation: Simulation } {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, listed(requests), (event) => events.push(event));
  for (let handled = 0; simulation.step(); handled++) if (handled > 200_000) throw new Error('still going on');
  const of = (number: number): readonly (readonly [string, number])[] =>
    events.flatMap((event) => ('request' in event && event.request === number ? [[event.kind, event.at] as const] : []));
  return { fates: requests.map((_, i) => of(i)), simulation };
}

/** Merged plants without draws by the number of a request, and without limits on all requests together. */
const merged = cases.filter(({ plant, concurrency }) => plant.pools.length === 1 && plant.pools[0]?.acceptance.length === 0 && concurrency === undefined);

test('MDL-1 models that share no instances do what each does alone', () => {
  let both = 0;
  fc.assert(
    fc.property(merged, merged, (one, two) => {
      // The front end would be shared; block sizes of prefixes are those of one stack.
      const alone = (plant: Plant): Plant => ({
        ...one.plant,
        pools: plant.pools.map((pool) => ({ ...pool, prefixCaching: false })),
        maxContext: plant.maxContext,
        intake: undefined,
        policies: { ...one.plant.policies, admission: undefined },
      });
      const plants = [one.plant, two.plant].map(alone);
      const limits = plants.map(({ maxContext, maxContextOf }) => ({ maxContext, maxContextOf }));
      const joint: Plant = { ...(plants[0] as Plant), pools: plants.flatMap(({ pools }) => pools), models: limits };
      const asked = [one, two].flatMap(({ requests }, model) => requests.map((each, i) => ({ ...each, model, from: i })));
      asked.sort((a, b) => a.arrivedAt - b.arrivedAt || a.model - b.model || a.from - b.from);
      const together = fates(joint, asked);
      [one, two].forEach(({ requests }, model) => {
        const own = together.fates.filter((_, i) => asked[i]?.model === model);
        expect(own).toEqual(fates(plants[model] as Plant, requests).fates);
      });
      if (one.requests.length > 2 && two.requests.length > 2) both++;
    }),
    { numRuns: 150, endOnFailure: true },
  );
  expect(both).toBeGreaterThan(10);
}, 60_000);

test('MDL-2 a request for a model that is not served is rejected with the cause; each model has its own longest prompt', () => {
  const pools = [...mergedPlant({ name: 'a' }).pools, ...mergedPlant({ name: 'b' }).pools];
  const limit = (maxContext: number) => ({ maxContext, maxContextOf: 'the model' as const });
  const plant = mergedPlant({}, { pools, models: [limit(20), limit(50)] });
  const { simulation } = fates(plant, [
    { ...request(0, 30, 5), model: 0 },
    { ...request(0, 30, 5), model: 1 },
    { ...request(0, 10, 5), model: 2 },
  ]);
  expect(simulation.snapshot()).toMatchObject({ finished: 1, rejected: 2 });
  expect([...simulation.causes.keys()]).toEqual(['prompt and answer longer than the 20 tokens of the model', 'asks for model 2; 2 are served, from 0']);
});
