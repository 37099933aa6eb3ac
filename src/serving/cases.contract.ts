import * as fc from 'fast-check';
import { runsOf } from '../kernel/id-runs.ts';
import { engines, type StepPricer } from '../cost/batch.ts';
import { stages } from '../model/operator.ts';
import { simpleLinks } from './links.contract.ts';
import type { EndPlant, Plant } from './plant.ts';
import { routerNames } from './policies/router.ts';
import { schedulerNames } from './policies/scheduler.ts';
import { emptyArrival, type Arrival, type RequestSource } from './traffic/arrival.ts';

/** A small deployment and its requests. */
export interface Case {
  readonly plant: Plant;
  readonly requests: readonly Arrival[];
  readonly concurrency: number | undefined;
}

/** Requests of a list, in its order. */
export function listed(requests: readonly Readonly<Arrival>[], concurrency?: number): RequestSource {
  let given = 0;
  return {
    concurrency,
    next: (arrival) => {
      const request = requests[given++];
      if (request === undefined) return false;
      Object.assign(arrival, request);
      return true;
    },
  };
}

/** Requests of a list in so many chains: each follows the one before it in its chain, after that has ended, by as long as they lie apart in the list. */
export function chained(requests: readonly Readonly<Arrival>[], chains: number): RequestSource {
  const first = listed(requests.slice(0, chains).map((one, thread) => ({ ...one, thread })));
  const due: Arrival[] = [];
  return {
    next: (arrival) => first.next(arrival),
    ended: (thread, at) => {
      const request = requests[thread + chains];
      if (request === undefined) return;
      due.push({ ...request, arrivedAt: at + (request.arrivedAt - (requests[thread]?.arrivedAt ?? 0)), thread: thread + chains });
    },
    follow: (arrival) => {
      const request = due.shift();
      if (request === undefined) return false;
      Object.assign(arrival, request);
      return true;
    },
  };
}

/**
 * A cost that grows with everything in the batch, by weights in units of 2^-20 s. Its parts are multiples of 2^-20 s, so that sums of
 * them are exact; `stretch` puts the time itself off the grid.
 */
export function syntheticPricer([fixed, token, context, pair, sequence, all]: readonly number[], stretch = 1): StepPricer {
  const pricer: StepPricer = {
    cost: ({ rank, instanceTokens }) => {
      const { decodeSequences, queryTokens, decodeContext, prefillTokens, prefillSequences, prefillPairs, prefillContext } = rank;
      const parts = [
        (token ?? 0) * (decodeSequences * queryTokens + prefillTokens),
        (context ?? 0) * (decodeContext + prefillContext),
        (pair ?? 0) * prefillPairs,
        (sequence ?? 0) * (decodeSequences + prefillSequences),
        (all ?? 0) * instanceTokens,
      ].map((units) => units / 2 ** 20);
      const gap = (fixed ?? 0) / 2 ** 20;
      const time = parts.reduce((sum, part) => sum + part, gap);
      return {
        time: time * stretch,
        busy: engines.map((_, e) => parts[e] ?? 0),
        stages: [...stages.map((_, s) => parts[s] ?? 0), gap],
      };
    },
    // Short, so that runs go over several.
    stretch: (batch) => {
      const at = (decodeContext: number) => pricer.cost({ ...batch, rank: { ...batch.rank, decodeContext } });
      return {
        to: batch.rank.decodeContext + 9,
        time: (decodeContext) => at(decodeContext).time,
        add: (count, contexts, stageTimes, busy) => {
          const none = at(0);
          none.stages.forEach((time, s) => (stageTimes[s] = (stageTimes[s] ?? 0) + count * time + (s === 1 ? ((context ?? 0) * contexts) / 2 ** 20 : 0)));
          none.busy.forEach((time, e) => (busy[e] = (busy[e] ?? 0) + count * time + (e === 1 ? ((context ?? 0) * contexts) / 2 ** 20 : 0)));
        },
      };
    },
  };
  return pricer;
}

const pricer = fc
  .tuple(fc.tuple(fc.integer({ min: 1, max: 400 }), ...Array.from({ length: 5 }, () => fc.nat(20))), fc.constantFrom(1, 1.1))
  .map(([weights, stretch]) => syntheticPricer(weights, stretch));

/** The same cost in stages: each has its share of the time, the last one least, with sends between them and the host behind. */
export function pipelined(whole: StepPricer, stages: number, send = 2 ** -16): StepPricer {
  if (stages === 1) return whole;
  const total = (stages * (stages + 1)) / 2;
  return {
    cost: (batch) => {
      const cost = whole.cost(batch);
      const times = Array.from({ length: stages }, (_, s) => (cost.time * (stages - s)) / total);
      const host = cost.stages.at(-1) ?? 0;
      return { ...cost, time: cost.time + (stages - 1) * send + host, pipeline: { stages: times, send, host } };
    },
  };
}

const acceptance = fc.constantFrom<readonly number[]>([], [], [0.7], [0.5, 0.25], [1]);

