import type { NumberFormat } from '../catalogue/format.ts';
import type { CollectiveOperation } from '../catalogue/library.ts';
import type { OperatorClass } from '../catalogue/stack.ts';
import type { Microbatches } from './layout.ts';

export type { CollectiveOperation } from '../catalogue/library.ts';

/** Parts of a layer that streams schedule, in the order of a layer. */
export const stages = [
  'embedding',
  'attention-prologue',
  'attention-core',
  'attention-output',
  'gate',
  'dispatch',
  'experts',
  'shared-expert',
  'combine',
  'dense',
  'head',
  'draft',
] as const;
export type Stage = (typeof stages)[number];

/** Stages of one transformer layer: what the streams of two microbatches share out. */
export const layerStages: readonly Stage[] = [
  'attention-prologue',
  'attention-core',
  'attention-output',
  'gate',
  'dispatch',
  'experts',
  'shared-expert',
  'combine',
  'dense',
];

/** What one launch of attention over keys and values by heads has on one die. */
export interface AttentionShape {
  readonly sequences: number;
  /** New tokens of one sequence, mean. */
  readonly queryTokens: number;
  /** Tokens of one sequence in all, its new ones included, mean. */
  readonly context: number;
  /** Tokens that a new token sees, itself included, under causal mask and window, mean. */
  readonly seen: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly valueHeadSize: number;
  readonly keyValueFormat: NumberFormat;
  /** Sliding window; 0 for none. [tokens] */
  readonly window: number;
  /** One new token a sequence, in a step that computes prompts too. */
  readonly besidePrompts?: boolean | undefined;
}

/** What one launch over recurrent states has on one die. */
export interface RecurrenceShape {
  readonly sequences: number;
  /** New tokens of one sequence, mean. */
  readonly queryTokens: number;
  readonly keyHeads: number;
  /** Each has a state of key size x value size. */
  readonly valueHeads: number;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
  /** Storage of one element of the state. [B] */
  readonly stateElement: number;
  /** Of the launch. [flop] */
  readonly matrixFlop: number;
}

/** What one launch of the vector engine over rows has on one die. */
export interface RowShape {
  readonly rows: number;
  /** Elements of a row: outputs of an activation, both parts of what is rotated. */
  readonly width: number;
  /** Read and written for each element of the width. [B] */
  readonly bytes: number;
}

/** The routed experts of one die in one layer: operators that a stack's kernels run, and tables measure, as one. */
export interface ExpertWork {
  /** What tables call the storage of their weights, and the rows' where they are wider: `fp8-block`, `int4-a16`. */
  readonly format: string;
  /** Tokens that the kernels see, and the experts of each. */
  readonly tokens: number;
  readonly perToken: number;
  /** Experts of the layer, those on the die, those of them that are hit, and the rows of all of these. */
  readonly experts: number;
  readonly local: number;
  readonly hit: number;
  readonly rows: number;
  readonly hidden: number;
  /** Intermediate size on this die. */
  readonly width: number;
  readonly gated: boolean;
  /** Storage of one weight and of one element of the rows. [B] */
  readonly weightBytes: number;
  readonly inputBytes: number;
  /** Its operators. */
  readonly parts: readonly ComputeOperator[];
}

/** Work of one die in one launch. Flop counts multiply and add as two; traffic counts every operand once. */
export interface ComputeOperator {
  readonly kind: 'compute';
  readonly name: string;
  readonly stage: Stage;
  readonly class: OperatorClass;
  /** Class of the cells that are calibrated for this very kernel, where its own class is wider. */
  readonly kernel?: string | undefined;
  /** Format of the operands, which picks the peak. */
  readonly format: NumberFormat;
  /** What else tells kernels of the format apart, as `block` for operands that are scaled by blocks. */
  readonly variant?: string | undefined;
  /** How weights are stored, where that is narrower than the operands: they are widened on the way in. */
  readonly stored?: NumberFormat | undefined;
  /** On the matrix engine. [flop] */
  readonly matrixFlop: number;
  /** On the vector engine. [flop] */
  readonly vectorFlop: number;
  /** [B] */
  readonly weightBytes: number;
  /** [B] */
  readonly activationBytes: number;
  /** Shape for cost models that look at it: rows of one group, columns, depth, and groups of a grouped product. */
  readonly shape?: { readonly m: number; readonly n: number; readonly k: number; readonly groups: number } | undefined;
  /** Shape of an attention core. */
  readonly attention?: AttentionShape | undefined;
  /** Shape of a recurrence in its place. */
  readonly recurrence?: RecurrenceShape | undefined;
  /** Shape of a launch over rows. */
  readonly rows?: RowShape | undefined;
  /** The work of which it is a part. */
  readonly experts?: ExpertWork | undefined;
  /** Puts rows where their experts read them: inside an exchange that sends a copy to each expert, a launch behind one that sends a copy to each rank. */
  readonly sorts?: true | undefined;
  /** Ranks that each attend to a block of keys and values while they pass on the one before: all of it once around. */
  readonly ring?: { readonly ranks: number; readonly span: number; /** Of one block. [B] */ readonly bytes: number } | undefined;
}

/** A collective over the ranks of a group. */
export interface CollectiveOperator {
  readonly kind: 'collective';
  readonly name: string;
  readonly stage: Stage;
  readonly operation: CollectiveOperation;
  readonly ranks: number;
  /** Dies among which the ranks stand evenly, where those are more. */
  readonly span?: number | undefined;
  /** Size of the whole vector that is reduced or gathered; for all-to-all, what one rank holds before it. [B] */
  readonly bytes: number;
}

/** Tokens of one die to their experts, or back. */
export interface ExchangeOperator {
  readonly kind: 'exchange';
  readonly name: string;
  readonly stage: 'dispatch' | 'combine';
  readonly operation: 'dispatch' | 'combine';
  readonly ranks: number;
  /** Tokens of one die. */
  readonly tokens: number;
  /** Copies of a token: experts it goes to, the shared expert included where it has dies of its own. */
  readonly fanout: number;
  readonly hidden: number;
  readonly format: NumberFormat;
  /** Experts that one die holds. */
  readonly localExperts: number;
  /** Rows of the die that gets most over those that each gets in the mean. */
  readonly hottest: number;
  /** Where those that get are other dies than those that send: what the die that gets most would have sent to get as much. */
  readonly arriving?: number | undefined;
}

/** What a rank waits for the slowest of `ranks` that did equal work since the exchange before. */
export interface WaitOperator {
  readonly kind: 'wait';
  readonly name: string;
  readonly stage: 'dispatch';
  readonly ranks: number;
}

/** A search by the host through tokens of sequences, for which the dies wait. */
export interface HostOperator {
  readonly kind: 'host';
  readonly name: string;
  readonly stage: 'draft';
  /** Tokens that it goes through. */
  readonly tokens: number;
}

export type Operator = ComputeOperator | CollectiveOperator | ExchangeOperator | WaitOperator | HostOperator;

/** Equal layers and the operators of one of them, or a part of the step that runs once. */
export interface OperatorGroup {
  readonly name: string;
  readonly count: number;
  /** How often a layer runs its operators in one step, each time on a share of the batch that the operators already stand for. */
  readonly microbatches: Microbatches;
  /** Shares of it in the stages of a pipeline, first to last; absent where there is one stage, and for what lies between stages. */
  readonly placed?: readonly number[] | undefined;
  /** The stage that answers for the whole group, where that is not the operator's own. */
  readonly stage?: Stage | undefined;
  readonly operators: readonly Operator[];
}
