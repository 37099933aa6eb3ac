import { unreachable } from '../base/errors.ts';

/** Index and top-k selection in front of an attention that reads only `topK` keys. */
interface SparseIndex {
  readonly heads: number;
  readonly headSize: number;
  readonly topK: number;
  /** Reads what an earlier layer chose: no index of its own, neither weights nor keys. */
  readonly shared?: boolean | undefined;
}

/** An index that picks whole blocks of keys: every head of the index scores the blocks for its group of query heads. */
export interface BlockIndex {
  readonly heads: number;
  readonly headSize: number;
  readonly blockTokens: number;
  readonly topBlocks: number;
}

/** Multi-head, grouped-query or multi-query attention. */
export interface GroupedQueryAttention {
  readonly kind: 'grouped-query';
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly valueHeadSize: number;
  /** Tokens that a query can see; absent is all before it. */
  readonly window?: number | undefined;
  /** Tokens of a chunk: a query sees what stands before it in its own chunk. */
  readonly chunk?: number | undefined;
  readonly blocks?: BlockIndex | undefined;
  /** One projection makes both keys and values; both are kept, since only keys are rotated. */
  readonly keysAsValues?: boolean | undefined;
  readonly bias: { readonly queryKeyValue: boolean; readonly output: boolean };
  /** Norms on queries and keys: a weight per element of one head, or of all heads together with `queryKeyNormAcrossHeads`. */
  readonly queryKeyNorm: boolean;
  readonly queryKeyNormAcrossHeads?: boolean | undefined;
  /** A learnt attention sink per head. */
  readonly sinks: boolean;
  /** A gate on the attention output, as wide as the query heads. */
  readonly gate: boolean;
}

/** Multi-head latent attention: keys and values are read from one compressed latent per token. */
export interface LatentAttention {
  readonly kind: 'latent';
  readonly heads: number;
  /** Rank of the query's own compression; absent means a full projection. */
  readonly queryRank?: number | undefined;
  readonly keyValueRank: number;
  readonly nopeHeadSize: number;
  readonly ropeHeadSize: number;
  readonly valueHeadSize: number;
  readonly sparse?: SparseIndex | undefined;
  /** A gate on the attention output, as wide as its values. */
  readonly gate?: boolean | undefined;
}

/**
 * A recurrence in place of attention: every value head keeps a matrix of key size x value size for each sequence, whatever its length.
 * Gated delta nets, linear attention with fixed decay and state-space layers have this one form.
 */
export interface LinearAttention {
  readonly kind: 'linear';
  /** What a token does to the state: adds to what has decayed, or also takes out what its key already finds there. */
  readonly rule: 'decay' | 'delta';
  /** Heads of queries and of keys; each serves `valueHeads / keyHeads` value heads. */
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyHeadSize: number;
  readonly valueHeadSize: number;
  /** Tokens under the short convolution over queries, keys and values; 0 where there is none. */
  readonly convolution: number;
  readonly convolutionBias: boolean;
  /** Numbers that a token makes for each value head (step, decay), and learnt ones. */
  readonly headInputs: number;
  readonly headScalars: number;
  /** Rank through which a token makes a decay for each key channel; absent where it has one for a head. */
  readonly decayRank?: number | undefined;
  /** Norm on the output: a weight per element of one head, or of all together. */
  readonly norm: 'head' | 'heads';
  /** Storage of one element of the state. [B] */
  readonly stateElement: number;
  /** Tokens that a prompt's scan takes at once. */
  readonly chunk: number;
}

/**
 * One key head that is its own value: raw for the tokens of a window, and behind it one compressed entry for every `ratio` tokens. The
 * output is projected in groups of heads through a rank.
 */
export interface CompressedAttention {
  readonly kind: 'compressed';
  readonly heads: number;
  readonly headSize: number;
  readonly ropeHeadSize: number;
  readonly queryRank: number;
  readonly outputGroups: number;
  readonly outputRank: number;
  readonly window: number;
  /** Tokens of one compressed entry; absent where only the window is seen. */
  readonly ratio?: number | undefined;
  /** Entries overlap: each is made from twice the tokens. */
  readonly overlap: boolean;
  /** Which of the compressed entries are read; absent is all. */
  readonly sparse?: SparseIndex | undefined;
}

/** A layer that only feeds forward. */
export interface NoAttention {
  readonly kind: 'none';
}

export type Attention = GroupedQueryAttention | LatentAttention | LinearAttention | CompressedAttention | NoAttention;

/** Heads that tensor parallelism cuts; absent where there are none. */
export function headsOf(attention: Attention): number | undefined {
  switch (attention.kind) {
    case 'grouped-query':
    case 'latent':
    case 'compressed':
      return attention.heads;
    case 'linear':
      return attention.valueHeads;
    case 'none':
      return undefined;
    default:
      return unreachable(attention);
  }
}

/** What one token is projected to in front of the attention core, and the heads by which tensor parallelism cuts that; 0 where it is no attention. */
export function inputWidth(attention: Attention): { readonly width: number; readonly parts: number } {
  switch (attention.kind) {
    case 'grouped-query': {
      const { heads, keyValueHeads, headSize, valueHeadSize, keysAsValues, gate } = attention;
      const keysAndValues = keyValueHeads * (headSize + (keysAsValues === true ? 0 : valueHeadSize));
      return { width: heads * headSize + keysAndValues + (gate ? heads * valueHeadSize : 0), parts: heads };
    }
    case 'latent': {
      const { heads, queryRank, nopeHeadSize, ropeHeadSize, keyValueRank } = attention;
      return { width: (queryRank ?? heads * (nopeHeadSize + ropeHeadSize)) + keyValueRank + ropeHeadSize, parts: 1 };
    }
    case 'linear':
    case 'compressed':
    case 'none':
      return { width: 0, parts: 1 };
    default:
      return unreachable(attention);
  }
}

/** Elements of queries and outputs of one token over all heads: the widest point inside the attention. */
export function headWidth(attention: Attention): number {
  switch (attention.kind) {
    case 'grouped-query':
      return attention.heads * (attention.headSize + attention.valueHeadSize);
    case 'latent':
      return attention.heads * (attention.nopeHeadSize + attention.ropeHeadSize + attention.valueHeadSize);
    case 'linear':
      return channelsOf(attention) + attention.valueHeads * attention.valueHeadSize;
    case 'compressed':
      return 2 * attention.heads * attention.headSize;
    case 'none':
      return 0;
    default:
      return unreachable(attention);
  }
}

/** Queries, keys and values of one token in a linear attention: what its convolution runs over. */
export function channelsOf({ keyHeads, keyHeadSize, valueHeads, valueHeadSize }: LinearAttention): number {
  return 2 * keyHeads * keyHeadSize + valueHeads * valueHeadSize;
}
