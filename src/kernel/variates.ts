import { exp, ln } from './elementary.ts';
import type { RandomStream } from './random.ts';

/** Mean 1. */
export function exponential(random: RandomStream): number {
  return -ln(1 - random.uniform());
}

/** Mean 0, variance 1: Marsaglia's polar method, its second value left unused so that a draw has no memory. */
export function normal(random: RandomStream): number {
  for (;;) {
    const u = 2 * random.uniform() - 1;
    const v = 2 * random.uniform() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * ln(s)) / s);
  }
}

/** Scale 1, mean and variance `shape` in (0, 1e12]: Marsaglia and Tsang 2000; below 1 the draw of shape + 1 is thinned by U^(1/shape). */
export function gamma(random: RandomStream, shape: number): number {
  if (shape < 1) {
    const boost = exp(ln(1 - random.uniform()) / shape);
    return boost * gamma(random, shape + 1);
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    const u = 1 - random.uniform();
    // Their squeeze accepts nine in ten without a logarithm.
    if (u < 1 - 0.0331 * x * x * x * x || ln(u) < 0.5 * x * x + d - d * v + d * ln(v)) return d * v;
  }
}
