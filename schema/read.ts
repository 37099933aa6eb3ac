import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import { expectedOneOf, nearest } from '../src/base/nearest.ts';

/** What was found, for an error message: `"text"`, `12`, `a list`, `nothing`. */
export function found(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return 'a map';
}

function unknownKey(key: string, valid: readonly string[]): string {
  const near = nearest(key, valid);
  return `unknown key${near === undefined ? '' : ` (did you mean "${near}"?)`}; expected one of ${valid.join(', ')}`;
}

/** A map with these keys and no others. An unknown key is refused with the nearest valid one. */
export function record<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const valid = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, valid)).join('\n');
      return `expected a map with the keys ${valid.join(', ')}, got ${found(issue.input)}`;
    },
  });
}

/** A list of at least `least` items. */
export function listOf<Item extends z.ZodType>(item: Item, least = 0): z.ZodArray<Item> {
  return z
    .array(item, { error: (issue) => `expected a list, got ${found(issue.input)}` })
    .min(least, { error: `expected at least ${least} ${least === 1 ? 'item' : 'items'}, got an empty list` });
}

/** Text that is not empty; `what` names it in the error. */
export function text(what: string): z.ZodString {
  const error = (issue: { readonly input?: unknown }) => `expected ${what}, got ${found(issue.input)}`;
  return z.string({ error }).regex(/\S/, { error });
}

/** A whole number of at least `least`. */
export function count(least = 1): z.ZodNumber {
  const error = (issue: { readonly input?: unknown }) => `expected a whole number of at least ${least}, got ${found(issue.input)}`;
  return z.int({ error }).min(least, { error });
}

/** Yes or no. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: (issue) => `expected true or false, got ${found(issue.input)}` });
}

/** One of these names; the nearest one is offered for a slip of the pen. */
export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names): z.ZodEnum<{ [Name in Names[number]]: Name }> {
  const known = z.enum(names, {
    error: (issue) => (typeof issue.input === 'string' ? expectedOneOf(issue.input, names) : `expected one of ${names.join(', ')}, got ${found(issue.input)}`),
  });
  // The constant, not an equal text of a file: engines look constants up by their address.
  return known.overwrite((name) => names.find((constant) => constant === name) ?? name);
}

/** `['planes', 0, 'port']` as `planes[0].port`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');
}

/** The place of a problem: a key inside a file, or either of them alone. */
export function placed(file: string, key: string): string {
  if (file === '' || key === '') return file + key;
  return `${file}: ${key}`;
}

/** Either the checked value or everything that is wrong with it. `path` goes in front of each issue's own path. */
export function tryRead<T>(schema: z.ZodType<T>, value: unknown, path: string): { readonly value?: T; readonly issues: readonly Issue[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, issues: [] };
  const issues = result.error.issues.flatMap((issue): Issue[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: placed(path, dotted(issue.path)), message: issue.message }];
    const lines = issue.message.split('\n');
    return issue.keys.map((key, i) => ({ path: placed(path, dotted([...issue.path, key])), message: lines[i] ?? issue.message }));
  });
  return { issues };
}

/**
 * The checked value.
 * @throws InputError with every problem.
 */
export function read<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = tryRead(schema, value, path);
  if (result.value === undefined) throw new InputError(result.issues);
  return result.value;
}
