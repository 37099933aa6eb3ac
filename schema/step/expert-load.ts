import { routedDies, type Layout } from '../../src/model/layout.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { ExpertFeedForward, Model } from '../../src/model/model.ts';
import { layerBalances, meanBalance, powerLawLayers, type LayerLoads } from '../../src/model/placement/placed.ts';
import { readCounts, readImbalance, type Where } from '../experts/files.ts';
import { placementsOf } from '../experts/load.ts';
import { placesOf } from '../../src/serving/experts/balanced.ts';
import type { LoadReport } from '../../src/report/step/request.ts';
import type { Problems } from '../scenario/problems.ts';

/** What the flags say of the load of experts: a power law of the rank of popularity, a file of counts, or a table of what ranks got. */
export type Popularity =
  | { readonly kind: 'power-law'; readonly exponent: number }
  | { readonly kind: 'counts'; readonly layers: LayerLoads }
  | { readonly kind: 'ranks'; readonly imbalance: number };

/** `domain=c4,rank=topk`: fields of the lines of a file that are read. */
export function whereOf(typed: string | undefined, problems: Problems): Where {
  const entries = (typed ?? '').split(',').filter((part) => part !== '');
  const where: Record<string, string> = {};
  for (const entry of entries) {
    const [key = '', value] = entry.split('=');
    if (key === '' || value === undefined) problems.add('--expert-where', `expected KEY=VALUE such as domain=c4, got "${entry}"`);
    else where[key] = value;
  }
  return where;
}

/** `power:0.6`, or what is in the file that the shell read. */
export function popularityOf(typed: string, text: string | undefined, where: Where, problems: Problems): Popularity | undefined {
  if (text !== undefined) return fromFile(typed, text, where, problems);
  const exponent = typed.startsWith('power:') ? Number(typed.slice('power:'.length)) : Number.NaN;
  if (exponent >= 0 && Number.isFinite(exponent)) return { kind: 'power-law', exponent };
  problems.add('--expert-load', `expected power:EXPONENT such as power:0.6, or a file of counts, got "${typed}"`);
  return undefined;
}

function fromFile(path: string, text: string, where: Where, problems: Problems): Popularity | undefined {
  const table = text.trimStart().startsWith('[') || text.trimStart().startsWith('{') ? undefined : readImbalance(text, where);
  if (table?.value !== undefined) return { kind: 'ranks', imbalance: table.value };
  const { value: layers, problem } = table ?? readCounts(text, where);
  if (typeof layers === 'object') return { kind: 'counts', layers };
  problems.add('--expert-load', `${path}: ${problem ?? ''}`);
  return undefined;
}

/** The balance of the routed dies of a layout in steps of so many tokens that share one set of experts. */
export function loadReport(
  popularity: Popularity,
  placement: string,
  {
    model,
    layout,
    machine,
    tokens,
    texts,
  }: {
    readonly model: Model;
    readonly layout: Layout;
    readonly machine: Machine;
    readonly tokens: number;
    readonly texts: ReadonlyMap<string, string>;
  },
  problems: Problems,
): LoadReport | undefined {
  const group = model.groups.find(({ feedForward }) => feedForward.kind === 'experts');
  if (group === undefined) return undefined;
  const moe = group.feedForward as ExpertFeedForward;
  const dies = routedDies(layout);
  if (popularity.kind === 'ranks') {
    const { imbalance } = popularity;
    return { popularity: 'ranks', placement: 'as measured', layers: 0, dies, imbalance, byLayer: [], balancedness: 1 / (1 + imbalance) };
  }
  const layers = popularity.kind === 'counts' ? popularity.layers : powerLawLayers(moe.routed, popularity.exponent);
  if (layers[0]?.length !== moe.routed) {
    problems.add('--expert-load', `expected counts of ${moe.routed} experts in each layer, got ${layers[0]?.length ?? 0}`);
    return undefined;
  }
  const on = placementsOf(placement, layers, placesOf(layout, moe.routed, machine), '--expert-placement', texts, problems);
  if (on === undefined) return undefined;
  const balances = layerBalances(layers, on, tokens * moe.perToken);
  return {
    popularity: popularity.kind,
    placement,
    layers: layers.length,
    dies,
    byLayer: balances.map(({ imbalance }) => imbalance),
    ...meanBalance(balances),
  };
}
