/** ln 2 in two doubles; the first has 20 trailing zero bits, so that a product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Index of the word that holds sign, exponent and the top of the mantissa. */
const HIGH: number = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** 2^-1023 to 2^1023: looked up, for what is put together from two words is read late. */
const powersOfTwo: Float64Array<ArrayBuffer> = new Float64Array(2047);
for (let exponent = -1023, power = 1.1125369292536007e-308; exponent <= 1023; exponent++, power *= 2) powersOfTwo[1023 + exponent] = power;

/**
 * Natural logarithm, the same bits on every platform: at most 0.85 ulp (1.5e-16 relative) from the true value, where
 * x is near 1 as well.
 */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return Infinity;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54: out of the subnormals
    exponent = -54;
  }
  double[0] = x;
  const own = (words[HIGH] >>> 20) - 1023;
  exponent += own;
  let m = x * powersOfTwo[1023 - own];
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent++;
  }
  // ln(1 + f) = 2 atanh(s) with s = f / (2 + f), written as f - s (f - R), where rounding matters least.
  const f = m - 1;
  const s = f / (2 + f);
  const square = s * s;
  // atanh(s) = s + s^3/3 + s^5/5 + ...: with s^2 <= 0.0295, what follows s^23/23 is below 2^-58. Two interleaved halves.
  const fourth = square * square;
  const even = 1 / 3 + fourth * (1 / 7 + fourth * (1 / 11 + fourth * (1 / 15 + fourth * (1 / 19 + fourth * (1 / 23)))));
  const odd = 1 / 5 + fourth * (1 / 9 + fourth * (1 / 13 + fourth * (1 / 17 + fourth * (1 / 21))));
  const series = even + square * odd;
  const correction = s * (f - 2 * square * series);
  return exponent * LN2_HIGH + (f - (correction - exponent * LN2_LOW));
}

/** Exponential function, the same bits on every platform: at most 0.85 ulp (1.3e-16 relative) from the true value. */
export function exp(x: number): number {
  single[0] = x;
  exponentials(single, 1);
  return single[0];
}

const single = new Float64Array(1);

/** The same of the values in the places up to one, in their stead: none waits for the one before it. */
export function exponentials(values: Float64Array, to: number): void {
  for (let i = 0; i < to; i++) {
    const x = values[i];
    if (!(x <= 709.782712893384 && x >= -745.1332191019412)) {
      if (!Number.isNaN(x)) values[i] = x > 0 ? Infinity : 0;
      continue;
    }
    const exponent = Math.floor(x / Math.LN2 + 0.5);
    const high = x - exponent * LN2_HIGH;
    const low = exponent * LN2_LOW;
    const r = high - low;
    // 1/n!, from the second power to the fourteenth: cut where |r| <= 0.347 leaves less than 2^-58.
    const small = 1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600 + r * (1 / 6227020800 + r * (1 / 87178291200)))));
    const series = 1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * (1 / 40320 + r * small))))));
    // e^(high - low) = 1 + high + (r^2 series - low), small terms first.
    const m = 1 + (high + (r * r * series - low));
    if (exponent >= -1021 && exponent <= 1023) values[i] = m * powersOfTwo[1023 + exponent];
    else if (exponent > 1023) values[i] = m * 2 * powersOfTwo[1023 + exponent - 1];
    else values[i] = m * powersOfTwo[1023 + exponent + 54] * 5.551115123125783e-17; // 2^-54: one rounding, into the subnormals
  }
}
