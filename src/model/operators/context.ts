import type { ComputeOperator } from '../operator.ts';
import { collective } from './collective.ts';
import { vector } from './linear.ts';
import type { Pass } from './pass.ts';
import { chunkedPairs, limitedContext, limitedPairs } from './span.ts';

/** Between operators, and the logarithm of a sum of exponentials that partial attention leaves for each query and head. [B] */
const between = 2;
const sumBytes = 4;

/** Keys that the prompt tokens of one die see under a window, or in chunks: its even share of what all see. */
export function seenByPrompts({ batch, instance }: Pass, window: number | undefined, chunk?: number): number {
  const { prefillTokens, prefillSequences, prefillContext, prefillPairs } = batch;
  const shared = instance.context.parallel;
  const tokens = prefillTokens * shared;
  const pairs = prefillPairs * shared;
  const all =
    chunk === undefined
      ? limitedPairs(tokens, prefillSequences, prefillContext, pairs, window)
      : chunkedPairs(tokens, prefillSequences, prefillContext, pairs, chunk);
  return all / shared;
}

const gathering = { kind: 'collective', name: 'context-all-gather', stage: 'attention-prologue', operation: 'all-gather' } as const;

/** Keys and values of prompts that a die needs of others. */
interface Gathered {
  /** Of one token on the die. [B] */
  readonly tokenBytes: number;
  /** Tokens behind which none are seen. */
  readonly window?: number | undefined;
  /** What a die keeps of them where dies split tokens around the attention: those of its heads, or all of its share of the tokens. */
  readonly kept: 'by head' | 'by token';
}

/**
 * Brings together what the prompts of a step attend to: everything, where dies share a context, and what was computed in earlier steps where only
 * the kept KV is spread. In front of the attention, unless it goes around a ring. Returns what the attention needs for that.
 */
export function gatherContext(pass: Pass, { tokenBytes, window, kept }: Gathered): Pick<ComputeOperator, 'ring'> {
  const { batch, instance } = pass;
  const { context, layout } = instance;
  const { parallel, exchange, decode } = context;
  if (batch.prefillTokens <= 0) return {};
  const { prefillContext, prefillSequences } = batch;
  if (parallel > 1) {
    // Either of a die's two pieces needs the window in front of it.
    const tokens = limitedContext(prefillContext, prefillSequences, window === undefined ? undefined : 2 * parallel * window);
    const [ranks, span] = [parallel * decode, parallel * layout.tensor];
    if (exchange === 'ring') return { ring: { ranks, span, bytes: (tokens * tokenBytes) / ranks } };
    pass.operators.push({ ...gathering, ranks, span, bytes: tokens * tokenBytes });
    return {};
  }
  const spread = decode * (kept === 'by token' && layout.attention === 'sp-tp-sp' ? layout.tensor : 1);
  if (spread > 1) {
    const earlier = limitedContext(prefillContext - batch.prefillTokens, prefillSequences, window);
    pass.operators.push({ ...gathering, ranks: spread, bytes: earlier * tokenBytes });
  }
  return {};
}

/** How many times fewer keys a die sees of each decoding sequence, and how many times more heads it serves. */
export function decodeShare({ instance }: Pass): { readonly keys: number; readonly heads: number } {
  const { parallel, decode } = instance.context;
  return { keys: parallel * decode, heads: decode };
}

/** Queries of all heads that share keys come to every die that has some of the keys. `width`: elements of one token on one die. */
export function gatherQueries(pass: Pass, width: number): void {
  const { decode } = pass.instance.context;
  collective(pass, 'query-all-gather', 'attention-core', 'all-gather', pass.decodeRows * width * decode * between, decode);
}

/**
 * Attention over a part of the keys each is put together: every die learns the sums of the others, weighs its outputs, and they are added up over the
 * dies, each of which keeps its own heads. `heads`: of one die; `size`: of the output of one.
 */
export function mergePartial(pass: Pass, heads: number, size: number): void {
  const { decodeRows, instance } = pass;
  const { parallel, decode } = instance.context;
  if (parallel * decode === 1 || decodeRows <= 0) return;
  const outputs = decodeRows * heads * decode;
  const [ranks, span] = [parallel * decode, parallel === 1 ? decode : parallel * instance.layout.tensor];
  collective(pass, 'attention-sum-all-gather', 'attention-core', 'all-gather', outputs * ranks * sumBytes, ranks, span);
  vector(pass, 'partial-merge', 'attention-core', outputs * size * 2, outputs * size * between * 2);
  collective(pass, 'partial-reduce-scatter', 'attention-core', 'reduce-scatter', outputs * size * between, decode);
  collective(pass, 'partial-all-reduce', 'attention-core', 'all-reduce', decodeRows * heads * size * between, parallel, parallel * instance.layout.tensor);
}
