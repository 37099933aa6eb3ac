import type { ExpertLayout, ExpertLoad } from '../../src/model/layout.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { ExpertFeedForward } from '../../src/model/model.ts';
import { placed, placedLoad, placements, powerLawLayers, type LayerLoads, type PlacementKind, type Places } from '../../src/model/placement/placed.ts';
import type { Placement } from '../../src/model/placement/placement.ts';
import { placesOf } from '../../src/serving/experts/balanced.ts';
import { found } from '../read.ts';
import { field, inRange, type Field } from '../scenario/fields.ts';
import type { Problems } from '../scenario/problems.ts';
import { readCounts, readImbalance, readPlacements, type Where } from './files.ts';

/** The load of experts as a file says it: known as it stands, or by what a placement makes of their popularity. */
export type LoadFile =
  | ExpertLoad
  | { readonly kind: 'power'; readonly exponent: number; readonly placement: string }
  | { readonly kind: 'counts'; readonly path: string; readonly where: Where; readonly placement: string }
  | { readonly kind: 'imbalance'; readonly path: string; readonly where: Where };

const forms =
  'uniform, { skew: X }, { variation: X }, { power: X, placement: eplb }, { counts: FILE, where: { key: value }, placement: eplb } or { imbalance: FILE, where: { setting: NAME } }';

type Fields = Readonly<Record<string, unknown>>;

function whereOf(value: unknown): Where | undefined {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, String(inner)]));
}

/** One form of load with the keys that belong to it, or undefined. */
function formOf(fields: Fields): LoadFile | undefined {
  const { skew, variation, power, counts, imbalance, placement = 'contiguous', where, ...rest } = fields;
  if (Object.keys(rest).length > 0) return undefined;
  const only = (...keys: readonly string[]): boolean => Object.keys(fields).every((key) => keys.includes(key));
  const on = typeof placement === 'string' && placement !== '' ? placement : undefined;
  const picked = whereOf(where);
  if (only('skew') && inRange(skew, { min: 0 })) return { kind: 'skew', skew };
  if (only('variation') && inRange(variation, { min: 0, max: 4 })) return { kind: 'popularity', variation };
  if (on === undefined || picked === undefined) return undefined;
  if (only('power', 'placement') && inRange(power, { min: 0, max: 4 })) return { kind: 'power', exponent: power, placement: on };
  if (only('counts', 'placement', 'where') && typeof counts === 'string' && counts !== '')
    return { kind: 'counts', path: counts, where: picked, placement: on };
  if (only('imbalance', 'where') && typeof imbalance === 'string' && imbalance !== '') return { kind: 'imbalance', path: imbalance, where: picked };
  return undefined;
}

/** The key `load` of experts. */
export function loadField(description: string): Field<LoadFile> {
  const number = { type: 'number', minimum: 0 };
  const where = { type: 'object', additionalProperties: { type: ['string', 'number'] } };
  const form = (required: string, properties: Fields): Fields => ({ type: 'object', properties, required: [required], additionalProperties: false });
  return field<LoadFile>(
    {
      anyOf: [
        { const: 'uniform' },
        form('skew', { skew: number }),
        form('variation', { variation: { ...number, maximum: 4 } }),
        form('power', { power: { ...number, maximum: 4 }, placement: { type: 'string' } }),
        form('counts', { counts: { type: 'string' }, where, placement: { type: 'string' } }),
        form('imbalance', { imbalance: { type: 'string' }, where }),
      ],
    },
    (value) => {
      if (value === 'uniform') return { value: { kind: 'uniform' } };
      const load = typeof value === 'object' && value !== null && !Array.isArray(value) ? formOf(value as Fields) : undefined;
      return load === undefined ? { problem: `expected ${forms}, got ${typeof value === 'object' ? JSON.stringify(value) : found(value)}` } : { value: load };
    },
    description,
  );
}

