import type { LaidOut } from './laid-out.ts';
import type { OperatorRuns } from './schedule.ts';

/** Equal layers of several microbatches, in chunks: operators of one run that answer for one stage. */
export interface ChunkedLayers {
  readonly overlap: LaidOut;
  /** Stage and run of each chunk. */
  readonly stageOf: Int32Array;
  readonly runOf: Int32Array;
}

/** The chunks of one group: what is laid out, and the chunk of each operator. */
export function chunkedLayers(runs: OperatorRuns, stages: ArrayLike<number>, overlap: LaidOut): { layers: ChunkedLayers; chunkOf: number[] } {
  const stageOf: number[] = [];
  const runOf: number[] = [];
  const chunkOf: number[] = [];
  for (let run = 0; run < runs.streams.length; run++)
    for (let i = runs.bounds[run] as number; i < (runs.bounds[run + 1] as number); i++) {
      if (runOf.at(-1) !== run || stageOf.at(-1) !== stages[i]) {
        runOf.push(run);
        stageOf.push(stages[i] as number);
      }
      chunkOf.push(stageOf.length - 1);
    }
  const layers: ChunkedLayers = { overlap: overlap.again(), stageOf: Int32Array.from(stageOf), runOf: Int32Array.from(runOf) };
  return { layers, chunkOf };
}

/**
 * Adds to each stage the part of the time of all layers that it is answerable for: `scheduleLayers` by chunks, without its record of slots.
 * `values[from + i]` is the time of chunk i; what each run draws of the memory follows behind the chunks. [s]
 */
export function expose({ overlap, stageOf, runOf }: ChunkedLayers, values: Float64Array, from: number, stages: Float64Array): void {
  const { times, memory, shares } = overlap;
  const chunks = runOf.length;
  const behind = from + chunks;
  for (let run = 0, i = 0; run < times.length; run++) {
    let time = 0;
    for (; i < chunks && runOf[i] === run; i++) time += values[from + i] as number;
    times[run] = time;
    memory[run] = values[behind + run] as number;
  }
  overlap.share();
  for (let run = 0, i = 0; run < times.length; run++) {
    const share = shares[run] as number;
    for (; i < chunks && runOf[i] === run; i++) {
      const stage = stageOf[i] as number;
      stages[stage] = (stages[stage] as number) + (values[from + i] as number) * share;
    }
  }
}
