import { stream, type RandomStream } from '../../kernel/random.ts';
import { QuantileSampler } from './quantile-sampler.ts';
import type { AgentLaw, AgentPlan, CompactionLaw, HelperLaw, Quantiles, RewriteLaw, SessionLaw, SessionPlan } from './session.ts';

/** A prompt of more tokens is not drawn: an agent whose context has come so far stays there. */
const MOST_TOKENS = 10_000_000;

/** Draws of a limit above the first prompt. */
const LIMIT_TRIES = 64;

/** Hands out block ids of a session, each once. */
interface Ids {
  next: number;
}

/**
 * Draws sessions one by one. Starts, prompts, answers, think times, rewrites, compactions and helpers draw from streams of their own, in the order of the
 * sessions, so that one law can change and leave the draws of the others as they were.
 */
export function sessionDrawer(law: SessionLaw, seed: number): () => SessionPlan {
  const main = agentDrawer(law.main, law.blockTokens, seed, 'main agents', law.context);
  const helpers = law.helpers === undefined ? undefined : helperDrawer(law.helpers, law.blockTokens, seed);
  return () => {
    const ids: Ids = { next: 0 };
    const first = main(ids, -1, 0, 0);
    return { agents: [first, ...(helpers?.(ids, first.think.length) ?? [])], ids: ids.next };
  };
}

/** Draws the helpers that a main agent of so many turns sends out; none after its last turn, as nothing would wait for them. */
function helperDrawer(law: HelperLaw, blockTokens: number, seed: number): (ids: Ids, turns: number) => readonly AgentPlan[] {
  const random = stream(seed, 'helpers');
  const agent = agentDrawer(law.agent, blockTokens, seed, 'helper agents');
  const fanOut = sampler(law.fanOut);
  const delay = sampler(law.delay);
  const sharedBlocks = Math.floor(law.sharedTokens / blockTokens);
  return (ids, turns) => {
    const agents: AgentPlan[] = [];
    for (let turn = 0; turn < turns - 1; turn++) {
      if (random.uniform() >= law.chance) continue;
      const shared = agents.length === 0 ? ids.next : (agents[0]?.runs[0] ?? 0);
      if (agents.length === 0) ids.next += sharedBlocks;
      const count = Math.max(1, Math.round(fanOut.draw(random)));
      for (let i = 0; i < count; i++) agents.push(agent(ids, turn, delay.draw(random), sharedBlocks, shared));
    }
    return agents;
  };
}

type AgentDrawer = (ids: Ids, parent: number, delay: number, sharedBlocks: number, sharedFrom?: number) => AgentPlan;

function agentDrawer(law: AgentLaw, blockTokens: number, seed: number, name: string, context = Infinity): AgentDrawer {
  const draws = (what: string): RandomStream => stream(seed, `${name}: ${what}`);
  const [startDraws, promptDraws, outputDraws, thinkDraws] = [draws('starts'), draws('prompts'), draws('outputs'), draws('think times')];
  const start = starter(law.starts, startDraws);
  const growth = sampler(law.growth);
  const output = sampler(law.output);
  const think = sampler(law.think);
  const rewritten = law.rewrite === undefined ? () => undefined : rewriter(law.rewrite, draws('rewrites'));
  const compacted = law.compaction === undefined ? () => () => undefined : compactor(law.compaction, draws('compactions'), context);
  return (ids, parent, delay, sharedBlocks, sharedFrom = 0) => {
    const { turns: count, first } = start();
    const plan = {
      parent,
      awaited: parent >= 0,
      think: new Float64Array(count),
      inputTokens: new Int32Array(count),
      outputTokens: new Int32Array(count),
      runStart: new Int32Array(count + 1),
    };
    const runs: number[] = [];
    let history: number[] = sharedBlocks === 0 ? [] : [sharedFrom, sharedBlocks];
    let prompt = Math.max(Math.min(Math.round(first), context), sharedBlocks * blockTokens + 1);
    const cutDown = compacted(prompt);
    for (let t = 0; t < count; t++) {
      plan.think[t] = t === 0 ? delay : think.draw(thinkDraws);
      plan.outputTokens[t] = Math.max(1, Math.round(output.draw(outputDraws)));
      if (t > 0) {
        const before = prompt;
        prompt = Math.min(MOST_TOKENS, prompt + Math.max(1, Math.round(growth.draw(promptDraws))));
        const kept = rewritten();
        const cut = cutDown(prompt);
        if (cut !== undefined) prompt = cut.length;
        const share = cut?.kept ?? kept;
        if (share !== undefined) history = leading(history, Math.floor((share * before) / blockTokens));
      }
      plan.inputTokens[t] = prompt;
      history = extended(history, Math.floor(prompt / blockTokens), ids);
      for (const number of history) runs.push(number);
      plan.runStart[t + 1] = runs.length;
    }
    return { ...plan, runs: Int32Array.from(runs) };
  };
}

