import type { Issue } from '../../base/errors.ts';
import { expectedOneOf } from '../../base/nearest.ts';

/** What was found, as it is shown in an error. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a map';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** A map of named values, as opposed to a list or a bare value. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Larger than any published count: beyond it sums are no longer exact. */
const largest = 1e9;

/**
 * The fields of one map, read one by one. A wrong value adds to `issues` and reads as a harmless stand-in, so that the rest can still be
 * checked. Every field that was asked for is remembered; `null` counts as absent, as in the published files.
 */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #at: string;
  readonly #asked = new Set<string>();
  readonly issues: Issue[];

  constructor(value: Readonly<Record<string, unknown>>, at: string, issues: Issue[]) {
    this.#value = value;
    this.#at = at;
    this.issues = issues;
  }

  /** Where a field stands, for an issue. */
  path(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`;
  }

  wrong(name: string, message: string): void {
    this.issues.push({ path: this.path(name), message });
  }

  raw(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** A whole number of at least `least`. Absent: `fallback`, or an issue where there is none. */
  count(name: string, fallback?: number, least = 1): number {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= largest) return value;
    this.wrong(
      name,
      `expected a whole number of at least ${least}${typeof value === 'number' && value > largest ? ' and at most 1e9' : ''}, got ${shown(value)}`,
    );
    return Math.max(1, fallback ?? least);
  }

  /** A whole number, or absent. */
  optionalCount(name: string, least = 1): number | undefined {
    return this.has(name) ? this.count(name, undefined, least) : undefined;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.wrong(name, `expected true or false, got ${shown(value)}`);
    return fallback;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    this.wrong(name, `expected text, got ${shown(value)}`);
    return undefined;
  }

  /** One of some names; absent: `fallback`. */
  name<Name extends string>(name: string, valid: readonly Name[], fallback: Name): Name {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    const known = valid.find((candidate) => candidate === value);
    if (known !== undefined) return known;
    this.wrong(name, typeof value === 'string' ? expectedOneOf(value, valid) : `expected one of ${valid.join(', ')}, got ${shown(value)}`);
    return fallback;
  }

  /** A list whose items all pass `fits`; absent: undefined. */
  list<Item>(name: string, what: string, fits: (item: unknown) => item is Item): readonly Item[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value)) {
      const at = value.findIndex((item) => !fits(item));
      if (at < 0) return value as readonly Item[];
      this.wrong(`${name}[${at}]`, `expected ${what}, got ${shown(value[at])}`);
      return undefined;
    }
    this.wrong(name, `expected a list of ${what}, got ${shown(value)}`);
    return undefined;
  }

  /** Fields that nobody asked for and that are not null. */
  left(): readonly string[] {
    return Object.keys(this.#value).filter((name) => !this.#asked.has(name) && this.#value[name] !== null);
  }
}

export const isText = (item: unknown): item is string => typeof item === 'string';
export const isCount = (item: unknown): item is number => typeof item === 'number' && Number.isInteger(item) && item >= 0;
