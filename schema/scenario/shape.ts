import type { z } from 'zod';
import { dotted } from '../read.ts';
import type { Problems } from './problems.ts';

type Path = readonly PropertyKey[];

/** The value without what lies at `path`, or without the nearest thing above it that is there. */
function without(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const record = value as Readonly<Record<PropertyKey, unknown>>;
  const { [key]: dropped, ...others } = record;
  const inner = rest.length === 0 ? undefined : without(dropped, rest);
  return inner === undefined ? others : { ...others, [key]: inner };
}

/**
 * Reads a map by its schema. What is wrong is reported and left out, so that the checks that follow can go on with the rest;
 * every key of the schema should be optional.
 * @throws InputError where one that is not optional is missing: nothing more can be left out then
 */
export function readShape<T>(schema: z.ZodType<T>, value: unknown, problems: Problems): T {
  let rest = value;
  for (;;) {
    const result = schema.safeParse(rest);
    if (result.success) return result.data;
    const before = rest;
    let known = true;
    for (const issue of result.error.issues) {
      const lines = issue.message.split('\n');
      const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
      for (const [i, path] of paths.entries()) {
        if (!problems.covers(dotted(path))) {
          problems.add(dotted(path), lines[i] ?? issue.message);
          known = false;
        }
        rest = without(rest, path) ?? {};
      }
    }
    if (known && JSON.stringify(rest) === JSON.stringify(before)) problems.throwIfAny();
  }
}
