import * as fc from 'fast-check';
import { listed, syntheticPricer } from '../cases.contract.ts';
import type { Actor } from '../actor.ts';
import type { SimulationEvent } from '../events.ts';
import type { Plant, PoolPlant } from '../plant.ts';
import type { Services } from '../services.ts';
import { tick } from '../plants.contract.ts';
import { Simulation } from '../simulation.ts';
import type { Arrival } from '../traffic/arrival.ts';
import { Dies } from '../dies.ts';
import { expertRecoveries, type PlannedFault, type RandomFaults, type Recovery } from './fault.ts';
import { Prices } from '../prices.ts';
import type { PricedUnder } from '../causes.ts';
import type { Narrowing } from './narrowing.ts';
import type { PlaneDamage } from './strain.ts';
import { Timetable } from './timetable.ts';

export const struck = (...dies: number[]) => ({ text: `dies ${dies.join(' ')}`, dies, cpus: [], links: [] });
const recovery: Recovery = { detection: 2 * tick, restart: 4 * tick, retries: 3, spares: false, experts: 'restart', regroup: tick };

/** Planes that carry a share of what they do while any fault of links is there. */
export function damage(share: number): PlaneDamage {
  const active = new Set<PlannedFault>();
  return {
    add: (fault) => void active.add(fault),
    remove: (fault) => void active.delete(fault),
    left: () => [active.size === 0 ? 1 : share],
  };
}

/** Two ticks for what has fewer links. */
const slower = syntheticPricer([2 ** 11]);

/** Instances with one die a rank go on while one is left; each of the others costs so much time. */
export function oneDieARank(moving: number): (plant: Plant, service: Services) => Narrowing {
  return (_, service) => ({
    without: (instance, places) => {
      if (places.size === instance.ranks.length) return `none of the ${service.poolOf(instance).plant.name} ranks is left`;
      const lost = { ranks: places.size, routed: [...places], shared: 0, redundant: 0 };
      return { ranks: places, places, lost, experts: places.size, bytes: places.size, moving: places.size * moving };
    },
  });
}

/** All instances stand still for a while, as for weights that move. */
function pause(from: number, to: number): Actor {
  let nextAt = from;
  return {
    get nextAt() {
      return nextAt;
    },
    act: ({ service, pools, now }) => {
      for (const { instances, plant } of pools)
        for (const instance of instances.slice(0, plant.instances))
          if (now === from) service.pause(instance);
          else service.resume(instance);
      nextAt = now === from ? to : Infinity;
    },
  };
}

/** Runs a plant with one die a rank to its end under faults. */
export function under(
  plant: Plant,
  requests: readonly Arrival[],
  planned: readonly PlannedFault[],
  {
    random = [],
    planes,
    over = {},
    concurrency,
    spare = 0,
    narrowed,
    pauses = [],
    heals = [],
    watch,
  }: {
    readonly random?: readonly RandomFaults[];
    readonly planes?: PlaneDamage;
    readonly over?: Partial<Recovery>;
    readonly concurrency?: number | undefined;
    readonly spare?: number;
    /** How instances go on with fewer dies. */
    readonly narrowed?: (plant: Plant, service: Services) => Narrowing;
    /** Times from when to when all instances wait for something beside faults. */
    readonly pauses?: readonly (readonly [number, number])[];
    /** From outside, faults by number are over at these times, or do not come. */
    readonly heals?: readonly (readonly [at: number, fault: number])[];
    /** Looks at the simulation behind each of its events. */
    readonly watch?: (simulation: Simulation) => void;
  } = {},
) {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, listed(requests, concurrency), (event) => events.push(event));
  const perInstance = plant.pools.map(({ ranks }) => ranks);
  const count = plant.pools.reduce((sum, { instances, ranks }) => sum + instances * ranks, spare);
  const dies = new Dies(simulation.service.pools, perInstance, count);
  const priced: PricedUnder = (pool, { left }) => (left.length > 0 ? slower : (plant.pools[pool] as PoolPlant).pricer);
  const prices = new Prices(simulation.service, priced);
  const narrowing = narrowed?.(plant, simulation.service);
  const timetable = new Timetable(simulation, planned, random, { ...recovery, ...over }, { dies, prices, planes, narrowing }, 7);
  simulation.attach(timetable);
  for (const [from, to] of pauses) simulation.attach(pause(from, to));
  for (const [when, fault] of heals) {
    let nextAt = when;
    simulation.attach({
      get nextAt() {
        return nextAt;
      },
      act: () => {
        nextAt = Infinity;
        timetable.heal(simulation, fault);
      },
    });
  }
  for (let handled = 0; simulation.step(); handled++) {
    if (handled > 200_000) throw new Error('still going on');
    watch?.(simulation);
  }
  const at = (kind: string, number = 0) =>
    events.filter((event) => event.kind === kind && 'request' in event && event.request === number).map((event) => event.at);
  return { simulation, events, records: timetable.records, at };
}

const time = fc.integer({ min: 0, max: 300 }).map((ticks) => ticks * 2 ** -13);

/** Faults of every kind, planned and at random, and how a deployment gets over them. */
export const trouble = fc.record({
  faults: fc.array(
    fc.record({
      kind: fc.constantFrom('kill' as const, 'kill' as const, 'hang' as const, 'slow' as const, 'jitter' as const, 'cut' as const, 'choke' as const),
      at: time,
      duration: fc.oneof({ arbitrary: time, weight: 5 }, { arbitrary: fc.constant(Infinity), weight: 1 }),
      die: fc.nat(15),
      left: fc.constantFrom(0.25, 0.5),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  over: fc.record({
    detection: fc.oneof(fc.constant(0), fc.constant(2 ** -11), time),
    restart: time,
    retries: fc.nat(2),
    spares: fc.boolean(),
    experts: fc.constantFrom(...expertRecoveries),
    regroup: fc.constantFrom(0, tick, 8 * tick),
  }),
  /** Of the planes' rate, while any of their links is at fault. */
  share: fc.constantFrom(0, 0.5),
  spare: fc.nat(2),
  random: fc.boolean(),
  pauses: fc.array(
    fc.tuple(time, fc.integer({ min: 1, max: 100 })).map(([from, ticks]) => [from, from + ticks * 2 ** -13] as const),
    { maxLength: 3 },
  ),
});
export type Trouble = typeof trouble extends fc.Arbitrary<infer T> ? T : never;

/** Runs a plant to its end under what was drawn. */
export function troubled(
  plant: Plant,
  requests: readonly Arrival[],
  { faults, over, share, spare, random, pauses }: Trouble,
  concurrency?: number,
  watch?: (simulation: Simulation) => void,
): ReturnType<typeof under> {
  const count = plant.pools.reduce((sum, { instances, ranks }) => sum + instances * ranks, 0);
  const planned = faults.map(({ kind, at, duration, die, left }): PlannedFault => {
    const links = kind === 'cut' || kind === 'choke' ? [{} as never] : [];
    const jitter = kind === 'jitter' ? { share: left, by: tick } : undefined;
    return { kind, at, duration, left, jitter, struck: { text: kind, dies: links.length > 0 ? [] : [die % count], cpus: [], links } };
  });
  const often: RandomFaults = { kind: 'kill', mtbf: 0.5, duration: 2 ** -6, parts: Array.from({ length: count }, (_, die) => struck(die)), left: 0 };
  return under(plant, requests, planned, {
    over,
    planes: damage(share),
    concurrency,
    spare,
    random: random ? [often] : [],
    narrowed: oneDieARank(2 ** -12),
    pauses,
    ...(watch === undefined ? {} : { watch }),
  });
}
