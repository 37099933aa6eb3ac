import type { Seconds } from '../../base/units.ts';
import { RunsBuilder } from '../../kernel/id-runs.ts';
import { stream } from '../../kernel/random.ts';
import type { Arrival, Labels, RequestSource } from './arrival.ts';
import { gapSampler, type GapSampler } from './arrivals.ts';
import { sessionDrawer } from './drawn-sessions.ts';
import { labeller } from './labels.ts';
import type { AgentPlan, SessionPlan, SessionSupply } from './session.ts';
import type { SessionWorkload } from './workload.ts';

/** A session under way. */
interface LiveSession {
  readonly plan: SessionPlan;
  /** Its ids in the run count from here. */
  readonly base: number;
  readonly labels: Labels;
  /** Agents that are not through. */
  agents: number;
}

/** An agent under way: a thread of requests, one at a time. */
interface LiveAgent {
  session: LiveSession;
  plan: AgentPlan;
  turn: number;
  /** Agents that its next turn waits for. */
  awaits: number;
  /** The turn before has ended. */
  idle: boolean;
  /** Thread of the main agent that waits for this one; -1 for none. */
  waiter: number;
}

/**
 * Sessions of requests in a closed loop with the machine: a turn arrives its think time after the turn before it, and the agents
 * that it waits for, have ended. Sessions start by their arrivals, or as many at a time as the concurrency, one more whenever one
 * ends. What is kept is that of the sessions under way.
 */
export class SessionSource implements RequestSource {
  readonly #workload: SessionWorkload;
  readonly #plan: (k: number) => SessionPlan;
  readonly #gaps: GapSampler;
  readonly #gap = new Float64Array(1);
  readonly #label: ((labels: Labels) => void) | undefined;
  readonly #agents: (LiveAgent | undefined)[] = [];
  readonly #free: number[] = [];
  /** Threads whose next turn is due, and when. */
  readonly #due: { readonly thread: number; readonly at: Seconds }[] = [];
  readonly #prefix = new RunsBuilder();
  #started = 0;
  #given = 0;
  #startAt: Seconds = 0;
  #nextId = 0;

  constructor(workload: SessionWorkload) {
    this.#workload = workload;
    this.#plan = planner(workload.supply, workload.seed);
    this.#gaps = gapSampler(workload.arrivals, stream(workload.seed, 'session starts'));
    this.#label = workload.mix === undefined ? undefined : labeller(workload.mix);
  }

  next(arrival: Arrival): boolean {
    const { arrivals } = this.#workload;
    if (arrivals.kind === 'closed' && this.#started >= arrivals.concurrency) return false;
    this.#gaps(this.#gap, 1);
    this.#startAt += this.#gap[0];
    const thread = this.#start();
    return thread >= 0 && this.#fill(arrival, thread, this.#startAt);
  }

  ended(thread: number, at: Seconds): void {
    const agent = this.#agents[thread];
    if (agent === undefined) return;
    const turn = agent.turn++;
    agent.idle = true;
    if (agent.plan.parent < 0) this.#sendHelpers(thread, turn, at);
    this.#goOn(thread, at);
  }

  follow(arrival: Arrival): boolean {
    const due = this.#due.shift();
    return due !== undefined && this.#fill(arrival, due.thread, due.at);
  }

  /** Opens the next session. Returns its first thread, or -1 when there are no more. */
  #start(): number {
    if (this.#started >= this.#workload.sessions) return -1;
    const plan = this.#plan(this.#started++);
    const labels: Labels = { tenant: 0, priority: 0, model: 0, adapter: 0 };
    this.#label?.(labels);
    const session = { plan, base: this.#nextId, labels, agents: 0 };
    this.#nextId += plan.ids;
    return this.#open(session, plan.agents[0], -1);
  }

  #open(session: LiveSession, plan: AgentPlan, waiter: number): number {
    session.agents++;
    const thread = this.#free.pop() ?? this.#agents.length;
    this.#agents[thread] = { session, plan, turn: 0, awaits: 0, idle: false, waiter };
    return thread;
  }

  #sendHelpers(thread: number, turn: number, at: Seconds): void {
    const agent = this.#agents[thread] as LiveAgent;
    const { agents } = agent.session.plan;
    for (let a = 1; a < agents.length; a++) {
      const plan = agents[a];
      if (plan.parent !== turn) continue;
      if (plan.awaited) agent.awaits++;
      this.#later(this.#open(agent.session, plan, plan.awaited ? thread : -1), at);
    }
  }

  /** Makes an agent's next turn due if nothing is left to wait for; ends the agent behind its last turn. */
  #goOn(thread: number, at: Seconds): void {
    const agent = this.#agents[thread] as LiveAgent;
    if (!agent.idle || agent.awaits > 0) return;
    if (agent.turn < agent.plan.think.length) {
      this.#later(thread, at);
      return;
    }
    this.#agents[thread] = undefined;
    this.#free.push(thread);
    if (agent.waiter >= 0) {
      (this.#agents[agent.waiter] as LiveAgent).awaits--;
      this.#goOn(agent.waiter, at);
    }
    if (--agent.session.agents === 0) this.#closed(at);
  }

  /** A session is over: in a closed loop the next one starts. */
  #closed(at: Seconds): void {
    if (this.#workload.arrivals.kind !== 'closed') return;
    const thread = this.#start();
    if (thread >= 0) this.#due.push({ thread, at });
  }

  #later(thread: number, at: Seconds): void {
    const { plan, turn } = this.#agents[thread] as LiveAgent;
    this.#due.push({ thread, at: at + Math.min(plan.think[turn], this.#workload.maxThink) });
  }

  /** Fills in the next turn of a thread; false once all requests of the workload were given. */
  #fill(arrival: Arrival, thread: number, at: Seconds): boolean {
    if (this.#given >= this.#workload.requests) return false;
    this.#given++;
    const agent = this.#agents[thread] as LiveAgent;
    const { session, plan, turn } = agent;
    agent.idle = false;
    arrival.arrivedAt = at;
    arrival.inputTokens = plan.inputTokens[turn];
    arrival.outputTokens = plan.outputTokens[turn];
    arrival.thread = thread;
    arrival.tenant = session.labels.tenant;
    arrival.priority = session.labels.priority;
    arrival.model = session.labels.model;
    arrival.adapter = session.labels.adapter;
    arrival.blockTokens = this.#workload.supply.blockTokens;
    const { runs } = plan;
    for (let r = plan.runStart[turn]; r < plan.runStart[turn + 1]; r += 2) this.#prefix.add(session.base + runs[r], runs[r + 1]);
    arrival.prefix = this.#prefix.take();
    return true;
  }
}

/** The plan of session number k, asked for in order. */
function planner(supply: SessionSupply, seed: number): (k: number) => SessionPlan {
  if (supply.kind === 'drawn') return sessionDrawer(supply, seed);
  return (k) => supply.plans[k % supply.plans.length];
}
