import type { OperatorFamily } from '../family.ts';

/** Every family whose cells can be fitted and priced. */
export const families: readonly OperatorFamily<unknown>[] = [];

/** The family of a class of cells. */
export function familyOf(operatorClass: string): OperatorFamily<unknown> | undefined {
  return families.find((family) => family.class === operatorClass);
}
