import type { Residual } from './cell.ts';

/** A step of a table's values. [ln(measured / predicted)] */
export const VALUE_STEP = 0.02;

/** The residual as a function of the features. */
export function smoothed({ low, step, knots, tables }: Residual): (features: readonly number[]) => number {
  const used = knots.flatMap((places, feature) => (places.length === 0 ? [] : [feature]));
  const at = knots.map((places, feature) => Float64Array.from(places, (place) => (low[feature] ?? 0) + place * (step[feature] ?? 0)));
  const parts = tables.map(({ features: [first, second], values }) => ({
    first,
    second,
    width: at[second]?.length ?? 1,
    values: Float64Array.from(values, (steps) => steps * VALUE_STEP),
  }));
  const places = new Int32Array(knots.length);
  const weights = new Float64Array(knots.length);
  return (features) => {
    for (const feature of used) {
      const own = at[feature] as Float64Array;
      const place = knotBelow(own, features[feature] as number);
      places[feature] = place;
      weights[feature] = between(own, place, features[feature] as number);
    }
    let sum = 0;
    for (const { first, second, width, values } of parts) {
      const corner = (places[first] as number) * width + (places[second] as number);
      const down = weights[first] as number;
      const right = weights[second] as number;
      const upper = (values[corner] as number) + right * ((values[right > 0 ? corner + 1 : corner] as number) - (values[corner] as number));
      if (down === 0) {
        sum += upper;
        continue;
      }
      const below = corner + width;
      const lower = (values[below] as number) + right * ((values[right > 0 ? below + 1 : below] as number) - (values[below] as number));
      sum += upper + down * (lower - upper);
    }
    return sum;
  };
}

/** Index of the knot at or below a value; the last but one at most, the first at least. */
export function knotBelow(knots: ArrayLike<number>, value: number): number {
  let place = 0;
  while (place < knots.length - 2 && value > (knots[place + 1] as number)) place++;
  return place;
}

/** How far a value is on its way from a knot to the next, 0 to 1. */
export function between(knots: ArrayLike<number>, place: number, value: number): number {
  if (knots.length < 2) return 0;
  const from = knots[place] as number;
  const share = (value - from) / ((knots[place + 1] as number) - from);
  return share > 0 ? Math.min(1, share) : 0;
}
