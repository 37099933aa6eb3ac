import type { StepCost } from '../cost/batch.ts';
import { counterUniform } from '../kernel/random.ts';
import type { SimulationEvent } from './events.ts';
import type { Plant, PoolPlant } from './plant.ts';
import type { Arrival, RequestSource } from './traffic/workload.ts';
import { blocksOfUnit, NaiveCache } from './twin-cache.contract.ts';
import { NaiveLinks } from './twin-links.contract.ts';
import { freeBlocks, held, least, makeRoom, newInstance, queuedTokens, sequences, sum, unshare, usedBlocks, without } from './twin-state.contract.ts';
import type { Instance, Rank, Request } from './twin-state.contract.ts';

/** When a request came to each point of its life: the first time for `ready`, `scheduled` and `firstToken`, else the last. */
export interface Timeline {
  readonly request: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly arrived: number;
  readonly ready: number;
  readonly scheduled: number;
  readonly prefilled: number;
  /** These three in a decode pool only. */
  readonly reserved: number | undefined;
  readonly moved: number | undefined;
  readonly joined: number | undefined;
  readonly firstToken: number;
  readonly finished: number;
}

/** What happened in a pool, step by step. */
export interface PoolTrace {
  readonly durations: number[];
  readonly costs: StepCost[];
  readonly prefillTokens: number[];
  readonly decoding: number[];
  /** Share of the KV blocks in use. */
  readonly kv: number[];
  preemptions: number;
}

export interface TwinResult {
  readonly events: SimulationEvent[];
  /** In the order in which requests finished, as the latencies. */
  readonly timelines: Timeline[];
  readonly ttft: number[];
  readonly tpot: number[];
  readonly e2e: number[];
  readonly itl: number[];
  readonly pools: readonly PoolTrace[];
  readonly carried: readonly number[];
  readonly cache: { lookups: number; promptTokens: number; tokensHit: number; evictions: number };
  /** How often what a test wants to have seen came about. */
  readonly seen: { chunked: number; heldBack: number; unitsDropped: number };
}

const arrival = 0;
const flowEnd = 1;
const delivery = 2;
const stepEnd = 3;
const stepStart = 4;
const grid = 2 ** 30;
const mostEvents = 100_000;

/**
 * The rules of docs/spec/serving.md played out one token of one sequence at a time, with everything counted anew whenever it is
 * asked for. The engine must give the same to the last bit.
 * @throws Error where a run does not come to its end.
 */
