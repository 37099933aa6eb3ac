import type { Actor } from './actor.ts';
import { Interval } from './metrics.ts';
import type { SimulationEvent } from './events.ts';
import type { Plant } from './plant.ts';
import { Simulation } from './simulation.ts';
import type { Timeline } from './twin-result.contract.ts';
import type { RequestSource } from './traffic/arrival.ts';

export interface Run {
  readonly simulation: Simulation;
  readonly events: readonly SimulationEvent[];
  readonly timelines: readonly Timeline[];
}

/** A simulation whose events and timelines are kept. It has not begun. */
export function recorded(plant: Plant, source: RequestSource, actors: readonly Actor[] = []): Run {
  const events: SimulationEvent[] = [];
  const timelines: Timeline[] = [];
  const decodes = plant.pools.length > 1;
  const sink = (event: SimulationEvent): void => {
    events.push(event);
    if (event.kind === 'finished') timelines.push(timelineOf(simulation, event.request, event.at, decodes));
  };
  const simulation: Simulation = new Simulation(plant, source, sink);
  for (const actor of actors) simulation.attach(actor);
  return { simulation, events, timelines };
}

/** Runs to the end. @throws Error where there is none. */
export function finished(plant: Plant, source: RequestSource, mostEvents = 100_000, actors: readonly Actor[] = []): Run {
  const run = recorded(plant, source, actors);
  for (let handled = 0; run.simulation.step(); handled++) if (handled === mostEvents) throw new Error(`still going on after ${mostEvents} events`);
  return run;
}

/** All intervals as one. */
export function whole(simulation: Simulation): Interval {
  const all = new Interval(simulation.plant.pools.length);
  for (const interval of simulation.metrics.intervals) all.merge(interval);
  return all;
}

function timelineOf({ table }: Simulation, request: number, at: number, decodes: boolean): Timeline {
  const slot = [...table.slots()].find((at) => table.ordinal[at] === request) ?? -1;
  const time = (column: Float64Array) => column[slot] as number;
  const count = (column: Int32Array) => column[slot] as number;
  return {
    request,
    tenant: count(table.tenant),
    input: count(table.inputTokens),
    output: count(table.outputTokens),
    cached: count(table.cachedTokens),
    arrived: time(table.arrivedAt),
    ready: time(table.readyAt),
    scheduled: time(table.startedAt),
    prefilled: time(table.prefilledAt),
    reserved: decodes ? time(table.reservedAt) : undefined,
    moved: decodes ? time(table.movedAt) : undefined,
    joined: decodes ? time(table.joinedAt) : undefined,
    firstToken: time(table.firstTokenAt),
    finished: at,
  };
}
