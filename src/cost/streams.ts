import type { Stream } from '../catalogue/stack.ts';
import type { Operator } from '../model/operator.ts';
import type { Share } from './roofline.ts';
import type { OperatorRuns } from './schedule.ts';

/** The stream of a stage, and what operators of its matrix and of its vector cores have of the die. */
export interface Way {
  readonly stream: number;
  readonly matrix: Share;
  readonly vector: Share;
}

/** The way of each stage. */
export function waysOf(streams: readonly Stream[]): ReadonlyMap<string, Way> {
  return new Map(
    streams.flatMap(({ stages, matrixShare, vectorShare, memoryShare, vectorMemoryShare }, stream) => {
      const matrix: Share = { matrix: matrixShare, vector: vectorShare, memory: memoryShare };
      const way: Way = { stream, matrix, vector: { ...matrix, memory: vectorMemoryShare ?? memoryShare } };
      return stages.map((stage) => [stage, way] as const);
    }),
  );
}

/**
 * Cuts a layer into runs: where the stream changes, and in front of the attention core, so that the other microbatch can come between. A
 * shared expert does not wait for the dispatch in front of it; the routed experts wait for both.
 */
export function runsOf(operators: readonly Operator[], streamOf: Int32Array): OperatorRuns {
  const starts: number[] = [];
  for (let i = 0; i < operators.length; i++) {
    const stage = operators[i]?.stage;
    const before = operators[i - 1]?.stage;
    const cut = i === 0 || streamOf[i] !== streamOf[i - 1] || (stage !== before && (stage === 'attention-core' || before === 'shared-expert'));
    if (cut) starts.push(i);
  }
  const streams = Int32Array.from(starts, (start) => streamOf[start] ?? 0);
  const stageOf = (run: number): string => operators[starts[run] ?? 0]?.stage ?? '';
  const after = starts.map((_, run) => {
    const aside = (other: number): boolean => stageOf(other) === 'shared-expert' && stageOf(other - 1) === 'dispatch' && other > 1;
    if (aside(run)) return [run - 2];
    return aside(run - 1) ? [run - 2, run - 1] : [run - 1];
  });
  return { bounds: Int32Array.from([...starts, operators.length]), streams, after };
}
