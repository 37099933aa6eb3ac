import { exp, exponentials, ln } from './elementary.ts';
import type { RandomStream } from './random.ts';

/**
 * Exponential, normal and gamma draws at a few nanoseconds each: Marsaglia and Tsang's ziggurat (2000) as Doornik (2005) made it sound,
 * with the layer and the place in it from different bits. The draws differ from those of variates.ts, the laws do not.
 */

/** Layers of equal area under a falling density: `edges[i]` is where layer i ends, the last one is 0. */
function edgesOf(layers: number, tail: number, area: number, density: (x: number) => number, inverse: (y: number) => number): Float64Array {
  const edges = new Float64Array(layers + 1);
  edges[0] = area / density(tail);
  edges[1] = tail;
  for (let i = 2; i < layers; i++) edges[i] = inverse(area / edges[i - 1] + density(edges[i - 1]));
  return edges;
}

const UNIT = 1 / 9007199254740992;

/** Where the tail begins and the area of a layer, for 256 layers of exp(-x): Marsaglia and Tsang 2000. */
const EXPONENTIAL_TAIL = 7.69711747013105;
const exponentialEdges = edgesOf(
  256,
  EXPONENTIAL_TAIL,
  0.003949659822581557,
  (x) => exp(-x),
  (y) => -ln(y),
);

/** Mean 1. */
export function quickExponential(random: RandomStream): number {
  for (;;) {
    const low = random.next32();
    const layer = low & 255;
    const x = (random.next32() * 2097152 + (low >>> 11)) * UNIT * exponentialEdges[layer];
    if (x < exponentialEdges[layer + 1]) return x;
    if (layer === 0) return EXPONENTIAL_TAIL - ln(1 - random.uniform());
    const outer = exp(x - exponentialEdges[layer]);
    const inner = exp(x - exponentialEdges[layer + 1]);
    if (inner + random.uniform() * (outer - inner) < 1) return x;
  }
}

/** The same for 128 layers of exp(-x^2 / 2). */
const NORMAL_TAIL = 3.442619855899;
const normalEdges = edgesOf(
  128,
  NORMAL_TAIL,
  9.91256303526217e-3,
  (x) => exp(-0.5 * x * x),
  (y) => Math.sqrt(-2 * ln(y)),
);

/** Mean 0, variance 1. */
export function quickNormal(random: RandomStream): number {
  for (;;) {
    const low = random.next32();
    const layer = low & 127;
    // Either as likely: no branch.
    const sign = 1 - ((low & 128) >> 6);
    const x = (random.next32() * 2097152 + (low >>> 11)) * UNIT * normalEdges[layer];
    if (x < normalEdges[layer + 1]) return sign * x;
    if (layer === 0) return sign * normalTail(random);
    const outer = exp(0.5 * (x * x - normalEdges[layer] * normalEdges[layer]));
    const inner = exp(0.5 * (x * x - normalEdges[layer + 1] * normalEdges[layer + 1]));
    if (inner + random.uniform() * (outer - inner) < 1) return sign * x;
  }
}

/** Marsaglia 1964. */
function normalTail(random: RandomStream): number {
  for (;;) {
    const x = quickExponential(random) / NORMAL_TAIL;
    if (2 * quickExponential(random) >= x * x) return NORMAL_TAIL + x;
  }
}

/** Scale 1, mean and variance `shape`: as `gamma` of variates.ts. */
export function quickGamma(random: RandomStream, shape: number): number {
  quickGammas(random, shape, single, 1);
  return single[0];
}

const single = new Float64Array(1);

/** The next of them, into the places of `into` up to one. Their powers are taken at the end, one right after the other: none waits for the one before it. */
export function quickGammas(random: RandomStream, shape: number, into: Float64Array, to: number): void {
  const thinned = shape < 1;
  const d = (thinned ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  if (powers.length < to) powers = new Float64Array(to);
  for (let i = 0; i < to;) {
    const x = quickNormal(random);
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    const u = 1 - random.uniform();
    const square = x * x;
    if (u >= 1 - 0.0331 * square * square && ln(u) >= 0.5 * square + d - d * v + d * ln(v)) continue;
    if (thinned) powers[i] = -quickExponential(random) / shape;
    into[i++] = d * v;
  }
  if (!thinned) return;
  exponentials(powers, to);
  for (let i = 0; i < to; i++) into[i] *= powers[i];
}

let powers = new Float64Array(1);
