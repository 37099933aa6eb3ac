import process from 'node:process';
import { engines, type StepPricer } from '../src/cost/batch.ts';
import { stages } from '../src/model/operator.ts';
import { mergedPlant, splitPlant } from '../src/serving/plants.contract.ts';
import type { Plant } from '../src/serving/plant.ts';
import { Simulation } from '../src/serving/simulation.ts';
import { requestSource } from '../src/serving/traffic/source.ts';
import type { Workload } from '../src/serving/traffic/workload.ts';

const repeats = 3;

/** A time linear in the batch; nothing else, so that what is measured is the engine. */
function linearPricer(fixed: number, perToken: number, perContext: number): StepPricer {
  const busy = engines.map(() => 0);
  const stageTimes = [...stages.map(() => 0), 0];
  return {
    cost: ({ rank, instanceTokens }) => ({
      time: fixed + perToken * instanceTokens + perContext * (rank.decodeContext + rank.prefillPairs / 1024),
      busy,
      stages: stageTimes,
    }),
  };
}

/** Chat traffic: prompts of about 1,000 tokens, answers of about 300. */
function chat(rate: number, requests: number): Workload {
  return {
    kind: 'generator',
    name: 'chat',
    arrivals: { kind: 'poisson', rate },
    input: { kind: 'lognormal', median: 1000, sigma: 0.6, max: 8000 },
    output: { kind: 'lognormal', median: 300, sigma: 0.5, max: 2000 },
    requests,
    seed: 1,
  };
}

const merged = mergedPlant(
  { kvBlocks: 40_000, blockTokens: 16, watermarkBlocks: 400, maxSequences: 256, tokenBudget: 8192, pricer: linearPricer(0.012, 4e-6, 1e-9) },
  { maxContext: 32_000 },
);

/** Six prefill instances and one decode instance of 320 ranks of 96 sequences, with a draft that is accepted seven times in ten. */
const split: Plant = splitPlant(
  { instances: 6, kvBlocks: 20_000, blockTokens: 128, tokenBudget: 262_144, maxSequences: Infinity, pricer: linearPricer(0.02, 1.1e-5, 0) },
  {
    ranks: 320,
    kvBlocks: 2000,
    blockTokens: 128,
    watermarkBlocks: 20,
    maxSequences: 96,
    tokenBudget: Infinity,
    acceptance: [0.7],
    pricer: linearPricer(0.03, 3e-7, 5e-8),
  },
  { maxContext: 100_000 },
  { bytesPerToken: 70_272, sourcesPerRank: 32, sourceBandwidth: 2.5e10, sinkBandwidth: 2.5e10, latency: 2e-5 },
);

const scenarios: readonly { readonly name: string; readonly plant: Plant; readonly workload: Workload }[] = [
  { name: 'merged, 1 rank, steady', plant: merged, workload: chat(8, 20_000) },
  { name: 'merged, 1 rank, overload', plant: merged, workload: chat(80, 20_000) },
  { name: 'split, 320 ranks, steady', plant: split, workload: chat(400, 100_000) },
  { name: 'split, 320 ranks, steady, 4 x as many', plant: split, workload: chat(400, 400_000) },
  { name: 'split, 320 ranks, overload', plant: split, workload: chat(3000, 100_000) },
];

function run(plant: Plant, workload: Workload): { readonly seconds: number; readonly simulation: Simulation } {
  const simulation = new Simulation(plant, requestSource(workload));
  const start = performance.now();
  while (simulation.step());
  return { seconds: (performance.now() - start) / 1000, simulation };
}

const only = process.argv[2];
const row = (cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(40) : cell.padStart(12))).join('') + '\n';
process.stdout.write(row(['', 'requests', 'events', 'steps', 'simulated', 'wall', 'per request', 'per step']));
for (const { name, plant, workload } of scenarios.filter((scenario) => only === undefined || scenario.name.includes(only))) {
  const runs = Array.from({ length: repeats }, () => run(plant, workload));
  const [first] = runs as [(typeof runs)[number]];
  const seconds = Math.min(...runs.map((one) => one.seconds));
  const { events, finished, arrived, at } = first.simulation.snapshot();
  const { steps } = first.simulation;
  if (finished !== workload.requests || arrived !== finished) throw new Error(`${name}: ${finished} of ${workload.requests} finished`);
  for (const { simulation } of runs)
    if (simulation.steps !== steps || simulation.snapshot().events !== events) throw new Error(`${name}: counts differ between runs`);
  process.stdout.write(
    row([
      name,
      `${finished}`,
      `${events}`,
      `${steps}`,
      `${at.toFixed(0)} s`,
      `${seconds.toFixed(3)} s`,
      `${((seconds / finished) * 1e6).toFixed(2)} us`,
      `${((seconds / steps) * 1e6).toFixed(2)} us`,
    ]),
  );
}
