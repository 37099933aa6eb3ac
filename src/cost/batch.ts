export type { InstanceBatch, RankBatch } from '../model/batch.ts';
import type { Seconds } from '../base/units.ts';
import type { InstanceBatch } from '../model/batch.ts';

/** Engines of a die whose busy time a step reports. */
export const engines = ['matrix', 'vector', 'memory', 'scale-up', 'scale-out', 'host'] as const;
export type Engine = (typeof engines)[number];

export interface StepCost {
  /** From the start of the step to the start of the next. [s] */
  readonly time: number;
  /** Busy time per engine, in the order of `engines`. [s] */
  readonly busy: readonly number[];
  /** Part of `time` that each stage is answerable for, in the order of `stages`, and the host's gap behind them: they sum to `time`. [s] */
  readonly stages: readonly number[];
  /** What the stages of a pipeline have of it; absent where there is one. */
  readonly pipeline?: PipelineCost | undefined;
}

/** One batch on its way through a pipeline. Stages, sends between them and the host follow each other and sum to the time of the step. */
export interface PipelineCost {
  /** What the batch takes of each stage, first to last, while the others are free for other batches. [s] */
  readonly stages: readonly number[];
  /** From a stage to the next one. [s] */
  readonly send: number;
  /** What the host takes behind the last stage, for one batch at a time. [s] */
  readonly host: number;
}

/** Time between steps that follow each other, with `inFlight` of them under way: the slowest part sets it, or too few that are. [s] */
export function paceOf({ time, pipeline }: StepCost, inFlight: number): number {
  return pipeline === undefined ? time : Math.max(...pipeline.stages, pipeline.host, time / inFlight);
}

/** Steps that only decode, of equal sequences and tokens, over contexts in which their cost is a straight line. */
export interface Stretch {
  /** The last context of the rank that is priced for which it holds; the first one is that of the batch it was asked for with. [tokens] */
  readonly to: number;
  /** What `cost` says is the time of the step with this context, to the last bit. [s] */
  time(context: number): Seconds;
  /** Adds what so many steps whose contexts sum to `contexts` come to: stages and the host behind them, and busy time of each engine. [s] */
  add(count: number, contexts: number, stages: Float64Array, busy: Float64Array): void;
}

/** Prices the iterations of one instance. Pure: the same batch, the same cost; nothing of a batch is kept. */
export interface StepPricer {
  /** `old`: a cost that is no longer needed, which may be written over. */
  cost(batch: InstanceBatch, old?: StepCost): StepCost;
  /** Where steps that follow a step that only decodes can be had at once; undefined where each has to be priced. `old` is a stretch that is no longer needed. */
  stretch?(batch: InstanceBatch, old?: Stretch): Stretch | undefined;
}
