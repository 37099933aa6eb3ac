import { InputError } from '../../src/base/errors.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import { readChip } from '../chip.ts';
import { wholeMachine } from '../machine-base.ts';
import { readMachine } from '../machine.ts';
import { shownPath, type Catalogue } from './catalogue.ts';

/** A machine as a user names it: `cloudmatrix384`, `hgx-h200*4` for four nodes, a path, or a map with the number of nodes apart. */
export type MachineReference = string | { readonly machine: string; readonly nodes: number };

/**
 * A chip by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
export function findChip(catalogue: Catalogue, nameOrPath: string, at: string, base?: string): Chip {
  const file = catalogue.read('chips', nameOrPath, at, base);
  return readChip(file.value, shownPath(nameOrPath, file.path));
}

/**
 * A machine by its name in the catalogue or by its path (relative to `base`); `name*N` is the scalable machine with N nodes.
 * `at` names the key or flag in errors. The path of a chip is relative to the machine's own file.
 * @throws InputError with every problem of the file and of its chip.
 */
export function findMachine(catalogue: Catalogue, reference: MachineReference, at: string, base?: string): Machine {
  const typed = typeof reference === 'string' ? reference : reference.machine;
  const [, name = typed, factor] = typeof reference === 'string' ? (/^(.+?)\s*\*\s*(.*)$/.exec(typed) ?? []) : [];
  const nodes = typeof reference === 'string' ? factor : String(reference.nodes);
  if (nodes !== undefined && !/^[1-9]\d*$/.test(nodes))
    throw new InputError([{ path: at, message: `expected a whole number of nodes of at least 1, such as "${name}*4", got "${nodes}"` }]);
  const file = catalogue.read('machines', name, at, base);
  const shown = shownPath(name, file.path);
  const other = (named: string): unknown => (catalogue.names('machines').includes(named) ? catalogue.read('machines', named, at).value : undefined);
  const { value, placeOf } = wholeMachine(file.value, shown, other);
  return readMachine(
    value,
    shown,
    (chip) => findChip(catalogue, chip, 'chip', catalogue.folderOf(file.path)),
    nodes === undefined ? undefined : { nodes: Number(nodes), at },
    catalogue.power(),
    placeOf,
  );
}
