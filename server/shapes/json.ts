import { mix } from '../../src/kernel/random.ts';
import { unescaped } from '../unescaped.ts';
import { isSchema, merged, type Schema } from './merged.ts';
import { NoText } from './written.ts';

/** Nothing is what a schema asks for, or nothing is found. */
class Contradiction extends NoText {
  /** @param path of the part that asks for it */
  constructor(path: string, message: string) {
    super(path === '' ? message : `${path}: ${message}`);
  }
}

/** Deepest that values are made: schemas may name themselves. */
const deepest = 8;
const words = ['alpha', 'bravo', 'delta', 'harbour', 'lantern', 'meadow', 'orbit', 'river', 'summit', 'timber'] as const;

/** Values that a schema makes at most: those that name themselves may branch without an end. */
const most = 10_000;

/** Values that are looked at for one that is not there yet. */
const tries = 1000;

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
  /** Words that texts have beyond the first, where others are looked for. */
  #more = 0;

  /** @param matching makes a text that a `pattern` matches */
  constructor(schema: Schema, seed: number, matching: (pattern: string, seed: number) => string) {
    this.#root = schema;
    this.#matching = matching;
    this.#state = mix(seed ^ Math.floor(seed / 2 ** 32));
  }

  /** @throws NoText where there would be too many of them */
  make(): unknown {
    this.#made = 0;
    return this.#make(this.#root, 0, '');
  }

  #draw(below: number): number {
    this.#state = mix(this.#state + 0x9e3779b9);
    return this.#state % Math.max(1, below);
  }

  #make(given: unknown, depth: number, path: string): unknown {
    if (++this.#made > most) throw new NoText(`its values have more than ${most} parts`);
    const schema = this.#resolved(given, 0);
    if ('const' in schema) return schema['const'];
    const { enum: among } = schema;
    if (Array.isArray(among) && among.length > 0) return among[this.#draw(among.length)] as unknown;
    for (const key of ['anyOf', 'oneOf'] as const) {
      const options: unknown = schema[key];
      if (Array.isArray(options) && options.length > 0) return this.#anyOf(schema, key, options, depth, path);
    }
    const { allOf: all, ...own } = schema;
    if (Array.isArray(all)) return this.#make(merged([own, ...all.map((one) => this.#resolved(one, 0))]), depth + 1, path);
    return this.#ofType(schema, depth, path);
  }

  /** A value of one of the options, and of what the schema says beside them. An option that has none leaves it to the others. */
  #anyOf(schema: Schema, key: 'anyOf' | 'oneOf', options: readonly unknown[], depth: number, path: string): unknown {
    const { [key]: _, ...own } = schema;
    // What is too deep takes the last, which ends sooner as a rule: `null`.
    const first = depth > deepest ? options.length - 1 : this.#draw(options.length);
    let problem: unknown;
    for (let i = 0; i < options.length; i++) {
      const at = (first + i) % options.length;
      try {
        return this.#make(merged([own, this.#resolved(options[at], 0)]), depth + 1, below(path, `${key}[${at}]`));
      } catch (error) {
        if (!(error instanceof Contradiction)) throw error;
        problem ??= error;
      }
    }
    throw problem;
  }

  #ofType(schema: Schema, depth: number, path: string): unknown {
    const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
    switch (type) {
      case 'string':
        return this.#text(schema, path);
      case 'integer':
        return this.#number(schema, true, path);
      case 'number':
        return this.#number(schema, false, path);
      case 'boolean':
        return this.#draw(2) === 1;
      case 'null':
        return null;
      case 'array':
        return this.#list(schema, depth, path);
      default:
        return type === undefined && !('properties' in schema) && 'items' in schema ? this.#list(schema, depth, path) : this.#object(schema, depth, path);
    }
  }

  #text({ minLength, maxLength, format, pattern }: Schema, path: string): string {
    inOrder({ minLength }, { maxLength }, path);
    if (typeof pattern === 'string') return this.#matching(pattern, this.#draw(2 ** 31));
    const formatted = formats.get(format);
    if (formatted !== undefined) return formatted;
    let text: string = words[this.#draw(words.length)] as string;
    const least = Math.min(numberOr(minLength, 0), 10_000);
    for (let left = this.#more; left > 0 || text.length < least; left--) text += ` ${words[this.#draw(words.length)]}`;
    return typeof maxLength === 'number' ? text.slice(0, Math.max(0, maxLength)) : text;
  }

  #number({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema, whole: boolean, path: string): number {
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
    const open = low === exclusiveMinimum || high === exclusiveMaximum;
    if (last < first && !whole && !stepped && (low < high || (low === high && !open))) return (low + high) / 2;
    if (last < first)
      throw new Contradiction(path, `no number is within ${JSON.stringify({ minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf })}`);
    return (first + this.#draw(Math.min(last - first, 2 ** 31) + 1)) * step;
  }

  #list({ items, prefixItems, additionalItems, minItems, maxItems, uniqueItems }: Schema, depth: number, path: string): unknown[] {
    inOrder({ minItems }, { maxItems }, path);
    // Tuples, in the words of newer drafts or of older ones.
    const [heads, rest] = Array.isArray(items) ? [items as readonly unknown[], additionalItems] : [Array.isArray(prefixItems) ? prefixItems : [], items];
    const wanted = Math.min(numberOr(minItems, heads.length > 0 || depth > deepest ? 0 : 1), 100);
    if (rest === false && typeof minItems === 'number' && minItems > heads.length)
      throw new Contradiction(path, `minItems ${minItems} is more than the items that there may be`);
    const more = rest === false || heads.length > 0 || depth > 2 ? 0 : this.#draw(2);
    const length = Math.min(numberOr(maxItems, Infinity), Math.max(heads.length, wanted) + more);
    const list: unknown[] = [];
    const seen = new Set<string>();
    for (let i = 0; i < length; i++) {
      const make = (): unknown => this.#make(heads[i] ?? rest ?? { type: 'string' }, depth + 1, below(path, `items[${i}]`));
      const item = uniqueItems === true ? this.#other(make, seen) : make();
      if (item !== undefined) list.push(item);
      else if (i < wanted) throw new Contradiction(path, `uniqueItems: no ${wanted} items are found that differ`);
      else break;
    }
    return list;
  }

  /** A value that is not among those seen; undefined where none is found. */
  #other(make: () => unknown, seen: Set<string>): unknown {
    try {
      for (let i = 0; i < tries; i++) {
        this.#more = Math.floor(i / 50);
        const value = make();
        if (seen.size < seen.add(JSON.stringify(value)).size) return value;
      }
      return undefined;
    } finally {
      this.#more = 0;
    }
  }

  #object(
    { properties, required, additionalProperties, patternProperties, propertyNames, minProperties, maxProperties }: Schema,
    depth: number,
    path: string,
  ): Record<string, unknown> {
    inOrder({ minProperties }, { maxProperties }, path);
    const needed = Array.isArray(required) ? [...new Set(required.filter((key) => typeof key === 'string'))] : [];
    const entries = new Map<string, unknown>(isSchema(properties) ? Object.entries(properties) : []);
    const least = numberOr(minProperties, 0);
    const room = numberOr(maxProperties, Infinity);
    const closed = additionalProperties === false && patternProperties === undefined;
    const unknown = needed.find((key) => closed && !entries.has(key));
    if (unknown !== undefined) throw new Contradiction(path, `required: there may be no ${JSON.stringify(unknown)}`);
    if (needed.length > room) throw new Contradiction(path, `maxProperties ${room} is less than the ${needed.length} that are required`);
    const keys = new Set(needed);
    for (const key of entries.keys()) if (keys.size < room && (depth < 2 || keys.size < least)) keys.add(key);
    // In the order in which they are described.
    const ordered = [...[...entries.keys()].filter((key) => keys.has(key)), ...needed.filter((key) => !entries.has(key))];
    const seen = new Set(ordered.map((key) => JSON.stringify(key)));
    while (ordered.length < least) {
      const key = closed
        ? undefined
        : this.#other(() => this.#make({ type: 'string', ...(isSchema(propertyNames) ? propertyNames : {}) }, depth + 1, path), seen);
      if (typeof key !== 'string') throw new Contradiction(path, `minProperties ${least} is more than the properties that there may be`);
      ordered.push(key);
    }
    const other = isSchema(additionalProperties) ? additionalProperties : { type: 'string' };
    const made = (key: string): unknown => (depth > 2 * deepest ? null : this.#make(entries.get(key) ?? other, depth + 1, below(path, `properties.${key}`)));
    return Object.fromEntries(ordered.map((key) => [key, made(key)]));
  }

  #resolved(schema: unknown, links: number): Schema {
    if (!isSchema(schema)) return {};
    const reference = schema['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#') || links > deepest) return schema;
    let target: unknown = this.#root;
    for (const key of reference.slice(1).split('/').filter(Boolean)) target = isSchema(target) ? target[keyOf(key)] : undefined;
    return this.#resolved(target, links + 1);
  }
}

function below(path: string, part: string): string {
  return path === '' ? part : `${path}.${part}`;
}

/** @throws Contradiction where the least is more than the most */
function inOrder(least: Schema, most: Schema, path: string): void {
  for (const [name, from] of Object.entries(least))
    for (const [other, to] of Object.entries(most))
      if (typeof from === 'number' && typeof to === 'number' && from > to) throw new Contradiction(path, `${name} ${from} is more than ${other} ${to}`);
}

/** The key that a part of a JSON pointer in a fragment stands for. */
function keyOf(part: string): string {
  return unescaped(part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
