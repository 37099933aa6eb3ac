import { expectedOneOf } from '../../src/base/nearest.ts';
import { routedDies, type Layout } from '../../src/model/layout.ts';
import type { ExpertFeedForward, Model } from '../../src/model/model.ts';
import { eplb } from '../../src/model/placement/eplb.ts';
import { contiguous, type Placement } from '../../src/model/placement/placement.ts';
import { powerLaw, stepBalance } from '../../src/model/placement/popularity.ts';
import type { Problems } from '../scenario/problems.ts';

/** Tokens that each expert of a layer got, layer by layer. */
export type ExpertCounts = readonly (readonly number[])[];

export const placements = ['contiguous', 'eplb', 'eplb-hierarchical'] as const;
export type PlacementKind = (typeof placements)[number];

/** What the flags say of the popularity of experts: a power law of the rank of popularity, or counts. */
export type Popularity = { readonly kind: 'power-law'; readonly exponent: number } | { readonly kind: 'counts'; readonly counts: ExpertCounts };

/** How evenly the dies of a step are loaded, in the mean over its layers. */
export interface LoadReport {
  readonly popularity: Popularity['kind'];
  readonly placement: PlacementKind;
  readonly layers: number;
  readonly dies: number;
  /** (slowest - mean) / mean. */
  readonly imbalance: number;
  /** Mean over largest. */
  readonly balancedness: number;
}

/** Counts from JSON: a list of lists, `{ "layers": [...] }`, or lines of objects with `counts`. Undefined where it is none of these. */
export function readCounts(text: string): ExpertCounts | undefined {
  const lists = (value: unknown): ExpertCounts | undefined =>
    Array.isArray(value) && value.length > 0 && value.every((layer) => Array.isArray(layer) && layer.every((count) => typeof count === 'number' && count >= 0))
      ? (value as number[][])
      : undefined;
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && 'layers' in value) return lists(value.layers);
    if (typeof value === 'object' && value !== null && 'counts' in value) return lists([value.counts]);
    return lists(value);
  } catch {
    try {
      return lists(
        text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => (JSON.parse(line) as { counts?: unknown }).counts),
      );
    } catch {
      return undefined;
    }
  }
}

/** `power:0.6`; counts come from a file that the shell read. */
export function popularityOf(typed: string | undefined, counts: ExpertCounts | undefined, problems: Problems): Popularity | undefined {
  if (typed === undefined) return undefined;
  if (counts !== undefined) return { kind: 'counts', counts };
  const exponent = typed.startsWith('power:') ? Number(typed.slice('power:'.length)) : Number.NaN;
  if (exponent >= 0 && Number.isFinite(exponent)) return { kind: 'power-law', exponent };
  problems.add('--expert-load', `expected power:EXPONENT such as power:0.6, or a file of counts, got "${typed}"`);
  return undefined;
}

export function placementOf(typed: string | undefined, problems: Problems): PlacementKind {
  const found = placements.find((name) => name === typed);
  if (typed !== undefined && found === undefined) problems.add('--expert-placement', expectedOneOf(typed, placements));
  return found ?? 'contiguous';
}

/** Layers of a power law that are drawn. */
const drawn = 16;

/** The balance of the routed dies of a layout in steps of so many tokens that share one set of experts. */
export function loadReport(
  popularity: Popularity,
  placement: PlacementKind,
  { model, layout, dies, tokens }: { readonly model: Model; readonly layout: Layout; readonly dies: { readonly perNode: number }; readonly tokens: number },
  problems: Problems,
): LoadReport | undefined {
  const group = model.groups.find(({ feedForward }) => feedForward.kind === 'experts');
  if (group === undefined) return undefined;
  const { routed, perToken } = group.feedForward as ExpertFeedForward;
  const ranks = routedDies(layout);
  if (popularity.kind === 'counts') {
    const wrong = popularity.counts.find((layer) => layer.length !== routed);
    if (wrong !== undefined) {
      problems.add('--expert-load', `expected counts of ${routed} experts in each layer, got ${wrong.length}`);
      return undefined;
    }
  }
  const layers = popularity.kind === 'counts' ? popularity.counts : Array.from({ length: drawn }, (_, layer) => powerLaw(routed, popularity.exponent, layer));
  const slots = routed + layout.experts.redundant;
  let imbalance = 0;
  for (const [i, shares] of layers.entries()) {
    const own: Placement = placed(placement, shares, slots, ranks, Math.ceil(ranks / dies.perNode));
    imbalance += stepBalance(own, shares, tokens * perToken, i).imbalance / layers.length;
  }
  return { popularity: popularity.kind, placement, layers: layers.length, dies: ranks, imbalance, balancedness: 1 / (1 + imbalance) };
}

/** Routing groups that the balancer keeps together, as the models that are routed by groups have them. */
const groups = 8;

function placed(kind: PlacementKind, shares: readonly number[], slots: number, ranks: number, nodes: number): Placement {
  switch (kind) {
    case 'contiguous':
      return contiguous(shares.length, slots, ranks);
    case 'eplb':
      return eplb(shares, { slots, ranks, groups: 1, nodes: 1 });
    case 'eplb-hierarchical':
      return eplb(shares, { slots, ranks, groups, nodes });
  }
}
