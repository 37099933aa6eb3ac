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
  /** From the arrival of a request until it is routed. [s] */
  readonly request: Figure;
  /** Keys that it stands on. */
  readonly rows: number;
}

const profile = record({
  stack: text('the name of a stack'),
  version: text('a version'),
  step: figure('time', true),
  request: figure('time', true),
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

/** The profile of a version, or of the nearest one of the same stack, the older of two that are as near. */
export function profileFor(profiles: readonly OverheadProfile[], stack: string, version: string): OverheadProfile | undefined {
  const own = profiles.filter((entry) => entry.stack === stack).toSorted((a, b) => compareVersions(a.version, b.version));
  const exact = own.find((entry) => entry.version === version);
  if (exact !== undefined) return exact;
  const numbered = own.filter((entry) => numbersOf(entry.version) !== undefined);
  const wanted = numbersOf(version);
  if (wanted === undefined) return numbered.at(-1) ?? own.at(-1);
  let best: OverheadProfile | undefined;
  let least: readonly number[] | undefined;
  for (const entry of numbered) {
    const distance = numbersOf(entry.version)?.map((number, i) => Math.abs(number - (wanted[i] ?? 0))) ?? [];
    if (least === undefined || lessThan(distance, least)) [best, least] = [entry, distance];
  }
  return best ?? own.at(-1);
}

function lessThan(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}
