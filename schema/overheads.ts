import type { Figure } from '../src/catalogue/figure.ts';
import { figure } from './figure.ts';
import { count, listOf, oneOf, read, record, text } from './read.ts';

export const overheadsSchema = 'supernode/overheads/1';

/** Fixed overheads of one version of an engine, fitted on concurrency-4 rows of serving points. */
export interface OverheadProfile {
  readonly stack: string;
  readonly version: string;
  /** Time of the host between two steps. [s] */
  readonly step: Figure;
  /** Time of the host to launch one operator of a step with prompts. [s] */
  readonly launch: Figure;
  /** Time of the front end for a request. [s] */
  readonly request: Figure;
  /** The same for each token of the prompt. [s] */
  readonly token: Figure;
  /** Keys that it stands on. */
  readonly rows: number;
}

const profile = record({
  stack: text('the name of a stack'),
  version: text('a version'),
  step: figure('time', true),
  launch: figure('time', true),
  request: figure('time', true),
  token: figure('time', true),
  rows: count(),
});

/**
 * Profiles from the content of their file. `path` names the file in errors.
 * @throws InputError with every problem
 */
export function readOverheads(value: unknown, path: string): readonly OverheadProfile[] {
  return read(record({ schema: oneOf([overheadsSchema]), profiles: listOf(profile) }), value, path).profiles;
}

/** Numbers of a version, most significant first, a release candidate before its release: `1.2.0rc6.post3`. Undefined for a name that is none. */
function numbersOf(version: string): readonly number[] | undefined {
  const match = /^v?(\d+(?:\.\d+)*)(?:[.-]?(?:rc|a|b|dev)\.?(\d+))?(?:[.-]?post\.?(\d+))?/.exec(version);
  if (match === null || match[1] === undefined) return undefined;
  const parts = match[1].split('.').map(Number);
  const [major = 0, minor = 0, patch = 0] = parts;
  return [major, minor, patch, match[2] === undefined ? 1000 : Number(match[2]), Number(match[3] ?? 0)];
}

/** Negative where `a` came before `b`. A name that is no version is newer than all that are. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (left === undefined || right === undefined) return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0);
  for (let i = 0; i < left.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The profile of a version, or of the nearest one of the same stack: of the releases before and behind it the one whose numbers are closer. */
export function profileFor(profiles: readonly OverheadProfile[], stack: string, version: string): OverheadProfile | undefined {
  const own = profiles.filter((entry) => entry.stack === stack).toSorted((a, b) => compareVersions(a.version, b.version));
  const exact = own.find((entry) => entry.version === version);
  if (exact !== undefined) return exact;
  const numbered = own.filter((entry) => numbersOf(entry.version) !== undefined);
  const before = numbered.findLast((entry) => compareVersions(entry.version, version) < 0);
  const behind = numbered.find((entry) => compareVersions(entry.version, version) > 0);
  if (before === undefined || behind === undefined) return before ?? behind ?? own.at(-1);
  return isCloser(behind.version, before.version, version) ? behind : before;
}

/** Whether the first number in which they differ is closer to that of `to` in `a` than in `b`. */
function isCloser(a: string, b: string, to: string): boolean {
  const [left, right, middle] = [a, b, to].map((version) => numbersOf(version) ?? []);
  for (let i = 0; i < (middle?.length ?? 0); i++) {
    const distance = Math.abs((left?.[i] ?? 0) - (middle?.[i] ?? 0)) - Math.abs((right?.[i] ?? 0) - (middle?.[i] ?? 0));
    if (distance !== 0) return distance < 0;
  }
  return false;
}
