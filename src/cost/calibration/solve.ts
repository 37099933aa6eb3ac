/**
 * Decomposes a symmetric positive definite matrix (row-major, n x n, of which only the lower half is read) into L L^T, in place: L is the
 * lower half. A direction without weight (pivot not positive) is marked by a zero.
 */
export function factorSymmetric(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = a[row + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[row + k] as number) * (a[other + k] as number);
      const pivot = a[other + j] as number;
      if (i === j) a[row + j] = sum > 0 ? Math.sqrt(sum) : 0;
      else a[row + j] = pivot === 0 ? 0 : sum / pivot;
    }
  }
}

/** Solves L L^T x = b; x is in `b`. A direction without weight gets 0. */
export function solveFactored(l: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (l[i * n + k] as number) * (b[k] as number);
    const pivot = l[i * n + i] as number;
    b[i] = pivot === 0 ? 0 : sum / pivot;
  }
  for (let i = n - 1; i >= 0; i--) {
    const pivot = l[i * n + i] as number;
    const value = pivot === 0 ? 0 : (b[i] as number) / pivot;
    b[i] = value;
    for (let k = 0; k < i; k++) b[k] = (b[k] as number) - (l[i * n + k] as number) * value;
  }
}

/** Solves A x = b for a symmetric positive definite A (row-major, lower half); both are overwritten, x is in `b`. */
export function solveSymmetric(a: Float64Array, b: Float64Array): void {
  factorSymmetric(a, b.length);
  solveFactored(a, b);
}
