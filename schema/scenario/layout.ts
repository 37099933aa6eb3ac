import type { Machine } from '../../src/catalogue/machine.ts';
import { chipCount } from '../../src/catalogue/machine.ts';
import { dataRanks, type ContextLayout, type ExpertLayout, type Layout, type Microbatches } from '../../src/model/layout.ts';
import type { ExpertFeedForward, Model } from '../../src/model/model.ts';
import { layerCount } from '../../src/model/model.ts';
import { isResolved, resolvedLoad } from '../experts/load.ts';
import { speculationOf, type DraftSources } from './draft.ts';
import type { ExpertsFile, PoolFile } from './file.ts';
import type { Problems } from './problems.ts';

/** Residual imbalance behind an expert balancer, (slowest - mean) / mean, where a scenario does not state one. */
const balancedSkew = 0.11;

/** What the checks of a layout look at; a part that could not be read is undefined and is not checked. */
export interface Surroundings {
  readonly machine: Machine | undefined;
  readonly model: Model | undefined;
  readonly problems: Problems;
  /** Texts of the files that loads of experts name, by name. */
  readonly texts?: ReadonlyMap<string, string> | undefined;
  /** What drafts are made from; absent where nothing drafts. */
  readonly drafts?: DraftSources | undefined;
}

/** How one instance of a pool is laid out, and the chance of each token that it drafts. */
export interface PoolLayout {
  readonly layout: Layout | undefined;
  readonly acceptance: readonly number[];
}

/** Dies of one instance, from exactly one of `npus`, `gpus`, `chips` and `dies`. */
function diesOf(pool: PoolFile, at: string, { machine, problems }: Surroundings): number | undefined {
  const given = (['npus', 'gpus', 'chips', 'dies'] as const).filter((key) => pool[key] !== undefined);
  const [unit] = given;
  if (given.length > 1) problems.add(at, `says its size ${given.length} times (${given.join(', ')}); expected one of them`);
  if (unit === undefined) {
    if (!['npus', 'gpus', 'chips', 'dies'].some((key) => problems.covers(`${at}.${key}`)))
      problems.add(at, 'expected the size of an instance: npus, gpus, chips or dies');
    return undefined;
  }
  if (machine === undefined) return undefined;
  const size = pool[unit] ?? 0;
  const { dies: perChip } = machine.chip;
  const chips = unit === 'dies' ? size / perChip : size;
  if (!Number.isInteger(chips)) problems.add(`${at}.dies`, `${size} dies are not whole chips of ${perChip} dies`);
  if (chips > chipCount(machine)) problems.add(`${at}.${unit}`, `one instance takes ${chips} chips, ${machine.name} has ${chipCount(machine)}`);
  return chips * perChip;
}

/** Experts of a model, if it has any. */
export function expertsOf(model: Model): ExpertFeedForward | undefined {
  return model.groups.map(({ feedForward }) => feedForward).find((feedForward) => feedForward.kind === 'experts');
}

