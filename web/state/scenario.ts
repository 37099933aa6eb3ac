import { signal, type Signal } from '@preact/signals';
import type { Issue } from '../../src/base/errors.ts';
import type { ScenarioValue } from '../worker/shipped.ts';
import type { UserFile } from '../worker/user-files.ts';

/** A scenario as the page holds it: the content of its file, and the files that it names. All views show this one. */
export interface ScenarioState {
  readonly name: string;
  readonly value: ScenarioValue;
  readonly files: readonly UserFile[];
}

/** Undefined until the first one is there. */
export const scenario: Signal<ScenarioState | undefined> = signal(undefined);

/** What is wrong with it; the run goes on with the last one that was right. */
export const issues: Signal<readonly Issue[]> = signal([]);

/** A fault of the program, as text. */
export const failure: Signal<string | undefined> = signal(undefined);

/** Changes a key, such as `['deployment', 'decode', 'npus']`; undefined takes it away. */
export function setKey(path: readonly (string | number)[], value: unknown): void {
  const now = scenario.peek();
  if (now !== undefined) scenario.value = { ...now, value: assigned(now.value, path, value) as ScenarioValue };
}

/** The content of a key; undefined where it is not there. */
export function keyAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Readonly<Record<string, unknown>>)[key] : undefined),
    value,
  );
}

function assigned(target: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  const inner = assigned(keyAt(target, [key]), rest, value);
  if (typeof key === 'number') return (Array.isArray(target) ? target : []).toSpliced(key, 1, ...(inner === undefined ? [] : [inner]));
  const map = isMap(target) ? target : {};
  // A key that was there keeps its place.
  if (inner !== undefined) return { ...map, [key]: inner };
  const { [key]: _gone, ...others } = map;
  return others;
}

function isMap(value: unknown): value is ScenarioValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What is wrong at a key or below it, for a message beside its field.
 * @public
 */
export function issuesAt(list: readonly Issue[], path: string): readonly Issue[] {
  const inFile = (issue: Issue): string => /^[^:]*: (.*)$/.exec(issue.path)?.[1] ?? issue.path;
  return list.filter((issue) => {
    const at = inFile(issue);
    return at === path || at.startsWith(`${path}.`) || at.startsWith(`${path}[`);
  });
}
