import type { Problems } from '../scenario/problems.ts';

/** A whole number of at least `least` on a flag. */
export function wholeNumber(typed: string | undefined, flag: string, least: number, problems: Problems): number | undefined {
  if (typed === undefined) return undefined;
  const value = Number(typed.replaceAll(/(?<=\d)[,_](?=\d)/g, ''));
  if (typed.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  problems.add(flag, `expected a whole number of at least ${least}, got "${typed}"`);
  return undefined;
}

/** A share from 0 to 1 on a flag. */
export function shareOf(typed: string, flag: string, problems: Problems): number | undefined {
  const value = Number(typed);
  if (typed.trim() !== '' && value >= 0 && value <= 1) return value;
  problems.add(flag, `expected a share from 0 to 1, got "${typed}"`);
  return undefined;
}
