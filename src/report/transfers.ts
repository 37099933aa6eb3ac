import type { Run } from '../serving/deploy.ts';
import type { PlaneSummary } from './summary.ts';

/** What moved over planes for requests until their last arrival, `duration` long: for each use the side (sources or sinks) that was busier. */
export function transferSummaries({ scenario: { machine, deployment }, simulation }: Run, duration: number): readonly PlaneSummary[] {
  const { transfers, transport, plant } = simulation;
  const { transfer, cache } = plant;
  if (deployment.kind === 'merged' || transfer === undefined || duration <= 0) return [];
  const carried = transfers.carriedBy(simulation.now);
  const used = (ends: readonly (readonly number[])[]): number => {
    const links = [...new Set(ends.flatMap(([port]) => (port === undefined ? [] : [port])))];
    const sum = (of: ArrayLike<number>): number => links.reduce((total, link) => total + (of[link] ?? 0), 0);
    const rate = sum(transfers.capacity);
    return rate > 0 ? sum(carried) / (rate * duration) : 0;
  };
  const summary = (name: string, use: string, bytes: number, ...sides: readonly (readonly (readonly number[])[])[]): PlaneSummary => ({
    name,
    role: machine.planes.find((plane) => plane.name === name)?.role ?? name,
    use,
    bytes,
    utilisation: Math.max(...sides.map(used)),
  });
  const { begun } = transport;
  const ports = (ends: typeof transfer.sources): readonly (readonly number[])[] => ends.map((end) => end.ports);
  const summaries = [summary(deployment.transferPlane, 'KV from prefill to decode', begun.push, ports(transfer.sources), ports(transfer.sinks))];
  if (cache === undefined || deployment.cache === undefined) return summaries;
  const { plane } = deployment.cache;
  const ranks = (way: 'out' | 'in'): readonly (readonly number[])[] => cache.ranks.map((rank) => rank[way]);
  summaries.push(summary(plane, 'prefix cache reads', begun.read, [cache.pool.out], ranks('in')));
  summaries.push(summary(plane, 'prefix cache writes', begun.write, [cache.pool.in], ranks('out')));
  if (cache.storage !== undefined)
    summaries.push(
      summary('storage', 'prefixes that memory does not hold', begun.fromStorage + begun.toStorage, [cache.storage.links.out], [cache.storage.links.in]),
    );
  return summaries;
}
