import type { Doubt } from '../../base/doubt.ts';
import type { StepConstant } from '../../cost/constants.ts';
import type { PipelineCost } from '../../cost/batch.ts';
import type { StepExplanation } from '../../cost/explain.ts';
import type { Improvement } from '../../cost/improvements.ts';
import type { MemoryBudget } from '../../cost/memory.ts';
import type { InstanceBatch } from '../../model/batch.ts';
import type { Layout } from '../../model/layout.ts';
import type { Precision } from '../../model/model.ts';
import type { StepIntervals } from './account.ts';
import type { LoadReport } from './request.ts';
import type { StepResult } from './result.ts';

/** One iteration as plain data: what `step --json` prints. SI units. */
export interface StepData extends StepResult, Pick<StepExplanation, 'groups' | 'operators' | 'stages' | 'engines' | 'trust'> {
  readonly schema: 'supernode/step/1';
  readonly machine: string;
  readonly model: string;
  readonly stack: string;
  readonly phase: 'prefill' | 'decode';
  readonly chips: number;
  readonly precision: Precision;
  /** The drafter without the whole of its model. */
  readonly layout: Omit<Layout, 'drafter'> & { readonly drafter: object | undefined };
  readonly batch: InstanceBatch & { readonly total: number; readonly context: number };
  readonly expertLoad?: LoadReport;
  readonly acceptance: readonly number[];
  readonly emittedPerStep: number;
  /** [s] */
  readonly time: number;
  readonly pace?: number;
  readonly pipeline?: PipelineCost;
  readonly hostGap: number;
  readonly intervals?: StepIntervals;
  readonly bottleneck: string;
  readonly improvements?: readonly Improvement[];
  readonly constants?: readonly StepConstant[];
  readonly memory: MemoryBudget & { readonly kvInUse: number };
  readonly doubts: readonly Doubt[];
}