/** Bandwidths that fair shares divide without a remainder, whatever is shared by up to twelve, three links deep. */
const even = 27720 * 27720 * 27720;
const bandwidth = fc.integer({ min: 1, max: 8 }).map((times) => times * even);
const latency = fc.constantFrom(0, 2 ** -12, 0.0003);

const shape = {
  instances: fc.integer({ min: 1, max: 2 }),
  stages: fc.constantFrom(1, 1, 2, 3),
  ranks: fc.integer({ min: 1, max: 4 }),
  /** Tokens beyond those of the longest request. */
  slack: fc.nat(80),
  blockTokens: fc.integer({ min: 1, max: 8 }),
  stateBlocks: fc.constantFrom(0, 0, 1, 3),
  watermarkBlocks: fc.nat(2),
  maxSequences: fc.integer({ min: 1, max: 6 }),
  tokenBudget: fc.integer({ min: 1, max: 60 }),
  prefixCaching: fc.boolean(),
  acceptance,
  ahead: fc.constantFrom(undefined, false, true),
  pollEvery: fc.constantFrom(undefined, undefined, 2, 5),
  launching: fc.constantFrom(undefined, 2 ** -12, 0.0009),
  pricer,
};

/** A pool whose ranks surely hold the longest request at the end of its next step (REQ-2). */
function sized<
  Shape extends {
    slack: number;
    stateBlocks: number;
    blockTokens: number;
    watermarkBlocks: number;
    acceptance: readonly number[];
    stages: number;
    pricer: StepPricer;
  },
>({ slack, ...shape }: Shape, longest: number): Omit<Shape, 'slack'> & { readonly kvBlocks: number } {
  return {
    ...shape,
    pricer: pipelined(shape.pricer, shape.stages),
    kvBlocks:
      shape.watermarkBlocks + shape.stateBlocks + Math.ceil((longest + shape.acceptance.length) / shape.blockTokens) + Math.floor(slack / shape.blockTokens),
  };
}

/** Blocks that a sequence may take in a step: the least watermark of a decode pool (RTE-2). */
function stepBlocks({ acceptance: drafts, blockTokens }: { acceptance: readonly number[]; blockTokens: number }): number {
  return Math.ceil((1 + drafts.length) / blockTokens);
}

const common = {
  intake: fc.option(fc.record({ request: fc.constantFrom(0, 2 ** -11, 0.0003), token: fc.constantFrom(0, 2 ** -14, 0.00001) }), { nil: undefined }),
  firstToken: fc.constantFrom('prefill' as const, 'decode' as const),
  slo: fc.record({ ttft: fc.constantFrom(undefined, 2 ** -7), tpot: fc.constantFrom(undefined, 2 ** -10), e2e: fc.constantFrom(undefined, 0.02) }),
  policies: fc.option(
    fc.record({
      router: fc.constantFrom(...routerNames),
      scheduler: fc.constantFrom(...schedulerNames),
      admission: fc.option(
        fc.record({
          inFlight: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
          queuedTokens: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
          ttft: fc.option(fc.constantFrom(2 ** -9, 2 ** -6), { nil: undefined }),
        }),
        { nil: undefined, freq: 3 },
      ),
    }),
    { nil: undefined },
  ),
  tenants: fc.constantFrom(undefined, [
    { name: 'a', weight: 1, slo: {} },
    { name: 'b', weight: 3, slo: { ttft: 2 ** -9 } },
  ]),
  seed: fc.maxSafeNat(),
  maxContext: fc.integer({ min: 12, max: 60 }),
  maxContextOf: fc.constantFrom('the model' as const, 'the KV memory of a rank' as const),
};

const merged: fc.Arbitrary<Plant> = fc.record({ pool: fc.record({ ...shape, prefillFirst: fc.boolean() }), ...common }).map(({ pool, ...rest }) => ({
  pools: [{ name: 'merged', role: 'merged', ...sized(pool, rest.maxContext) }],
  links: [],
  ...rest,
}));

