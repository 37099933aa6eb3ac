/**
 * Solves A x = b for a symmetric positive definite A (row-major, n x n) by Cholesky decomposition; both are overwritten, x is in `b`.
 * A direction without weight (pivot not positive) gets 0.
 */
export function solveSymmetric(a: Float64Array, b: Float64Array): void {
  const n = b.length;
  const at = (i: number, j: number): number => a[i * n + j] ?? 0;
  for (let j = 0; j < n; j++) {
    let pivot = at(j, j);
    for (let k = 0; k < j; k++) pivot -= at(j, k) * at(j, k);
    const root = pivot > 0 ? Math.sqrt(pivot) : 0;
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      a[i * n + j] = root === 0 ? 0 : sum / root;
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (b[k] ?? 0);
    b[i] = at(i, i) === 0 ? 0 : sum / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] ?? 0;
    for (let k = i + 1; k < n; k++) sum -= at(k, i) * (b[k] ?? 0);
    b[i] = at(i, i) === 0 ? 0 : sum / at(i, i);
  }
}
