import { stream, type RandomStream } from '../../kernel/random.ts';
import { QuantileSampler } from './quantile-sampler.ts';
import type { AgentLaw, AgentPlan, HelperLaw, Quantiles, RewriteLaw, SessionLaw, SessionPlan } from './session.ts';

/** A prompt of more tokens is not drawn: an agent whose context has come so far stays there. */
const MOST_TOKENS = 10_000_000;

/** Hands out block ids of a session, each once. */
interface Ids {
  next: number;
}

/**
 * Draws sessions one by one. Turns, prompts, answers, think times and helpers draw from streams of their own, in the order of the
 * sessions, so that one law can change and leave the draws of the others as they were.
 */
export function sessionDrawer(law: SessionLaw, seed: number): () => SessionPlan {
  const main = agentDrawer(law.main, law.blockTokens, seed, 'main agents');
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

function agentDrawer(law: AgentLaw, blockTokens: number, seed: number, name: string): AgentDrawer {
  const draws = (what: string): RandomStream => stream(seed, `${name}: ${what}`);
  const [turnDraws, promptDraws, outputDraws, thinkDraws] = [draws('turns'), draws('prompts'), draws('outputs'), draws('think times')];
  const turns = sampler(law.turns);
  const first = sampler(law.first);
  const growth = sampler(law.growth);
  const output = sampler(law.output);
  const think = sampler(law.think);
  const rewritten = law.rewrite === undefined ? undefined : rewriter(law.rewrite, draws('rewrites'));
  return (ids, parent, delay, sharedBlocks, sharedFrom = 0) => {
    const count = Math.max(1, Math.round(turns.draw(turnDraws)));
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
    let prompt = 0;
    for (let t = 0; t < count; t++) {
      plan.think[t] = t === 0 ? delay : think.draw(thinkDraws);
      plan.outputTokens[t] = Math.max(1, Math.round(output.draw(outputDraws)));
      const rewrite = t === 0 ? undefined : rewritten?.();
      const grown = t === 0 ? Math.max(first.draw(promptDraws), sharedBlocks * blockTokens + 1) : prompt + Math.max(1, growth.draw(promptDraws));
      if (rewrite !== undefined) history = leading(history, Math.floor((rewrite.kept * prompt) / blockTokens));
      const wanted = rewrite === undefined ? grown : Math.max(lengthOf(history) * blockTokens + 1, prompt * rewrite.length);
      prompt = Math.min(MOST_TOKENS, Math.round(wanted));
      plan.inputTokens[t] = prompt;
      history = extended(history, Math.floor(prompt / blockTokens), ids);
      for (const number of history) runs.push(number);
      plan.runStart[t + 1] = runs.length;
    }
    return { ...plan, runs: Int32Array.from(runs) };
  };
}

function rewriter(law: RewriteLaw, random: RandomStream): () => { readonly kept: number; readonly length: number } | undefined {
  const kept = sampler(law.kept);
  const length = sampler(law.length);
  return () => (random.uniform() < law.chance ? { kept: kept.draw(random), length: length.draw(random) } : undefined);
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
