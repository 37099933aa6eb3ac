import type { AgentPlan, SessionPlan } from '../../src/serving/traffic/session.ts';
import type { TraceFormat } from './format.ts';
import { parseObject } from './json-lines.ts';
import type { LineProblems } from './problems.ts';
import { agentOf, type Turn, turnReader } from './weka-turns.ts';

/** Times of the published sessions are whole seconds: an agent that starts with its parent's turn may seem to start before it. [s] */
const ROUNDING = 0.5;

type Fields = Readonly<Record<string, unknown>>;

/** An agent beside the main one: when it was sent out and, if the main one waited for it, when it came back. [s] */
interface Helper {
  readonly start: number;
  readonly end: number | undefined;
  readonly turns: readonly Turn[];
}

/** WEKA's sessions of coding agents: one a line, with think times, prefix blocks and sub-agents; block ids plain or run-length coded. */
export const weka: TraceFormat = {
  name: 'weka',
  summary: 'JSONL with a session a line: id, block_size, requests with t [s], in, out, hash_ids, think_time, sub-agents',
  kind: 'jsonl',
  fields: [['id', 'block_size', 'requests']],
  open(problems) {
    const plans: SessionPlan[] = [];
    const readTurns = turnReader(problems);
    let blockTokens = 0;
    let leftOut = 0;
    return {
      line(text, line) {
        const record = parseObject(text, line, problems);
        if (record === undefined) return;
        const size = record['block_size'];
        if (typeof size !== 'number' || !Number.isInteger(size) || size < 1)
          problems.add(line, `block_size: expected a whole number of tokens, got ${JSON.stringify(size)}`);
        else if (blockTokens !== 0 && size !== blockTokens) problems.add(line, `block_size: expected ${blockTokens} as in the sessions before, got ${size}`);
        else {
          blockTokens = size;
          const found = sessionOf(record, size, line, problems, readTurns);
          if (found === undefined) return;
          leftOut += found.leftOut;
          if (found.plan.agents.length > 0) plans.push(found.plan);
        }
      },
      content() {
        if (plans.length === 0) problems.add(0, 'no sessions: expected a line for each');
        problems.throwIfAny();
        return { kind: 'sessions', sessions: { kind: 'recorded', blockTokens, plans, leftOut } };
      },
    };
  },
};

function sessionOf(
  record: Fields,
  blockTokens: number,
  line: number,
  problems: LineProblems,
  readTurns: ReturnType<typeof turnReader>,
): { readonly plan: SessionPlan; readonly leftOut: number } | undefined {
  const entries = record['requests'];
  if (!Array.isArray(entries)) {
    problems.add(line, `requests: expected a list, got ${JSON.stringify(entries)}`);
    return undefined;
  }
  const before = problems.count;
  const list = entries as readonly Fields[];
  const main = readTurns(
    list.filter(({ type }) => type !== 'subagent'),
    'requests',
    blockTokens,
    line,
  );
  const helpers: Helper[] = [];
  let leftOut = main.leftOut;
  for (const entry of list.filter(({ type }) => type === 'subagent')) {
    const { t, duration_ms: duration, requests } = entry;
    if (typeof t !== 'number' || !Array.isArray(requests)) {
      problems.add(line, 'subagent: expected t and a list of requests');
      continue;
    }
    const found = readTurns(requests as readonly Fields[], 'subagent.requests', blockTokens, line);
    leftOut += found.leftOut;
    // A sub-agent stands where it came back, or where it was sent out if it was not waited for.
    const start = typeof duration === 'number' ? t - duration / 1000 : t;
    if (found.turns.length > 0) helpers.push({ start, end: typeof duration === 'number' ? t : undefined, turns: found.turns });
  }
  if (problems.count > before) return undefined;
  return { plan: planOf(main.turns, helpers), leftOut };
}

function planOf(main: readonly Turn[], helpers: readonly Helper[]): SessionPlan {
  if (main.length === 0) return { agents: [], ids: 0 };
  const waits = main.map((turn) => turn.wait);
  const beside = helpers.map(({ start, end, turns }): AgentPlan => {
    const parent = Math.max(
      0,
      main.findLastIndex(({ at }) => at <= start + ROUNDING),
    );
    const next = main[parent + 1];
    const awaited = end !== undefined && (next === undefined || next.at >= end - ROUNDING);
    const delay = Math.max(0, start - (main[parent]?.end ?? 0));
    return agentOf(
      turns,
      turns.map(({ wait }, t) => (t === 0 ? delay : wait)),
      parent,
      awaited,
    );
  });
  // What passes between the last sub-agent's return and the next turn is all the think time that is left.
  helpers.forEach(({ end }, h) => {
    const { parent, awaited } = beside[h] as AgentPlan;
    const next = main[parent + 1];
    if (awaited && next !== undefined && end !== undefined) waits[parent + 1] = Math.min(waits[parent + 1] ?? 0, Math.max(0, next.at - end));
  });
  waits[0] = 0;
  const agents = [agentOf(main, waits, -1, false), ...beside];
  let ids = 0;
  for (const { runs } of agents) for (let r = 0; r < runs.length; r += 2) ids = Math.max(ids, (runs[r] ?? 0) + (runs[r + 1] ?? 0));
  return { agents, ids };
}
