export type { InstanceBatch, RankBatch } from '../model/batch.ts';
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
}

/** Prices the iterations of one instance. Pure: the same batch, the same cost. */
export interface StepPricer {
  cost(batch: InstanceBatch): StepCost;
}
