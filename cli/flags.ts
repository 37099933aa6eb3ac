import { InvalidArgumentError } from 'commander';
import { lastPort } from '../server/listening.ts';
import type { Issue } from '../src/base/errors.ts';

/** A whole number on the command line. */
export function wholeFlag(min: number, max: number = Infinity): (typed: string) => number {
  return (typed) => {
    const value = Number(typed);
    if (typed.trim() === '' || !Number.isSafeInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`expected a whole number from ${min}${max === Infinity ? '' : ` to ${max}`}, got "${typed}".`);
    return value;
  };
}

/** A port on the command line; 0, where it is allowed, stands for any that is free. */
export function portFlag(min: number = 0): (typed: string) => number {
  return wholeFlag(min, lastPort);
}

/** The same message for each flag that was typed. */
export function given(flags: Readonly<Record<string, unknown>>, message: string): readonly Issue[] {
  return Object.entries(flags).flatMap(([path, value]) => (value === undefined ? [] : [{ path, message }]));
}

/** A flag that may be given several times. */
export function repeated(typed: string, before: readonly string[] = []): readonly string[] {
  return [...before, typed];
}

/** The flag of runs and steps that are priced with cells of one's own, see `own-cells.ts`. */
export const calibrationFlag: readonly [flags: string, description: string, parse: typeof repeated] = [
  '--calibration <file>',
  'price with the cells of calibrate --out in place of those that are shipped (repeatable)',
  repeated,
];
