import { InputError } from '../src/base/errors.ts';
import { found, placed } from './read.ts';

type Keys = Readonly<Record<string, unknown>>;

/**
 * The content of a machine file with all keys. One that says `extends: NAME` states only what sets it apart: other keys are those of NAME's file, and so are the keys that
 * it does not state of a plane that has the same name there. `path` names the file in errors; `baseOf` gives the content of the file of a machine of the catalogue.
 * @throws InputError where there is no such machine, or it extends another.
 */
export function wholeMachine(value: unknown, path: string, baseOf: (name: string) => unknown): unknown {
  if (!isKeys(value) || !('extends' in value)) return value;
  const { extends: name, ...own } = value;
  const base = typeof name === 'string' ? baseOf(name) : undefined;
  const at = placed(path, 'extends');
  if (!isKeys(base)) throw new InputError([{ path: at, message: `expected the name of a machine of the catalogue, got ${found(name)}` }]);
  if ('extends' in base) throw new InputError([{ path: at, message: `${String(name)} extends another machine itself: name that one` }]);
  return { ...base, ...own, planes: planesOver(base['planes'], own['planes']) };
}

function planesOver(base: unknown, own: unknown): unknown {
  if (!Array.isArray(base) || !Array.isArray(own)) return own ?? base;
  const named = (planes: readonly unknown[], name: unknown): Keys | undefined => planes.filter(isKeys).find((plane) => plane['name'] === name);
  const kept = base.map((plane: unknown): unknown => (isKeys(plane) ? { ...plane, ...named(own, plane['name']) } : plane));
  return [...kept, ...own.filter((plane) => !isKeys(plane) || named(base, plane['name']) === undefined)];
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
