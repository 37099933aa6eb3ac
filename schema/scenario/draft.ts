import { headFrom, headLike, type Drafter } from '../../src/model/drafter.ts';
import type { DraftModule, Model, Precision } from '../../src/model/model.ts';
import { precisionOf } from '../../src/model/precision.ts';
import type { DraftFile, PoolFile } from './file.ts';
import type { Surroundings } from './layout.ts';

export const draftMethods = ['mtp', 'eagle', 'model', 'ngram'] as const;
export type DraftMethod = (typeof draftMethods)[number];

/** What a draft model or head is made from. */
export interface DraftSources {
  /** Models by the name or path that `draft.model` gives; absent for one that could not be read. */
  readonly models: ReadonlyMap<string, Model>;
  /** Of the model that is served. */
  readonly precision: Precision | undefined;
}

/** Who drafts, how many tokens, and how likely each is accepted. */
export interface Speculation {
  readonly tokens: number;
  readonly drafter: Drafter | undefined;
  readonly acceptance: readonly number[];
}

const none: Speculation = { tokens: 0, drafter: undefined, acceptance: [] };

/** Names of the models that a pool's drafts are made by. */
export function draftModelOf(pool: PoolFile | undefined): string | undefined {
  return pool?.draft?.method === 'eagle' || pool?.draft?.method === 'model' ? pool.draft.model : undefined;
}

/** The speculation of a pool, under `mtp` or under `draft`; `tensor`: dies that split its heads. */
export function speculationOf(pool: PoolFile, at: string, tensor: number, surroundings: Surroundings): Speculation {
  const { problems } = surroundings;
  const { mtp, draft } = pool;
  if (mtp !== undefined && draft !== undefined) {
    problems.add(`${at}.draft`, 'has both mtp and draft; expected one of them');
    return none;
  }
  if (draft === undefined) return mtp === undefined ? none : ownSpeculation(mtp, `${at}.mtp`, surroundings);
  const { method, tokens } = draft;
  if (method === undefined && !problems.covers(`${at}.draft.method`))
    problems.add(`${at}.draft.method`, `expected one of ${draftMethods.join(', ')}, got nothing`);
  if (tokens === undefined && !problems.covers(`${at}.draft.tokens`))
    problems.add(`${at}.draft.tokens`, 'expected the tokens that are drafted in a step, such as 3, got nothing');
  if (method === undefined || tokens === undefined) return none;
  surplus(draft, method, at, surroundings);
  const acceptance = acceptanceOf(tokens, draft.acceptance, `${at}.draft.acceptance`, surroundings);
  if (method === 'mtp') return { tokens, drafter: undefined, acceptance };
  const drafter = drafterOf(draft, method, `${at}.draft`, tensor, surroundings);
  return drafter === undefined ? none : { tokens, drafter, acceptance };
}

/** Speculation by the model's own module. One that drafts nothing is there to turn it off, and has to be one. */
function ownSpeculation({ draft: tokens, acceptance }: NonNullable<PoolFile['mtp']>, at: string, surroundings: Surroundings): Speculation {
  const { problems, model } = surroundings;
  if (tokens === undefined && !problems.covers(`${at}.draft`))
    problems.add(`${at}.draft`, 'expected the tokens that are drafted in a step, such as 1, got nothing');
  if (tokens === 0 && model !== undefined && model.draft === undefined) problems.add(at, `${model.name} has no draft module (MTP)`);
  return tokens === undefined ? none : { ...none, tokens, acceptance: acceptanceOf(tokens, acceptance, `${at}.acceptance`, surroundings) };
}

/** Keys that a method has no use for. */
function surplus(draft: DraftFile, method: DraftMethod, at: string, { problems }: Surroundings): void {
  const used: Readonly<Record<DraftMethod, readonly string[]>> = { mtp: [], ngram: [], eagle: ['model', 'vocabulary'], model: ['model', 'tensor', 'weights'] };
  for (const key of ['model', 'vocabulary', 'tensor', 'weights'] as const)
    if (draft[key] !== undefined && !used[method].includes(key)) problems.add(`${at}.draft.${key}`, `means nothing to the method ${method}; leave it out`);
}

function drafterOf(
  draft: DraftFile,
  method: 'eagle' | 'model' | 'ngram',
  at: string,
  tensor: number,
  { model, problems, drafts }: Surroundings,
): Drafter | undefined {
  if (method === 'ngram') return { kind: 'lookup' };
  const given = draft.model === undefined ? undefined : drafts?.models.get(draft.model);
  if (draft.model !== undefined && given === undefined) return undefined;
  if (method === 'model') {
    if (given === undefined) {
      if (!problems.covers(`${at}.model`)) problems.add(`${at}.model`, 'expected the name or path of the model that drafts, got nothing');
      return undefined;
    }
    const kv = drafts?.precision?.kv;
    return { kind: 'model', model: given, precision: precisionOf(given, { weights: draft.weights, kv }), tensor: draft.tensor ?? tensor };
  }
  if (model === undefined) return undefined;
  const module = given === undefined ? headLike(model, draft.vocabulary) : headOf(given, model, draft, at, problems);
  if (module === undefined && given === undefined)
    problems.add(at, `${model.name} has no layers that a head could be made like; give the head's config.json as model`);
  return module === undefined ? undefined : { kind: 'head', name: given?.name ?? `a head like a layer of ${model.name}`, module, assumed: given === undefined };
}

function headOf(given: Model, model: Model, draft: DraftFile, at: string, problems: Surroundings['problems']): DraftModule | undefined {
  const module = headFrom(given);
  if (draft.vocabulary !== undefined) problems.add(`${at}.vocabulary`, `is what the configuration of ${given.name} says; leave it out`);
  if (module === undefined)
    problems.add(
      `${at}.model`,
      `${given.name} has ${given.groups.reduce((sum, { count }) => sum + count, 0)} layers; expected a head of one layer, or method: model`,
    );
  else if (given.hidden !== model.hidden)
    problems.add(`${at}.model`, `${given.name} reads hidden states of ${given.hidden}, ${model.name} makes ${model.hidden}`);
  return module;
}

/** Chance of acceptance at each drafted position. */
function acceptanceOf(tokens: number, acceptance: number | readonly number[] | undefined, at: string, { problems }: Surroundings): readonly number[] {
  if (tokens === 0) return [];
  if (acceptance === undefined) {
    if (!problems.covers(at)) problems.add(at, `expected the chance that a drafted token is accepted, such as 0.7`);
    return [];
  }
  if (typeof acceptance === 'number') return Array.from({ length: tokens }, () => acceptance);
  if (acceptance.length !== tokens) problems.add(at, `has ${acceptance.length} entries for ${tokens} drafted ${tokens === 1 ? 'token' : 'tokens'}`);
  return acceptance;
}
