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
function loadOverheads(): readonly OverheadProfile[] {
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
 * `name@version` is the stack in a version of its engine: with its fixed overheads (`profiles`), or those of the nearest version that has some,
 * and scheduling as that version does it. Without a version the stack prices as its tables do and waits for nothing.
 * @throws InputError with every problem of the file.
 */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string, profiles: readonly OverheadProfile[] = loadOverheads()): Stack {
  const [, name = nameOrPath, version] = /^([^/\\@]+)@(.*)$/.exec(nameOrPath) ?? [];
  const file = readData('stacks', name, at, base);
  const library = (other: string): Library => loadLibrary(other, dirname(file.path));
  const other = (base: string): unknown => (dataNames('stacks').includes(base) ? readData('stacks', base, at).value : undefined);
  const stack: Stack = {
    ...readStack(file.value, shown(name, file.path), { library, stack: other }),
    cells: loadCalibration(),
    uncertainty: loadUncertainty(),
  };
  return version === undefined ? stack : inVersion(stack, version, profiles);
}

/** How errors name a file: as the user typed it when that was a path, by its place in the catalogue otherwise. */
function shown(typed: string, path: string): string {
  return /[/\\]|\.(ya?ml|json)$/.test(typed) ? typed : path;
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