/** Turns and first prompt of an agent of a drawn kind. */
function starter(starts: AgentLaw['starts'], random: RandomStream): () => { readonly turns: number; readonly first: number } {
  const kind = QuantileSampler.discrete(
    starts.map((_, k) => k),
    starts.map(({ share }) => share),
  );
  const laws = starts.map(({ turns, first }) => ({ turns: sampler(turns), first: sampler(first) }));
  return () => {
    const { turns, first } = laws[kind.draw(random)];
    return { turns: Math.max(1, Math.round(turns.draw(random))), first: first.draw(random) };
  };
}

/** The share of the prompt before that is kept, where one is rewritten. */
function rewriter(law: RewriteLaw, random: RandomStream): () => number | undefined {
  const kept = sampler(law.kept);
  return () => (random.uniform() < law.chance ? kept.draw(random) : undefined);
}

type Compaction = (prompt: number) => { readonly length: number; readonly kept: number } | undefined;

/** For an agent with this first prompt: what becomes of a prompt that has come above its limit. */
function compactor(law: CompactionLaw, random: RandomStream, context: number): (first: number) => Compaction {
  const limits = sampler(law.limit);
  const length = sampler(law.length);
  const kept = sampler(law.kept);
  return (first) => {
    let limit = 0;
    for (let tries = 0; limit <= first && tries < LIMIT_TRIES; tries++) limit = limits.draw(random);
    // A first prompt above every limit that was drawn belongs to an agent that has none of its own.
    limit = Math.min(context, limit <= first ? Infinity : limit);
    return (prompt) => (prompt <= limit ? undefined : { length: Math.max(1, Math.round(Math.min(limit, length.draw(random)))), kept: kept.draw(random) });
  };
}

function sampler({ share, value }: Quantiles): QuantileSampler {
  return QuantileSampler.linear({ share, value });
}

function lengthOf(runs: readonly number[]): number {
  return runs.reduce((sum, part, i) => (i % 2 === 1 ? sum + part : sum), 0);
}

/** The first `blocks` blocks. */
function leading(runs: readonly number[], blocks: number): number[] {
  const kept: number[] = [];
  for (let i = 0, left = blocks; i < runs.length && left > 0; i += 2) {
    const length = Math.min(left, runs[i + 1] ?? 0);
    kept.push(runs[i] ?? 0, length);
    left -= length;
  }
  return kept;
}

/** As many blocks, with fresh ids behind those that are there; the last run grows where the ids go on from it. */
function extended(runs: readonly number[], blocks: number, ids: Ids): number[] {
  const fresh = blocks - lengthOf(runs);
  if (fresh <= 0) return leading(runs, blocks);
  const longer = [...runs];
  const first = longer.at(-2);
  const length = longer.at(-1);
  if (first !== undefined && length !== undefined && first + length === ids.next) longer[longer.length - 1] = length + fresh;
  else longer.push(ids.next, fresh);
  ids.next += fresh;
  return longer;
}
