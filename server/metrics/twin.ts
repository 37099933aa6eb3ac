import { energyGroups } from '../../src/report/energy/sources.ts';
import { transferSummaries } from '../../src/report/transfers.ts';
import type { Run } from '../../src/serving/deploy.ts';
import type { Family, Labels } from './family.ts';
import { powerMeter } from './power.ts';

/** How late tokens leave, by the wall clock. [s] */
export interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** What no real server tells: planes, pools, the pooled cache and power of the twin, by its own clock. */
export function twinFamilies(run: Run, lateness?: () => Lateness): readonly Family[] {
  const { simulation, deployed } = run;
  const gauge = (name: string, help: string, read: () => readonly (readonly [Labels, number])[]): Family => ({
    kind: 'gauge',
    name: `supernode_${name}`,
    help,
    read,
  });
  const counter = (name: string, help: string, read: () => readonly (readonly [Labels, number])[]): Family => ({
    kind: 'counter',
    name: `supernode_${name}_total`,
    help,
    read,
  });
  const pools = deployed.pools.map(({ plant: { name, role, instances: count, ranks, stages } }, p) => ({
    own: { pool: name, role },
    count,
    ranks,
    stages,
    instances: simulation.pools[p]?.instances ?? [],
  }));
  const meters = (of: 'busy' | 'steps' | 'prefillTokens'): readonly (readonly [Labels, number])[] =>
    pools.map(({ own }, p) => [own, simulation.metrics.intervals.reduce((sum, interval) => sum + (interval.pools[p]?.[of] ?? 0), 0)]);
  const power = powerMeter(run);
  const families: Family[] = [
    gauge('time_seconds', 'Time of the twin since it began.', () => [[{}, simulation.now]]),
    counter('requests', 'Requests by what has become of them.', () => {
      const { finished, rejected, failed } = simulation.snapshot();
      return [
        [{ outcome: 'finished' }, finished],
        [{ outcome: 'rejected' }, rejected],
        [{ outcome: 'failed' }, failed],
      ];
    }),
    gauge('requests', 'Requests in flight.', () => {
      const { waiting, running } = simulation.snapshot();
      return [
        [{ state: 'waiting' }, waiting],
        [{ state: 'running' }, running],
      ];
    }),
    gauge('pool_instances', 'Instances of a pool that take requests, and those that do not.', () =>
      pools.flatMap(({ own, count, instances }) => {
        const active = instances.slice(0, count).filter(({ state, stuck }) => state === 'active' && !stuck).length;
        return [
          [{ ...own, state: 'active' }, active],
          [{ ...own, state: 'other' }, count - active],
        ] as const;
      }),
    ),
    gauge('pool_kv_usage', 'Share of the KV blocks of a pool that requests hold.', () =>
      pools.map(({ own, instances }) => {
        const blocks = [...new Set(instances.flatMap(({ ranks }) => ranks.map(({ kv }) => kv)))];
        const total = blocks.reduce((sum, kv) => sum + kv.total, 0);
        return [own, total === 0 ? 0 : blocks.reduce((sum, kv) => sum + kv.used, 0) / total];
      }),
    ),
    counter('pool_busy_seconds', 'Time in which instances of a pool ran iterations, summed over them and their batches in flight.', () => meters('busy')),
    counter('pool_steps', 'Iterations that began.', () => meters('steps')),
    counter('pool_prefill_tokens', 'Prompt tokens that were computed.', () => meters('prefillTokens')),
    counter('plane_bytes', 'What began to move over a plane for requests.', () => planesOf(run, ({ bytes }) => bytes)),
    gauge('plane_utilisation', 'Share of what the busier side of a plane could have moved since the beginning.', () =>
      planesOf(run, ({ utilisation }) => utilisation),
    ),
    gauge('power_watts', 'Mean power of the chips in use and what belongs to them, since it was last asked for.', () => {
      const watts = power();
      return [...energyGroups.map((part, i) => [{ part }, watts[i] ?? 0] as const), [{ part: 'all' }, watts.reduce((sum, each) => sum + each, 0)]];
    }),
  ];
  const pool = simulation.prefixes;
  const capacity = simulation.plant.cache?.capacity ?? 0;
  if (pool !== undefined)
    families.push(
      gauge('prefix_pool_bytes', 'Memory of the pooled prefix cache.', () => [
        [{ state: 'used' }, pool.used],
        [{ state: 'capacity' }, capacity],
      ]),
      counter('prefix_pool_tokens', 'Prompt tokens that were looked up in the pooled prefix cache.', () => {
        const { promptTokens, tokensHit } = simulation.cacheCounters;
        return [
          [{ found: 'memory' }, tokensHit - pool.tokensStored],
          [{ found: 'storage' }, pool.tokensStored],
          [{ found: 'nowhere' }, promptTokens - tokensHit],
        ];
      }),
      counter('prefix_pool_evictions', 'Blocks that memory of the pooled prefix cache dropped.', () => [[{}, pool.cache.evictions]]),
    );
  if (lateness !== undefined)
    families.push(
      gauge('lateness_seconds', 'How long after its instant the first write of a burst left, by the wall clock.', () => {
        const { p50, p99, worst } = lateness();
        return [
          [{ quantile: '0.5' }, p50],
          [{ quantile: '0.99' }, p99],
          [{ quantile: '1' }, worst],
        ];
      }),
    );
  return families;
}

function planesOf(run: Run, of: (plane: ReturnType<typeof transferSummaries>[number]) => number): readonly (readonly [Labels, number])[] {
  return transferSummaries(run, run.simulation.now).map((plane) => [{ plane: plane.name, role: plane.role, use: plane.use }, of(plane)]);
}
