import { mix } from '../../src/kernel/random.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Deepest that values are made: schemas may name themselves. */
const deepest = 8;
const words = ['alpha', 'bravo', 'delta', 'harbour', 'lantern', 'meadow', 'orbit', 'river', 'summit', 'timber'] as const;

/** Makes values of JSON Schemas: of the right shape, without a meaning, the same ones for the same seed. */
export class Shaper {
  readonly #root: Schema;
  readonly #matching: (pattern: string, seed: number) => string;
  #state: number;

  /** @param matching makes a text that a `pattern` matches */
  constructor(schema: Schema, seed: number, matching: (pattern: string, seed: number) => string) {
    this.#root = schema;
    this.#matching = matching;
    this.#state = mix(seed ^ Math.floor(seed / 2 ** 32));
  }

  make(): unknown {
    return this.#make(this.#root, 0);
  }

  #draw(below: number): number {
    this.#state = mix(this.#state + 0x9e3779b9);
    return this.#state % Math.max(1, below);
  }

  #make(given: unknown, depth: number): unknown {
    const schema = this.#resolved(given, 0);
    if ('const' in schema) return schema['const'];
    const { enum: among } = schema;
    if (Array.isArray(among) && among.length > 0) return among[this.#draw(among.length)] as unknown;
    for (const key of ['anyOf', 'oneOf'] as const) {
      const options = schema[key];
      // What is too deep takes the last, which ends sooner as a rule: `null`.
      if (Array.isArray(options) && options.length > 0) return this.#make(depth > deepest ? options.at(-1) : options[this.#draw(options.length)], depth + 1);
    }
    const all = schema['allOf'];
    if (Array.isArray(all)) return this.#make(merged([schema, ...all.map((one) => this.#resolved(one, 0))]), depth + 1);
    return this.#ofType(schema, depth);
  }

  #ofType(schema: Schema, depth: number): unknown {
    const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
    switch (type) {
      case 'string':
        return this.#text(schema);
      case 'integer':
        return Math.round(this.#number(schema));
      case 'number':
        return this.#number(schema);
      case 'boolean':
        return this.#draw(2) === 1;
      case 'null':
        return null;
      case 'array':
        return this.#list(schema, depth);
      default:
        return type === undefined && !('properties' in schema) && 'items' in schema ? this.#list(schema, depth) : this.#object(schema, depth);
    }
  }

  #text({ minLength, maxLength, format, pattern }: Schema): string {
    if (typeof pattern === 'string') return this.#matching(pattern, this.#draw(2 ** 31));
    if (format === 'date') return '2026-01-15';
    if (format === 'date-time') return '2026-01-15T12:00:00Z';
    if (format === 'email') return 'someone@example.com';
    if (format === 'uuid') return '3f2b8c1e-0000-4000-8000-000000000000';
    let text: string = words[this.#draw(words.length)] as string;
    const least = Math.min(numberOr(minLength, 0), 10_000);
    while (text.length < least) text += ` ${words[this.#draw(words.length)]}`;
    return typeof maxLength === 'number' ? text.slice(0, Math.max(0, maxLength)) : text;
  }

  #number({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema): number {
    const low = numberOr(minimum, numberOr(exclusiveMinimum, -Infinity) + 1);
    const high = numberOr(maximum, numberOr(exclusiveMaximum, Infinity) - 1);
    const from = Number.isFinite(low) ? low : Math.min(0, high);
    const to = Number.isFinite(high) ? high : from + 100;
    const value = from + this.#draw(Math.floor(Math.max(0, Math.min(to - from, 2 ** 31))) + 1);
    return typeof multipleOf === 'number' && multipleOf > 0 ? Math.ceil(value / multipleOf) * multipleOf : value;
  }

  #list({ items, minItems, maxItems }: Schema, depth: number): unknown[] {
    const least = Math.min(numberOr(minItems, depth > deepest ? 0 : 1), 100);
    const length = Math.min(numberOr(maxItems, Infinity), least + (depth > 2 ? 0 : this.#draw(2)));
    return Array.from({ length: Math.max(0, length) }, () => this.#make(items ?? { type: 'string' }, depth + 1));
  }

  #object({ properties, required }: Schema, depth: number): Record<string, unknown> {
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    const entries = isObject(properties) ? Object.entries(properties) : [];
    const kept = entries.filter(([key]) => needed.includes(key) || depth < 2);
    return Object.fromEntries(kept.map(([key, schema]) => [key, depth > 2 * deepest ? null : this.#make(schema, depth + 1)]));
  }

  #resolved(schema: unknown, links: number): Schema {
    if (!isObject(schema)) return {};
    const reference = schema['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#') || links > deepest) return schema;
    let target: unknown = this.#root;
    for (const key of reference.slice(1).split('/').filter(Boolean)) target = isObject(target) ? target[decodeURIComponent(key)] : undefined;
    return this.#resolved(target, links + 1);
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function merged(parts: readonly Schema[]): Schema {
  const all: Record<string, unknown> = {};
  for (const part of parts) {
    const { properties, required } = part;
    Object.assign(all, part, {
      properties: { ...(all['properties'] as object | undefined), ...(isObject(properties) ? properties : {}) },
      required: [...((all['required'] as readonly unknown[] | undefined) ?? []), ...(Array.isArray(required) ? (required as readonly unknown[]) : [])],
    });
  }
  delete all['allOf'];
  return all;
}
