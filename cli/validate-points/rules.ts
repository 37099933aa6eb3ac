import type { ServingPoint } from '../../schema/points/point.ts';

/** What keeps a point out of the score, in the order in which the rules are asked. */
export const leftOutRules = {
  concurrency4: 'at concurrency 4: overheads are fitted there',
  speculative: 'probably with speculation',
} as const;
export type LeftOutRule = keyof typeof leftOutRules;

/** Fitted on, so never scored. */
const fittedConcurrency = 4;
/** A first token that takes longer waited in a queue: what is measured is the length of the run. [s] */
export const queuedTtft = 5;

/** Without drafts no run of these models at low concurrency was this quick. [s] */
const quick = 0.006;
/** Repeats of one key that differ more than this are of two kinds. */
const apart = 0.85;

/**
 * Which points were probably measured with speculation, which no column says. Only models that have a draft module can be.
 *
 * A campaign is what was measured on one day with one version in one precision. It counts as speculative when most of its points at its lowest
 * concurrency take at most 6 ms a token, or when one of its points takes less than 0.85 of the time of another campaign's with the same key.
 * Where the slower repeat is of the same campaign, only the quicker one counts.
 */
export function speculative(points: readonly ServingPoint[], drafts: (model: string) => boolean): ReadonlySet<ServingPoint> {
  const marked = new Set<ServingPoint>();
  const candidates = points.filter(({ model, tpot }) => tpot !== undefined && drafts(model));
  const campaigns = grouped(candidates, campaignOf);
  const suspects = new Set<string>();
  for (const [name, members] of campaigns) {
    const least = Math.min(...members.map(({ concurrency = Infinity }) => concurrency));
    const lowest = members.filter(({ concurrency }) => concurrency === least);
    if (least <= 8 && 2 * lowest.filter(({ tpot = Infinity }) => tpot <= quick).length > lowest.length) suspects.add(name);
  }
  for (const repeats of grouped(candidates, ({ key }) => key).values()) {
    const slowest = repeats.reduce((a, b) => ((b.tpot ?? 0) > (a.tpot ?? 0) ? b : a));
    for (const point of repeats) {
      if ((point.tpot ?? 0) >= apart * (slowest.tpot ?? 0)) continue;
      if (campaignOf(point) === campaignOf(slowest)) marked.add(point);
      else suspects.add(campaignOf(point));
    }
  }
  for (const point of candidates) if (suspects.has(campaignOf(point))) marked.add(point);
  return marked;
}

/** The first rule that leaves a point out. */
export function leftOutBy(point: ServingPoint, marked: ReadonlySet<ServingPoint>): LeftOutRule | undefined {
  if (point.concurrency === fittedConcurrency) return 'concurrency4';
  return marked.has(point) ? 'speculative' : undefined;
}

function campaignOf({ mode, model, system, backend, version, precision, measured }: ServingPoint): string {
  return [mode, model, system, backend, version, precision, measured].join(' ');
}

export function grouped<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
