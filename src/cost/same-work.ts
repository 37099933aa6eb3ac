import type { ComputeOperator } from '../model/operator.ts';

/**
 * Whether two operators of one name are the same work: what layers of another kind repeat, as the attention of dense and of expert layers. False
 * where that is not told by a few numbers: experts, recurrences, rings.
 */
export function sameWork(a: ComputeOperator, b: ComputeOperator): boolean {
  if (a === b) return true;
  if (a.experts !== undefined || b.experts !== undefined || a.ring !== undefined || b.ring !== undefined) return false;
  return (
    a.activationBytes === b.activationBytes &&
    a.weightBytes === b.weightBytes &&
    a.matrixFlop === b.matrixFlop &&
    a.vectorFlop === b.vectorFlop &&
    sameKernel(a, b) &&
    sameProduct(a.shape, b.shape) &&
    sameRows(a.rows, b.rows) &&
    equal(a.attention, b.attention) &&
    equal(a.recurrence, b.recurrence)
  );
}

/** Whether two operators of one name are launches of one kernel: what picks the cell or the rates that price them is the same. */
export function sameKernel(a: ComputeOperator, b: ComputeOperator): boolean {
  return (
    a.name === b.name &&
    a.class === b.class &&
    a.kernel === b.kernel &&
    a.format === b.format &&
    a.variant === b.variant &&
    a.stored === b.stored &&
    sameHeads(a.attention, b.attention)
  );
}

function sameHeads(a: ComputeOperator['attention'], b: ComputeOperator['attention']): boolean {
  if (a === b) return true;
  return a?.headSize === b?.headSize && a?.window === b?.window && a?.keyValueFormat === b?.keyValueFormat;
}

function sameProduct(a: ComputeOperator['shape'], b: ComputeOperator['shape']): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.m === b.m && a.n === b.n && a.k === b.k && a.groups === b.groups;
}

function sameRows(a: ComputeOperator['rows'], b: ComputeOperator['rows']): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.rows === b.rows && a.width === b.width && a.bytes === b.bytes;
}

/** Two flat records of the same keys, or none of both. */
function equal<Shape extends object>(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  for (const key in a) if (a[key] !== b[key]) return false;
  return true;
}
