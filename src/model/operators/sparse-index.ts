import type { AttentionShape } from '../operator.ts';
import type { Pass } from './pass.ts';

/** An index key, and what is between operators. [B] */
const keyBytes = 1;
const between = 2;
const scoreBytes = 4;

/** Heads of an index, the size of its keys, and how many tokens one key stands for. */
interface Index {
  readonly heads: number;
  readonly headSize: number;
  readonly ratio: number;
}

/** New tokens of a phase and the keys that they meet. */
interface Phase {
  readonly sequences: number;
  readonly tokens: number;
  readonly context: number;
  readonly pairs: number;
  readonly variant: string | undefined;
}

/** Scores of all keys for all heads of a sparse index, and the choice among them: prompts and decoding sequences in launches of their own. */
export function sparseIndex(pass: Pass, index: Index): void {
  const { prefillSequences, prefillTokens, prefillContext, prefillPairs, decodeSequences, decodeContext, queryTokens } = pass.batch;
  launch(pass, index, { sequences: prefillSequences, tokens: prefillTokens, context: prefillContext, pairs: prefillPairs, variant: undefined });
  launch(pass, index, {
    sequences: decodeSequences,
    tokens: decodeSequences * queryTokens,
    context: decodeContext,
    pairs: decodeContext * queryTokens,
    variant: 'paged',
  });
}

function launch(pass: Pass, { heads, headSize, ratio }: Index, { sequences, tokens, context, pairs, variant }: Phase): void {
  if (sequences <= 0 || tokens <= 0) return;
  const scores = pairs / ratio;
  const shape: AttentionShape = {
    sequences,
    queryTokens: tokens / sequences,
    context: context / sequences / ratio,
    seen: scores / tokens,
    heads,
    keyValueHeads: 1,
    headSize,
    valueHeadSize: 0,
    keyValueFormat: 'fp8',
    window: 0,
  };
  const common = { kind: 'compute', stage: 'attention-core', weightBytes: 0 } as const;
  pass.operators.push(
    {
      ...common,
      name: 'index-scores',
      class: 'gemm',
      kernel: 'index-scores',
      variant,
      format: pass.instance.formats.attention.product,
      matrixFlop: 2 * heads * headSize * scores,
      vectorFlop: 0,
      activationBytes: (context / ratio) * headSize * keyBytes + tokens * heads * headSize * between,
      attention: shape,
    },
    {
      ...common,
      name: 'index-top-k',
      class: 'vector',
      kernel: 'index-top-k',
      format: 'fp32',
      matrixFlop: 0,
      vectorFlop: scores * 2,
      activationBytes: scores * scoreBytes,
      attention: { ...shape, heads: 1 },
    },
  );
}
