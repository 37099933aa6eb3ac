import { stages } from '../model/operator.ts';
import { engines, type PipelineCost, type StepCost } from './batch.ts';
import type { Price } from './price.ts';

/** Sums of a step: what each stage is answerable for, the host behind them, then the busy time of each engine. [s] */
export const stageCount: number = stages.length + 1;
const busyCount: number = engines.length;
export const sumCount: number = stageCount + busyCount;

/** A step whose record is used again: fractions from the start, so that they stay where they are. */
class StepRecord implements StepCost {
  time = 0.5;
  readonly busy: number[] = Array.from({ length: busyCount }, () => 0.5);
  readonly stages: number[] = Array.from({ length: stageCount }, () => 0.5);
  pipeline: PipelineCost | undefined;
}

/** The step that sums stand for, which begin at `from`; `old` is a step that is no longer needed. */
export function stepCostOf(sums: Float64Array, pipeline: PipelineCost | undefined, from: number = 0, old?: StepCost): StepCost {
  const step = old instanceof StepRecord ? old : new StepRecord();
  const { busy, stages: stageTimes } = step;
  let time = 0;
  for (let i = 0; i < stageCount; i++) {
    const part = sums[from + i] as number;
    time += part;
    stageTimes[i] = part;
  }
  for (let i = 0; i < busyCount; i++) busy[i] = sums[from + stageCount + i] as number;
  step.time = time;
  step.pipeline = pipeline;
  return step;
}

/** Adds the busy times of so many equal launches. */
export function addBusy(sums: Float64Array, launches: number, { matrix, vector, memory, scaleUp, scaleOut, host }: Price): void {
  const at = stageCount;
  sums[at] = (sums[at] as number) + launches * matrix;
  sums[at + 1] = (sums[at + 1] as number) + launches * vector;
  sums[at + 2] = (sums[at + 2] as number) + launches * memory;
  sums[at + 3] = (sums[at + 3] as number) + launches * scaleUp;
  sums[at + 4] = (sums[at + 4] as number) + launches * scaleOut;
  sums[at + 5] = (sums[at + 5] as number) + launches * host;
}
