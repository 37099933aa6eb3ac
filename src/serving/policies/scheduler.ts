import { unreachable } from '../../base/errors.ts';
import type { Seconds } from '../../base/units.ts';
import { ClassQueue } from './class-queue.ts';
import { FairQueue, type Shares } from './fair-queue.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { PrefixQueue } from './prefix-queue.ts';
import type { WaitingQueue } from './waiting-queue.ts';

export const schedulerNames = ['fcfs', 'mixed', 'prompts-first', 'shortest-prompt', 'slo-aware', 'fair'] as const;
export type SchedulerName = (typeof schedulerNames)[number];

/** What schedulers see of a request that waits: never the length of its answer. */
export interface WaitingView {
  priority(slot: number): number;
  tenant(slot: number): number;
  /** What has to be computed of it, cached or not. */
  promptTokens(slot: number): number;
  /** By when its first token is due; Infinity without an objective. */
  deadline(slot: number): Seconds;
}

/**
 * The queue of a rank under a scheduler.
 * @param cached prompt tokens whose KV the rank has
 */
export function queueOf(name: SchedulerName, view: WaitingView, cached: (slot: number) => number, shares: Shares): WaitingQueue {
  const priority = (slot: number): number => view.priority(slot);
  switch (name) {
    case 'fcfs':
    case 'mixed':
      return new ClassQueue(priority);
    case 'prompts-first':
      return new PrefixQueue(priority, cached);
    case 'shortest-prompt':
      return new KeyedQueue(priority, (slot) => view.promptTokens(slot), false);
    case 'slo-aware':
      return new KeyedQueue(priority, (slot) => view.deadline(slot), true);
    case 'fair':
      return new FairQueue(view, shares);
    default:
      return unreachable(name);
  }
}

/** Whether a scheduler computes prompts apart, before anything decodes on (SCH-8); undefined: as the stack does. */
export function promptsFirst(name: SchedulerName): boolean | undefined {
  if (name === 'mixed') return false;
  return name === 'prompts-first' ? true : undefined;
}
