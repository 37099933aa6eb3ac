import type { Operator } from '../model/operator.ts';
import type { CoreBuilder } from '../model/operators/step.ts';
import type { InstanceBatch, StepPricer } from './batch.ts';
import type { Price } from './price.ts';
import type { PlannedGroup } from './priced-group.ts';

/** A pricer whose steps are priced operator by operator. */
export interface CompilablePricer extends StepPricer {
  /** The groups of a step before they are priced. */
  plan(batch: InstanceBatch): readonly PlannedGroup[];
  /** Price of the operator at a place of a group, without what it adds to its waits (`drift`). */
  priceOf(planned: PlannedGroup, place: number): Price;
  /** What groups of a step have that looks at contexts and at single sequences. */
  readonly cores: CoreBuilder;
  /** Price of such an operator at a place of a group that was planned for another batch. */
  priceAt(planned: PlannedGroup, place: number, operator: Operator): Price;
}

/** Microbatches, and names and streams of the operators of a step in order: equal for all batches of a kind but those that have too few sequences to cut. */
export type Signature = readonly {
  readonly name: string;
  readonly microbatches: number;
  readonly operators: readonly string[];
  readonly streamOf: Int32Array;
  /** Of the plan that it was read off: whatever has the same one was planned alike. */
  readonly stageOf: Int32Array;
}[];

export function signatureOf(plan: readonly PlannedGroup[]): Signature {
  return plan.map(({ group, streamOf, stageOf }) => ({
    name: group.name,
    microbatches: group.microbatches,
    operators: group.operators.map(({ name }) => name),
    streamOf,
    stageOf,
  }));
}

/** Whether a step is of the kind. */
export function matches(plan: readonly PlannedGroup[], of: Signature): boolean {
  if (plan.length !== of.length) return false;
  for (let g = 0; g < plan.length; g++) {
    const { group, streamOf, stageOf } = plan[g] as PlannedGroup;
    const { name, microbatches, operators, streamOf: streams, stageOf: stages } = of[g] as Signature[number];
    if (stageOf === stages) continue;
    if (group.name !== name || group.microbatches !== microbatches || group.operators.length !== operators.length || streamOf.length !== streams.length)
      return false;
    for (let i = 0; i < operators.length; i++) if ((group.operators[i] as Operator).name !== operators[i]) return false;
    if (streamOf !== streams) for (let i = 0; i < streams.length; i++) if (streamOf[i] !== streams[i]) return false;
  }
  return true;
}
