import process from 'node:process';
import { runBatch } from '../batch/batch.ts';
import type { RunIntervalOptions } from '../src/report/sampled-runs.ts';
import { seedsSummary } from '../src/report/seeds.ts';
import type { Summary } from '../src/report/summary.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { withSeed } from '../src/serving/seeded.ts';
import { drive, type Run } from './drive.ts';
import type { RunObserver } from './outputs/outputs.ts';
import { Progress } from './progress.ts';
import { version } from './version.ts';

export interface SeedOptions {
  /** Runs, at least 2: of the scenario's seed and those that follow it. */
  readonly seeds: number;
  readonly threads?: number | undefined;
  readonly intervals?: RunIntervalOptions | undefined;
  /** Is told of the first run. */
  readonly observer?: RunObserver | undefined;
}

/**
 * Runs a scenario with several seeds, the first in this thread and the others on worker threads, to their ends or to Ctrl-C, with progress on stderr.
 * The summary is that of the first seed, and has what all that were finished came to.
 */
export async function driveSeeds(scenario: Scenario, { seeds, threads, intervals, observer }: SeedOptions): Promise<Run> {
  const { requests } = scenario.workload;
  const others: (Summary | undefined)[] = Array.from({ length: seeds - 1 });
  const shares = new Float64Array(seeds);
  const progress = new Progress(`${scenario.name}, ${seeds} seeds`);
  const update = (at: number, share: number): void => {
    shares[at] = share;
    progress.update(shares.reduce((sum, one) => sum + one, 0) / seeds);
  };
  const ending = new AbortController();
  const interrupt = (): void => ending.abort();
  process.once('SIGINT', interrupt);
  const jobs = others.map((_, i) => {
    const { seed, workload } = withSeed(scenario, scenario.seed + i + 1);
    return { seed, workload };
  });
  const batch = runBatch(scenario, jobs, {
    threads,
    version,
    signal: ending.signal,
    onProgress: (index, ended) => update(index + 1, ended / requests),
    onDone: (index, { summary }) => {
      others[index] = summary;
      update(index + 1, 1);
    },
  });
  try {
    const first = drive(scenario, scenario.name, intervals, observer, { update: (share) => update(0, share), end: () => {} });
    const [run] = await Promise.all([first, batch]);
    const finished = others.filter((summary) => summary !== undefined);
    const all = run.interrupted ? finished : [run.summary, ...finished];
    const summary = all.length < 2 ? run.summary : { ...run.summary, seeds: seedsSummary(all) };
    return { summary, interrupted: run.interrupted || finished.length < others.length };
  } finally {
    ending.abort();
    process.off('SIGINT', interrupt);
    progress.end();
  }
}
