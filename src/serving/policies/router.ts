import { unreachable } from '../../base/errors.ts';
import { stream } from '../../kernel/random.ts';

/** What a policy sees of a request: never the length of its answer. */
export interface RequestView {
  readonly promptTokens: number;
  readonly tenant: number;
  /** More goes first. */
  readonly priority: number;
}

/** What a router sees of a rank that takes prompts. */
export interface RankView<Request extends RequestView = RequestView> {
  /** Its number over all ranks of the pool: the same as long as the deployment lives. */
  readonly index: number;
  /** Prompt tokens that wait, are under way, or whose cached prefix is on its way. */
  readonly queuedTokens: number;
  /** Sequences with a place, and prompts that wait for one. */
  readonly load: number;
  /** KV that is in use. [tokens] */
  readonly usedTokens: number;
  /** Leading tokens of the prompt whose KV the rank has. */
  cachedTokens(request: Request): number;
}

/** Picks the rank for a prompt. */
export interface Router {
  /** Whether it looks at the KV of ranks, in use or cached: that is up to date only for one that does. */
  readonly readsKv?: boolean;
  /** An index into `ranks`: those that take prompts now, at least one, in order of their numbers. */
  route<Request extends RequestView>(request: Request, ranks: readonly RankView<Request>[]): number;
}

export const routerNames = ['least-loaded', 'round-robin', 'power-of-two', 'prefix-affinity', 'kv-aware'] as const;
export type RouterName = (typeof routerNames)[number];

/** A router by name. `seed` feeds the draws of those that draw. */
export function routerOf(name: RouterName, seed: number): Router {
  switch (name) {
    case 'least-loaded':
      return { route: (_, ranks) => leastLoaded(ranks) };
    case 'round-robin':
      return roundRobin();
    case 'power-of-two':
      return powerOfTwo(seed);
    case 'prefix-affinity':
      return { route: prefixAffinity, readsKv: true };
    case 'kv-aware':
      return { route: kvAware, readsKv: true };
    default:
      return unreachable(name);
  }
}

/** Whether `a` has less to do than `b`: fewer prompt tokens ahead, then fewer sequences. */
function lighter(a: RankView<never>, b: RankView<never>): boolean {
  return a.queuedTokens < b.queuedTokens || (a.queuedTokens === b.queuedTokens && a.load < b.load);
}

/** RTE-1: fewest prompt tokens ahead, then fewest sequences, then the first. */
function leastLoaded(ranks: readonly RankView<never>[]): number {
  let best = 0;
  for (let i = 1; i < ranks.length; i++) if (lighter(ranks[i], ranks[best])) best = i;
  return best;
}

/** RTE-3: each in turn, by number. */
function roundRobin(): Router {
  let last = -1;
  return {
    route: (_, ranks) => {
      const next = ranks.findIndex(({ index }) => index > last);
      const chosen = Math.max(0, next);
      last = ranks[chosen].index;
      return chosen;
    },
  };
}

/** RTE-4: the lighter of two that are drawn (Mitzenmacher, IEEE TPDS 12(10), 2001). */
function powerOfTwo(seed: number): Router {
  const random = stream(seed, 'router');
  return {
    route: (_, ranks) => {
      const first = Math.floor(random.uniform() * ranks.length);
      const other = Math.floor(random.uniform() * (ranks.length - 1));
      const second = other < first ? other : Math.min(other + 1, ranks.length - 1);
      return lighter(ranks[second], ranks[first]) ? second : first;
    },
  };
}

/** Share of a prompt that a rank must have for affinity to matter, and by how much loads may differ before it does not. */
const affinity = { share: 0.5, load: 32, ratio: 1.1 } as const;

/**
 * RTE-5: the rank that has most of the prompt, if it has half of it and loads are even; else the least loaded. docs/guide/policies.md
 * says where the bounds are from.
 */
function prefixAffinity<Request extends RequestView>(request: Request, ranks: readonly RankView<Request>[]): number {
  let best = 0;
  let most = -1;
  let [least, greatest] = [Infinity, 0];
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i];
    const cached = rank.cachedTokens(request);
    if (cached > most) [best, most] = [i, cached];
    least = Math.min(least, rank.load);
    greatest = Math.max(greatest, rank.load);
  }
  const uneven = greatest - least > affinity.load && greatest > affinity.ratio * least;
  return uneven || most < affinity.share * request.promptTokens ? leastLoaded(ranks) : best;
}

/**
 * RTE-6: least of what it would have to compute (queued tokens and the part of the prompt that it does not have) and of the KV that it
 * holds, both in tokens (docs/guide/policies.md has the source); then the first.
 */
function kvAware<Request extends RequestView>(request: Request, ranks: readonly RankView<Request>[]): number {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i];
    const cost = rank.queuedTokens + request.promptTokens - rank.cachedTokens(request) + rank.usedTokens;
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}
