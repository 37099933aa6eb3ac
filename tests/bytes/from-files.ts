import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../cli/scenario.ts';
import { simulationInterval } from '../../src/report/sampled-runs.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { requests, sampled, version } from './scenarios.ts';

/** The JSON result of an example, by the way of the command line: files on disk, Node. */
export async function resultFromFiles(name: string, seed?: number): Promise<string> {
  const scenario = await loadScenario(fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url)), { requests, seed });
  const run = createSimulation(scenario);
  while (run.simulation.step());
  const summary = summarise(run, version);
  return JSON.stringify({ ...summary, intervals: simulationInterval(run, summary, sampled) });
}
