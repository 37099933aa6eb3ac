import { statSync } from 'node:fs';
import { InputError } from '../../src/base/errors.ts';
import type { Sketch } from '../../src/kernel/sketch.ts';
import { Progress } from '../progress.ts';
import { PointCatalogue } from '../validate-points/catalogue.ts';
import { Predictor } from '../validate-points/predict.ts';
import { inferencePerfRuns, inferencePerfTables } from './inference-perf.ts';
import { llmservingsimFolders, llmservingsimRun } from './llmservingsim.ts';
import { multiturnRuns, multiturnTable } from './multiturn.ts';
import type { LatencyFigures, RecordedRun, RunFigures } from './run.ts';

/** A recorded run beside what was predicted for it; nothing where it could not be. */
export interface JudgedRun {
  readonly run: RecordedRun;
  readonly predicted?: RunFigures | undefined;
  readonly kvBlocks?: number | undefined;
}

/**
 * Every recorded run below a folder, replayed.
 * @throws InputError when the folder has none, or with what is wrong in their files
 */
export async function validateRuns(root: string): Promise<readonly JudgedRun[]> {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) throw new InputError([{ path: '--runs', message: `no such folder: ${root}` }]);
  const catalogue = new PointCatalogue();
  const recorded: RecordedRun[] = [];
  for (const folder of llmservingsimFolders(root)) recorded.push(await llmservingsimRun(folder, catalogue));
  const table = multiturnTable(root);
  if (table !== undefined) recorded.push(...(await multiturnRuns(table, catalogue)));
  for (const sweep of inferencePerfTables(root)) recorded.push(...(await inferencePerfRuns(sweep, catalogue)));
  if (recorded.length === 0)
    throw new InputError([
      { path: '--runs', message: `no recorded runs below ${root}; expected folders with meta.json and requests.jsonl, a multi-turn sweep or a rate sweep` },
    ]);
  const predictor = new Predictor();
  const progress = new Progress('recorded runs');
  const all = recorded.reduce((sum, { requests }) => sum + requests, 0);
  const judged: JudgedRun[] = [];
  let done = 0;
  for (const run of recorded) {
    judged.push(await predicted(run, predictor));
    done += run.requests;
    progress.update(done / all);
  }
  progress.end();
  return judged;
}

async function predicted(run: RecordedRun, predictor: Predictor): Promise<JudgedRun> {
  if (run.scenario === undefined) return { run };
  try {
    const { ttft, tpot, e2e, run: simulated } = await predictor.run(run.scenario);
    return {
      run,
      predicted: { ttft: figures(ttft), tpot: figures(tpot), e2e: figures(e2e) },
      kvBlocks: simulated.deployed.pools[0]?.memory.kvBlocks,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { run: { ...run, reason: error.issues.map(({ message }) => message).join('; ') } };
  }
}

function figures(sketch: Sketch): LatencyFigures {
  return { mean: sketch.mean(), p50: sketch.quantile(0.5), p90: sketch.quantile(0.9), p99: sketch.quantile(0.99) };
}
