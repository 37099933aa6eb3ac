import type { Cell } from './cell.ts';
import type { Figure } from './figure.ts';
import type { NumberFormat } from './format.ts';
import type { CollectiveWay, Exchange } from './library.ts';
import type { Uncertainty } from './uncertainty.ts';

/** Operator classes that a stack prices apart. */
export const operatorClasses = [
  'gemm',
  'grouped-gemm',
  'attention-prefill',
  'attention-decode',
  'latent-attention-prefill',
  'latent-attention-decode',
  'sparse-attention-prefill',
  'sparse-attention-decode',
  'linear-attention-prefill',
  'linear-attention-decode',
  'vector',
  'embedding',
  'sampling',
] as const;
export type OperatorClass = (typeof operatorClasses)[number];

/** How well a class of operators runs: shares of the peak and of the bandwidth that large shapes reach, and the floor of one launch. */
export interface Efficiency {
  readonly operator: OperatorClass;
  /** Restricts the entry to chips of one generation; absent fits all. */
  readonly generation?: string | undefined;
  /** Restricts the entry to one format of the operands; absent fits all. */
  readonly format?: NumberFormat | undefined;
  /** Plateau of compute against the sheet's peak. */
  readonly compute: Figure;
  /** Plateau of memory bandwidth against the sheet's. */
  readonly memory: Figure;
  /** Time of an empty launch. [s] */
  readonly floor: Figure;
}

/** Operators that share one launch: one floor for all of them. What is fused with dispatch or combine is inside their measured time. */
export interface Fusion {
  readonly name: string;
  readonly source: string;
  /** Names of operators as `model/` emits them. */
  readonly operators: readonly string[];
}

/** A kernel that serves attention over keys and values by heads where the stack's own does not: its cells have its name behind their format. */
export interface AttentionKernel {
  readonly kernel: string;
  /** Restricts the entry to chips of one generation; absent fits all. */
  readonly generation?: string | undefined;
  readonly headSizes: readonly number[];
  /** Only with a sliding window, or only without one; absent: either. */
  readonly windowed?: boolean | undefined;
  /** Only for keys and values in this format; absent: any. */
  readonly keyValueFormat?: NumberFormat | undefined;
  readonly source: string;
}

/**
 * Attention of sequences that decode beside prompts, where one kernel serves both: it reads keys and values for each query head anew, and takes
 * `share` of its time alone for each query head of a head of keys, at least that time.
 */
export interface MixedAttention {
  readonly chip: string;
  readonly share: Figure;
}

/** A stream of a two-microbatch schedule: which stages it runs and the shares of the die's engines that it owns. */
export interface Stream {
  readonly name: string;
  readonly stages: readonly string[];
  readonly matrixShare: number;
  readonly vectorShare: number;
  /** Share of the memory bandwidth that its matrix cores can draw. What runs at once shares the bandwidth by need: shares may sum to more than 1. */
  readonly memoryShare: number;
  /** The same of its vector cores, where it differs. */
  readonly vectorMemoryShare?: number | undefined;
}

/** Stages of each turn, in the order of the turns. */
export type Turns = readonly (readonly string[])[];

/**
 * What an engine's utilisation is a share of. `whole`: of the memory, for weights, activations, buffers and KV together. `static`: of the
 * memory, for weights and KV; activations, buffers and the reserve take the rest. `free`: of what all else leaves, for KV.
 */
export const memoryRules = ['whole', 'static', 'free'] as const;
export type MemoryRule = (typeof memoryRules)[number];

/** Cells that price a class and a format under a stack instead of those of its own name: a kernel that it picks among several, or shares. */
export interface KernelChoice {
  readonly class: string;
  /** Format of the cells that would be looked for, and of those that are. */
  readonly format: string;
  readonly use: string;
  /** Restricts the choice to chips of one generation. */
  readonly generation?: string | undefined;
  /** Stack whose cells are meant, where the same kernels were measured under another one. */
  readonly stack?: string | undefined;
  /** First version that chooses otherwise; absent: every version chooses so. */
  readonly before?: string | undefined;
  readonly source: string;
}

/** In which format an engine multiplies what a checkpoint stores, where the checkpoint leaves it open. */
export interface OpenActivations {
  /** `quant_method` of the checkpoint, and generations of chips. */
  readonly method: string;
  readonly generations: readonly string[];
  readonly activations: NumberFormat;
  readonly source: string;
}

/** Engines that form an iteration while the one before it runs. */
export interface ScheduledAhead {
  /** First version that does so unless it is told otherwise. */
  readonly since: string;
  readonly source: string;
}

/** Rows to the dies of their experts, or all tokens to all dies and sums back. */
export const exchangesElsewhere = ['all-to-all', 'all-gather'] as const;
export type ExchangeElsewhere = (typeof exchangesElsewhere)[number];

