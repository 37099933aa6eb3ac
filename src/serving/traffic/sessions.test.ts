import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idsOf as listed } from '../../kernel/id-runs.ts';
import { mergedPlant } from '../plants.contract.ts';
import { finished } from '../run.contract.ts';
import { emptyArrival, type Arrival, type RequestSource } from './arrival.ts';
import { sessionDrawer } from './drawn-sessions.ts';
import { turnsOf, type AgentLaw, type AgentPlan, type Quantiles, type SessionLaw, type SessionPlan } from './session.ts';
import { SessionSource } from './session-source.ts';
import { sessionStatistics } from './session-statistics.ts';
import type { SessionWorkload } from './workload.ts';

const table = (most: number, least = 0): fc.Arbitrary<Quantiles> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.nat(most)).map(([low, more]) => ({ share: [0, 0.5, 1], value: [low, low + more / 2, low + more] }));

const start = fc.record({ share: fc.constant(1), turns: table(5, 1), first: table(300, 1) });
const agent = fc.record({ starts: fc.tuple(start), growth: table(80), output: table(10, 1), think: table(9) });
const law: fc.Arbitrary<SessionLaw> = fc.record({
  kind: fc.constant('drawn' as const),
  blockTokens: fc.integer({ min: 1, max: 64 }),
  main: agent,
  helpers: fc.option(
    fc.record({ chance: fc.double({ min: 0, max: 1, noNaN: true }), fanOut: table(3, 1), delay: table(4), sharedTokens: fc.nat(100), agent }),
    { nil: undefined },
  ),
});
const kept = { share: [0, 1], value: [0, 1] } as const;
const cut: Pick<AgentLaw, 'rewrite' | 'compaction'> = {
  rewrite: { chance: 0.5, kept },
  compaction: { limit: { share: [0, 1], value: [50, 400] }, length: { share: [0, 1], value: [10, 300] }, kept },
};

const workload: fc.Arbitrary<SessionWorkload> = fc.record({
  kind: fc.constant('sessions' as const),
  name: fc.constant('drawn'),
  supply: law,
  arrivals: fc.oneof(
    fc.record({ kind: fc.constant('closed' as const), concurrency: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('poisson' as const), rate: fc.double({ min: 0.05, max: 5, noNaN: true }) }),
  ),
  sessions: fc.integer({ min: 1, max: 8 }),
  maxThink: fc.constantFrom(Infinity, 2),
  requests: fc.constantFrom(Infinity, 10),
  seed: fc.nat(),
});

/** A request as it was served. */
interface Served {
  readonly at: number;
  readonly end: number;
  readonly request: Arrival;
}

/** Serves every request for as long as `time` says, whatever is beside it. */
function serve(source: RequestSource, time: (request: Arrival) => number): readonly Served[] {
  const running: { readonly at: number; readonly end: number; readonly request: Arrival }[] = [];
  const waiting: Arrival[] = [];
  const served: Served[] = [];
  let arrival = emptyArrival();
  const take = () => {
    waiting.push(arrival);
    arrival = emptyArrival();
  };
  while (source.next(arrival)) take();
  for (;;) {
    waiting.sort((a, b) => a.arrivedAt - b.arrivedAt);
    running.sort((a, b) => a.end - b.end);
    const [next, first] = [waiting[0], running[0]];
    if (next !== undefined && (first === undefined || next.arrivedAt <= first.end)) {
      waiting.shift();
      running.push({ at: next.arrivedAt, end: next.arrivedAt + time(next), request: next });
    } else if (first !== undefined) {
      running.shift();
      served.push(first);
      source.ended?.(first.request.thread, first.end);
      while (source.follow?.(arrival) === true) take();
    } else return served;
  }
}

const slow = ({ inputTokens, outputTokens }: Arrival) => 0.001 * inputTokens + 0.1 * outputTokens;

