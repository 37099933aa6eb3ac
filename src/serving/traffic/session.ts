/** The requests of one agent of a session, its turns, one after the other. */
export interface AgentPlan {
  /** Turn of the session's main agent after whose end it starts; -1 for the main agent itself. */
  readonly parent: number;
  /** Whether the main agent's next turn waits until this agent is through. */
  readonly awaited: boolean;
  /** Before each turn: what passes since the one before it, and the agents that it waits for, have ended. [s] */
  readonly think: Float64Array;
  readonly inputTokens: Int32Array;
  readonly outputTokens: Int32Array;
  /** Runs of turn t are `runStart[t] .. runStart[t + 1]`; turns + 1 entries. */
  readonly runStart: Int32Array;
  /** Ids of the full prompt blocks as runs: first, length, first, length... Ids count from 0 in each session. */
  readonly runs: Int32Array;
}

/** What the agents of a session ask, and in which order: the main agent first. */
export interface SessionPlan {
  readonly agents: readonly AgentPlan[];
  /** Block ids are below it. */
  readonly ids: number;
}

/** Where the sessions of a workload come from: recorded ones go in their order and then anew, each time with block ids of their own. */
export type SessionSupply = RecordedSessions | SessionLaw;

export interface RecordedSessions {
  readonly kind: 'recorded';
  readonly blockTokens: number;
  /** At least one. */
  readonly plans: readonly SessionPlan[];
  /** Requests of the trace that are in no plan, as they put out nothing. */
  readonly leftOut: number;
}

/** Sessions drawn by laws that do not depend on each other. */
export interface SessionLaw {
  readonly kind: 'drawn';
  readonly blockTokens: number;
  /** No main agent's prompt is longer: it starts with no more, and cuts down a context that would come above it. [tokens] */
  readonly context?: number | undefined;
  readonly main: AgentLaw;
  /** Agents beside the main one. */
  readonly helpers?: HelperLaw | undefined;
}

/** How an agent goes about its turns; every table is a cumulative share and a value. */
export interface AgentLaw {
  /** Kinds of agents by how they begin and how long they last; at least one. */
  readonly starts: readonly StartLaw[];
  /** What a prompt has more than the one before it. [tokens] */
  readonly growth: Quantiles;
  readonly output: Quantiles;
  /** Before each turn behind the first. [s] */
  readonly think: Quantiles;
  readonly rewrite?: RewriteLaw | undefined;
  readonly compaction?: CompactionLaw | undefined;
}

export interface StartLaw {
  /** Of the agents; all together 1. */
  readonly share: number;
  readonly turns: Quantiles;
  /** Prompt of the first turn. [tokens] */
  readonly first: Quantiles;
}

/** Prompts that go on from a part of the one before them only, as when something early in the context is written anew. */
export interface RewriteLaw {
  /** Chance at each turn behind the first. */
  readonly chance: number;
  /** Share of the earlier prompt that still leads this one. */
  readonly kept: Quantiles;
}

/** A context that has come to its limit is cut down. */
export interface CompactionLaw {
  /** Longest prompt, drawn for each agent above its first prompt. [tokens] */
  readonly limit: Quantiles;
  /** Length of the prompt that comes in place of one above the limit. [tokens] */
  readonly length: Quantiles;
  /** Share of the earlier prompt that still leads this one. */
  readonly kept: Quantiles;
}

export interface HelperLaw {
  /** Chance that a turn of the main agent sends helpers out. */
  readonly chance: number;
  /** How many at once. */
  readonly fanOut: Quantiles;
  /** From the end of the turn to their first request. [s] */
  readonly delay: Quantiles;
  /** Leading tokens that all helpers of a session share. */
  readonly sharedTokens: number;
  readonly agent: AgentLaw;
}

/** `value[i]` at cumulative share `share[i]`, linear in between; shares rise from 0 to 1. */
export interface Quantiles {
  readonly share: readonly number[];
  readonly value: readonly number[];
}

export function turnsOf({ agents }: SessionPlan): number {
  return agents.reduce((sum, { think }) => sum + think.length, 0);
}