export function twin(plant: Plant, source: RequestSource): TwinResult {
  const [entry, decode] = plant.pools as readonly [PoolPlant, PoolPlant | undefined];
  const { transfer, cache: poolCache } = plant;
  const result: TwinResult = {
    events: [],
    timelines: [],
    ttft: [],
    tpot: [],
    e2e: [],
    itl: [],
    pools: plant.pools.map(() => ({ durations: [], costs: [], prefillTokens: [], decoding: [], kv: [], preemptions: 0 })),
    carried: [],
    cache: { lookups: 0, promptTokens: 0, tokensHit: 0, evictions: 0 },
    seen: { chunked: 0, heldBack: 0, unitsDropped: 0 },
  };
  const { events, seen } = result;
  const instances = plant.pools.flatMap((pool, p) => Array.from({ length: pool.instances }, (_, i) => newInstance(pool, p, p === 0 ? i : entry.instances + i)));
  const entryRanks = instances.filter(({ pool }) => pool === 0).flatMap(({ ranks }) => ranks);
  const decodeRanks = instances.filter(({ pool }) => pool === 1).flatMap(({ ranks }) => ranks);
  const groups = transfer === undefined ? 0 : transfer.sourcesPerRank;
  const sinks = entryRanks.length * groups;
  const links = new NaiveLinks([
    ...Array.from({ length: sinks }, () => transfer?.sourceBandwidth ?? 0),
    ...decodeRanks.map(() => transfer?.sinkBandwidth ?? 0),
    ...(poolCache === undefined ? [] : [poolCache.poolBandwidth, ...Array.from({ length: entry.instances }, () => poolCache.instanceBandwidth)]),
  ]);
  const pooled = new NaiveCache();
  let pending: { readonly at: number; readonly kind: number; readonly order: number; readonly happen: () => void }[] = [];
  let now = 0;
  let ordered = 0;
  let arrived = 0;
  let exhausted = false;
  let moving: Request[] = [];

  function later(at: number, kind: number, happen: () => void): void {
    pending.push({ at, kind, order: ordered++, happen });
  }

  // TIM-1
  function wake(instance: Instance): void {
    if (instance.running) return;
    later(Math.ceil(now * grid) / grid, stepStart, () => {
      if (!instance.running) begin(instance);
    });
  }

  // REQ-4
  function next(): void {
    const given: Arrival = { arrivedAt: 0, inputTokens: 0, outputTokens: 0, blockTokens: 0, blocks: [] };
    exhausted ||= !source.next(given);
    if (exhausted) return;
    given.blocks = [...given.blocks];
    later(source.concurrency === undefined ? given.arrivedAt : now, arrival, () => {
      if (source.concurrency === undefined) next();
      arrive(given);
    });
  }

  // REQ-2, CAC-1
  function arrive({ inputTokens, outputTokens, blockTokens, blocks }: Arrival): void {
    const number = arrived++;
    events.push({ kind: 'arrived', at: now, request: number, inputTokens });
    if (inputTokens >= plant.maxContext) {
      events.push({ kind: 'rejected', at: now, request: number, cause: `prompt and answer longer than ${plant.maxContext} tokens` });
      if (source.concurrency !== undefined) next();
      return;
    }
    const named = blockTokens > 0 && (poolCache !== undefined || entry.prefixCaching);
    const multiple = named ? blocksOfUnit(blockTokens, poolCache?.blockTokens, entry.blockTokens) : 1;
    dispatch({
      number,
      input: inputTokens,
      output: Math.min(outputTokens, plant.maxContext - inputTokens),
      units: named ? blocks.filter((_, i) => (i + 1) % multiple === 0 && (i + 1) * blockTokens <= inputTokens) : [],
      unitTokens: named ? multiple * blockTokens : 0,
      marks: { arrived: now },
      lastAt: -1,
      cached: 0,
      emitted: 0,
      prompt: inputTokens,
      computed: 0,
      steps: 0,
      shared: 0,
      admission: -1,
      joinedAfter: 0,
      joining: 0,
    });
  }

  // RTE-1, CAC-2
  function dispatch(request: Request): void {
    const places = (rank: Rank) => sequences(rank) + rank.waiting.length;
    const rank = least(entryRanks, (a, b) => queuedTokens(a) - queuedTokens(b) || places(a) - places(b));
    request.computed = 0;
    if (poolCache !== undefined) {
      const units = request.units.slice(0, request.unitTokens === 0 ? 0 : pooled.run(request.units, Math.floor((request.prompt - 1) / request.unitTokens)));
      pooled.use(units, Infinity);
      request.computed = units.length * request.unitTokens;
      countLookup(request);
    }
    if (request.marks.scheduled === undefined) {
      request.marks.ready = now;
      request.cached = request.computed;
    }
    if (poolCache === undefined || request.computed === 0) {
      rank.waiting.push(request);
      wake(rank.instance);
      return;
    }
    rank.reading.push(request);
    const pool = sinks + decodeRanks.length;
    const there = () => {
      if (request.marks.scheduled === undefined) request.marks.ready = now;
      rank.reading = without(rank.reading, request);
      rank.waiting.push(request);
      wake(rank.instance);
    };
    send(request.computed * poolCache.bytesPerToken, [pool, pool + 1 + rank.instance.index], poolCache.latency, () => {}, there);
  }

  function countLookup({ prompt, computed }: Request): void {
    result.cache.lookups++;
    result.cache.promptTokens += prompt;
    result.cache.tokensHit += computed;
  }

  // MOV-1, MOV-2
  function send(bytes: number, over: readonly number[], latency: number, sent: () => void, there: () => void): void {
    links.start(now, {
      links: over,
      left: bytes,
      rate: 0,
      sent: () => {
        sent();
        later(now + latency, delivery, there);
      },
    });
    awaitLinks();
  }

  function awaitLinks(): void {
    pending = pending.filter(({ kind }) => kind !== flowEnd);
    if (links.flows.length === 0) return;
    later(links.endsAt, flowEnd, () => {
      const flows = links.end(now);
      awaitLinks();
      for (const { sent } of flows) sent();
    });
  }

  // RTE-2
  function move(): void {
    if (transfer === undefined || decode === undefined) return;
    while (moving.length > 0) {
      const request = moving[0] as Request;
      const need = Math.ceil(request.prompt / decode.blockTokens);
      const open = decodeRanks.filter(
        (rank) => sequences(rank) < decode.maxSequences && freeBlocks(rank) >= need + (sequences(rank) > 0 ? decode.watermarkBlocks : 0),
      );
      if (open.length === 0) {
        seen.heldBack++;
        return;
      }
      const rank = least(open, (a, b) => sequences(a) - sequences(b) || freeBlocks(b) - freeBlocks(a));
      const from = request.source as Rank;
      moving = moving.slice(1);
      rank.promised.push(request);
      request.admission = rank.admissions++;
      request.marks.reserved = now;
      const group = Math.min(groups - 1, Math.floor(rank.index / Math.max(1, Math.floor(decode.ranks / groups))));
      const over = [entryRanks.indexOf(from) * groups + group, sinks + decodeRanks.indexOf(rank)];
      const there = () => {
        request.marks.moved = now;
        events.push({ kind: 'moved', at: now, request: request.number, instance: rank.instance.index, rank: rank.index });
        rank.promised = without(rank.promised, request);
        rank.here.push(request);
        wake(rank.instance);
      };
      send(request.prompt * transfer.bytesPerToken, over, transfer.latency, () => letGo(request), there);
    }
  }

  function letGo(request: Request): void {
    const from = request.source as Rank;
    from.holding = without(from.holding, request);
    unshare(from, request);
    wake(from.instance);
  }

  // SCH
  function begin(instance: Instance): void {
    let preempted = false;
    let used = 0;
    for (const rank of instance.ranks) {
      for (const request of rank.here) {
        request.marks.joined = now;
        join(rank, request);
      }
      rank.here = [];
      preempted = grow(rank) || preempted;
      admit(rank);
      used += usedBlocks(rank);
    }
    const decoding = sum(instance.ranks, (rank) => rank.decoding.length);
    const prefillTokens = sum(instance.ranks, (rank) => sum(rank.chunks, (chunk) => chunk));
    instance.running = decoding + prefillTokens > 0;
    if (instance.running) {
      const { plant: pool } = instance;
      const cost = slowest(instance);
      const duration = Math.max(1, Math.ceil(cost.time * grid)) / grid;
      const trace = result.pools[instance.pool];
      trace?.durations.push(duration);
      trace?.costs.push(cost);
      trace?.prefillTokens.push(prefillTokens);
      trace?.decoding.push(decoding);
      trace?.kv.push(used / (pool.kvBlocks * pool.ranks));
      events.push({ kind: 'step', at: now, duration, pool: pool.name, instance: instance.index, decoding, prefillTokens });
      later(now + duration, stepEnd, () => {
        end(instance);
        begin(instance);
      });
    }
    if (preempted && instance.pool === 1) move();
  }

  // SCH-1
  function join(rank: Rank, request: Request): void {
    request.joinedAfter = rank.instance.steps;
    request.joining = rank.instance.joins++;
    rank.decoding.push(request);
  }

  // SCH-2, SCH-3
  function grow(rank: Rank): boolean {
    const { plant: pool, steps } = rank.instance;
    const blocks = (after: number) => sum(rank.decoding, (request) => Math.ceil(held(pool, request, after) / pool.blockTokens));
    let preempted = false;
    for (; rank.decoding.length > 0 && freeBlocks(rank) < blocks(steps + 1) - blocks(steps); preempted = true) {
      const latest = least([...rank.decoding, ...rank.prefilling], (a, b) => b.admission - a.admission);
      rank.decoding = without(rank.decoding, latest);
      rank.prefilling = without(rank.prefilling, latest);
      unshare(rank, latest);
      latest.prompt = latest.input + latest.emitted;
      latest.computed = 0;
      (result.pools[rank.instance.pool] as PoolTrace).preemptions++;
      events.push({ kind: 'preempted', at: now, request: latest.number });
      if (pool.role === 'merged') rank.waiting.unshift(latest);
      else dispatch(latest);
    }
    if (rank.decoding.length > 0) rank.grown = steps + 1;
    seen.unitsDropped += makeRoom(rank);
    return preempted;
  }

  // SCH-4, SCH-5
  function admit(rank: Rank): void {
    const { plant: pool, index } = rank.instance;
    let budget = pool.tokenBudget - rank.decoding.length * (1 + pool.acceptance.length);
    const compute = (request: Request) => {
      const chunk = Math.max(0, Math.min(request.prompt - request.computed, budget));
      if (chunk < request.prompt - request.computed) seen.chunked++;
      rank.chunks.push(chunk);
      budget -= chunk;
    };
    for (const request of rank.prefilling) compute(request);
    while (rank.waiting.length > 0 && budget > 0 && sequences(rank) < pool.maxSequences) {
      const request = rank.waiting[0] as Request;
      const units = cachedUnits(rank, request);
      const pinning = units.filter((id) => rank.idle.ids.includes(id)).length;
      const need = Math.ceil(request.prompt / pool.blockTokens) - (units.length - pinning) * rank.unitBlocks;
      if (freeBlocks(rank) < need + (sequences(rank) > 0 ? pool.watermarkBlocks : 0)) return;
      rank.waiting = rank.waiting.slice(1);
      rank.prefilling.push(request);
      rank.idle.ids = rank.idle.ids.filter((id) => !units.includes(id));
      request.shared = units.length;
      seen.unitsDropped += makeRoom(rank);
      if (units.length > 0) {
        request.computed = units.length * request.unitTokens;
        if (request.marks.scheduled === undefined) request.cached = request.computed;
      }
      if (poolCache === undefined && pool.prefixCaching) countLookup(request);
      request.admission = rank.admissions++;
      request.marks.scheduled ??= now;
      compute(request);
      events.push({ kind: 'scheduled', at: now, request: request.number, pool: pool.name, instance: index, cachedTokens: request.computed });
    }
  }

  // CAC-1, CAC-3
  function cachedUnits(rank: Rank, request: Request): readonly number[] {
    const { plant: pool } = rank.instance;
    if (!pool.prefixCaching || request.unitTokens === 0) return [];
    rank.unitBlocks = request.unitTokens / pool.blockTokens;
    const present = [...rank.idle.ids, ...rank.prefilling, ...rank.holding, ...rank.decoding].flatMap((item) =>
      typeof item === 'number' ? [item] : item.units.slice(0, item.shared),
    );
    const most = request.units.slice(0, Math.floor((request.prompt - 1) / request.unitTokens));
    const absent = most.findIndex((id) => !present.includes(id));
    return absent < 0 ? most : most.slice(0, absent);
  }

  // SCH-6
  function slowest({ ranks, plant: pool, steps }: Instance): StepCost {
    const queryTokens = 1 + pool.acceptance.length;
    const batches = ranks.map((rank) => {
      const parts = rank.prefilling.map(({ computed }, i) => ({ before: computed, chunk: rank.chunks[i] as number })).filter(({ chunk }) => chunk > 0);
      return {
        decodeSequences: rank.decoding.length,
        queryTokens,
        decodeContext: sum(rank.decoding, (request) => held(pool, request, steps)),
        prefillTokens: sum(parts, ({ chunk }) => chunk),
        prefillSequences: parts.length,
        prefillPairs: sum(parts, ({ before, chunk }) => sum([...Array(chunk).keys()], (i) => before + i + 1)),
        prefillContext: sum(parts, ({ before, chunk }) => before + chunk),
      };
    });
    type Batch = (typeof batches)[number];
    const tokens = (batch: Batch) => batch.decodeSequences * queryTokens + batch.prefillTokens;
    const instanceTokens = sum(batches, tokens);
    const prompts = batches.some(({ prefillTokens }) => prefillTokens > 0);
    const candidates = [
      least(batches, (a, b) => b.decodeContext - a.decodeContext),
      least(batches, (a, b) => tokens(b) - tokens(a)),
      ...(prompts ? [least(batches, (a, b) => b.prefillPairs - a.prefillPairs)] : []),
    ];
    return least(
      candidates.map((rank) => pool.pricer.cost({ rank, instanceTokens })),
      (a, b) => b.time - a.time,
    );
  }

  // EMT-1, EMT-2
  function end(instance: Instance): void {
    const { plant: pool, ranks } = instance;
    const decoding = ranks.flatMap((rank) => rank.decoding.map((request) => ({ rank, request }))).sort((a, b) => a.request.joining - b.request.joining);
    if (decoding.length > 0) instance.steps++;
    for (const rank of ranks) rank.grown = instance.steps;
    for (const { request } of decoding) {
      const draw = pool.acceptance.length === 0 ? 0 : counterUniform(Math.floor(plant.seed / 2 ** 32), plant.seed >>> 0, request.number, request.steps);
      request.steps++;
      let chain = 1;
      request.emitted += 1 + pool.acceptance.filter((share) => draw < (chain *= share)).length;
      putOut(request);
    }
    for (const { rank, request } of decoding) {
      if (request.emitted < request.output) continue;
      rank.decoding = without(rank.decoding, request);
      unshare(rank, request);
      finish(request);
    }
    for (const rank of ranks) completePrompts(rank);
  }

  // EMT-4
  function putOut(request: Request): void {
    if (request.marks.firstToken === undefined) {
      request.marks.firstToken = now;
      events.push({ kind: 'first-token', at: now, request: request.number });
    } else {
      result.itl.push(now - request.lastAt);
    }
    request.lastAt = now;
  }

  function completePrompts(rank: Rank): void {
    const under = rank.prefilling;
    const { chunks } = rank;
    rank.chunks = [];
    for (const [i, request] of under.entries()) {
      request.computed += chunks[i] as number;
      if (request.computed === request.prompt) complete(rank, request);
    }
  }

  // EMT-3
  function complete(rank: Rank, request: Request): void {
    keepPrefix(rank, request);
    request.marks.prefilled = now;
    events.push({ kind: 'prefilled', at: now, request: request.number });
    rank.prefilling = without(rank.prefilling, request);
    const merged = rank.instance.plant.role === 'merged';
    if (!merged) {
      request.source = rank;
      rank.holding.push(request);
      if (poolCache !== undefined && request.unitTokens > 0)
        pooled.use(request.units, Math.floor(poolCache.capacity / (request.unitTokens * poolCache.bytesPerToken)));
    }
    if (merged || plant.firstToken === 'prefill') {
      request.emitted++;
      putOut(request);
      if (request.emitted === request.output) {
        if (merged) unshare(rank, request);
        else {
          Object.assign(request.marks, { reserved: now, moved: now, joined: now });
          letGo(request);
        }
        finish(request);
        return;
      }
    }
    if (merged) {
      join(rank, request);
      return;
    }
    moving.push(request);
    move();
  }

  // CAC-3
  function keepPrefix(rank: Rank, request: Request): void {
    if (!rank.instance.plant.prefixCaching || request.unitTokens === 0) return;
    request.shared = Math.min(request.units.length, Math.floor(request.prompt / request.unitTokens));
    const own = request.units.slice(0, request.shared);
    rank.idle.ids = rank.idle.ids.filter((id) => !own.includes(id));
  }

  function finish(request: Request): void {
    const { marks, output } = request;
    const { arrived: from = Number.NaN, firstToken = Number.NaN, ready = Number.NaN, scheduled = Number.NaN, prefilled = Number.NaN } = marks;
    result.ttft.push(firstToken - from);
    result.e2e.push(now - from);
    if (output > 1) result.tpot.push((now - from - (firstToken - from)) / (output - 1));
    result.timelines.push({
      request: request.number,
      input: request.input,
      output,
      cached: request.cached,
      arrived: from,
      ready,
      scheduled,
      prefilled,
      reserved: marks.reserved,
      moved: marks.moved,
      joined: decode === undefined ? undefined : marks.joined,
      firstToken,
      finished: now,
    });
    events.push({ kind: 'finished', at: now, request: request.number, outputTokens: output });
    if (source.concurrency !== undefined) next();
    move();
  }

  for (let i = 0; i < (source.concurrency ?? 1); i++) next();
  for (let handled = 0; pending.length > 0; handled++) {
    if (handled === mostEvents) throw new Error(`still going on after ${mostEvents} events, at ${now} s`);
    pending.sort((a, b) => a.at - b.at || a.kind - b.kind || a.order - b.order);
    const [event] = pending.splice(0, 1);
    now = event?.at ?? now;
    event?.happen();
  }
  result.cache.evictions = poolCache === undefined ? seen.unitsDropped : pooled.evictions;
  return { ...result, carried: links.carried };
}
