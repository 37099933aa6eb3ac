/** Quantiles at 0.975 of Student's t by degrees of freedom from 1 on. */
const few = [
  12.706204736174698, 4.302652729749464, 3.18244630528371, 2.776445105197794, 2.570581835636315, 2.446911851144969, 2.364624251592785, 2.306004135204166,
  2.262157162740992,
];

/** The same of the normal law. */
const z = 1.959963984540054;

/**
 * How many standard errors a mean of normal values is from the true one at most, nineteen times in twenty: from a table, and from ten degrees
 * of freedom on by the expansion of Fisher and Cornish (1960), within 1e-5.
 */
export function studentNinetyFive(freedom: number): number {
  if (freedom < 1) return Infinity;
  const known = few[freedom - 1];
  if (known !== undefined) return known;
  const [z3, z5, z7] = [z * z * z, z * z * z * z * z, z * z * z * z * z * z * z];
  const z9 = z7 * z * z;
  const v = freedom;
  return (
    z +
    (z3 + z) / (4 * v) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v) +
    (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * v * v * v * v)
  );
}
