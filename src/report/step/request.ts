import type { StepSetting } from '../../cost/check.ts';
import type { MemoryBudget } from '../../cost/memory.ts';
import type { InstanceBatch } from '../../model/batch.ts';

/** One iteration, and what it works on in the whole instance. */
export interface StepBatch {
  readonly batch: InstanceBatch;
  /** Sequences that decode, or tokens that are prefilled, over the whole instance. */
  readonly total: number;
  /** Tokens that each sequence has in its KV at the end of the step; the longest where they differ. */
  readonly context: number;
}

/** How evenly the dies of a step are loaded, in the mean over its layers. */
export interface LoadReport {
  /** A power law of the rank of popularity, counts of tokens, or a table of what ranks got. */
  readonly popularity: 'power-law' | 'counts' | 'ranks';
  readonly placement: string;
  readonly layers: number;
  readonly dies: number;
  /** (slowest - mean) / mean, and the same of each layer; a table of ranks has none of layers. */
  readonly imbalance: number;
  readonly byLayer: readonly number[];
  /** Mean over largest. */
  readonly balancedness: number;
}

/** One iteration that was found to fit. */
export interface StepRequest extends StepBatch {
  readonly setting: StepSetting;
  readonly phase: 'prefill' | 'decode';
  readonly chips: number;
  readonly memory: MemoryBudget;
  /** KV that the batch keeps on one die. [B] */
  readonly kvInUse: number;
  /** Chance of acceptance at each drafted position, and tokens that one sequence emits per step in the mean. */
  readonly acceptance: readonly number[];
  readonly emitted: number;
  /** Where `--expert-load` says who gets the tokens. */
  readonly expertLoad?: LoadReport | undefined;
}
