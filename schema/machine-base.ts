import { InputError } from '../src/base/errors.ts';
import { found, placed } from './read.ts';

type Keys = Readonly<Record<string, unknown>>;

/** The content of a machine file with all keys. */
export interface WholeMachine {
  readonly value: unknown;
  /** Where the file says what stands at a place of `value`, such as `planes[2].port`; the plane by its name where it says nothing of it. */
  readonly placeOf: (place: string) => string;
}

/**
 * The content of a machine file with all keys. One that says `extends: NAME` states only what sets it apart: other keys are those of NAME's file, and so are the keys that
 * it does not state of a plane that has the same name there. `path` names the file in errors; `baseOf` gives the content of the file of a machine of the catalogue.
 * @throws InputError where there is no such machine, or it extends another.
 */
export function wholeMachine(value: unknown, path: string, baseOf: (name: string) => unknown): WholeMachine {
  if (!isKeys(value) || !('extends' in value)) return { value, placeOf: (place) => place };
  const { extends: name, ...own } = value;
  const base = typeof name === 'string' ? baseOf(name) : undefined;
  const at = placed(path, 'extends');
  if (!isKeys(base)) throw new InputError([{ path: at, message: `expected the name of a machine of the catalogue, got ${found(name)}` }]);
  if ('extends' in base) throw new InputError([{ path: at, message: `${String(name)} extends another machine itself: name that one` }]);
  const planes = planesOver(base['planes'], own['planes']);
  const placeOf = (place: string): string => place.replace(/^planes\[(\d+)\]/, (_, index) => planeIn(own['planes'], planes, Number(index), String(name)));
  return { value: { ...base, ...own, planes }, placeOf };
}

function planesOver(base: unknown, own: unknown): unknown {
  if (!Array.isArray(base) || !Array.isArray(own)) return own ?? base;
  const kept = base.map((plane: unknown): unknown => (isKeys(plane) ? { ...plane, ...named(own, plane['name']) } : plane));
  return [...kept, ...own.filter((plane) => !isKeys(plane) || named(base, plane['name']) === undefined)];
}

/** A plane of the whole list as one of the file's own list. */
function planeIn(own: unknown, whole: unknown, index: number, base: string): string {
  const plane: unknown = Array.isArray(whole) ? whole[index] : undefined;
  const name = isKeys(plane) ? plane['name'] : undefined;
  const list: readonly unknown[] = Array.isArray(own) ? own : [];
  const at = list.findIndex((one) => one === plane || (isKeys(one) && name !== undefined && one['name'] === name));
  return at >= 0 ? `planes[${at}]` : `planes (${String(name)} of ${base})`;
}

function named(planes: readonly unknown[], name: unknown): Keys | undefined {
  return planes.filter(isKeys).find((plane) => plane['name'] === name);
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
