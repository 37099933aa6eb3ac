import { exp, ln } from '../kernel/elementary.ts';

/** Experts are joined in so many classes of equal popularity. */
const classes = 16;
/** Logarithm of the largest ratio between the most and the least popular expert. */
const mostSpread = 40;

/** Below it experts are taken as equal: the difference is lost in rounding. */
const leastVariation = 1e-3;

const known = new Map<number, Float64Array>();

/**
 * How popular experts are over the mean, least first, in classes of equally many: log-uniform between two bounds, with a coefficient of variation
 * of `variation`. Measured counts of experts follow it within 5 % in the experts that a batch hits (two families, 8 and 64 experts, 4 to 128 tokens).
 */
export function popularities(variation: number): Float64Array {
  const before = known.get(variation);
  if (before !== undefined) return before;
  const spread = spreadOf(variation);
  const made = new Float64Array(classes);
  // Each class has the mean of its part, so that all of them together have a mean of 1.
  const whole = spread === 0 ? 1 : exp(spread) - 1;
  for (let i = 0; i < classes; i++) made[i] = spread === 0 ? 1 : ((exp((spread * (i + 1)) / classes) - exp((spread * i) / classes)) * classes) / whole;
  known.set(variation, made);
  return made;
}

/** ln of the ratio between the bounds: variation squared is s/2 (e^s + 1) / (e^s - 1) - 1, which rises with s. */
function spreadOf(variation: number): number {
  if (variation < leastVariation) return 0;
  let low = 0;
  let high = mostSpread;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    const ratio = exp(middle);
    if ((middle / 2) * ((ratio + 1) / (ratio - 1)) - 1 < variation * variation) low = middle;
    else high = middle;
  }
  return low;
}

/** Share of experts that get at least one of `tokens`, each of which picks an expert of mean popularity with `chance`. */
export function hitShare(variation: number, chance: number, tokens: number): number {
  let missed = 0;
  for (const popularity of popularities(variation)) {
    const picked = chance * popularity;
    missed += picked >= 1 ? 0 : exp(tokens * ln(1 - picked));
  }
  return 1 - missed / classes;
}
