import { findStack } from '../schema/catalogue/stack.ts';
import type { Catalogue } from '../schema/catalogue/catalogue.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { disk } from './catalogue.ts';

/** A software stack by its name or path on disk, as `findStack` finds it. @param instead of what is shipped */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string, instead?: Partial<Pick<Catalogue, 'cells' | 'overheads'>>): Stack {
  return findStack({ ...disk, ...instead }, nameOrPath, at, base);
}
