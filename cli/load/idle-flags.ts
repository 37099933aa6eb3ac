import type { Issue } from '../../src/base/errors.ts';
import type { LoadFlags } from './flags.ts';

/**
 * Flags that nothing would come of beside the others.
 * @param lengths what is said of the lengths of prompts and answers, by flag
 */
export function idleFlags(file: string | undefined, flags: LoadFlags, lengths: readonly (readonly [string, string | undefined])[]): readonly Issue[] {
  const { trace, requestRate: rate, burstiness, set, resultFilename } = flags;
  const issues: Issue[] = [];
  const own = file === undefined ? ['a trace', '--trace'] : ['a scenario', 'a scenario'];
  const given = file !== undefined || trace !== undefined;
  if (given)
    for (const [path, value] of lengths)
      if (value !== undefined) issues.push({ path, message: `${own[0]} has lengths of its own; expected it without ${own[1]}` });
  if (file !== undefined && rate !== undefined)
    issues.push({
      path: '--request-rate',
      message: `a scenario says how its requests come; expected it without a scenario, or --set ${rate === Infinity ? 'workload.concurrency=N of a closed loop' : `workload.rate=${rate}/s, or workload.speed of a trace`}`,
    });
  if (burstiness !== undefined) {
    if (given) issues.push({ path: '--burstiness', message: `${own[0]} has gaps of its own; expected it without ${own[1]}` });
    else if (rate === undefined || rate === Infinity)
      issues.push({ path: '--burstiness', message: 'says how the gaps of a rate are drawn; expected --request-rate with one as well' });
  }
  if (file === undefined && set !== undefined) issues.push({ path: '--set', message: 'changes a scenario; expected a scenario file' });
  if (resultFilename === undefined)
    for (const [path, value] of [
      ['--metric-percentiles', flags.metricPercentiles],
      ['--metadata', flags.metadata],
      ['--save-detailed', flags.saveDetailed],
    ] as const)
      if (value !== undefined) issues.push({ path, message: 'is about the result file; expected --result-filename as well' });
  return issues;
}
