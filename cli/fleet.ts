import { dirname, join } from 'node:path';
import process from 'node:process';
import { runBatch } from '../batch/batch.ts';
import { KeptShards } from '../batch/kept.ts';
import { InputError } from '../src/base/errors.ts';
import { hashOf } from '../src/report/hash.ts';
import { mergeShards, type MergedSummary } from '../src/report/merged/merge.ts';
import type { Shard } from '../src/report/merged/shard.ts';
import { trafficText } from '../src/report/traffic.ts';
import { machinesOf } from '../src/serving/fleet-of-machines.ts';
import type { FleetOfMachines, Scenario } from '../src/serving/scenario.ts';
import { unwritten } from './file-problem.ts';
import { thereAt } from './outputs/place.ts';
import { closedFor } from './outputs/whole.ts';
import { Progress } from './progress.ts';
import { version } from './version.ts';

export interface FleetOptions {
  readonly threads?: number | undefined;
  /** Folder for machines that are done, until all are; `.supernode` by default. */
  readonly runs?: string | undefined;
}

/** What a fleet came to so far. */
export interface FleetRun {
  /** Absent where no machine was done. */
  readonly merged?: MergedSummary | undefined;
  readonly interrupted: boolean;
  /** Where the machines that are done are kept, if not all are. */
  readonly kept: string;
}

/**
 * Runs the machines of a fleet on worker threads, to the end or to Ctrl-C, with progress on stderr. A machine that is done is kept in a folder;
 * the same scenario goes on from there.
 * @throws InputError before a machine runs, where the folder cannot be made or written
 */
export async function driveFleet(scenario: Scenario & { readonly fleet: FleetOfMachines }, { threads, runs = '.supernode' }: FleetOptions): Promise<FleetRun> {
  const { fleet, name, seed } = scenario;
  const machines = machinesOf(scenario);
  const scenarioHash = hashOf(scenario);
  const kept = new KeptShards(join(runs, `${name}-${hashOf([scenarioHash, version])}`));
  const shards: (Shard | undefined)[] = machines.map(() => undefined);
  checkFolder(kept.folder);
  const before = kept.read();
  for (const [index, shard] of before) if (index < shards.length) shards[index] = shard;
  const missing = shards.flatMap((shard, m) => (shard === undefined ? [m] : []));
  if (before.size > 0)
    process.stderr.write(`supernode: ${before.size} of ${machines.length} machines were done before (${kept.folder}); going on with the others\n`);
  const sizes = missing.map((m) => machines[m]?.workload.requests ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const ended = new Float64Array(missing.length);
  const progress = new Progress(`${name}, ${machines.length} machines`);
  const update = (index: number, requests: number): void => {
    ended[index] = requests;
    progress.update(ended.reduce((sum, one) => sum + one, 0) / total);
  };
  const ending = new AbortController();
  const interrupt = (): void => ending.abort();
  process.once('SIGINT', interrupt);
  try {
    const [base = scenario] = machines;
    const jobs = missing.map((m) => ({ workload: machines[m]?.workload ?? base.workload, seed: machines[m]?.seed ?? seed }));
    await runBatch(base, jobs, {
      threads,
      version,
      signal: ending.signal,
      onProgress: update,
      onDone: (index, shard) => {
        const m = missing[index] ?? 0;
        shards[m] = shard;
        keep(kept, m, shard);
        update(index, sizes[index] ?? 0);
      },
    });
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
  }
  const done = shards.filter((shard) => shard !== undefined);
  const interrupted = done.length < shards.length;
  if (!interrupted) kept.remove();
  const calibrationHash = hashOf([scenario.stack, scenario.machine]);
  const arrived = done.reduce((sum, { summary }) => sum + summary.requests.arrived, 0);
  const from = { scenario: name, ...fleet, workload: trafficText(scenario.workload, arrived), reproduce: { version, scenarioHash, calibrationHash, seed } };
  return { merged: done.length === 0 ? undefined : mergeShards(from, done), interrupted, kept: kept.folder };
}

/** Looks at the folder, or where it is going to be made. */
function checkFolder(folder: string): void {
  let place = folder;
  while (thereAt(place) === undefined && dirname(place) !== place) place = dirname(place);
  const reason = thereAt(place)?.isDirectory() === true ? closedFor(place) : undefined;
  if (reason !== undefined) throw new InputError([{ path: '--runs', message: `${place} cannot be written (${reason}); expected a folder that can` }]);
  if (thereAt(place)?.isFile() === true) throw new InputError([{ path: '--runs', message: `${place} is a file; expected a folder, or where to make one` }]);
}

function keep(kept: KeptShards, machine: number, shard: Shard): void {
  try {
    kept.write(machine, shard);
  } catch (error) {
    throw unwritten(kept.folder, error);
  }
}
