import { simulationInterval } from '../report/sampled-runs.ts';
import { summarise } from '../report/summarise.ts';
import type { Intervals, Summary } from '../report/summary.ts';
import { createSimulation, type Run } from '../serving/deploy.ts';
import type { Scenario } from '../serving/scenario.ts';

/** Samples of a run of traffic. */
const samples = 9;

/** A run to its end. */
export interface FinishedRun {
  readonly run: Run;
  /** Its headline metrics, and their 80 % intervals: worked out when they are asked for first. */
  sampled(): { readonly summary: Summary; readonly intervals: Intervals };
}

/** Runs of traffic of cases, one after the other: those of one scenario that follow each other share a run. */
export class ServingRuns {
  #last: { readonly scenario: string; readonly finished: FinishedRun } | undefined;

  /** @throws InputError for what cannot be deployed */
  of(scenario: Scenario): FinishedRun {
    const written = JSON.stringify(scenario);
    if (this.#last?.scenario !== written) this.#last = { scenario: written, finished: finishedRun(scenario) };
    return this.#last.finished;
  }
}

function finishedRun(scenario: Scenario): FinishedRun {
  const run = createSimulation(scenario);
  while (run.simulation.step());
  let found: ReturnType<FinishedRun['sampled']> | undefined;
  return {
    run,
    sampled() {
      if (found === undefined) {
        const summary = summarise(run, '');
        found = { summary, intervals: simulationInterval(run, summary, { samples }) };
      }
      return found;
    },
  };
}
