import { findStack } from '../schema/catalogue/stack.ts';
import type { OverheadProfile } from '../schema/overheads.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { disk } from './catalogue.ts';

/** A software stack by its name or path on disk, as `findStack` finds it. @param profiles in place of the overheads that are shipped */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string, profiles?: readonly OverheadProfile[]): Stack {
  return findStack(profiles === undefined ? disk : { ...disk, overheads: () => profiles }, nameOrPath, at, base);
}
