import { summarise } from '../../src/report/summarise.ts';
import type { Summary } from '../../src/report/summary.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** How long a run goes on before the worker looks for messages. [ms] */
const slice = 30;
const burst = 256;

/**
 * The summary of a whole run as the command line has it, as JSON; undefined where it is given up. Others are answered meanwhile.
 * @param intervals whether they are drawn
 * @param end gives it up
 */
export async function simulate(scenario: Scenario, version: string, clock: () => number, intervals: boolean, end: AbortSignal): Promise<string | undefined> {
  const run = createSimulation(scenario);
  const { simulation } = run;
  while (!simulation.done) {
    const until = clock() + slice;
    do for (let i = 0; i < burst && simulation.step(); i++);
    while (!simulation.done && clock() < until);
    await breath();
    if (end.aborted) return undefined;
  }
  const summary = summarise(run, version);
  const drawn = intervals ? { intervals: await drawnFor(run, summary, end) } : {};
  if (end.aborted) return undefined;
  return `${JSON.stringify({ schema: 'supernode/simulate/1', interrupted: false, ...summary, ...drawn }, null, 2)}\n`;
}

async function drawnFor(run: ReturnType<typeof createSimulation>, summary: Summary, end: AbortSignal): Promise<Summary['intervals']> {
  const { sampledRuns } = await import('../../src/report/sampled-runs.ts');
  const runs = sampledRuns(run, summary);
  for (;;) {
    const next = runs.next();
    if (next.done === true) return next.value;
    await breath();
    if (end.aborted) return undefined;
  }
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
