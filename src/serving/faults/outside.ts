import { InputError, type Issue } from '../../base/errors.ts';
import type { Seconds } from '../../base/units.ts';
import type { Machine } from '../../catalogue/machine.ts';
import { fabricOf } from '../../network/topology/build.ts';
import type { Fabric } from '../../network/topology/fabric.ts';
import type { Jitter, PlannedFault } from './fault.ts';
import { parseBlow, type FaultCause } from './named.ts';

/** A fault that comes from outside, now, in the words of a scenario: plain data. */
export interface OutsideFault {
  readonly cause: FaultCause;
  /** Such as `npu 17`, `l2 3`, or `link l1 0.2 - l2 2.5`; for `slow` with what is left, such as `die 5:50%`. */
  readonly part: string;
  /** Absent: for good. */
  readonly duration?: Seconds | undefined;
  /** Of `jitter`. */
  readonly jitter?: Jitter | undefined;
}

/**
 * Reads faults from outside on a machine. The planes are laid out when the first one comes.
 * @returns a reader that throws InputError for a part that the machine does not have, and for what does not go together
 */
export function outsideFaults(machine: Machine): (fault: OutsideFault, at: Seconds) => PlannedFault {
  let fabrics: readonly Fabric[] | undefined;
  return ({ cause, part, duration = Infinity, jitter }, at) => {
    fabrics ??= machine.planes.map((plane) => fabricOf(machine, plane));
    const issues: Issue[] = [];
    const blow = parseBlow(machine, fabrics, cause, part);
    if (typeof blow === 'string') issues.push({ path: 'part', message: blow });
    if (!(duration > 0)) issues.push({ path: 'duration', message: `expected a time above 0, got ${duration}` });
    if (cause === 'hang' && duration === Infinity) issues.push({ path: 'duration', message: 'expected how long it hangs, got nothing' });
    if ((cause === 'jitter') !== (jitter !== undefined))
      issues.push({ path: 'jitter', message: cause === 'jitter' ? 'expected how often iterations wait and how long, got nothing' : `${cause} has no jitter` });
    if (issues.length > 0 || typeof blow === 'string') throw new InputError(issues);
    return { ...blow, at, duration, jitter };
  };
}