/** A software stack on one or more families of chips: fusions, efficiencies, communication libraries, host overheads. */
export interface Stack {
  readonly name: string;
  readonly title: string;
  /** Name of the stack that it extends, whose calibrated cells are its own; absent: none. */
  readonly base?: string | undefined;
  readonly efficiencies: readonly Efficiency[];
  /** Calibrated operators, of other chips and stacks too: the nearest one prices an operator, `efficiencies` what has none. */
  readonly cells?: readonly Cell[] | undefined;
  /** What is not known of prices and conditions: intervals are drawn from it. */
  readonly uncertainty?: Uncertainty | undefined;
  /** Kernels whose cells are those of another stack, and those that the version in use picks; absent: those that the cells of the stack were measured on. */
  readonly kernels?: readonly KernelChoice[] | undefined;
  /** What holds of some versions of the engine: without a version nothing of it is used. */
  readonly versions?: { readonly ahead?: ScheduledAhead | undefined; readonly kernels: readonly KernelChoice[] } | undefined;
  readonly openActivations?: readonly OpenActivations[] | undefined;
  /** Room for tokens that layers with a window have, as a share of that of the other layers; absent: they keep every token like those. */
  readonly windowedLayers?: { readonly share: number; readonly source: string } | undefined;
  readonly fusions: readonly Fusion[];
  /** Attention kernels beside the stack's own, for some head sizes. */
  readonly attentionKernels?: readonly AttentionKernel[] | undefined;
  readonly mixedAttention?: readonly MixedAttention[] | undefined;
  /** Ways of all its communication libraries. */
  readonly collectives: readonly CollectiveWay[];
  readonly exchanges: readonly Exchange[];
  /** How experts are reached where none of the kernels runs; absent: every row goes to its expert. */
  readonly exchangeElsewhere?: { readonly way: ExchangeElsewhere; readonly source: string } | undefined;
  /** Format in which the absorbed projections of latent attention are multiplied; absent: that of the attention's weights. */
  readonly absorbed?: { readonly format: NumberFormat; readonly source: string } | undefined;
  /** Whether its kernels run a shared expert as one more routed expert where experts are not spread over dies; absent: on its own. */
  readonly fusedShared?: { readonly source: string } | undefined;
  /** How two microbatches share a die; with one microbatch every operator has the whole die. */
  readonly streams: {
    readonly source: string;
    readonly prefill: readonly Stream[];
    readonly decode: readonly Stream[];
    /** Runs of operators on one stream by which the second microbatch follows the first; absent: as many as take the least time. */
    readonly lag?: { readonly prefill?: number | undefined; readonly decode?: number | undefined } | undefined;
    /**
     * Stages of an expert layer that are handed to the device at once, before the other microbatch has its turn; a lag then counts turns.
     * `wait` stands for the wait for what combine brings back.
     */
    readonly turns?: { readonly prefill?: Turns | undefined; readonly decode?: Turns | undefined } | undefined;
  };
  /**
   * Standard deviation over ranks of the time that equal work takes between two exchanges, as a share of it: a dispatch waits for the slowest
   * of its ranks.
   */
  readonly spread: { readonly prefill: Figure; readonly decode: Figure };
  /** Time of the host between two steps. [s] */
  readonly hostGap: Figure;
  /** Search of the host for the last tokens of a sequence earlier in it: of one step, and of one token that it goes through; absent: it does not draft so. [s] */
  readonly lookup?: { readonly start: Figure; readonly token: Figure } | undefined;
  /** What the host takes to launch an operator of a step with prompts, which no graph holds; absent: nothing. [s] */
  readonly launch?: Figure | undefined;
  /** What a front end takes for a request, and for each token of its prompt; absent: nothing. [s] */
  readonly intake?: { readonly request: Figure; readonly token: Figure } | undefined;
  /** Whether an iteration is formed when the one before it begins; absent: it is not. */
  readonly ahead?: boolean | undefined;
  /** Whether its merged instances compute prompts apart from decode steps and before them; absent: together. */
  readonly prefillFirst?: { readonly source: string } | undefined;
  /** Memory that the framework keeps back on each die. [B] */
  readonly reserve: Figure;
  /** Share of the memory that the engine may fill, and of what: see `MemoryRule`. */
  readonly memoryUtilisation: Figure;
  readonly memoryRule: MemoryRule;
  /** What sampling keeps of one logit at its peak: the logit in its formats, its sorted copies. [B] */
  readonly logitBytes: Figure;
  /** KV block of the paged allocator. [tokens] */
  readonly blockTokens: number;
  readonly notes: readonly string[];
}

/** The entry for a generation and a format: the most specific one that fits. */
export function mostSpecific<Entry extends { readonly generation?: string | undefined; readonly format?: NumberFormat | undefined }>(
  entries: readonly Entry[],
  generation: string,
  format?: NumberFormat,
): Entry | undefined {
  let best: Entry | undefined;
  let bestScore = -1;
  for (const entry of entries) {
    if (entry.generation !== undefined && entry.generation !== generation) continue;
    if (entry.format !== undefined && entry.format !== format) continue;
    const score = (entry.generation === undefined ? 0 : 2) + (entry.format === undefined ? 0 : 1);
    if (score > bestScore) {
      best = entry;
      bestScore = score;
    }
  }
  return best;
}
