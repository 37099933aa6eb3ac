import { schedulerNames, type SchedulerName } from '../../src/serving/policies/scheduler.ts';

/** Names that a scenario may give a scheduler: some are known by the engines that work so, too. */
export type SchedulerWord = SchedulerName | 'vllm' | 'sglang';

export const schedulers: readonly SchedulerWord[] = [...schedulerNames, 'vllm', 'sglang'];

/** The scheduler that a word means. */
export function schedulerOf(word: SchedulerWord): SchedulerName {
  if (word === 'vllm') return 'mixed';
  return word === 'sglang' ? 'prompts-first' : word;
}
