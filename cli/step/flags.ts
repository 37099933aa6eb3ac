import type { StepFlags } from '../../schema/step/flags.ts';
import type { Issue } from '../../src/base/errors.ts';
import { intervalIssues, type IntervalFlags } from '../intervals.ts';

/** Flags of `supernode step`: what is priced, and how it is shown. */
export type StepVerbFlags = StepFlags &
  IntervalFlags & {
    readonly json?: boolean;
    readonly all?: boolean;
    readonly constants?: boolean;
    /** Files of cells in place of those that are shipped. */
    readonly calibration?: readonly string[];
  };

/** Flags that nothing would come of beside the others. */
export function idleFlags(flags: StepVerbFlags): readonly Issue[] {
  const { expertLoad, expertWhere, all, json } = flags;
  const issues: Issue[] = [...intervalIssues(flags)];
  if (all === true && json === true)
    issues.push({ path: '--all', message: 'is about the tables of the text; expected it without --json, which has every part' });
  if (expertWhere !== undefined && expertLoad?.startsWith('power:') === true)
    issues.push({ path: '--expert-where', message: 'picks lines of a file; expected --expert-load with one' });
  return issues;
}
