import type { AgentPlan, RecordedSessions } from '../src/serving/traffic/session.ts';
import { tableOf, type LengthTable } from '../tests/workload-sources.ts';
import { inline, knotsOf } from './knots.ts';

/** A prompt that keeps less than this of the blocks of the one before it counts as written anew; above, its last blocks were only closed differently. */
const KEPT = 0.99;
/** One that is also shorter than this share of it counts as cut down. */
const CUT = 0.8;
/** Sessions that begin with more were taken up again with what they had come to. [tokens] */
const RESUMED = 100_000;
/** Limit of agents that were never seen to cut down: the longest context of the recorded models. [tokens] */
const LONGEST = 1_000_000;

const counted = (values: readonly number[]): LengthTable => {
  const weights = new Map<number, number>();
  for (const value of values) weights.set(value, (weights.get(value) ?? 0) + 1);
  return tableOf(weights);
};

/** What the turns of some agents are like. */
function turnsOf(agents: readonly AgentPlan[]) {
  const found = {
    starts: [] as { readonly turns: number; readonly first: number }[],
    growth: [] as number[],
    output: [] as number[],
    think: [] as number[],
    rewritten: [] as number[],
    cutTo: [] as number[],
    cutKept: [] as number[],
    /** First prompt, and either the prompt that was cut down first or the longest one. */
    limits: [] as { readonly from: number; readonly to: number; readonly cut: boolean }[],
  };
  const { growth, output, think } = found;
  for (const agent of agents) {
    const { inputTokens, outputTokens } = agent;
    const first = inputTokens[0] ?? 0;
    found.starts.push({ turns: inputTokens.length, first });
    outputTokens.forEach((tokens) => output.push(tokens));
    let limit: number | undefined;
    for (let t = 1; t < inputTokens.length; t++) {
      think.push(Math.round((agent.think[t] ?? 0) * 10) / 10);
      const [before, now] = [inputTokens[t - 1] ?? 0, inputTokens[t] ?? 0];
      const share = keptOf(agent, t);
      if (share < KEPT && now < CUT * before) {
        limit ??= before;
        found.cutTo.push(now);
        found.cutKept.push(Math.round(share * 1000) / 1000);
        continue;
      }
      growth.push(Math.max(1, now - before));
      if (share < KEPT) found.rewritten.push(Math.round(share * 1000) / 1000);
    }
    found.limits.push({ from: first, to: limit ?? Math.max(...inputTokens), cut: limit !== undefined });
  }
  return found;
}

/** Kaplan and Meier's distribution of limits: agents are looked at from their first prompt on, until they cut down or end. */
function limitsOf(limits: ReturnType<typeof turnsOf>['limits']): LengthTable {
  const weights = new Map<number, number>();
  let survive = 1;
  for (const { to } of limits.filter(({ cut }) => cut).sort((a, b) => a.to - b.to)) {
    const watched = limits.filter((one) => one.from < to && one.to >= to).length;
    weights.set(to, (weights.get(to) ?? 0) + survive / watched);
    survive *= 1 - 1 / watched;
  }
  weights.set(LONGEST, survive);
  return tableOf(weights);
}

/** Share of the blocks of the turn before that lead the prompt of turn `t`. */
function keptOf({ runStart, runs }: AgentPlan, t: number): number {
  const ids = (turn: number): readonly number[] => {
    const list: number[] = [];
    for (let r = runStart[turn] ?? 0; r < (runStart[turn + 1] ?? 0); r += 2) for (let i = 0; i < (runs[r + 1] ?? 0); i++) list.push((runs[r] ?? 0) + i);
    return list;
  };
  const [before, now] = [ids(t - 1), ids(t)];
  const same = before.findIndex((id, i) => now[i] !== id);
  return before.length === 0 ? 1 : (same === -1 ? before.length : same) / before.length;
}

/** The laws of recorded sessions as the lines of a preset. */
export function sessionLines({ plans, blockTokens }: RecordedSessions): string {
  const main = turnsOf(plans.flatMap(({ agents }) => agents.slice(0, 1)));
  const helpers = plans.map(({ agents }) => agents.slice(1)).filter((agents) => agents.length > 0);
  const helper = turnsOf(helpers.flat());
  const sent = helpers.flatMap((agents) => [...Map.groupBy(agents, ({ parent }) => parent).values()].map((group) => group.length));
  const delays = helpers.flat().map(({ think }) => Math.round((think[0] ?? 0) * 10) / 10);
  // Prompts of sub-agents of one session begin alike: the least that two of them have in common, as the median over sessions.
  const shared = helpers
    .filter((agents) => agents.length > 1)
    .map((agents) => Math.min(...agents.slice(1).map((agent) => commonBlocks(agents[0] as AgentPlan, agent))) * blockTokens)
    .sort((a, b) => a - b);
  const start = (list: typeof main.starts, share: number, most: number) => `    - share: ${share}
      turns: ${inline(knotsOf(counted(list.map(({ turns }) => turns)), most))}
      first: ${inline(knotsOf(counted(list.map(({ first }) => first)), most))}
`;
  const laws = ({ growth, output, think }: typeof main, most: number) => `  growth: ${inline(knotsOf(counted(growth), most))}
  output: ${inline(knotsOf(counted(output), most))}
  think: ${inline(knotsOf(counted(think), most, 0.1))}
`;
  const resumed = main.starts.filter(({ first }) => first >= RESUMED);
  const share = Number((resumed.length / main.starts.length).toFixed(3));
  const turns = main.starts.reduce((sum, one) => sum + one.turns - 1, 0);
  return `block-tokens: ${blockTokens}
# Tables: [cumulative share, value], linear in between; turns, tokens or seconds.
main:
  starts:
${start(
  main.starts.filter(({ first }) => first < RESUMED),
  Number((1 - share).toFixed(3)),
  22,
)}${start(resumed, share, 18)}${laws(main, 26)}  rewrite:
    chance: ${(main.rewritten.length / turns).toFixed(4)}
    kept: ${inline(knotsOf(counted(main.rewritten), 14, 0.001))}
  compaction:
    limit: ${inline(knotsOf(limitsOf(main.limits), 18))}
    length: ${inline(knotsOf(counted(main.cutTo), 14))}
    kept: ${inline(knotsOf(counted(main.cutKept), 14, 0.001))}
helpers:
  chance: ${(sent.length / turns).toFixed(5)}
  fan-out: ${inline(knotsOf(counted(sent), 8))}
  delay: ${inline(knotsOf(counted(delays.filter((delay) => delay < 60)), 8, 0.1))}
  shared-tokens: ${shared[shared.length >> 1] ?? 0}
  starts:
${start(helper.starts, 1, 14)}${laws(helper, 14)}`;
}

function commonBlocks(a: AgentPlan, b: AgentPlan): number {
  let same = 0;
  const ids = ({ runs, runStart }: AgentPlan) => {
    const list: number[] = [];
    for (let r = 0; r < (runStart[1] ?? 0); r += 2) for (let i = 0; i < (runs[r + 1] ?? 0); i++) list.push((runs[r] ?? 0) + i);
    return list;
  };
  const [left, right] = [ids(a), ids(b)];
  while (same < left.length && left[same] === right[same]) same++;
  return same;
}
