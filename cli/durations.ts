import { InvalidArgumentError } from 'commander';
import { parseQuantity } from '../src/base/quantity.ts';

/** A time on the command line, as `50 ms` or in Go's words: `1m30s`. [s] */
export function timeFlag(typed: string): number {
  const { value, problem } = parseQuantity(typed, 'time');
  if (value !== undefined && value >= 0) return value;
  const parts = [...typed.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([all]) => all).join('') === typed)
    return parts.reduce((sum, [, number = '', unit = '']) => sum + (parseQuantity(`${number} ${unit === 'm' ? 'min' : unit}`, 'time').value ?? 0), 0);
  throw new InvalidArgumentError(problem ?? `expected a time of at least 0, got "${typed}"`);
}

/** A number on the command line within bounds. */
export function numberFlag(min: number, max: number): (typed: string) => number {
  return (typed) => {
    const value = Number(typed);
    if (typed.trim() === '' || !Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(`expected a number from ${min} to ${max}, got "${typed}".`);
    return value;
  };
}