/** Whether a load is known without its layout and files. */
export function isResolved(load: LoadFile): load is ExpertLoad {
  return load.kind !== 'power' && load.kind !== 'counts' && load.kind !== 'imbalance';
}

/** Files that a load needs. */
export function filesOf(load: LoadFile | undefined): readonly string[] {
  if (load?.kind === 'imbalance') return [load.path];
  if (load?.kind !== 'power' && load?.kind !== 'counts') return [];
  const on = placements.some((name) => name === load.placement) ? [] : [load.placement];
  return load.kind === 'counts' ? [load.path, ...on] : on;
}

/** What is looked at when a load is worked out. */
export interface LoadContext {
  readonly machine: Machine;
  readonly moe: ExpertFeedForward;
  /** Texts of files by their names; what could not be read is absent, and was said. */
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: Problems;
}

/** The load of an expert layout by what its file says; undefined with what is wrong in the problems. */
export function resolvedLoad(
  load: LoadFile,
  experts: Omit<ExpertLayout, 'load'>,
  at: string,
  { machine, moe, texts, problems }: LoadContext,
): ExpertLoad | undefined {
  if (load.kind === 'imbalance') {
    const text = texts.get(load.path);
    if (text === undefined) return undefined;
    const { value: skew, problem } = readImbalance(text, load.where);
    if (problem === undefined) return { kind: 'skew', skew };
    problems.add(`${at}.imbalance`, `${load.path}: ${problem}`);
    return undefined;
  }
  if (isResolved(load)) return load;
  const layers = load.kind === 'power' ? powerLawLayers(moe.routed, load.exponent) : countsOf(load, moe.routed, at, texts, problems);
  if (layers === undefined) return undefined;
  const places = placesOf({ experts: { ...experts, load: { kind: 'uniform' } } }, moe.routed, machine);
  const on = placementsOf(load.placement, layers, places, `${at}.placement`, texts, problems);
  return on === undefined ? undefined : placedLoad(layers, on);
}

function countsOf(
  { path, where }: Extract<LoadFile, { kind: 'counts' }>,
  routed: number,
  at: string,
  texts: ReadonlyMap<string, string>,
  problems: Problems,
): LayerLoads | undefined {
  const text = texts.get(path);
  if (text === undefined) return undefined;
  const { value: layers, problem } = readCounts(text, where);
  if (problem !== undefined) problems.add(`${at}.counts`, `${path}: ${problem}`);
  else if (layers[0]?.length !== routed) problems.add(`${at}.counts`, `${path}: counts ${layers[0]?.length ?? 0} experts in a layer; expected ${routed}`);
  else return layers;
  return undefined;
}

/** Where the experts of each layer lie: by a rule, or as a file has them, whose layers are repeated where there are more. */
export function placementsOf(
  name: string,
  layers: LayerLoads,
  places: Places,
  at: string,
  texts: ReadonlyMap<string, string>,
  problems: Problems,
): readonly Placement[] | undefined {
  const kind: PlacementKind | undefined = placements.find((other) => other === name);
  if (kind !== undefined) return layers.map((loads) => placed(kind, loads, places));
  const text = texts.get(name);
  if (text === undefined) return undefined;
  const { value: given, problem } = readPlacements(text);
  if (problem !== undefined) {
    problems.add(at, `${name}: ${problem}`);
    return undefined;
  }
  const experts = layers[0]?.length ?? 0;
  const wrong = given.find(
    (layer) => layer.length !== places.ranks || layer.flat().some((expert) => expert >= experts) || new Set(layer.flat()).size !== experts,
  );
  if (wrong !== undefined) {
    const ranks = wrong.length === places.ranks ? '' : `places experts on ${wrong.length} ranks, not on ${places.ranks}; `;
    problems.add(at, `${name}: ${ranks}expected every one of ${experts} experts on ${places.ranks} ranks`);
    return undefined;
  }
  return layers.map((_, layer) => given[layer % given.length] ?? []);
}
