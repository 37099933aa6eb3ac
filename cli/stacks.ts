import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLibrary } from '../schema/library.ts';
import { compareVersions, type OverheadProfile, profileFor, readOverheads } from '../schema/overheads.ts';
import { readStack } from '../schema/stack.ts';
import type { Library } from '../src/catalogue/library.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { loadCalibration } from './calibration.ts';
import { dataNames, readData } from './data.ts';
import { loadUncertainty } from './uncertainty.ts';

const overheads = fileURLToPath(new URL('../data/stacks/overheads.json', import.meta.url));
let shipped: readonly OverheadProfile[] | undefined;

/** Overhead profiles of the engine versions that are shipped. */
export function loadOverheads(): readonly OverheadProfile[] {
  if (!existsSync(overheads)) return [];
  shipped ??= readOverheads(JSON.parse(readFileSync(overheads, 'utf8')), 'data/stacks/overheads.json');
  return shipped;
}

/**
 * A communication library by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
function loadLibrary(nameOrPath: string, base?: string): Library {
  const file = readData('libraries', nameOrPath, 'library', base);
  return readLibrary(file.value, shown(nameOrPath, file.path));
}

/**
 * A software stack with all calibrated cells and what is not known, by its name in the catalogue or by its path (relative to `base`).
 * `name@version` is the stack in a version of its engine: with its fixed overheads, or those of the nearest version that has some, and scheduling
 * as that version does it.
 * @throws InputError with every problem of the file.
 */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string): Stack {
  const [, name = nameOrPath, version] = /^([^/\\@]+)@(.*)$/.exec(nameOrPath) ?? [];
  const file = readData('stacks', name, at, base);
  const library = (other: string): Library => loadLibrary(other, dirname(file.path));
  const other = (base: string): unknown => (dataNames('stacks').includes(base) ? readData('stacks', base, at).value : undefined);
  const stack: Stack = {
    ...readStack(file.value, shown(name, file.path), { library, stack: other }),
    cells: loadCalibration(),
    uncertainty: loadUncertainty(),
  };
  return version === undefined
    ? { ...stack, ahead: undefined, kernels: stack.kernels?.filter(({ before }) => before === undefined) }
    : inVersion(stack, version, loadOverheads());
}

/** How errors name a file: as the user typed it when that was a path, by its place in the catalogue otherwise. */
function shown(typed: string, path: string): string {
  return /[/\\]|\.(ya?ml|json)$/.test(typed) ? typed : path;
}

/** The stack with the overheads and the scheduling of a version. */
function inVersion(stack: Stack, version: string, profiles: readonly OverheadProfile[]): Stack {
  const profile = profileFor(profiles, stack.name, version);
  return {
    ...stack,
    ...(profile === undefined ? {} : { hostGap: profile.step, intake: profile.request }),
    kernels: stack.kernels?.filter(({ before }) => before === undefined || compareVersions(version, before) < 0),
    ahead: stack.ahead !== undefined && compareVersions(version, stack.ahead.since) >= 0 ? stack.ahead : undefined,
  };
}
