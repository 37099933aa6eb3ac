import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../../src/base/errors.ts';
import { dataFiles, parseFile } from '../data.ts';
import { scenarioContent, type ScenarioFlags } from '../scenario.ts';
import { thereAt } from './place.ts';

/** A file that a command reads, and what it is to it. */
export interface InputFile {
  readonly path: string;
  readonly what: string;
}

/** The files that a run of a scenario reads: itself, those that it or a flag names, those that they name, and what it may take from the catalogue: all of that. */
export function scenarioInputs(path: string, flags: ScenarioFlags): readonly InputFile[] {
  const cells = (flags.calibration ?? []).map((file) => ({ path: file, what: 'the cells that the run is priced with' }));
  const own = [{ path, what: 'the scenario that is run' }, ...cells];
  try {
    return [...own, ...filesNamed(scenarioContent(path, flags), '', dirname(resolve(path)), new Set()), ...catalogue()];
  } catch (error) {
    // What is wrong with it is told where it is loaded.
    if (error instanceof InputError) return own;
    throw error;
  }
}

/** The files that a command reads which takes facts by name or path: those that are named, those that they name, and the catalogue. */
export function factInputs(named: readonly (string | undefined)[], what: string): readonly InputFile[] {
  try {
    return [...filesNamed(named, '', resolve(), new Set()).map(({ path }) => ({ path, what })), ...catalogue()];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function catalogue(): readonly InputFile[] {
  return dataFiles().map((path) => ({ path, what: 'of the catalogue' }));
}

/** Files that texts anywhere in a value name by their paths from `base`, the folder of a trace among them. */
function filesNamed(value: unknown, key: string, base: string, seen: Set<string>): readonly InputFile[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([inner, one]) => filesNamed(one, Array.isArray(value) ? key : inner, base, seen));
  if (typeof value !== 'string' || value === '') return [];
  const what = key === 'trace' ? 'the trace that is served' : 'read by the scenario that is run';
  const path = resolve(base, value);
  const there = thereAt(path);
  if (there === undefined || seen.has(path)) return [];
  seen.add(path);
  if (there.isDirectory()) return key === 'trace' ? readdirSync(path).map((name) => ({ path: join(path, name), what })) : [];
  return [{ path, what }, ...(/\.ya?ml$/.test(path) ? filesNamed(parseFile(path), '', dirname(path), seen) : [])];
}
