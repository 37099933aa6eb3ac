import type { Stream } from '../catalogue/stack.ts';
import { instanceDies, type Layout } from '../model/layout.ts';
import type { Operator } from '../model/operator.ts';
import type { OperatorRuns } from './schedule.ts';
import type { PingPongRuns } from './ping-pong.ts';

/** What an instance whose experts are apart has at work at once, in the order of a layer. */
const names = ['attention', 'to experts', 'experts', 'to attention'] as const;
const [attention, toExperts, experts, toAttention] = [0, 1, 2, 3];

/** Each side works on whole dies; links take no cores of theirs. */
export const sideStreams: readonly Stream[] = names.map((name) => ({ name, stages: [], matrixShare: 1, vectorShare: 1, memoryShare: 1 }));

const oneWay = 0.5;

/** Whether operators of a group are spread over both sides. */
export function goesOut(operators: readonly Operator[]): boolean {
  return operators.some(({ kind }) => kind === 'exchange');
}

/** Where each operator of a layer runs: what is between dispatch and combine on expert dies, but for a shared expert that the attention dies hold. */
export function sidesOf(operators: readonly Operator[]): Int32Array {
  let at = attention;
  return Int32Array.from(operators, ({ kind, name, stage }) => {
    if (kind === 'wait') return toExperts;
    if (kind === 'exchange') {
      at = name === 'dispatch' ? experts : attention;
      return name === 'dispatch' ? toExperts : toAttention;
    }
    return stage === 'shared-expert' ? attention : at;
  });
}

/** Share of the dies of an instance that each operator keeps busy; an exchange fills one direction of the ports. */
export function diesBusy(sides: Int32Array, operators: readonly Operator[], layout: Layout): Float64Array {
  const all = instanceDies(layout);
  return Float64Array.from(operators, ({ kind }, i) =>
    kind === 'exchange' ? oneWay : ((sides[i] ?? attention) === experts ? layout.experts.parallel : layout.dies) / all,
  );
}

/** Runs of a layer: out to the experts and back, with a shared expert of the attention dies in between. */
export function sideRuns(operators: readonly Operator[], sides: Int32Array): OperatorRuns & PingPongRuns {
  const starts = operators.map((_, i) => i).filter((i) => i === 0 || sides[i] !== sides[i - 1]);
  const streams = Int32Array.from(starts, (start) => sides[start] ?? attention);
  const back = streams.lastIndexOf(toAttention) + 1;
  const out = streams.indexOf(toExperts);
  const shared = streams.findIndex((stream, run) => stream === attention && run > out && run < back);
  const after = starts.map((_, run): readonly number[] => {
    if (run === 0) return [];
    if (run === shared) return [out - 1];
    if (run - 1 === shared) return [shared - 1];
    return run === back && shared >= 0 ? [run - 1, shared] : [run - 1];
  });
  return { bounds: Int32Array.from([...starts, operators.length]), streams, after, back };
}
