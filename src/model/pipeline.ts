import type { Model } from './model.ts';
import { layerCount } from './model.ts';

/** The group of every layer, first to last. */
function layerOrder(model: Model): readonly number[] {
  return model.order ?? model.groups.flatMap((group, index) => Array.from({ length: group.count }, () => index));
}

/**
 * Layers of each group in each stage of a pipeline: consecutive runs that differ by at most one layer, the longer ones first.
 * `[stage][group]`
 */
export function stageLayers(model: Model, stages: number): readonly (readonly number[])[] {
  if (stages === 1) return [model.groups.map((group) => group.count)];
  const order = layerOrder(model);
  const count = layerCount(model);
  let first = 0;
  return Array.from({ length: stages }, (_, stage) => {
    const size = Math.floor(count / stages) + (stage < count % stages ? 1 : 0);
    const layers = model.groups.map(() => 0);
    for (const group of order.slice(first, first + size)) layers[group] = (layers[group] ?? 0) + 1;
    first += size;
    return layers;
  });
}
