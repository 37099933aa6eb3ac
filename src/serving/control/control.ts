import type { Bytes, BytesPerSecond, Seconds } from '../../base/units.ts';
import type { InstanceRole } from '../plant.ts';
import type { RatioRule } from './ratio-policy.ts';
import type { ScalingRule } from './scaling-policy.ts';

/** How many instances a pool may have, and who says how many. */
export interface Scaling {
  /** Number of the pool over all models. */
  readonly pool: number;
  readonly min: number;
  readonly max: number;
  readonly rule: ScalingRule;
  /** A pool shrinks to the most that was asked for within this time. */
  readonly hold: Seconds;
}

/** Instances that move between prefill and decode. */
export interface Ratio {
  readonly rule: RatioRule;
  /** Instances that a pool keeps. */
  readonly min: { readonly prefill: number; readonly decode: number };
  readonly max: { readonly prefill: number; readonly decode: number };
  /** From the end of one shift until the next may begin. */
  readonly hold: Seconds;
}

/**
 * Where host memory keeps weights once they have been fetched from the store.
 * - `none`: nowhere; each load fetches its own.
 * - `local`: on the nodes that loaded them; a load from there is warm.
 * - `pooled`: once for the whole machine; one fetch serves all that wait for it.
 */
export const weightsPlaces = ['none', 'local', 'pooled'] as const;
export type WeightsPlace = (typeof weightsPlaces)[number];

/** How weights come to where they are needed. */
export interface Weights {
  readonly place: WeightsPlace;
  /** Host memory for weights: of a node for `local`, of the machine for `pooled`. */
  readonly capacity: Bytes;
  /** Of the object store, for all loads together. */
  readonly store: BytesPerSecond;
  /** What one die takes in from host memory: read, converted, placed. */
  readonly perDie: BytesPerSecond;
  /** From when weights are there until an instance serves: processes, groups, graphs. */
  readonly setup: Seconds;
}

/** Control loops of a deployment. */
export interface Control {
  /** Between two looks of a loop. */
  readonly period: Seconds;
  readonly scaling: readonly Scaling[];
  readonly ratio?: Ratio | undefined;
  readonly weights: Weights;
}

/** Most instances that a pool may come to have. */
export function mostInstances({ scaling, ratio }: Control, pool: number, role: InstanceRole, atStart: number): number {
  const shifted = ratio === undefined || role === 'merged' ? atStart : ratio.max[role];
  return Math.max(atStart, shifted, scaling.find((one) => one.pool === pool)?.max ?? 0);
}
