import * as z from 'zod';

/** Deepest that a value of a client may nest. */
const deepest = 64;

export type JsonObject = Readonly<Record<string, unknown>>;

/** Any JSON that nothing which walks through it runs out of stack on. */
export const json: z.ZodType = z.unknown().refine((value) => !deeperThan(value, deepest), { error: `nested deeper than ${deepest}` });

function deeperThan(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => deeperThan(inner, left - 1));
}

/** A JSON object whose keys are the client's business. */
export const object: z.ZodType<JsonObject> = json.pipe(z.record(z.string(), z.unknown()));

/** A list of token ids; looked through once, as prompts may have 100,000. */
export const tokenIds: z.ZodType<readonly number[]> = z.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31),
  { error: 'expected a list of token ids' },
);

/** A number of tokens. */
export const tokens: z.ZodType<number> = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** A text, or parts of one; parts of another kind have none. */
export type Texts = string | readonly { readonly text?: string | undefined }[];

export const texts: z.ZodType<Texts> = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);

/** What a part of this type has to have: a check of it, and what is said where it does not. */
export function needs(type: string, key: string): [(part: JsonObject) => boolean, { readonly path: string[]; readonly error: string }] {
  return [(part) => part['type'] !== type || (part[key] ?? undefined) !== undefined, { path: [key], error: `expected with the type ${type}` }];
}

/** The field that is wrong, and what is. */
export interface BodyProblem {
  readonly param: string | null;
  readonly message: string;
}

export type Checked<T> = { readonly value: T; readonly problems?: undefined } | { readonly value?: undefined; readonly problems: readonly BodyProblem[] };

/** Either the checked body or everything that is wrong with it. */
export function checked<T>(schema: z.ZodType<T>, body: unknown): Checked<T> {
  const result = schema.safeParse(body);
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.map(({ path, message }) => ({ param: path.length === 0 ? null : dotted(path), message })) };
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');
}
