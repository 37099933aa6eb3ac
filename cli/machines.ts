import { findChip, findMachine, type MachineReference } from '../schema/catalogue/machine.ts';
import type { Chip } from '../src/catalogue/chip.ts';
import type { Machine } from '../src/catalogue/machine.ts';
import { disk } from './catalogue.ts';

/** A chip by its name or path on disk, as `findChip` finds it. */
export function loadChip(nameOrPath: string, at: string = 'chip', base?: string): Chip {
  return findChip(disk, nameOrPath, at, base);
}

/** A machine by its name or path on disk, as `findMachine` finds it. */
export function loadMachine(reference: MachineReference, at: string = 'machine', base?: string): Machine {
  return findMachine(disk, reference, at, base);
}