/** Blocks of a turn, as ids. */
function blocksOf({ runStart, runs }: AgentPlan, turn: number): readonly number[] {
  const ids: number[] = [];
  for (let r = runStart[turn] ?? 0; r < (runStart[turn + 1] ?? 0); r += 2) for (let i = 0; i < (runs[r + 1] ?? 0); i++) ids.push((runs[r] ?? 0) + i);
  return ids;
}

/** Of all its turns. */
function idsOf(agent: AgentPlan): readonly number[] {
  return Array.from(agent.think, (_, t) => blocksOf(agent, t)).flat();
}

describe('drawn sessions', () => {
  test('the same seed draws the same; a prompt has its full blocks and begins with all blocks of the one before it', () => {
    fc.assert(
      fc.property(law, fc.nat(), (given, seed) => {
        const [draw, again] = [sessionDrawer(given, seed), sessionDrawer(given, seed)];
        for (let k = 0; k < 3; k++) {
          const plan = draw();
          expect(again()).toEqual(plan);
          for (const one of plan.agents) {
            one.think.forEach((_, t) => {
              const blocks = blocksOf(one, t);
              expect(blocks).toHaveLength(Math.floor((one.inputTokens[t] ?? 0) / given.blockTokens));
              expect(new Set(blocks).size).toBe(blocks.length);
              const earlier = t === 0 ? [] : blocksOf(one, t - 1);
              expect(blocks.slice(0, earlier.length)).toEqual(earlier);
              expect(one.inputTokens[t]).toBeGreaterThan(one.inputTokens[t - 1] ?? 0);
            });
            expect(Math.max(-1, ...idsOf(one))).toBeLessThan(plan.ids);
          }
        }
      }),
    );
  });

  test('a prompt that is rewritten or cut down keeps a part of the one before it, and still has its full blocks', () => {
    fc.assert(
      fc.property(law, fc.nat(), (given, seed) => {
        const { agents } = sessionDrawer({ ...given, helpers: undefined, main: { ...given.main, ...cut } }, seed)();
        for (const one of agents)
          one.think.forEach((_, t) => {
            const blocks = blocksOf(one, t);
            expect(blocks).toHaveLength(Math.floor((one.inputTokens[t] ?? 0) / given.blockTokens));
            const earlier = t === 0 ? [] : blocksOf(one, t - 1);
            const known = blocks.filter((id) => earlier.includes(id));
            expect(blocks.slice(0, known.length)).toEqual(known);
            expect(earlier.slice(0, known.length)).toEqual(known);
          });
      }),
    );
  });

  test('no prompt is longer than the context; it changes nothing for agents that stay below', () => {
    const compaction = { limit: { share: [0, 1], value: [500, 1000] }, length: { share: [0, 1], value: [10, 80] }, kept };
    fc.assert(
      fc.property(law, fc.nat(), fc.integer({ min: 100, max: 600 }), (given, seed, context) => {
        const free = { ...given, helpers: undefined, main: { ...given.main, compaction } };
        const [bound, unbound] = [sessionDrawer({ ...free, context }, seed)(), sessionDrawer(free, seed)()];
        const longest = (plan: SessionPlan) => Math.max(...plan.agents.flatMap(({ inputTokens }) => [...inputTokens]));
        expect(longest(bound)).toBeLessThanOrEqual(context);
        expect(longest(unbound) > context || JSON.stringify(bound) === JSON.stringify(unbound)).toBe(true);
      }),
    );
  });

  test('helpers of a session share their leading tokens, and nothing with the main agent', () => {
    fc.assert(
      fc.property(law, fc.nat(), (given, seed) => {
        const { agents } = sessionDrawer(given, seed)();
        const [main, ...helpers] = agents as readonly [AgentPlan, ...AgentPlan[]];
        const shared = Math.floor((given.helpers?.sharedTokens ?? 0) / given.blockTokens);
        const own = new Set(idsOf(main));
        for (const helper of helpers) {
          expect(blocksOf(helper, 0).slice(0, shared)).toEqual(blocksOf(helpers[0] as AgentPlan, 0).slice(0, shared));
          expect(blocksOf(helper, helper.think.length - 1).filter((id) => own.has(id))).toEqual([]);
          expect(helper.parent).toBeLessThan(main.think.length - 1);
        }
      }),
    );
  });
});

