import { unreachable } from '../../base/errors.ts';
import type { Seconds } from '../../base/units.ts';
import type { ServiceLevel } from '../scenario.ts';
import type { PoolView } from './pool-view.ts';

/** Says how many instances a pool should have, from what it sees of it and nothing else. */
export interface ScalingPolicy {
  /** Any whole number; the loop keeps it within the pool's bounds. */
  desired(view: PoolView): number;
}

export const scalingNames = ['target-load', 'queue', 'slo', 'manual'] as const;
export type ScalingName = (typeof scalingNames)[number];

/** A policy by name with its setting: the load of `target-load`, the time ahead of `queue` [s], the share of the objective of `slo`; nothing for `manual`. */
export interface ScalingRule {
  readonly name: ScalingName;
  readonly target: number;
}

/** A rule that is followed without anybody: under `manual` somebody outside says how many. */
export interface FollowedRule extends ScalingRule {
  readonly name: Exclude<ScalingName, 'manual'>;
}

/** Loads within this share of the target are left alone, as autoscalers of containers do. */
const tolerance = 0.1;
/** A pool is not made smaller where that would load it more than this. */
const fullest = 0.8;

/** @param slo objectives of the deployment: what `slo` holds */
export function scalingPolicy({ name, target }: FollowedRule, slo: ServiceLevel): ScalingPolicy {
  switch (name) {
    case 'target-load':
      return { desired: (view) => byLoad(view, target) };
    case 'queue':
      return { desired: (view) => byQueue(view, target) };
    case 'slo':
      return { desired: (view) => byLatency(view, slo, target) };
    default:
      return unreachable(name);
  }
}

/** As many as bring the load to the target. */
function byLoad({ serving, load }: PoolView, target: number): number {
  return Math.abs(load / target - 1) <= tolerance ? serving : Math.ceil(serving * (load / target) - 1e-9);
}

/** As many as bring what is ahead to the target, at most twice as many at once; one less where little is ahead. */
function byQueue(view: PoolView, target: number): number {
  const { serving, ahead } = view;
  if (ahead > target) return Math.ceil(serving * Math.min(2, ahead / target));
  return ahead < target / 4 && canSpare(view) ? serving - 1 : serving;
}

/** A quarter more where a latency comes near its objective, one less where none would if it grew as the load of those that stay. */
function byLatency(view: PoolView, slo: ServiceLevel, target: number): number {
  const { serving } = view;
  const worst = worstShare(view, slo);
  if (worst > target) return serving + Math.ceil(serving / 4);
  return worst * serving < target * (serving - 1) && canSpare(view) ? serving - 1 : serving;
}

function canSpare({ serving, load }: PoolView): boolean {
  return serving > 1 && (load * serving) / (serving - 1) < fullest;
}

/**
 * The highest latency of a pool as a share of its objective. Prefill answers for the first token, decode for those behind it; prompts that have waited longer than
 * the objective count though none of them is out.
 */
export function worstShare({ role, ttft = 0, tpot = 0, ahead }: PoolView, slo: ServiceLevel): number {
  const first = role === 'decode' ? 0 : Math.max(ttft, ahead) / (slo.ttft ?? Infinity);
  const next = role === 'prefill' ? 0 : tpot / (slo.tpot ?? Infinity);
  return Math.max(first, next);
}

/** What a rule's target is where a scenario does not say it, and what it is in. */
export const scalingTargets: Readonly<Record<ScalingName, number>> = { 'target-load': 0.7, queue: 1 satisfies Seconds, slo: 0.9, manual: 0 };
