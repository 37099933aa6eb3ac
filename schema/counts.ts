import { expectedOneOf } from '../src/base/nearest.ts';

/** What a count is counted by. A die is what software enumerates; a chip (npu, gpu) is the package, which may hold several dies. */
export const countUnits = ['npu', 'gpu', 'chip', 'die', 'rank', 'instance', 'node'] as const;
export type CountUnit = (typeof countUnits)[number];

/** `96/npu`: a count and what it is counted by. */
export interface Count {
  readonly value: number;
  readonly per: CountUnit;
}

export type ParsedCount = { readonly count: Count; readonly problem?: undefined } | { readonly count?: undefined; readonly problem: string };

const pattern = /^\s*(-?\d[\d_,]*(?:\.\d+)?(?:e\d+)?)\s*(?:\/\s*([a-z-]*))?\s*$/i;

/** Reads `96/npu` or `16,384/die`. A bare number is a problem: it could mean a package or a die. */
export function parseCount(text: string): ParsedCount {
  const match = pattern.exec(text);
  if (match === null) return { problem: `expected a count such as "96/npu", got "${text}"` };
  const value = Number((match[1] ?? '').replaceAll(/[_,]/g, ''));
  const unit = match[2];
  if (unit === undefined)
    return {
      problem: `expected a count that says what it is per, such as "${text.trim()}/npu", "${text.trim()}/die" or "${text.trim()}/instance", got the bare number ${text.trim()}`,
    };
  const per = countUnits.find((name) => name === unit.toLowerCase());
  if (per === undefined) return { problem: `${expectedOneOf(unit, countUnits)} after the slash in "${text.trim()}"` };
  if (!(value > 0)) return { problem: `expected a count above zero, got "${text.trim()}"` };
  return { count: { value, per } };
}

/**
 * A count as a number for the whole instance.
 * `chips`, `dies`, `ranks` and `nodes` are those of the instance.
 */
export function overInstance(
  count: Count,
  instance: { readonly dies: number; readonly chips: number; readonly ranks: number; readonly nodes: number },
): number {
  switch (count.per) {
    case 'npu':
    case 'gpu':
    case 'chip':
      return count.value * instance.chips;
    case 'die':
      return count.value * instance.dies;
    case 'rank':
      return count.value * instance.ranks;
    case 'node':
      return count.value * instance.nodes;
    case 'instance':
      return count.value;
  }
}
