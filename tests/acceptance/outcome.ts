import { fileURLToPath } from 'node:url';
import { loadScenario, type ScenarioFlags } from '../../cli/scenario.ts';
import { SurfacePricer } from '../../src/cost/surface.ts';
import type { Summary } from '../../src/report/summary.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import type { EventSink } from '../../src/serving/events.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** A scenario that was run to its end. */
export interface Outcome {
  readonly run: Run;
  readonly summary: Summary;
  /** Engine and report, without reading files. [s] */
  readonly seconds: number;
  /** Iterations that were priced operator by operator; the others were read off those. */
  readonly priced: number;
}

/** A scenario of `examples/` by its name without ending. */
export async function example(name: string, flags: ScenarioFlags = {}): Promise<Scenario> {
  return loadScenario(fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url)), flags);
}

/** Runs a scenario to its end. */
export function outcomeOf(scenario: Scenario, sink?: EventSink): Outcome {
  const start = performance.now();
  const run = createSimulation(scenario, sink);
  while (run.simulation.step());
  const summary = summarise(run, 'test');
  const seconds = (performance.now() - start) / 1000;
  const pricers = run.deployed.pools.map(({ plant }) => plant.pricer);
  return { run, summary, seconds, priced: pricers.reduce((sum, pricer) => sum + (pricer instanceof SurfacePricer ? pricer.evaluations : 0), 0) };
}

/** Paths of the numbers in a value that are not finite. */
export function brokenNumbers(value: unknown, path: string = 'summary'): readonly string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path];
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => brokenNumbers(inner, `${path}.${key}`)) : [];
}

/** Every share that a summary states, by path. */
export function sharesOf({ pools, planes, cache, goodput, requestShares }: Summary): Readonly<Record<string, number>> {
  const named: [string, number][] = [['goodput', goodput.share], ...goodput.misses.map(({ name, share }): [string, number] => [`misses ${name}`, share])];
  for (const { name, busy, occupancy, kv, engines, stepShares } of pools) {
    named.push([`${name} busy`, busy], [`${name} occupancy`, occupancy], [`${name} kv mean`, kv.mean], [`${name} kv max`, kv.max]);
    for (const engine of engines) named.push([`${name} ${engine.name}`, engine.utilisation]);
    for (const stage of stepShares) named.push([`${name} step ${stage.name}`, stage.share]);
  }
  for (const { name, use, utilisation } of planes) named.push([`${name}, ${use}`, utilisation]);
  for (const { name, share } of requestShares) named.push([`request ${name}`, share]);
  if (cache !== undefined) named.push(['hits', cache.hitShare]);
  return Object.fromEntries(named);
}

/** What could bind, as the utilisation part of the report lists it, under the names that the limit goes by. */
export function candidatesOf({ pools, planes }: Summary): Readonly<Record<string, number>> {
  return Object.fromEntries([
    ...pools.flatMap(({ name, role, load, occupancy, kv }): [string, number][] => [
      [`${name} pool`, load],
      ...(role === 'prefill' ? [] : [[`${name} slots`, occupancy] as [string, number]]),
      [`${name} KV memory`, kv.mean],
    ]),
    ...planes.filter(({ bytes }) => bytes > 0).map(({ name, utilisation }): [string, number] => [`${name} plane`, utilisation]),
  ]);
}
