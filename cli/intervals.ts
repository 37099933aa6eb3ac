import { InvalidArgumentError, type Command } from 'commander';
import type { Issue } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';
import { conditions, type Condition } from '../src/catalogue/uncertainty.ts';
import { fewestSamples } from '../src/cost/uncertainty/interval.ts';
import { given, wholeFlag } from './flags.ts';

/** Flags that say whether and how intervals are drawn. */
export interface IntervalFlags {
  /** False with --no-intervals. */
  readonly intervals?: boolean;
  readonly samples?: number;
  readonly known?: readonly Condition[];
}

/** Adds the flags to a verb. */
export function withIntervalFlags(command: Command): Command {
  return command
    .option('--no-intervals', 'leave out the 80 % intervals')
    .option('--samples <n>', 'draw them from so many samples', wholeFlag(fewestSamples))
    .option('--known <unknowns>', `these are as stated: any of ${conditions.join(',')}`, knownFlag);
}

function knownFlag(typed: string): readonly Condition[] {
  return typed.split(',').map((name) => {
    const found = conditions.find((condition) => condition === name.trim());
    if (found === undefined) throw new InvalidArgumentError(`${expectedOneOf(name.trim(), conditions)}.`);
    return found;
  });
}

/** What is wrong with the flags beside each other: intervals that are left out are not drawn in any way. */
export function intervalIssues({ intervals, samples, known }: IntervalFlags): readonly Issue[] {
  return intervals === false ? given({ '--samples': samples, '--known': known }, 'says how intervals are drawn; expected it without --no-intervals') : [];
}

/** How intervals are to be drawn; undefined where they are not. */
export function intervalOptions({
  intervals,
  samples,
  known,
}: IntervalFlags): { readonly samples?: number | undefined; readonly known?: readonly Condition[] | undefined } | undefined {
  return intervals === false ? undefined : { samples, known };
}

/** The flags as they are typed. */
export function typedIntervalFlags({ intervals, samples, known }: IntervalFlags): readonly string[] {
  return [
    ...(intervals === false ? ['--no-intervals'] : []),
    ...(samples === undefined ? [] : ['--samples', String(samples)]),
    ...(known === undefined ? [] : ['--known', known.join(',')]),
  ];
}
