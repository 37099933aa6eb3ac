import { mix } from '../../src/kernel/random.ts';
import { unescaped } from '../unescaped.ts';
import { NoText } from './written.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Deepest that values are made: schemas may name themselves. */
const deepest = 8;
const words = ['alpha', 'bravo', 'delta', 'harbour', 'lantern', 'meadow', 'orbit', 'river', 'summit', 'timber'] as const;

/** Values that a schema makes at most: those that name themselves may branch without an end. */
const most = 10_000;

/** A text of each format. */
const formats: ReadonlyMap<unknown, string> = new Map([
  ['date', '2026-01-15'],
  ['date-time', '2026-01-15T12:00:00Z'],
  ['time', '12:00:00Z'],
  ['duration', 'PT1H'],
  ['email', 'someone@example.com'],
  ['hostname', 'www.example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uri', 'https://www.example.com/'],
  ['uuid', '3f2b8c1e-0000-4000-8000-000000000000'],
]);

/** Makes values of JSON Schemas: of the right shape, without a meaning, the same ones for the same seed. */
export class Shaper {
  readonly #root: Schema;
  readonly #matching: (pattern: string, seed: number) => string;
  #state: number;
  #made = 0;

  /** @param matching makes a text that a `pattern` matches */
  constructor(schema: Schema, seed: number, matching: (pattern: string, seed: number) => string) {
    this.#root = schema;
    this.#matching = matching;
    this.#state = mix(seed ^ Math.floor(seed / 2 ** 32));
  }

  /** @throws NoText where there would be too many of them */
  make(): unknown {
    this.#made = 0;
    return this.#make(this.#root, 0);
  }

  #draw(below: number): number {
    this.#state = mix(this.#state + 0x9e3779b9);
    return this.#state % Math.max(1, below);
  }

  #make(given: unknown, depth: number): unknown {
    if (++this.#made > most) throw new NoText(`its values have more than ${most} parts`);
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
        return this.#number(schema, true);
      case 'number':
        return this.#number(schema, false);
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
    const formatted = formats.get(format);
    if (formatted !== undefined) return formatted;
    let text: string = words[this.#draw(words.length)] as string;
    const least = Math.min(numberOr(minLength, 0), 10_000);
    while (text.length < least) text += ` ${words[this.#draw(words.length)]}`;
    return typeof maxLength === 'number' ? text.slice(0, Math.max(0, maxLength)) : text;
  }

  #number({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema, whole: boolean): number {
    const stepped = typeof multipleOf === 'number' && multipleOf > 0 && (!whole || Number.isInteger(multipleOf));
    const step = stepped ? multipleOf : 1;
    const low = Math.max(numberOr(minimum, -Infinity), numberOr(exclusiveMinimum, -Infinity));
    const high = Math.min(numberOr(maximum, Infinity), numberOr(exclusiveMaximum, Infinity));
    // In steps.
    let [first, last] = [Math.ceil(low / step), Math.floor(high / step)];
    if (first * step === exclusiveMinimum) first++;
    if (last * step === exclusiveMaximum) last--;
    if (!Number.isFinite(first)) first = Math.min(0, last);
    if (!Number.isFinite(last)) last = first + 100;
    if (last < first && !whole && !stepped) return (low + high) / 2;
    return (first + this.#draw(Math.min(last - first, 2 ** 31) + 1)) * step;
  }

  #list({ items, prefixItems, additionalItems, minItems, maxItems }: Schema, depth: number): unknown[] {
    // Tuples, in the words of newer drafts or of older ones.
    const [heads, rest] = Array.isArray(items) ? [items as readonly unknown[], additionalItems] : [Array.isArray(prefixItems) ? prefixItems : [], items];
    const least = Math.max(heads.length, Math.min(numberOr(minItems, heads.length > 0 || depth > deepest ? 0 : 1), 100));
    const more = rest === false || heads.length > 0 || depth > 2 ? 0 : this.#draw(2);
    const length = Math.min(numberOr(maxItems, Infinity), least + more);
    return Array.from({ length: Math.max(0, length) }, (_, i) => this.#make(heads[i] ?? rest ?? { type: 'string' }, depth + 1));
  }

  #object({ properties, required, additionalProperties }: Schema, depth: number): Record<string, unknown> {
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    const entries = isObject(properties) ? Object.entries(properties) : [];
    const kept = entries.filter(([key]) => needed.includes(key) || depth < 2);
    const named = new Set(entries.map(([key]) => key));
    const other = isObject(additionalProperties) ? additionalProperties : { type: 'string' };
    const added = needed.flatMap((key): readonly (readonly [string, unknown])[] => (typeof key === 'string' && !named.has(key) ? [[key, other]] : []));
    return Object.fromEntries([...kept, ...added].map(([key, schema]) => [key, depth > 2 * deepest ? null : this.#make(schema, depth + 1)]));
  }

  #resolved(schema: unknown, links: number): Schema {
    if (!isObject(schema)) return {};
    const reference = schema['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#') || links > deepest) return schema;
    let target: unknown = this.#root;
    for (const key of reference.slice(1).split('/').filter(Boolean)) target = isObject(target) ? target[keyOf(key)] : undefined;
    return this.#resolved(target, links + 1);
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The key that a part of a JSON pointer in a fragment stands for. */
function keyOf(part: string): string {
  return unescaped(part.replaceAll('~1', '/').replaceAll('~0', '~'));
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
