import { Acceptance } from './acceptance.ts';
import { arrivedEvent } from './events.ts';
import type { BothWays, CachePlant, EndPlant, Plant, PoolPlant } from './plant.ts';
import { emptyArrival, type Arrival, type RequestSource } from './traffic/arrival.ts';
import { nodeByHash } from './prefix-pool.ts';
import { NaivePool } from './twin-cache.contract.ts';
import { passed, priced, promptsAlone } from './twin-iteration.contract.ts';
import { refusal } from './policies/admission.ts';
import { routerOf } from './policies/router.ts';
import { cachedTokens, NaiveShares, nextWaiting, paced, seenOnArrival } from './twin-policies.contract.ts';
import { NaiveLinks } from './twin-links.contract.ts';
import { record, type PoolTrace, type TwinResult } from './twin-result.contract.ts';
import {
  allSequences,
  cachedUnits,
  freeBlocks,
  held,
  keepPrefix,
  least,
  makeRoom,
  newInstances,
  newRequest,
  queuedTokens,
  sequences,
  sum,
  unshare,
  usedBlocks,
  without,
} from './twin-state.contract.ts';
import type { Instance, Rank, Request } from './twin-state.contract.ts';

const arrival = 0;
const flowEnd = 1;
const delivery = 2;
const stepEnd = 3;
const stepStart = 4;
const intake = 6;
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
    pools: plant.pools.map(() => ({ durations: [], iterations: [], kv: [], preemptions: 0 })),
    carried: [],
    cache: { lookups: 0, promptTokens: 0, tokensHit: 0, evictions: 0 },
    seen: { chunked: 0, heldBack: 0, unitsDropped: 0 },
  };
  const { events, seen } = result;
  const instances = plant.pools.flatMap((pool, p) => newInstances(pool, p, p === 0 ? 0 : entry.instances * entry.stages));
  const entryRanks = instances.filter(({ pool }) => pool === 0).flatMap(({ ranks }) => ranks);
  const decodeRanks = instances.filter(({ pool }) => pool === 1).flatMap(({ ranks }) => ranks);
  const groups = transfer === undefined ? 0 : transfer.sourcesPerRank;
  const links = new NaiveLinks(plant.links.map(({ rate }) => rate));
  const pooled = poolCache === undefined ? undefined : new NaivePool(poolCache);
  const frontEnds = Array.from({ length: entry.instances }, () => ({ free: 0 }));
  const router = routerOf(plant.policies?.router ?? 'least-loaded', plant.seed);
  const shares = new NaiveShares(plant, entryRanks);
  const speculation = plant.pools.map(({ acceptance }) => new Acceptance(plant.seed, acceptance));
  const inFlight = new Set<Request>();
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
      if (!instance.running) ready(instance, [instance]);
    });
  }

  // PIP-1
  function placeOf({ instance, index }: Rank): number {
    return instance.place * instance.plant.ranks + index;
  }

  // PIP-2
  function ready(instance: Instance, batches: readonly Instance[]): void {
    const { pipeline, plant: pool } = instance;
    if (pool.stages === 1) {
      begin(instance);
      return;
    }
    for (const batch of batches) if (!pipeline.waiting.includes(batch)) pipeline.waiting.push(batch);
    const open = () => pipeline.free[0] as number;
    while (pipeline.waiting.length > 0 && open() <= now) {
      const [batch] = pipeline.waiting.splice(0, 1);
      if (batch === undefined) continue;
      begin(batch);
      if (!batch.running) continue;
      const hungry = pipeline.batches.filter((other) => !other.running && other.ranks.some((rank) => rank.waiting.length > 0));
      for (const other of hungry) if (!pipeline.waiting.includes(other)) pipeline.waiting.push(other);
    }
    const [first] = pipeline.waiting;
    if (first === undefined || pipeline.told === open()) return;
    pipeline.told = open();
    later(open(), stepStart, () => {
      if (!first.running) ready(first, [first]);
    });
  }

  // REQ-4
  function next(): void {
    const given = emptyArrival();
    exhausted ||= !source.next(given);
    if (exhausted) return;
    later(source.concurrency === undefined ? given.arrivedAt : now, arrival, () => {
      if (source.concurrency === undefined) next();
      arrive(given);
    });
  }

  // REQ-6
  function ended({ thread }: { readonly thread: number }): void {
    if (thread >= 0) source.ended?.(thread, now);
    for (let given = emptyArrival(); source.follow?.(given) === true; given = emptyArrival()) later(given.arrivedAt, arrival, () => arrive(given));
    if (source.concurrency !== undefined) next();
  }

  // REQ-2
  function arrive(given: Arrival): void {
    const number = arrived++;
    const { inputTokens } = given;
    events.push(arrivedEvent(now, number, inputTokens, given));
    if (inputTokens >= plant.maxContext) {
      events.push({
        kind: 'rejected',
        at: now,
        request: number,
        cause: `prompt and answer longer than the ${plant.maxContext} tokens of ${plant.maxContextOf}`,
      });
      ended(given);
      return;
    }
    // ADM-1
    const refused =
      plant.policies?.admission === undefined ? undefined : refusal(plant.policies.admission, seenOnArrival(entryRanks, inFlight.size, given.inputTokens));
    if (refused !== undefined) {
      events.push({ kind: 'rejected', at: now, request: number, cause: refused });
      ended(given);
      return;
    }
    const request = newRequest(plant, number, now, given);
    inFlight.add(request);
    // REQ-5
    const taken = plant.intake === undefined ? 0 : plant.intake.request + plant.intake.token * inputTokens;
    if (taken > 0) {
      const first = least(frontEnds, (a, b) => a.free - b.free);
      first.free = Math.max(first.free, now) + taken;
      later(first.free, intake, () => dispatch(request));
    } else dispatch(request);
  }

  // RTE-1, CAC-2
  function dispatch(request: Request): void {
    const views = entryRanks.map((one, index) => ({
      index,
      queuedTokens: queuedTokens(one),
      load: sequences(one) + one.waiting.length + one.late.length,
      usedTokens: usedBlocks(one) * entry.blockTokens,
      cachedTokens: () => cachedTokens(one, request),
    }));
    const about = { promptTokens: request.prompt, tenant: request.tenant, priority: request.priority };
    const rank = entryRanks[router.route(about, views)] as Rank;
    request.computed = 0;
    let found: ReturnType<NaivePool['lookUp']> = { inMemory: [], inStorage: [] };
    if (pooled !== undefined) {
      if (request.unitTokens > 0) {
        pooled.begin(request.unitTokens, now);
        const spilt = pooled.spilt;
        found = pooled.lookUp(request.units, Math.floor((request.prompt - 1) / request.unitTokens), now);
        spill(request, pooled.spilt - spilt);
      }
      request.computed = (found.inMemory.length + found.inStorage.length) * request.unitTokens;
      countLookup(request);
    }
    if (request.marks.scheduled === undefined) {
      request.marks.ready = now;
      request.cached = request.computed;
    }
    const { instance, index } = rank;
    events.push({ kind: 'routed', at: now, request: request.number, pool: entry.name, instance: instance.index, rank: index, cachedTokens: request.computed });
    if (poolCache === undefined || request.computed === 0) {
      queue(rank, request);
      return;
    }
    const there = () => {
      if (request.marks.scheduled === undefined) request.marks.ready = now;
      rank.reading = without(rank.reading, request);
      queue(rank, request);
    };
    const bytes = request.computed * poolCache.bytesPerToken;
    const sent = () => {
      events.push({ kind: 'transfer-ended', at: now, request: request.number, errand: 'read' });
    };
    const reader = (poolCache.ranks[placeOf(rank)] as BothWays).in;
    const latency = poolCache.latency + (found.inStorage.length > 0 ? (poolCache.storage?.latency ?? 0) : 0);
    const unitBytes = request.unitTokens * poolCache.bytesPerToken;
    const flows = [
      ...onNodes(poolCache, found.inMemory).map(({ units, over }) => ({ bytes: units * unitBytes, over: [...over, ...poolCache.pool.out, ...reader] })),
      { bytes: found.inStorage.length * unitBytes, over: [...(poolCache.storage?.links.out ?? []), ...poolCache.pool.out, ...reader] },
    ];
    const fetch = (then: () => void) => {
      events.push({ kind: 'transfer-begun', at: now, request: request.number, errand: 'read', bytes, pool: entry.name, instance: instance.index, rank: index });
      sendParts(flows, latency, sent, () => {
        events.push({ kind: 'fetched', at: now, request: request.number });
        then();
      });
    };
    // CAC-7
    if (poolCache.readInStep === true) {
      request.fetch = fetch;
      queue(rank, request);
      return;
    }
    rank.reading.push(request);
    fetch(there);
  }

  // CAC-4, MOV-4
  function onNodes({ nodes }: CachePlant, ids: readonly number[]): readonly { readonly units: number; readonly over: readonly number[] }[] {
    const nodeOf = (id: number) => nodeByHash(id, 0, nodes.length);
    const parts = nodes.flatMap(({ out }, node) => {
      const units = ids.filter((id) => nodeOf(id) === node).length;
      const slowest = out.length === 0 ? 1 : Math.min(...out.map((link) => plant.links[link]?.rate ?? 0));
      return units === 0 ? [] : [{ units, over: out, takes: units / slowest }];
    });
    if (parts.length === 0) return [];
    const first = least(parts, (a, b) => b.takes - a.takes);
    const others = without(parts, first);
    return [first, { units: sum(others, ({ units }) => units), over: others.length === 1 ? (others[0]?.over ?? []) : [] }];
  }

  function sendParts(
    flows: readonly { readonly bytes: number; readonly over: readonly number[] }[],
    latency: number,
    sent: () => void,
    there: () => void,
  ): void {
    const some = flows.filter(({ bytes }) => bytes > 0);
    let left = some.length;
    for (const { bytes, over } of some)
      links.flows.push({
        links: over,
        bytes,
        left: bytes,
        at: now,
        rate: 0,
        sent: () => {
          left--;
          if (left > 0) return;
          sent();
          later(now + latency, delivery, there);
        },
      });
  }

  // CAC-5
  function spill(request: Request, units: number): void {
    if (units === 0 || poolCache?.storage === undefined) return;
    const bytes = units * request.unitTokens * poolCache.bytesPerToken;
    links.flows.push({
      links: poolCache.storage.links.in,
      bytes,
      left: bytes,
      at: now,
      rate: 0,
      sent: () => {},
    });
  }

  // CAC-2, MOV-5
  function keep(rank: Rank, request: Request): void {
    if (pooled === undefined || poolCache === undefined || request.unitTokens === 0) return;
    const { units, unitTokens } = request;
    const land = () => {
      pooled.begin(unitTokens, now);
      const spilt = pooled.spilt;
      pooled.land(units, now);
      spill(request, pooled.spilt - spilt);
    };
    pooled.begin(unitTokens, now);
    const { missing, unstored } = pooled.lacks(units);
    if (missing + unstored === 0) {
      land();
      return;
    }
    const unitBytes = unitTokens * poolCache.bytesPerToken;
    const latency = poolCache.writeLatency + (unstored > 0 ? (poolCache.storage?.latency ?? 0) : 0);
    const from = (poolCache.ranks[placeOf(rank)] as BothWays).out;
    const flows = [
      { bytes: missing * unitBytes, over: [...from, ...poolCache.pool.in] },
      { bytes: unstored * unitBytes, over: poolCache.storage?.links.in ?? [] },
    ];
    sendParts(flows, latency, () => {}, land);
  }

  function wait(rank: Rank, request: Request): void {
    shares.waits(request);
    rank.waiting.push(request);
  }

  // SCH-7
  function queue(rank: Rank, request: Request): void {
    const { ahead, pollEvery } = rank.instance.plant;
    if ((ahead === true || pollEvery !== undefined) && rank.instance.running) rank.late.push(request);
    else wait(rank, request);
    wake(rank.instance);
  }

  function countLookup({ prompt, computed }: Request): void {
    result.cache.lookups++;
    result.cache.promptTokens += prompt;
    result.cache.tokensHit += computed;
  }

  // MOV-1, MOV-2
  function send(bytes: number, over: readonly number[], latency: number, sent: () => void, there: () => void): void {
    const leave = () => {
      sent();
      later(now + latency, delivery, there);
    };
    links.flows.push({ links: over, bytes, left: bytes, at: now, rate: 0, sent: leave });
  }

  function shareLinks(): void {
    links.share(now);
    pending = pending.filter(({ kind }) => kind !== flowEnd);
    if (links.flows.length === 0) return;
    later(links.endsAt, flowEnd, () => {
      for (const { sent } of links.end(now)) sent();
    });
  }

  // RTE-2
  function move(): void {
    if (transfer === undefined || decode === undefined) return;
    while (moving.length > 0) {
      const request = moving[0] as Request;
      const need = Math.ceil(request.prompt / decode.blockTokens) + decode.stateBlocks;
      const open = decodeRanks.filter(
        (rank) => sequences(rank) < decode.maxSequences && freeBlocks(rank) >= need + (allSequences(rank) > 0 ? decode.watermarkBlocks : 0),
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
      const over = between(transfer.sources[placeOf(from) * groups + group] as EndPlant, transfer.sinks[placeOf(rank)] as EndPlant);
      const there = () => {
        request.marks.moved = now;
        events.push({ kind: 'moved', at: now, request: request.number, instance: rank.instance.index, rank: rank.index });
        rank.promised = without(rank.promised, request);
        rank.here.push(request);
        wake(rank.instance);
      };
      const bytes = request.prompt * transfer.bytesPerToken + transfer.bytesPerSequence;
      const { instance, index } = rank;
      events.push({
        kind: 'transfer-begun',
        at: now,
        request: request.number,
        errand: 'push',
        bytes,
        pool: decode.name,
        instance: instance.index,
        rank: index,
      });
      const sent = () => {
        events.push({ kind: 'transfer-ended', at: now, request: request.number, errand: 'push' });
        letGo(request);
      };
      send(bytes, over, transfer.latency, sent, there);
    }
  }

  // MOV-3
  function between(a: EndPlant, b: EndPlant): readonly number[] {
    const meet = a.levels.findIndex(({ group }, level) => group === b.levels[level]?.group);
    const up = [a, b].flatMap(({ levels }) => levels.slice(0, meet).map(({ link }) => link));
    return [...a.ports, ...up, ...b.ports];
  }

  function letGo(request: Request): void {
    const from = request.source as Rank;
    from.holding = without(from.holding, request);
    unshare(from, request);
    for (const batch of from.instance.pipeline.batches) wake(batch);
  }

  // SCH
  function begin(instance: Instance): void {
    const { ranks } = instance;
    let preempted = false;
    for (const rank of ranks) {
      for (const request of rank.here) {
        request.marks.joined = now;
        join(rank, request);
      }
      rank.here = [];
      if (instance.plant.prefillFirst === true) continue;
      preempted = grow(rank) || preempted;
      admit(rank);
    }
    // SCH-8
    if (instance.plant.prefillFirst === true) {
      for (const rank of ranks) admit(rank);
      if (!promptsAlone(instance)) {
        for (const rank of ranks) preempted = grow(rank) || preempted;
        if (ranks.every(({ decoding }) => decoding.length === 0)) for (const rank of ranks) admit(rank);
      }
    }
    const used = sum(ranks, usedBlocks);
    instance.running = instance.ranks.some(({ decoding, chunks }) => decoding.length > 0 || chunks.some((chunk) => chunk > 0));
    if (preempted && instance.pool === 1) move();
    const carryOut = () => {
      instance.held = undefined;
      const { plant: pool } = instance;
      const iteration = priced(instance);
      const { cost, decodeSequences: decoding, prefillTokens } = iteration;
      // SCH-15
      const least = prefillTokens > 0 ? (pool.launching ?? 0) : 0;
      const duration =
        cost.pipeline === undefined ? Math.max(1, Math.ceil(Math.max(cost.time, least) * grid)) / grid : passed(instance, cost.pipeline, now, least);
      const trace = result.pools[instance.pool] as PoolTrace;
      trace.durations.push(duration);
      trace.iterations.push(iteration);
      const kv = used / (pool.kvBlocks * pool.ranks);
      trace.kv.push(kv);
      const { stages, busy } = cost;
      const context = iteration.decodeContext;
      events.push({ kind: 'step', at: now, duration, pool: pool.name, instance: instance.index, decoding, prefillTokens, context, kv, stages, busy });
      instance.startedAt = now;
      later(now + duration, stepEnd, () => {
        instance.pace = paced(instance.pace, now - instance.startedAt, ranks);
        end(instance);
        if (pool.stages > 1) instance.running = false;
        const hungry = instance.pipeline.batches.filter((batch) => !batch.running && batch.ranks.some((rank) => rank.waiting.length > 0));
        ready(instance, [instance, ...without(hungry, instance)]);
      });
    };
    if (instance.running && instance.reads > 0) instance.held = carryOut;
    else if (instance.running) carryOut();
    // SCH-14
    const prompts = ranks.some(({ chunks }) => chunks.some((chunk) => chunk > 0));
    const { pollEvery = 1 } = instance.plant;
    if (instance.running) instance.unlooked = prompts ? pollEvery : instance.unlooked + 1;
    if (instance.running && instance.unlooked < pollEvery) return;
    if (instance.running) instance.unlooked = 0;
    const late = instance.ranks.some((rank) => rank.late.length > 0);
    for (const rank of instance.ranks) {
      for (const request of rank.late) wait(rank, request);
      rank.late = [];
    }
    if (late && !instance.running) begin(instance);
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
      const latest = least([...rank.decoding, ...rank.prefilling], (a, b) => a.priority - b.priority || b.admission - a.admission);
      rank.decoding = without(rank.decoding, latest);
      rank.prefilling = without(rank.prefilling, latest);
      unshare(rank, latest);
      latest.prompt = latest.input + latest.emitted;
      latest.computed = 0;
      (result.pools[rank.instance.pool] as PoolTrace).preemptions++;
      events.push({ kind: 'preempted', at: now, request: latest.number, instance: rank.instance.index });
      if (pool.role === 'merged') {
        shares.waits(latest);
        latest.front = true;
        rank.waiting.unshift(latest);
      } else dispatch(latest);
    }
    if (rank.decoding.length > 0) rank.grown = steps + 1;
    seen.unitsDropped += makeRoom(rank);
    return preempted;
  }

  // SCH-4, SCH-5
  function admit(rank: Rank): void {
    const { plant: pool, index } = rank.instance;
    let budget = pool.tokenBudget - (pool.prefillFirst === true ? 0 : rank.decoding.length * (1 + pool.acceptance.length));
    const compute = (request: Request): number => {
      const chunk = Math.max(0, Math.min(request.prompt - request.computed, budget));
      if (chunk < request.prompt - request.computed) seen.chunked++;
      rank.chunks.push(chunk);
      return chunk;
    };
    for (const request of rank.prefilling) budget -= compute(request);
    while (rank.waiting.length > 0 && budget > 0 && sequences(rank) < pool.maxSequences) {
      const request = nextWaiting(plant, rank, now, shares);
      const units = cachedUnits(rank, request);
      const pinning = units.filter((id) => rank.kept.idle.ids.includes(id)).length;
      const need = Math.ceil(request.prompt / pool.blockTokens) + pool.stateBlocks - (units.length - pinning) * rank.kept.unitBlocks;
      if (freeBlocks(rank) < need + (allSequences(rank) > 0 ? pool.watermarkBlocks : 0)) return;
      rank.waiting = without(rank.waiting, request);
      request.front = false;
      shares.charge(request, request.prompt);
      rank.prefilling.push(request);
      rank.kept.idle.ids = rank.kept.idle.ids.filter((id) => !units.includes(id));
      request.shared = units.length;
      seen.unitsDropped += makeRoom(rank);
      if (units.length > 0) {
        request.computed = units.length * request.unitTokens;
        if (request.marks.scheduled === undefined) request.cached = request.computed;
      }
      if (poolCache === undefined && pool.prefixCaching) countLookup(request);
      request.admission = rank.admissions++;
      request.marks.scheduled ??= now;
      budget -= compute(request);
      events.push({ kind: 'scheduled', at: now, request: request.number, pool: pool.name, instance: index, cachedTokens: request.computed });
      if (request.fetch !== undefined) fetchInStep(rank.instance, request.fetch);
      request.fetch = undefined;
    }
  }

  // CAC-7
  function fetchInStep(instance: Instance, fetch: (then: () => void) => void): void {
    instance.reads++;
    fetch(() => {
      instance.reads--;
      if (instance.reads === 0) later(Math.ceil(now * grid) / grid, stepStart, () => instance.held?.());
    });
  }

  // EMT-1, EMT-2
  function end(instance: Instance): void {
    const { ranks } = instance;
    const decoding = (promptsAlone(instance) ? [] : ranks)
      .flatMap((rank) => rank.decoding.map((request) => ({ rank, request })))
      .sort((a, b) => a.request.joining - b.request.joining);
    if (decoding.length > 0) instance.steps++;
    for (const rank of ranks) rank.grown = instance.steps;
    for (const { request } of decoding) {
      request.emitted += speculation[instance.pool]?.emitted(request.number, request.steps++) ?? 1;
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
    events.push({ kind: 'prefilled', at: now, request: request.number, instance: rank.instance.index });
    rank.prefilling = without(rank.prefilling, request);
    const merged = rank.instance.plant.role === 'merged';
    if (!merged) {
      request.source = rank;
      rank.holding.push(request);
      keep(rank, request);
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

  function finish(request: Request): void {
    inFlight.delete(request);
    shares.charge(request, 2 * request.output);
    record(result, request, now, decode !== undefined);
    events.push({ kind: 'finished', at: now, request: request.number, outputTokens: request.output });
    ended(request);
    move();
  }

  for (let i = 0; i < (source.concurrency ?? 1); i++) next();
  for (let handled = 0; pending.length > 0; handled++) {
    if (handled === mostEvents) throw new Error(`still going on after ${mostEvents} events, at ${now} s`);
    pending.sort((a, b) => a.at - b.at || a.kind - b.kind || a.order - b.order);
    const [event] = pending.splice(0, 1);
    now = event?.at ?? now;
    event?.happen();
    // MOV-2
    if (pending.every(({ at }) => at > now)) shareLinks();
  }
  result.cache.evictions = pooled === undefined ? seen.unitsDropped : pooled.evictions;
  return { ...result, carried: links.carried };
}
