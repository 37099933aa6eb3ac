import { idsOf } from '../kernel/id-runs.ts';
import type { Plant, PoolPlant } from './plant.ts';
import type { Arrival } from './traffic/arrival.ts';
import { blocksOfUnit, NaiveCache } from './twin-cache.contract.ts';

/** A request of the twin. */
export interface Request {
  readonly number: number;
  readonly thread: number;
  readonly input: number;
  readonly output: number;
  /** Ids of the prompt's whole prefix units. */
  readonly units: readonly number[];
  readonly unitTokens: number;
  readonly tenant: number;
  readonly priority: number;
  /** It was preempted and goes before all of its priority. */
  front: boolean;
  /** Points of its life so far. */
  readonly marks: { [K in 'arrived' | 'ready' | 'scheduled' | 'prefilled' | 'reserved' | 'moved' | 'joined' | 'firstToken']?: number };
  /** When it last put out a token. */
  lastAt: number;
  cached: number;
  /** CAC-7: starts to read what the cache has of it; told what to do when it is there. */
  fetch?: ((there: () => void) => void) | undefined;
  emitted: number;
  /** What has to be computed before it decodes, and how much of it is. */
  prompt: number;
  computed: number;
  /** Decode steps that it has taken in its life. */
  steps: number;
  /** Leading prefix units that it shares with others on the rank that computed it. */
  shared: number;
  admission: number;
  /** The instance's decode steps when it joined, and its place in the order of joining. */
  joinedAfter: number;
  joining: number;
  source?: Rank;
}

/** A rank of the twin: every list is in order of coming. */
export interface Rank {
  readonly instance: Instance;
  readonly index: number;
  waiting: Request[];
  /** Those that came while an iteration ran, where the next one was formed by then. */
  late: Request[];
  /** Prompts whose cached prefix is on its way. */
  reading: Request[];
  prefilling: Request[];
  /** What the running iteration computes of each prompt under way. */
  chunks: number[];
  /** Computed prompts whose KV has not left. */
  holding: Request[];
  promised: Request[];
  /** Promised ones whose KV has arrived. */
  here: Request[];
  decoding: Request[];
  admissions: number;
  /** Decode steps for which the decoding sequences hold blocks. */
  grown: number;
  /** Prefix units that nobody refers to, and the KV blocks of one; of all batches in flight together. */
  readonly kept: { readonly idle: NaiveCache; unitBlocks: number };
  /** The same rank in all batches that its instance has in flight, itself included. */
  readonly same: Rank[];
}

export interface Instance {
  readonly index: number;
  readonly pool: number;
  readonly plant: PoolPlant;
  readonly ranks: Rank[];
  /** The instance of which this is a batch in flight: equal for all of them. */
  readonly place: number;
  readonly pipeline: NaivePipeline;
  steps: number;
  joins: number;
  /** Iterations since it last looked for what came meanwhile. */
  unlooked: number;
  /** Iterations that were formed. */
  formed: number;
  /** What a prompt token takes on one rank, of late, and when its iteration began. */
  pace: number;
  startedAt: number;
  running: boolean;
  /** CAC-7: what the formed iteration waits for, and what happens when nothing is left of that. */
  reads: number;
  held?: (() => void) | undefined;
}

/** PIP: the stages of an instance, its batches that wait for the first one, and when they were last told to look. */
export interface NaivePipeline {
  readonly batches: Instance[];
  /** When each stage, then the host, is through. */
  readonly free: number[];
  waiting: Instance[];
  told: number;
}

/** CAC-1: the prompt's prefix in whole units, each named by its last block; REQ-2: the answer's length. */
export function newRequest(
  plant: Plant,
  number: number,
  at: number,
  { inputTokens, outputTokens, blockTokens, prefix, thread, tenant, priority }: Arrival,
): Request {
  const [entry] = plant.pools as readonly [PoolPlant];
  const named = blockTokens > 0 && (plant.cache !== undefined || entry.prefixCaching);
  const multiple = named ? blocksOfUnit(blockTokens, plant.cache?.blockTokens, entry.blockTokens) : 1;
  return {
    number,
    thread,
    input: inputTokens,
    output: Math.min(outputTokens, plant.maxContext - inputTokens),
    units: named ? idsOf(prefix).filter((_, i) => (i + 1) % multiple === 0 && (i + 1) * blockTokens <= inputTokens) : [],
    unitTokens: named ? multiple * blockTokens : 0,
    marks: { arrived: at },
    lastAt: -1,
    tenant,
    priority,
    front: false,
    cached: 0,
    emitted: 0,
    prompt: inputTokens,
    computed: 0,
    steps: 0,
    shared: 0,
    admission: -1,
    joinedAfter: 0,
    joining: 0,
  };
}

/** Instances of a pool: a batch in flight each, those of one instance `plant.instances` apart. */
export function newInstances(plant: PoolPlant, pool: number, from: number): readonly Instance[] {
  const pipelines = Array.from({ length: plant.instances }, (): NaivePipeline => ({
    batches: [],
    free: Array.from({ length: plant.stages + 1 }, () => 0),
    waiting: [],
    told: -1,
  }));
  return Array.from({ length: plant.instances * plant.stages }, (_, i) => newInstance(plant, pool, from + i, i % plant.instances, pipelines));
}

