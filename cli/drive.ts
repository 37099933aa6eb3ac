import process from 'node:process';
import { inlineFor } from '../batch/inlining.ts';
import type { Summary } from '../src/report/summary.ts';
import { sampledRuns, type RunIntervalOptions } from '../src/report/sampled-runs.ts';
import { summarise } from '../src/report/summarise.ts';
import { createSimulation, type Run as SimulatedRun } from '../src/serving/deploy.ts';
import type { RunObserver } from './outputs/outputs.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { Progress, type ProgressLine } from './progress.ts';
import { version } from './version.ts';

export interface Run {
  readonly summary: Summary;
  /** Ctrl-C came before the end: the summary is of what was done until then. */
  readonly interrupted: boolean;
}

/** How long the engine runs before the shell looks at signals and the clock. [ms] */
const slice = 40;
/** Events between two looks at the clock. */
const burst = 256;

/** Exit code of a command that Ctrl-C ended. */
export const interruptedCode = 130;

/**
 * Runs a scenario to its end, or to Ctrl-C, with progress on stderr.
 * @param intervals how they are drawn; absent: they are not
 * @param observer is told of the run; aborted where it fails
 * @param progress where it is told how far the run is; a line of its own by default
 */
export async function drive(
  scenario: Scenario,
  label: string,
  intervals?: RunIntervalOptions,
  observer?: RunObserver,
  progress: ProgressLine = new Progress(label),
): Promise<Run> {
  try {
    return await driven(scenario, progress, intervals, observer);
  } catch (error) {
    observer?.abort();
    throw error;
  }
}

async function driven(scenario: Scenario, progress: ProgressLine, intervals?: RunIntervalOptions, observer?: RunObserver): Promise<Run> {
  inlineFor(scenario.workload.requests);
  const run = createSimulation(scenario, observer === undefined ? undefined : (event) => observer.tell(event));
  await observer?.begin(run);
  const { simulation } = run;
  const { requests } = scenario.workload;
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    while (!simulation.done && !interruption.signal.aborted) {
      const until = performance.now() + slice;
      do for (let i = 0; i < burst && simulation.step(); i++);
      while (!simulation.done && performance.now() < until);
      const { finished, rejected, failed } = simulation.snapshot();
      progress.update((finished + rejected + failed) / requests);
      await breath();
      await observer?.drain();
    }
    if (simulation.done) {
      const summary = summarise(run, version);
      await observer?.end(run, summary, false);
      return { summary: intervals === undefined ? summary : await withIntervals(run, summary, intervals, interruption.signal), interrupted: false };
    }
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
  }
  const summary = summarise(run, version);
  await observer?.end(run, summary, true);
  const { finished, rejected, failed } = summary.requests;
  return { summary: { ...summary, cutShort: { ended: finished + rejected + failed, asked: requests } }, interrupted: true };
}

function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The summary with its intervals; without, where Ctrl-C came before they were drawn. */
export async function withIntervals(run: SimulatedRun, summary: Summary, options: RunIntervalOptions, signal?: AbortSignal): Promise<Summary> {
  const runs = sampledRuns(run, summary, options);
  for (;;) {
    const next = runs.next();
    if (next.done === true) return { ...summary, intervals: next.value };
    await breath();
    if (signal?.aborted === true) return summary;
  }
}
