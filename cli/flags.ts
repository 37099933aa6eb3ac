import { InvalidArgumentError } from 'commander';
import { lastPort } from '../server/listening.ts';

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

/** A flag that may be given several times. */
export function repeated(typed: string, before: readonly string[] = []): readonly string[] {
  return [...before, typed];
}