function expertLayout(file: ExpertsFile, at: string, dies: number | undefined, { machine, model, problems, texts = new Map() }: Surroundings): ExpertLayout {
  const { parallel = 1, shared = 0, redundant = 0, apart: split = false, load = { kind: 'skew', skew: balancedSkew } } = file;
  const apart = shared > 0 && shared < parallel;
  const known = problems.issues.length;
  const spread = { parallel, sharedDies: shared, redundant, ...(split ? { apart: true } : {}) };
  const layout: ExpertLayout = { ...spread, load: isResolved(load) ? load : { kind: 'uniform' } };
  const moe = model === undefined ? undefined : expertsOf(model);
  if (model !== undefined && moe === undefined) {
    problems.add(at, `${model.name} has no experts; leave this out`);
    return layout;
  }
  if (split && file.parallel === undefined) {
    if (!problems.covers(`${at}.parallel`)) problems.add(`${at}.parallel`, 'expected the dies that hold the experts, such as 288, got nothing');
    return layout;
  }
  if (split && machine !== undefined && parallel % machine.chip.dies !== 0)
    problems.add(`${at}.parallel`, `${parallel} expert dies are not whole chips of ${machine.chip.dies} dies`);
  if (!split && dies !== undefined && (parallel > dies || dies % parallel !== 0))
    problems.add(`${at}.parallel`, `${parallel} expert ranks do not divide the ${dies} dies of an instance`);
  if (shared > parallel) problems.add(`${at}.shared`, `${shared} copies of the shared expert do not fit on ${parallel} expert ranks`);
  if (moe === undefined) return layout;
  if (shared > 0 && moe.sharedCount === 0) problems.add(`${at}.shared`, `${model?.name} has no shared expert`);
  if (parallel === 1 && redundant > 0) problems.add(`${at}.redundant`, `redundant copies need expert parallelism; parallel is 1`);
  const ranks = apart ? parallel - shared : parallel;
  if (shared <= parallel && (moe.routed + redundant) % ranks !== 0) {
    const shares = apart ? `${parallel} - ${shared} = ${ranks}` : `${ranks}`;
    const missing = (ranks - (moe.routed % ranks)) % ranks;
    problems.add(`${at}.parallel`, `${moe.routed} routed + ${redundant} redundant experts do not divide over ${shares} ranks; redundant: ${missing} would`);
  }
  if (machine === undefined || problems.issues.length > known) return layout;
  return { ...spread, load: resolvedLoad(load, spread, `${at}.load`, { machine, moe, texts, problems }) ?? layout.load };
}

/** How sequences are spread; undefined where nothing is said of it. */
function contextLayout(pool: PoolFile): ContextLayout | undefined {
  const { 'context-parallel': parallel, 'context-exchange': exchange, 'decode-context-parallel': decode } = pool;
  if (parallel === undefined && exchange === undefined && decode === undefined) return undefined;
  return { parallel: parallel ?? 1, exchange: exchange ?? 'all-gather', decode: decode ?? 1 };
}

/** What the door lets through. */
function microbatchesOf(count: number | undefined): Microbatches {
  return count === 2 || count === 3 || count === 4 ? count : 1;
}

/** The layout of one instance of a pool; undefined where its size could not be read. */
export function layoutOf(pool: PoolFile, at: string, surroundings: Surroundings): PoolLayout {
  const { problems, model } = surroundings;
  const dies = diesOf(pool, at, surroundings);
  const { pipeline = 1, attention = 'tensor' } = pool;
  const tensor = pool.tensor ?? (attention === 'sp-tp-sp' ? (dies ?? 1) : 1);
  const experts = expertLayout(pool.experts ?? {}, `${at}.experts`, dies, pool.experts === undefined ? { ...surroundings, model: undefined } : surroundings);
  if (model !== undefined && pipeline > layerCount(model))
    problems.add(`${at}.pipeline`, `${pipeline} stages are more than the ${layerCount(model)} layers of ${model.name}`);
  const { tokens: draftTokens, drafter, acceptance } = speculationOf(pool, at, tensor, surroundings);
  if (dies === undefined) return { layout: undefined, acceptance };
  const context = contextLayout(pool);
  const layout: Layout = { dies, tensor, context, pipeline, attention, experts, microbatches: microbatchesOf(pool.microbatches), draftTokens, drafter };
  const ranks = dataRanks(layout);
  const parallel = context?.parallel ?? 1;
  const parts = [`${tensor}`, ...(parallel > 1 ? [`${parallel} (context-parallel)`] : []), ...(pipeline > 1 ? [`${pipeline} pipeline stages`] : [])];
  if (!Number.isInteger(ranks)) problems.add(`${at}.tensor`, `${parts.join(' x ')} does not divide the ${dies} dies of an instance`);
  else if (pool.data !== undefined && pool.data !== ranks)
    problems.add(
      `${at}.data`,
      `${dies} dies / ${parts.length === 1 ? `tensor ${tensor}` : parts.join(' x ')} are ${ranks} data-parallel ranks, got ${pool.data}; leave it out or make them agree`,
    );
  return { layout, acceptance };
}