const disaggregated: fc.Arbitrary<Plant> = fc
  .record({
    prefill: fc.record({ ...shape, acceptance: fc.constant([]) }),
    decode: fc.record({ ...shape, prefixCaching: fc.constant(false), tokenBudget: fc.constant(100) }),
    transfer: fc.record({
      bytesPerToken: fc.constant(2 ** 32),
      bytesPerSequence: fc.constantFrom(0, 2 ** 33),
      sourcesPerRank: fc.integer({ min: 1, max: 3 }),
      sourceBandwidth: bandwidth,
      sinkBandwidth: bandwidth,
      latency,
    }),
    cache: fc.option(
      fc.record({
        bytesPerToken: fc.constant(2 ** 32),
        capacity: fc.integer({ min: 0, max: 80 }).map((tokens) => tokens * 2 ** 32),
        blockTokens: fc.integer({ min: 1, max: 8 }),
        poolBandwidth: bandwidth,
        rankBandwidth: bandwidth,
        nodeBandwidths: fc.option(fc.array(bandwidth, { minLength: 1, maxLength: 4 }), { nil: undefined }),
        ttl: fc.constantFrom(undefined, undefined, 0.002, 0.01),
        readInStep: fc.boolean(),
        storage: fc.option(
          fc.record({
            capacity: fc.integer({ min: 0, max: 120 }).map((tokens) => tokens * 2 ** 32),
            bandwidth,
            latency,
            write: fc.constantFrom('through' as const, 'back' as const),
          }),
          { nil: undefined },
        ),
        latency,
      }),
      { nil: undefined },
    ),
    /** Source groups that share a port, nodes that ranks are dealt to, and what leads from each to the others. */
    shared: fc.integer({ min: 1, max: 2 }),
    uplinks: fc.array(bandwidth, { minLength: 1, maxLength: 3 }),
    ...common,
  })
  .map(({ prefill, decode, cache, transfer, shared, uplinks, ...rest }) => {
    const pools = [
      { name: 'prefill', role: 'prefill', ...sized(prefill, rest.maxContext), prefixCaching: prefill.prefixCaching && cache === undefined },
      { name: 'decode', role: 'decode', ...sized({ ...decode, watermarkBlocks: decode.watermarkBlocks + stepBlocks(decode) }, rest.maxContext) },
    ] as const;
    // CAC-7: not in a pipeline.
    const pooled = cache === undefined ? undefined : { ...cache, readInStep: cache.readInStep && pools[0].stages === 1 };
    return { pools, ...overNodes(simpleLinks(pools, transfer, pooled), shared, uplinks), ...rest };
  });

/** Puts ends on nodes: those of one node meet below, the others above. */
function overNodes({ transfer, cache, links }: ReturnType<typeof simpleLinks>, shared: number, uplinks: readonly number[]): ReturnType<typeof simpleLinks> {
  if (transfer === undefined) return { cache, links };
  const first = links.length;
  const leading = uplinks.flatMap((rate, node) => ['up', 'down'].map((way) => ({ name: `node ${node} ${way}`, rate })));
  const place = (end: EndPlant, port: EndPlant | undefined, node: number, down: number): EndPlant => ({
    ports: port?.ports ?? end.ports,
    levels: [
      { group: 1 + node, link: first + 2 * node + down },
      { group: 0, link: -1 },
    ],
  });
  return {
    transfer: {
      ...transfer,
      sources: transfer.sources.map((end, i) => place(end, transfer.sources[i - (i % shared)], Math.floor(i / shared) % uplinks.length, 0)),
      sinks: transfer.sinks.map((end, i) => place(end, undefined, i % uplinks.length, 1)),
    },
    cache,
    links: [...links, ...leading],
  };
}

/** Prompts that begin alike: ids of one of two families up to a fork, of a branch after it. */
const request = fc
  .record({
    gap: fc.constantFrom(0, 0, 0, 2 ** -14, 2 ** -11, 2 ** -9, 0.0001, 0.003),
    inputTokens: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 12 }), weight: 4 }, { arbitrary: fc.integer({ min: 1, max: 50 }), weight: 2 }),
    outputTokens: fc.integer({ min: 1, max: 30 }),
    family: fc.nat(1),
    fork: fc.integer({ min: 1, max: 25 }),
    branch: fc.nat(2),
    tenant: fc.nat(2),
    urgent: fc.nat(7),
  })
  .map(({ gap, inputTokens, outputTokens, family, fork, branch, tenant, urgent }) => ({
    gap,
    tenant,
    urgent,
    inputTokens,
    outputTokens,
    id: (depth: number) => family * 100 + depth + (depth < fork ? 0 : 1000 * (fork + 100 * branch + 1)),
  }));

const requests: fc.Arbitrary<readonly Arrival[]> = fc

  .record({
    list: fc.array(request, { minLength: 1, maxLength: 24, size: 'max' }),
    blockTokens: fc.constantFrom(0, 1, 2, 3, 4, 6),
    tenants: fc.boolean(),
    classes: fc.boolean(),
  })
  .map(({ list, blockTokens, tenants, classes }) => {
    let arrivedAt = 0;
    return list.map(({ gap, inputTokens, outputTokens, id, tenant, urgent }) => ({
      ...emptyArrival(),
      arrivedAt: (arrivedAt += gap),
      tenant: tenants ? tenant : 0,
      priority: classes && urgent === 0 ? 1 : 0,
      inputTokens,
      outputTokens,
      blockTokens,
      prefix: blockTokens === 0 ? [] : runsOf(Array.from({ length: Math.ceil(inputTokens / blockTokens) }, (_, depth) => id(depth))),
    }));
  });

/** Small deployments under small loads, in which everything is scarce: blocks, places, budgets, links. */
export const cases: fc.Arbitrary<Case> = fc.record({
  plant: fc.oneof(merged, disaggregated),
  requests,
  concurrency: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 2 }),
});
