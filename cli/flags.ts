import { InvalidArgumentError } from 'commander';

/** A whole number on the command line. */
export function wholeFlag(min: number): (typed: string) => number {
  return (typed) => {
    const value = Number(typed);
    if (typed.trim() === '' || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`expected a whole number from ${min}, got "${typed}".`);
    return value;
  };
}

/** A flag that may be given several times. */
export function repeated(typed: string, before: readonly string[] = []): readonly string[] {
  return [...before, typed];
}
