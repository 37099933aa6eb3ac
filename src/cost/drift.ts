import { expectedMaximum } from '../kernel/order.ts';
import type { Operator } from '../model/operator.ts';

/** How the ranks of an instance drift apart while they work: for each operator the wait that it adds to (-1: none), and by what share of its time. */
export interface Drift {
  readonly at: Int32Array;
  readonly share: Float64Array;
}

/**
 * Equal work takes ranks times that spread normally (`spread`: standard deviation over mean). A dispatch waits for the slowest of them: the mean
 * rank waits as long as the largest of so many draws lies above the mean, for all work since the exchange before.
 */
export function driftOf(operators: readonly Operator[], spread: number): Drift {
  const at = new Int32Array(operators.length).fill(-1);
  const share = new Float64Array(operators.length);
  let wait = -1;
  for (let i = operators.length - 1; i >= 0; i--) {
    const operator = operators[i];
    if (operator?.kind === 'wait') wait = i;
    else if (operator?.kind === 'exchange') wait = -1;
    const waiting = operators[wait];
    if (wait < 0 || i === wait || waiting?.kind !== 'wait') continue;
    at[i] = wait;
    share[i] = spread * expectedMaximum(waiting.ranks);
  }
  return { at, share };
}
