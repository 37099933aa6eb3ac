import { parse } from 'yaml';
import { readCells } from '../../schema/calibration.ts';
import { readChip } from '../../schema/chip.ts';
import { readLibrary } from '../../schema/library.ts';
import { readMachine } from '../../schema/machine.ts';
import { readPowerFacts } from '../../schema/power.ts';
import { readModelCard } from '../../schema/model.ts';
import { applySettings } from '../../schema/scenario/overrides.ts';
import { readScenario, type ScenarioContext } from '../../schema/scenario/read.ts';
import { readStack } from '../../schema/stack.ts';
import { readUncertainty } from '../../schema/uncertainty.ts';
import { readPreset } from '../../schema/traces/preset.ts';
import { precisionOf } from '../../src/model/precision.ts';
import { simulationInterval } from '../../src/report/sampled-runs.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { requests, sampled, version } from './scenarios.ts';

const texts = import.meta.glob<string>(
  [
    '../../data/{chips,libraries,machines,models,stacks,workloads}/*.yaml',
    '../../data/calibration/*.json',
    '../../data/uncertainty.yaml',
    '../../data/power.yaml',
    '../../examples/*.yaml',
  ],
  {
    query: '?raw',
    import: 'default',
    eager: true,
  },
);

function file(path: string): unknown {
  const text = texts[`../../${path}`];
  if (text === undefined) throw new Error(`no such file: ${path}`);
  return parse(text);
}

const data = (folder: string, name: string): unknown => file(`data/${folder}/${name}.yaml`);

/** Every calibrated cell, in the order of the command line: by file. */
const cells = Object.entries(texts)
  .filter(([path]) => path.endsWith('.json'))
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .flatMap(([path, text]) => readCells(JSON.parse(text), path));

const context: ScenarioContext = {
  machine: (name) =>
    readMachine(
      data('machines', name),
      name,
      (chip) => readChip(data('chips', chip), chip),
      undefined,
      readPowerFacts(file('data/power.yaml'), 'data/power.yaml'),
    ),
  model: (name) => readModelCard(data('models', name), name, name).model,
  stack: (name) => ({
    ...readStack(data('stacks', name), name, { library: (library) => readLibrary(data('libraries', library), library), stack: (base) => data('stacks', base) }),
    cells,
    uncertainty: readUncertainty(file('data/uncertainty.yaml'), 'data/uncertainty.yaml'),
  }),
  preset: (name) => readPreset(data('workloads', name), name),
  precision: precisionOf,
  text: () => {
    throw new Error('no texts here');
  },
  trace: () => {
    throw new Error('no traces here');
  },
};

/** An example from texts alone, on any platform. */
export async function scenarioFromTexts(name: string, count: number): Promise<Scenario> {
  const path = `examples/${name}.yaml`;
  return readScenario(applySettings(file(path), [`workload.requests=${count}`], parse), path, context);
}

/** The JSON result of an example from texts alone, on any platform. */
export async function resultFromTexts(name: string): Promise<string> {
  const run = createSimulation(await scenarioFromTexts(name, requests));
  while (run.simulation.step());
  const summary = summarise(run, version);
  return JSON.stringify({ ...summary, intervals: simulationInterval(run, summary, sampled) });
}
