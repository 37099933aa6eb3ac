import { dirname } from 'node:path';
import { readChip } from '../schema/chip.ts';
import { wholeMachine } from '../schema/machine-base.ts';
import { readMachine } from '../schema/machine.ts';
import { InputError } from '../src/base/errors.ts';
import type { Chip } from '../src/catalogue/chip.ts';
import type { Machine } from '../src/catalogue/machine.ts';
import { dataNames, readData } from './data.ts';
import { loadPowerFacts } from './power.ts';

/** A machine as a user names it: `cloudmatrix384`, `hgx-h200*4` for four nodes, a path, or a map with the number of nodes apart. */
export type MachineReference = string | { readonly machine: string; readonly nodes: number };

/**
 * A chip by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
export function loadChip(nameOrPath: string, at: string = 'chip', base?: string): Chip {
  const file = readData('chips', nameOrPath, at, base);
  return readChip(file.value, shown(nameOrPath, file.path));
}

/**
 * A machine by its name in the catalogue or by its path (relative to `base`); `name*N` is the scalable machine with N nodes.
 * `at` names the key or flag in errors. The path of a chip is relative to the machine's own file.
 * @throws InputError with every problem of the file and of its chip.
 */
export function loadMachine(reference: MachineReference, at: string = 'machine', base?: string): Machine {
  const typed = typeof reference === 'string' ? reference : reference.machine;
  const [, name = typed, factor] = typeof reference === 'string' ? (/^(.+?)\s*\*\s*(.*)$/.exec(typed) ?? []) : [];
  const nodes = typeof reference === 'string' ? factor : String(reference.nodes);
  if (nodes !== undefined && !/^[1-9]\d*$/.test(nodes))
    throw new InputError([{ path: at, message: `expected a whole number of nodes of at least 1, such as "${name}*4", got "${nodes}"` }]);
  const file = readData('machines', name, at, base);
  const named = shown(name, file.path);
  const other = (base: string): unknown => (dataNames('machines').includes(base) ? readData('machines', base, at).value : undefined);
  return readMachine(
    wholeMachine(file.value, named, other),
    named,
    (chip) => loadChip(chip, 'chip', dirname(file.path)),
    nodes === undefined ? undefined : { nodes: Number(nodes), at },
    loadPowerFacts(),
  );
}

/** How errors name a file: as the user typed it when that was a path, by its place in the catalogue otherwise. */
function shown(typed: string, path: string): string {
  return /[/\\]|\.(ya?ml|json)$/.test(typed) ? typed : path;
}
