import type { Faults, FleetOfMachines } from '../../src/serving/scenario.ts';
import { inFlight } from '../../src/serving/traffic/pace.ts';
import type { Workload } from '../../src/serving/traffic/workload.ts';
import type { FleetFile } from './file.ts';
import type { Problems } from './problems.ts';

/** The fleet of a file; what does not go with several machines is a problem. */
export function readFleet(file: FleetFile, workload: Workload | undefined, faults: Faults | undefined, problems: Problems): FleetOfMachines | undefined {
  const { machines, split = 'spread' } = file;
  if (machines === undefined) {
    if (!problems.covers('fleet.machines')) problems.add('fleet.machines', 'expected how many machines there are, got nothing');
    return undefined;
  }
  if ((faults?.planned.length ?? 0) > 0) problems.add('faults', 'a planned fault names a part of one machine; a fleet takes faults at random (mtbf)');
  if (workload === undefined) return { machines, split };
  const { requests } = workload;
  const concurrency = inFlight(workload) ?? Infinity;
  if (requests < machines) problems.add('workload.requests', `expected at least one for each of ${machines} machines, got ${requests}`);
  if (concurrency < machines) problems.add('workload.concurrency', `expected at least one for each of ${machines} machines, got ${concurrency}`);
  if (split === 'clients' && workload.kind !== 'client-pool') problems.add('fleet.split', 'only a pool of clients has clients; expected spread');
  if (split === 'clients' && workload.kind === 'client-pool') {
    const senders = workload.pool.clients.filter(({ rate }) => rate.some((one) => one > 0)).length;
    if (senders < machines) problems.add('fleet.machines', `${senders} clients cannot be spread over ${machines} machines`);
  }
  if (workload.kind === 'sessions' && workload.supply.kind === 'recorded')
    problems.add('fleet', 'does not split the sessions of a trace yet; expected a generator of sessions');
  return { machines, split };
}
