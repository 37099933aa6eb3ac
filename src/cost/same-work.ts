import type { ComputeOperator } from '../model/operator.ts';

/**
 * Whether two operators of one name are the same work: what layers of another kind repeat, as the attention of dense and of expert layers. False
 * where that is not told by a few numbers: experts, recurrences, rings.
 */
export function sameWork(a: ComputeOperator, b: ComputeOperator): boolean {
  if (a === b) return true;
  if (a.experts !== undefined || b.experts !== undefined || a.ring !== undefined || b.ring !== undefined) return false;
  return (
    a.name === b.name &&
    a.activationBytes === b.activationBytes &&
    a.weightBytes === b.weightBytes &&
    a.matrixFlop === b.matrixFlop &&
    a.vectorFlop === b.vectorFlop &&
    a.class === b.class &&
    a.kernel === b.kernel &&
    a.format === b.format &&
    a.variant === b.variant &&
    a.stored === b.stored &&
    equal(a.shape, b.shape) &&
    equal(a.rows, b.rows) &&
    equal(a.attention, b.attention) &&
    equal(a.recurrence, b.recurrence)
  );
}

/** Two flat records of the same keys, or none of both. */
function equal<Shape extends object>(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  for (const key in a) if (a[key] !== b[key]) return false;
  return true;
}
