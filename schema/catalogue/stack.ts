import type { Library } from '../../src/catalogue/library.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import { readLibrary } from '../library.ts';
import { compareVersions, profileFor, type OverheadProfile } from '../overheads.ts';
import { readStack } from '../stack.ts';
import { shownPath, type Catalogue } from './catalogue.ts';

/**
 * A software stack with all calibrated cells and what is not known, by its name in the catalogue or by its path (relative to `base`).
 * `name@version` is the stack in a version of its engine: with its fixed overheads, or those of the nearest version that has some,
 * and scheduling as that version does it. Without a version the stack prices as its tables do and waits for nothing.
 * @throws InputError with every problem of the file.
 */
export function findStack(catalogue: Catalogue, nameOrPath: string, at: string, base?: string): Stack {
  const [, name = nameOrPath, version] = /^([^/\\@]+)@(.*)$/.exec(nameOrPath) ?? [];
  const file = catalogue.read('stacks', name, at, base);
  const library = (other: string): Library => findLibrary(catalogue, other, catalogue.folderOf(file.path));
  const other = (own: string): unknown => (catalogue.names('stacks').includes(own) ? catalogue.read('stacks', own, at).value : undefined);
  const stack: Stack = {
    ...readStack(file.value, shownPath(name, file.path), { library, stack: other }),
    cells: catalogue.cells(),
    uncertainty: catalogue.uncertainty(),
  };
  return version === undefined ? stack : inVersion(stack, version, catalogue.overheads());
}

/** A communication library by its name in the catalogue or by its path (relative to `base`). */
function findLibrary(catalogue: Catalogue, nameOrPath: string, base: string): Library {
  const file = catalogue.read('libraries', nameOrPath, 'library', base);
  return readLibrary(file.value, shownPath(nameOrPath, file.path));
}

/**
 * The stack with the overheads and the scheduling of a version. The host's time between steps is inherited among versions that schedule alike: one
 * that schedules ahead hides it. Where there is none, the stack's own stands. The front end's time is that of the nearest version.
 */
function inVersion(stack: Stack, version: string, profiles: readonly OverheadProfile[]): Stack {
  const { ahead, kernels } = stack.versions ?? {};
  const isAhead = (other: string): boolean => ahead !== undefined && compareVersions(other, ahead.since) >= 0;
  const alike = profileFor(
    profiles.filter((profile) => isAhead(profile.version) === isAhead(version)),
    stack.name,
    version,
  );
  const nearest = profileFor(profiles, stack.name, version);
  return {
    ...stack,
    hostGap: alike?.step ?? stack.hostGap,
    launch: nearest?.launch,
    intake: nearest === undefined ? stack.intake : { request: nearest.request, token: nearest.token },
    kernels: [...(kernels ?? []).filter(({ before }) => before === undefined || compareVersions(version, before) < 0), ...(stack.kernels ?? [])],
    ahead: isAhead(version),
  };
}
