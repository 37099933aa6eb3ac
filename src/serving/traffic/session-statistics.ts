import { turnsOf, type RecordedSessions } from './session.ts';
import { lengthStatistics, statedShares, type LengthStatistics, type ReuseStatistics } from './statistics.ts';

/** Seconds, as a distribution. */
export interface TimeStatistics {
  readonly mean: number;
  readonly min: number;
  /** At `statedShares`. */
  readonly quantiles: readonly number[];
  readonly max: number;
}

export interface SessionStatistics {
  readonly sessions: number;
  readonly requests: number;
  /** Requests without output, which are in none of the figures. */
  readonly leftOut: number;
  /** Agents beside the main ones. */
  readonly helpers: number;
  /** Of the main agents. */
  readonly turns: LengthStatistics;
  /** Before each turn behind the first of its agent. */
  readonly think: TimeStatistics;
  readonly input: LengthStatistics;
  readonly output: LengthStatistics;
  /** Hits inside of each session: other sessions share nothing that the trace knows of. */
  readonly reuse: ReuseStatistics;
  /** Share of turns behind the first whose prompt begins with all full blocks of the prompt before it. */
  readonly continued: number;
}

/** What the sessions of a trace look like. */
export function sessionStatistics({ plans, blockTokens, leftOut }: RecordedSessions): SessionStatistics {
  const requests = plans.reduce((sum, plan) => sum + turnsOf(plan), 0);
  const input = new Int32Array(requests);
  const output = new Int32Array(requests);
  const agents = plans.reduce((sum, plan) => sum + plan.agents.length, 0);
  const think = new Float64Array(requests - agents);
  let at = 0;
  let thought = 0;
  let continued = 0;
  let blocks = 0;
  let distinct = 0;
  let hits = 0;
  for (const plan of plans) {
    const seen = new Uint8Array(plan.ids);
    for (const { inputTokens, outputTokens, think: waits, runStart, runs } of plan.agents) {
      let earlier = new Int32Array(0);
      for (let t = 0; t < waits.length; t++) {
        input[at] = inputTokens[t] ?? 0;
        output[at++] = outputTokens[t] ?? 0;
        if (t > 0) think[thought++] = waits[t] ?? 0;
        const prompt = runs.slice(runStart[t], runStart[t + 1]);
        if (t > 0 && leads(earlier, prompt)) continued++;
        earlier = prompt;
        let leading = true;
        for (let r = 0; r < prompt.length; r += 2) {
          const first = prompt[r] ?? 0;
          const length = prompt[r + 1] ?? 0;
          blocks += length;
          for (let id = first; id < first + length; id++) {
            if (seen[id] === 1) {
              if (leading) hits++;
            } else {
              leading = false;
              distinct++;
              seen[id] = 1;
            }
          }
        }
      }
    }
  }
  const sorted = think.toSorted();
  return {
    sessions: plans.length,
    requests,
    leftOut,
    helpers: agents - plans.length,
    turns: lengthStatistics(Int32Array.from(plans, ({ agents: [main] }) => main?.think.length ?? 0)),
    think: {
      mean: sorted.reduce((sum, time) => sum + time, 0) / Math.max(1, sorted.length),
      min: sorted[0] ?? 0,
      quantiles: statedShares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0),
      max: sorted.at(-1) ?? 0,
    },
    input: lengthStatistics(input),
    output: lengthStatistics(output),
    reuse: { blockTokens, blocks, distinct, hitShare: blocks === 0 ? 0 : hits / blocks },
    continued: thought === 0 ? 0 : continued / thought,
  };
}

/** Whether the blocks of `prompt` begin with those of `earlier`, both as runs. */
function leads(earlier: Int32Array, prompt: Int32Array): boolean {
  let a = 0;
  let b = 0;
  let doneA = 0;
  let doneB = 0;
  while (a < earlier.length) {
    if (b >= prompt.length || (earlier[a] ?? 0) + doneA !== (prompt[b] ?? 0) + doneB) return false;
    const step = Math.min((earlier[a + 1] ?? 0) - doneA, (prompt[b + 1] ?? 0) - doneB);
    doneA += step;
    doneB += step;
    if (doneA === earlier[a + 1]) [a, doneA] = [a + 2, 0];
    if (doneB === prompt[b + 1]) [b, doneB] = [b + 2, 0];
  }
  return true;
}
