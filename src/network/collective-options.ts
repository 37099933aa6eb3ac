import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { CollectiveAlgorithm, CollectiveOperation } from '../catalogue/library.ts';
import type { Plane } from '../catalogue/machine.ts';
import { chunkOf, demandOf } from './algorithm.ts';
import { costOf, holds, libraryCost, quickest, rateOf, wayFor, type CollectiveCost, type Reach } from './collective-ways.ts';
import type { CollectiveModel } from './collective.ts';

/** One way to run it, with where its time goes. */
export interface CollectiveOption extends CollectiveCost {
  readonly plane: Plane;
  readonly operation: CollectiveOperation;
  readonly library: string;
  readonly algorithm: CollectiveAlgorithm;
  readonly protocol?: string | undefined;
  readonly ranks: number;
  readonly steps: number;
  /** Through the port of one die. [B] */
  readonly bytes: Bytes;
  /** What they run at. [B/s] */
  readonly bandwidth: BytesPerSecond;
  readonly moving: Seconds;
  /** Copies in the die's own memory. [s] */
  readonly copying: Seconds;
  /** What the protocols beside it add (above 0) or take off: start, moving, copying and this are the time. [s] */
  readonly levelled: Seconds;
  /** Whether this is what runs, and whether the library would take it for this size. */
  readonly chosen: boolean;
  readonly inRange: boolean;
}

/** Parts of a collective, one after the other, each with all ways that were looked at, the one taken first. */
export function collectiveOptions(model: CollectiveModel, operation: CollectiveOperation, bytes: Bytes): readonly (readonly CollectiveOption[])[] {
  return model.parts(operation, bytes).map((part) => optionsOf(part.reach, part.operation, part.ranks, part.bytes));
}

/** Every way of every library, the one taken first, then by time. */
function optionsOf(reach: Reach, operation: CollectiveOperation, n: number, bytes: Bytes): readonly CollectiveOption[] {
  const best = quickest(reach, operation, n, bytes);
  const chunk = chunkOf(bytes, n);
  const options = (reach.choices.get(operation) ?? []).flatMap((choice) => {
    const taken = wayFor(choice, n, chunk);
    return choice.ways
      .filter((way) => holds(way, n))
      .map((way): CollectiveOption => {
        const alone = costOf(reach, way, operation, n, bytes);
        const { time } = (way === taken && libraryCost(reach, choice, operation, n, bytes)) || alone;
        const demand = demandOf(way.algorithm, operation, n) ?? { steps: n - 1, bytes: n - 1 };
        const bandwidth = rateOf(reach, way);
        return {
          plane: reach.plane,
          operation,
          library: choice.library,
          algorithm: way.algorithm,
          protocol: way.protocol,
          ranks: n,
          steps: demand.steps,
          bytes: demand.bytes * bytes,
          bandwidth,
          start: alone.start,
          moving: (demand.bytes * bytes) / bandwidth,
          copying: way.local === undefined ? 0 : bytes / way.local.value,
          levelled: time - alone.time,
          time,
          chosen: way === taken && time === best.time,
          inRange: way === taken,
        };
      });
  });
  return options.toSorted((a, b) => Number(b.chosen) - Number(a.chosen) || Number(b.inRange) - Number(a.inRange) || a.time - b.time);
}
