import type { Bytes, Seconds } from '../../base/units.ts';
import type { LostDies } from '../../model/layout-without.ts';
import type { Instance } from '../instance.ts';

/** An instance that goes on without some of its dies. */
export interface Narrowed {
  /** Data-parallel ranks that take no part, by number in the instance. */
  readonly ranks: ReadonlySet<number>;
  /** Places of all dies that take none, among those of the instance: dead ones, and others of their ranks. */
  readonly places: ReadonlySet<number>;
  readonly lost: LostDies;
  /** Experts that had no copy left and were placed anew, counted in every layer; their weights, and how long these take. */
  readonly experts: number;
  readonly bytes: Bytes;
  readonly moving: Seconds;
}

/** Says how instances go on with fewer dies (FLT-10). */
export interface Narrowing {
  /**
   * How an instance goes on without the dies at these places among its own, or why it cannot.
   * @param before how it goes on without others of them already
   */
  without(instance: Instance, places: ReadonlySet<number>, before: Narrowed | undefined): Narrowed | string;
}
