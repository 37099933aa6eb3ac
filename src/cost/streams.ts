import type { Stream, Turns } from '../catalogue/stack.ts';
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
 * shared expert does not wait for the dispatch in front of it; the routed experts wait for both. `turns`: stages that the stack hands to the
 * device at once, which says where else the other microbatch comes between and in which order stages are launched; `wait` among them is the
 * stream of the attention waiting for the tokens that come back.
 */
export function runsOf(operators: readonly Operator[], streamOf: Int32Array, turns?: Turns): OperatorRuns {
  return turns === undefined || !operators.some(({ stage }) => stage === 'combine') ? asTheyCome(operators, streamOf) : byTurns(operators, streamOf, turns);
}

function asTheyCome(operators: readonly Operator[], streamOf: Int32Array): OperatorRuns {
  const starts = cuts(operators, streamOf, (stage, before) => stage !== before && (stage === 'attention-core' || before === 'shared-expert'));
  const streams = Int32Array.from(starts, (start) => streamOf[start] ?? 0);
  const stageOf = (run: number): string => operators[starts[run] ?? 0]?.stage ?? '';
  const after = starts.map((_, run) => {
    const aside = (other: number): boolean => stageOf(other) === 'shared-expert' && stageOf(other - 1) === 'dispatch' && other > 1;
    if (aside(run)) return [run - 2];
    return aside(run - 1) ? [run - 2, run - 1] : [run - 1];
  });
  return { bounds: Int32Array.from([...starts, operators.length]), streams, after };
}

/** Runs of an expert layer by the turns of the stack, with one more behind the last that waits for what comes back. */
function byTurns(operators: readonly Operator[], streamOf: Int32Array, turns: Turns): OperatorRuns {
  const turnOf = (stage: string): number => turns.findIndex((stages) => stages.includes(stage));
  const starts = cuts(operators, streamOf, (stage, before) => turnOf(stage) !== turnOf(before) || (stage === 'shared-expert') !== (before === 'shared-expert'));
  const stageOf = (run: number): string => operators[starts[run] ?? 0]?.stage ?? '';
  const exchanges = (run: number): boolean => operators.slice(starts[run] ?? 0, starts[run + 1]).some(({ kind }) => kind === 'exchange');
  const wait = starts.length;
  const turn: number[] = [];
  const after: number[][] = [];
  const shared: number[] = [];
  // The run that the next one needs, the one that a shared expert needs, and the turn that has come: no run has its turn before what it needs.
  let before = -1;
  let inputs = 0;
  let reached = 0;
  for (let run = 0; run < wait; run++) {
    const stage = stageOf(run);
    if (stage === 'shared-expert') {
      shared.push(run);
      turn.push(turnOf(stage));
      after.push([inputs]);
      continue;
    }
    // What is behind an exchange waits for what it brings.
    const behind = exchanges(before) ? (stage === 'combine' ? 'wait' : 'experts') : stage;
    reached = Math.max(reached, turnOf(behind));
    turn.push(reached);
    after.push([before]);
    if (stage !== 'dispatch') inputs = run;
    before = run;
  }
  after.push([before, ...shared]);
  turn.push(Math.max(reached, turnOf('wait')));
  return {
    bounds: Int32Array.from([...starts, operators.length, operators.length]),
    streams: Int32Array.from([...starts, 0], (start) => streamOf[start] ?? 0),
    after,
    turns: turns.map((_, i) => turn.flatMap((own, run) => (own === i ? [run] : []))),
  };
}

/** First operators of the runs: where the stream changes, and where `also` says so. */
function cuts(operators: readonly Operator[], streamOf: Int32Array, also: (stage: string, before: string) => boolean): number[] {
  const starts: number[] = [];
  for (let i = 0; i < operators.length; i++) {
    const [stage, before] = [operators[i]?.stage ?? '', operators[i - 1]?.stage ?? ''];
    if (i === 0 || streamOf[i] !== streamOf[i - 1] || also(stage, before)) starts.push(i);
  }
  return starts;
}