describe('sessions in a closed loop with the machine', () => {
  test('the same seed gives the same requests at the same times', () => {
    fc.assert(
      fc.property(workload, (given) => {
        expect(serve(new SessionSource(given), slow)).toEqual(serve(new SessionSource(given), slow));
      }),
    );
  });

  test('every request of every session comes once, up to the requests of the run; ids of two sessions differ', () => {
    fc.assert(
      fc.property(workload, (given) => {
        const served = serve(new SessionSource(given), slow);
        const draw = sessionDrawer(given.supply as SessionLaw, given.seed);
        const all = Array.from({ length: given.sessions }, draw);
        const total = all.reduce((sum, plan) => sum + turnsOf(plan), 0);
        expect(served).toHaveLength(Math.min(total, given.requests));
        if (given.requests < total) return;
        const lengths = (list: readonly (readonly [number, number])[]) => list.toSorted(([a, b], [c, d]) => a - c || b - d);
        const planned = all.flatMap(({ agents }) =>
          agents.flatMap((one) => [...one.inputTokens].map((input, t) => [input, one.outputTokens[t] ?? 0] as const)),
        );
        expect(lengths(served.map(({ request }) => [request.inputTokens, request.outputTokens] as const))).toEqual(lengths(planned));
        const distinct = all.reduce((sum, { agents }) => sum + new Set(agents.flatMap(idsOf)).size, 0);
        expect(new Set(served.flatMap(({ request }) => listed(request.prefix))).size).toBe(distinct);
      }),
    );
  });

  const plan = (agents: readonly AgentPlan[]): SessionPlan => ({ agents, ids: 0 });
  const turns = (parent: number, awaited: boolean, think: readonly number[], from: number): AgentPlan => ({
    parent,
    awaited,
    think: Float64Array.from(think),
    inputTokens: Int32Array.from(think, (_, t) => from + t),
    outputTokens: Int32Array.from(think, () => 1),
    runStart: new Int32Array(think.length + 1),
    runs: new Int32Array(0),
  });
  const recorded = (plans: readonly SessionPlan[], rest: Partial<SessionWorkload> = {}): SessionWorkload => ({
    kind: 'sessions',
    name: 'recorded',
    supply: { kind: 'recorded', blockTokens: 64, plans, leftOut: 0 },
    arrivals: { kind: 'closed', concurrency: 1 },
    sessions: plans.length,
    maxThink: Infinity,
    requests: Infinity,
    seed: 1,
    ...rest,
  });
  /** Prompt length, arrival and end of each request, where a request takes a second. */
  const story = (given: SessionWorkload) =>
    serve(new SessionSource(given), () => 1)
      .map(({ at, end, request }) => [request.inputTokens, at, end] as const)
      .toSorted(([a], [b]) => a - b);

  test('a turn comes its think time after the one before it has ended, at most as late as the longest think time', () => {
    const one = recorded([plan([turns(-1, false, [0, 10, 0.5], 100)])]);
    expect(story(one)).toEqual([
      [100, 0, 1],
      [101, 11, 12],
      [102, 12.5, 13.5],
    ]);
    expect(story({ ...one, maxThink: 2 }).map(([, at]) => at)).toEqual([0, 3, 4.5]);
  });

  test('sub-agents run beside each other; the parent goes on its think time after the last that it waits for', () => {
    const main = turns(-1, false, [0, 3], 100);
    const quick = turns(0, true, [0.5], 200);
    const long = turns(0, true, [0.25, 2], 300);
    const aside = turns(0, false, [1, 50], 400);
    expect(story(recorded([plan([main, quick, long, aside])]))).toEqual([
      [100, 0, 1],
      [101, 8.25, 9.25],
      [200, 1.5, 2.5],
      [300, 1.25, 2.25],
      [301, 4.25, 5.25],
      [400, 2, 3],
      [401, 53, 54],
    ]);
  });

  test('in a closed loop the next session starts when one has ended with all its agents, recorded ones from the first anew', () => {
    const sessions = [plan([turns(-1, false, [0], 100), turns(0, false, [4], 110)]), plan([turns(-1, false, [0], 200)])];
    const served = serve(new SessionSource(recorded(sessions, { sessions: 3 })), () => 1);
    expect(served.map(({ at, request }) => [request.inputTokens, at])).toEqual([
      [100, 0],
      [110, 5],
      [200, 6],
      [100, 7],
      [110, 12],
    ]);
  });

  test('a session belongs to one tenant with all its agents', () => {
    const tenants = ['a', 'b', 'c'].map((name, i) => ({ name, share: 1 / 3, priority: i, model: 0 }));
    const helper = turns(0, true, [1, 1], 200);
    const sessions = Array.from({ length: 40 }, (_, k) =>
      plan([turns(-1, false, [0, 1, 1], 1000 * k), { ...helper, inputTokens: Int32Array.of(1000 * k + 5, 1000 * k + 6) }]),
    );
    const given = recorded(sessions, {
      arrivals: { kind: 'closed', concurrency: 7 },
      mix: { tenants, adapters: { count: 9, exponent: 1, share: 0.5 }, seed: 2 },
    });
    const bySession = Map.groupBy(
      serve(new SessionSource(given), () => 1),
      ({ request }) => Math.floor(request.inputTokens / 1000),
    );
    expect(bySession.size).toBe(40);
    const labels = [...bySession.values()].map((list) => new Set(list.map(({ request: { tenant, priority, adapter } }) => `${tenant} ${priority} ${adapter}`)));
    expect(labels.map(({ size }) => size)).toEqual(labels.map(() => 1));
    expect(new Set(labels.flatMap((one) => [...one].map((text) => text.split(' ')[0]))).size).toBe(3);
  });

  test('in the simulation a session never overlaps with its own successor, and its prefixes are found again', () => {
    fc.assert(
      fc.property(law, fc.integer({ min: 1, max: 4 }), (given, concurrency) => {
        const supply = { ...given, helpers: undefined, blockTokens: 8 };
        const source = new SessionSource({ ...recorded([]), supply, arrivals: { kind: 'closed', concurrency }, sessions: 6 });
        const open = new Map<number, number>();
        const plant = mergedPlant({ kvBlocks: 4000, blockTokens: 8, prefixCaching: true, tokenBudget: 64, maxSequences: 4 }, { maxContext: 3000 });
        const { events, simulation } = finished(plant, {
          next: (arrival) => source.next(arrival),
          ended: (thread, at) => {
            open.set(thread, at);
            source.ended(thread, at);
          },
          follow: (arrival) => {
            if (!source.follow(arrival)) return false;
            expect(arrival.arrivedAt).toBeGreaterThanOrEqual(open.get(arrival.thread) ?? 0);
            return true;
          },
        });
        let inFlight = 0;
        for (const { kind } of events) {
          if (kind === 'arrived') inFlight++;
          if (kind === 'finished' || kind === 'rejected') inFlight--;
          expect(inFlight).toBeLessThanOrEqual(concurrency);
        }
        expect(simulation.table.inUse).toBe(0);
        const plans = Array.from({ length: 6 }, sessionDrawer(supply, 1));
        expect(simulation.snapshot().arrived).toBe(plans.reduce((sum, one) => sum + turnsOf(one), 0));
        // One at a time, with room for all: every full block of an earlier turn is hit but where nothing else would be left to compute.
        const { reuse } = sessionStatistics({ kind: 'recorded', blockTokens: 8, plans, leftOut: 0 });
        const { rejected, arrived } = simulation.snapshot();
        const hits = simulation.cacheCounters.tokensHit / 8;
        const most = reuse.hitShare * reuse.blocks;
        expect(hits).toBeLessThanOrEqual(most + 1e-9);
        expect(hits).toBeGreaterThanOrEqual(rejected === 0 && concurrency === 1 ? most - arrived : 0);
      }),
      { numRuns: 60 },
    );
  });
});