function newInstance(plant: PoolPlant, pool: number, index: number, place: number, pipelines: readonly NaivePipeline[]): Instance {
  const pipeline = pipelines[place] as NaivePipeline;
  const instance: Instance = {
    index,
    pool,
    plant,
    place,
    pipeline,
    ranks: [],
    steps: 0,
    joins: 0,
    unlooked: 0,
    formed: 0,
    pace: 0,
    startedAt: 0,
    running: false,
    reads: 0,
  };
  const [first] = pipeline.batches;
  pipeline.batches.push(instance);
  for (let r = 0; r < plant.ranks; r++) {
    const { kept, same }: Pick<Rank, 'kept' | 'same'> = first?.ranks[r] ?? { kept: { idle: new NaiveCache(), unitBlocks: 0 }, same: [] };
    const rank: Rank = {
      instance,
      index: r,
      waiting: [],
      late: [],
      reading: [],
      prefilling: [],
      chunks: [],
      holding: [],
      promised: [],
      here: [],
      decoding: [],
      admissions: 0,
      grown: 0,
      kept,
      same,
    };
    same.push(rank);
    instance.ranks.push(rank);
  }
  return instance;
}

/** T of SCH-2: tokens by which a sequence has grown after so many steps. */
function grownBy({ acceptance }: PoolPlant, steps: number): number {
  let mean = 1;
  let chain = 1;
  for (const share of acceptance) mean += chain *= share;
  return Math.floor(steps * mean);
}

/** KV tokens of a decoding sequence after so many steps of its instance. */
export function held(plant: PoolPlant, request: Request, steps: number): number {
  return request.prompt + grownBy(plant, steps) - grownBy(plant, request.joinedAfter);
}

export function sequences(rank: Rank): number {
  return rank.prefilling.length + rank.decoding.length + rank.here.length + rank.promised.length;
}

export function queuedTokens(rank: Rank): number {
  return sum([...rank.waiting, ...rank.late, ...rank.reading, ...rank.prefilling], ({ prompt, computed }) => prompt - computed);
}

/** Prefix units that somebody on the rank refers to, in any batch, once each. */
function pinnedUnits({ same }: Rank): readonly number[] {
  const all = same.flatMap(({ prefilling, holding, decoding }) => [...prefilling, ...holding, ...decoding]);
  return [...new Set(all.flatMap(({ units, shared }) => units.slice(0, shared)))];
}

/** Sequences with a place on the rank, in any batch. */
export function allSequences(rank: Rank): number {
  return sum(rank.same, sequences);
}

/** KV blocks in use, counted anew. */
export function usedBlocks(rank: Rank): number {
  const { plant } = rank.instance;
  const { unitBlocks } = rank.kept;
  const own = (request: Request, tokens: number) => Math.ceil(tokens / plant.blockTokens) + plant.stateBlocks - request.shared * unitBlocks;
  const inBatch = (one: Rank) =>
    sum([...one.prefilling, ...one.holding, ...one.promised, ...one.here], (request) => own(request, request.prompt)) +
    sum(one.decoding, (request) => own(request, held(plant, request, one.grown)));
  return sum(rank.same, inBatch) + pinnedUnits(rank).length * unitBlocks;
}

export function freeBlocks(rank: Rank): number {
  return rank.instance.plant.kvBlocks - usedBlocks(rank);
}

/** CAC-3: drops prefixes that nobody uses, the least recently used first, where their blocks are needed. Returns how many. */
export function makeRoom(rank: Rank): number {
  let dropped = 0;
  for (; rank.kept.idle.ids.length > 0 && rank.kept.idle.ids.length * rank.kept.unitBlocks > freeBlocks(rank); dropped++) rank.kept.idle.ids.shift();
  return dropped;
}

/** Gives back what a request shares on a rank that it no longer belongs to. */
export function unshare(rank: Rank, request: Request): void {
  const units = request.units.slice(0, request.shared).toReversed();
  request.shared = 0;
  const pinned = pinnedUnits(rank);
  for (const unit of units) if (!pinned.includes(unit)) rank.kept.idle.ids.push(unit);
}

/** CAC-1, CAC-3: the leading units of a prompt that are in the rank's KV, its last token apart. */
export function cachedUnits(rank: Rank, request: Request): readonly number[] {
  const { plant } = rank.instance;
  if (!plant.prefixCaching || request.unitTokens === 0) return [];
  rank.kept.unitBlocks = request.unitTokens / plant.blockTokens;
  const present = [...rank.kept.idle.ids, ...pinnedUnits(rank)];
  const most = request.units.slice(0, Math.floor((request.prompt - 1) / request.unitTokens));
  const absent = most.findIndex((id) => !present.includes(id));
  return absent < 0 ? most : most.slice(0, absent);
}

/** CAC-3: the whole units of a computed prompt are shared from now on. */
export function keepPrefix(rank: Rank, request: Request): void {
  if (!rank.instance.plant.prefixCaching || request.unitTokens === 0) return;
  const own = request.units.slice(0, Math.floor(request.prompt / request.unitTokens));
  request.shared = own.length;
  rank.kept.idle.ids = rank.kept.idle.ids.filter((id) => !own.includes(id));
}

export function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** The first of the least. */
export function least<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number): Item {
  return items.reduce((best, item) => (compare(item, best) < 0 ? item : best));
}

export function without<Item>(items: readonly Item[], item: Item): Item[] {
  return items.filter((other) => other !== item);
}
