import type { BytesPerSecond } from '../../base/units.ts';
import type { Cable, Fabric } from './fabric.ts';

/** Something that has failed or is slow: a vertex with all its links, or the links between two. */
export interface Fault {
  /** Vertices of the fabric; all cables between an element of each list, or all cables of `at` where `to` is absent. */
  readonly at: readonly number[];
  readonly to?: readonly number[] | undefined;
  /** Share of the rate that is left: 0 for what has failed. */
  readonly left: number;
}

/** What every cable can carry, one way [B/s], after faults. Faults of the same cable multiply. */
export function capacitiesOf(fabric: Fabric, faults: readonly Fault[]): Float64Array {
  const capacity = Float64Array.from(fabric.cables, ({ links, rate }) => links * rate);
  for (const { at, to, left } of faults) {
    const here = new Set(at);
    const there = to === undefined ? undefined : new Set(to);
    fabric.cables.forEach((cable, i) => {
      if (hit(cable, here, there)) capacity[i] = (capacity[i] as BytesPerSecond) * left;
    });
  }
  return capacity;
}

function hit({ lower, upper }: Cable, here: ReadonlySet<number>, there: ReadonlySet<number> | undefined): boolean {
  if (there === undefined) return here.has(lower) || here.has(upper);
  return (here.has(lower) && there.has(upper)) || (here.has(upper) && there.has(lower));
}
