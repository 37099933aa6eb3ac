import * as z from 'zod';
import { parseQuantity, unitsOf, type QuantityKind } from '../src/base/quantity.ts';
import { figureKinds, type Figure } from '../src/catalogue/figure.ts';
import { count, found, listOf, oneOf, record, text } from './read.ts';

/** A quantity as text with its unit, read into SI units. Positive, unless zero is allowed. */
export function quantity(kind: QuantityKind, zero = false): z.ZodType<number> {
  return z
    .string({
      error: (issue) =>
        `expected a quantity of ${kind} as text with its unit (${unitsOf(kind).slice(0, 6).join(', ')}), got ${typeof issue.input === 'number' ? 'the bare number ' : ''}${found(issue.input)}`,
    })
    .transform((typed, ctx) => {
      const { value, problem } = parseQuantity(typed, kind);
      if (problem === undefined && (value > 0 || (zero && value === 0))) return value;
      ctx.issues.push({
        code: 'custom',
        message: problem ?? `expected a ${zero ? 'quantity of at least zero' : 'positive quantity'}, got "${typed}"`,
        input: typed,
      });
      return z.NEVER;
    });
}

/** `{ value, kind, source }` around a value of its own schema, with other published values of the same thing beside it. */
function sourced(value: z.ZodType<number>): z.ZodType<Figure> {
  const shape = { value, kind: oneOf(figureKinds), source: text('the source of the figure') };
  return record({ ...shape, alternatives: listOf(record(shape)).optional() });
}

/** A figure of a quantity: `{ value: 1.6 TB/s, kind: sheet, source: ... }`. */
export function figure(kind: QuantityKind, zero = false): z.ZodType<Figure> {
  return sourced(quantity(kind, zero));
}

/** A figure that counts things: its value is a plain whole number. */
export function countFigure(): z.ZodType<Figure> {
  return sourced(count());
}

function notShare(issue: { readonly input?: unknown }): string {
  return `expected a share above 0 and at most 1, got ${found(issue.input)}`;
}

/** A figure that is a share of something: its value is a plain number above 0 and up to 1. */
export function shareFigure(orZero: boolean = false): z.ZodType<Figure> {
  const number = z.number({ error: notShare }).lte(1, { error: notShare });
  return sourced(orZero ? number.gte(0, { error: notShare }) : number.gt(0, { error: notShare }));
}

/** A figure that is a factor of at least 1, such as what a facility takes in over what its machines do. */
export function factorFigure(): z.ZodType<Figure> {
  const error = (issue: { readonly input?: unknown }): string => `expected a number of at least 1, got ${found(issue.input)}`;
  return sourced(z.number({ error }).gte(1, { error }));
}
