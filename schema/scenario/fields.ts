import { z } from 'zod';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { QuantityKind } from '../../src/base/quantity.ts';
import { formatQuantity, parseQuantity } from '../../src/base/quantity.ts';
import { found } from '../read.ts';

/** A value that was read, or why not. */
type Read<T> = { readonly value: T; readonly problem?: undefined } | { readonly problem: string; readonly value?: undefined };

/** An optional key with a reader of its own; `json` is its JSON Schema. */
export type Field<T> = z.ZodOptional<z.ZodPipe<z.ZodUnknown, z.ZodTransform<T>>>;

/** @param description one sentence for editors and the guide. */
export function field<T>(json: Readonly<Record<string, unknown>>, read: (value: unknown) => Read<T>, description: string): Field<T> {
  return z
    .unknown()
    .transform((value, context): T => {
      const { value: parsed, problem } = read(value);
      if (problem === undefined) return parsed;
      context.issues.push({ code: 'custom', message: problem, input: value });
      return z.NEVER;
    })
    .meta({ ...json, description })
    .optional();
}

export function text(what: string, description: string): Field<string> {
  return field(
    { type: 'string' },
    (value) => (typeof value === 'string' && value !== '' ? { value } : { problem: `expected ${what}, got ${found(value)}` }),
    description,
  );
}

export function choice<const Names extends readonly string[]>(names: Names, description: string): Field<Names[number]> {
  return field(
    { enum: names },
    (value) =>
      typeof value === 'string' && names.includes(value)
        ? { value }
        : { problem: typeof value === 'string' ? expectedOneOf(value, names) : `expected one of ${names.join(', ')}, got ${found(value)}` },
    description,
  );
}

export function toggle(description: string): Field<boolean> {
  return field(
    { type: 'boolean' },
    (value) => (typeof value === 'boolean' ? { value } : { problem: `expected true or false, got ${found(value)}` }),
    description,
  );
}

/** A whole number of things that can be counted in one way only. */
export function whole(min: number, description: string, max: number = Number.MAX_SAFE_INTEGER): Field<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`;
  return field(
    { type: 'integer', minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) },
    (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? { value }
        : { problem: `expected ${range}, got ${found(value)}` },
    description,
  );
}

/** A whole number, also below zero. */
export function integer(description: string): Field<number> {
  return field(
    { type: 'integer', minimum: -MOST_INTEGER, maximum: MOST_INTEGER },
    (value) =>
      typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MOST_INTEGER
        ? { value }
        : { problem: `expected a whole number from -${MOST_INTEGER} to ${MOST_INTEGER}, got ${found(value)}` },
    description,
  );
}

const MOST_INTEGER = 1_000_000;

interface Range {
  readonly min: number;
  readonly max?: number;
  /** The smallest value itself is not allowed. */
  readonly above?: boolean;
}

export function inRange(value: unknown, { min, max = Infinity, above = false }: Range): value is number {
  return typeof value === 'number' && Number.isFinite(value) && (above ? value > min : value >= min) && value <= max;
}

function rangeText({ min, max, above = false }: Range): string {
  return `a number ${above ? 'above' : 'from'} ${min}${max === undefined ? '' : ` to ${max}`}`;
}

/** A number without a unit: a share, a factor. */
export function plain(range: Range, description: string): Field<number> {
  return field(
    { type: 'number', [range.above === true ? 'exclusiveMinimum' : 'minimum']: range.min, ...(range.max === undefined ? {} : { maximum: range.max }) },
    (value) => (inRange(value, range) ? { value } : { problem: `expected ${rangeText(range)}, got ${found(value)}` }),
    description,
  );
}

const baseUnits: Readonly<Partial<Record<QuantityKind, string>>> = { time: 's', rate: '/s', bytes: 'B' };

/** Text with a unit; the value is in SI units and above zero. */
export function quantity(kind: QuantityKind, examples: readonly string[], description: string): Field<number> {
  return field(
    { type: 'string', examples },
    (value): Read<number> => {
      if (typeof value !== 'string' && typeof value !== 'number') return { problem: `expected a quantity such as "${examples[0]}", got ${found(value)}` };
      const parsed = parseQuantity(String(value), kind);
      if (parsed.problem !== undefined) return parsed;
      return parsed.value > 0 ? parsed : { problem: `expected a ${kind} above zero, got ${formatQuantity(parsed.value, baseUnits[kind] ?? '')}` };
    },
    description,
  );
}
