import type { LayerLoads } from '../../src/model/placement/placed.ts';
import type { Placement } from '../../src/model/placement/placement.ts';
import { fieldsOf } from '../tables/csv.ts';

/** Fields that a line has to have to be read, as text. */
export type Where = Readonly<Record<string, string>>;

/** What was read, or why not. */
export type FromFile<T> = { readonly value: T; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string };

function counted(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((count) => typeof count === 'number' && Number.isFinite(count) && count >= 0);
}

function listed(value: unknown): LayerLoads | undefined {
  return Array.isArray(value) && value.length > 0 && value.every(counted) ? value : undefined;
}

const countsForm = 'counts of experts, layer by layer: [[...], ...], {"layers": [...]}, or lines of objects with "counts"';

/**
 * Tokens that the experts of each layer got: a list of lists, `{ "layers": [...] }`, or lines of objects with `counts`, of which `where` picks those
 * whose other fields are so. Every layer has to have as many experts.
 */
export function readCounts(text: string, where: Where = {}): FromFile<LayerLoads> {
  const whole = parsed(text);
  const lines =
    whole === undefined
      ? text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map(parsed)
      : [whole];
  const objects = lines.filter((line) => typeof line === 'object' && line !== null && 'counts' in line) as readonly Readonly<Record<string, unknown>>[];
  if (objects.length === 0 || objects.length < lines.length) {
    const layers = listed(typeof whole === 'object' && whole !== null && 'layers' in whole ? whole.layers : whole);
    if (layers === undefined) return { problem: `expected ${countsForm}` };
    if (Object.keys(where).length > 0) return { problem: 'its layers have no fields by which they could be picked' };
    return alike(layers);
  }
  const picked = objects.filter((object) => Object.entries(where).every(([key, value]) => String(object[key]) === value));
  if (picked.length === 0) return { problem: `no line has ${whereText(where)}` };
  const layers = listed(picked.map(({ counts }) => counts));
  if (layers === undefined) return { problem: `expected ${countsForm}` };
  const several = Object.keys(picked[0] ?? {}).filter((key) => typeof picked[0]?.[key] === 'string' && new Set(picked.map((object) => object[key])).size > 1);
  if (several.length > 0) {
    const named = several.map((key) => `${key} (${[...new Set(picked.map((object) => String(object[key])))].slice(0, 6).join(', ')})`);
    return { problem: `its lines differ in ${named.join(', ')}: pick one of each with where` };
  }
  return alike(layers);
}

function alike(layers: LayerLoads): FromFile<LayerLoads> {
  const sizes = [...new Set(layers.map(({ length }) => length))];
  if (layers.some((layer) => layer.every((count) => count === 0))) return { problem: 'a layer in which no expert got a token' };
  return sizes.length === 1 ? { value: layers } : { problem: `its layers have ${sizes.join(', ')} experts; expected as many in each` };
}

function whereText(where: Where): string {
  return Object.entries(where)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Which experts lie on which rank, layer by layer: `layers[layer][rank]` is a list of experts; an expert may have several copies. */
export function readPlacements(text: string): FromFile<readonly Placement[]> {
  const whole = parsed(text);
  const layers = typeof whole === 'object' && whole !== null && 'layers' in whole ? whole.layers : whole;
  const ok = Array.isArray(layers) && layers.length > 0 && layers.every((layer) => Array.isArray(layer) && layer.length > 0 && layer.every(counted));
  if (!ok) return { problem: 'expected the experts of each rank of each layer: {"layers": [[[0, 1], [2, 3]], ...]}' };
  return { value: layers as readonly Placement[] };
}

/** (slowest - mean) / mean of ranks from a table with `imbalance_ratio` by `setting`: the row of the average, or the mean of all layers. */
export function readImbalance(text: string, where: Where = {}): FromFile<number> {
  const [header = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const names = fieldsOf(header.trim());
  if (!names.includes('imbalance_ratio')) return { problem: `expected a CSV table with a column imbalance_ratio, got ${names.slice(0, 6).join(', ')}` };
  const rows = lines.map((line) => new Map(fieldsOf(line.trim()).map((field, i) => [names[i] ?? '', field])));
  const picked = rows.filter((row) => Object.entries(where).every(([key, value]) => row.get(key) === value));
  if (picked.length === 0) return { problem: `no row has ${whereText(where)}` };
  const settings = [...new Set(picked.map((row) => row.get('setting')))];
  if (settings.length > 1) return { problem: `its rows differ in setting (${settings.join(', ')}): pick one with where` };
  const average = picked.filter((row) => row.get('layer') === 'average');
  const ratios = (average.length > 0 ? average : picked).map((row) => Number(row.get('imbalance_ratio')));
  if (ratios.some((ratio) => !Number.isFinite(ratio) || ratio < 0)) return { problem: 'imbalance_ratio has to be a number from 0 in every row' };
  return { value: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length };
}
