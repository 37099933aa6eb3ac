import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { grammarOf } from './grammar.ts';
import { Shaper } from './json.ts';
import { regexPattern } from './regex.ts';
import { NoText, written } from './written.ts';

const ofRegex = (source: string, seed: number): string => written(regexPattern(source), seed);
const ofGrammar = (source: string, seed: number): string => written({ kind: 'rule', name: 'root' }, seed, grammarOf(source));
const seeds = Array.from({ length: 40 }, (_, i) => i * 7919 + 2 ** 33);

/** Regular expressions as somebody would write them, part by part. */
const part: fc.Arbitrary<string> = fc.constantFrom(
  'a',
  'Z',
  '7',
  '\\.',
  '\\d',
  '\\w',
  '\\s',
  '.',
  '[a-f]',
  '[^a-z]',
  '[\\d_-]',
  '\\u00e9',
  '\\(',
  '\\D',
  '\\W',
  '\\S',
  '\\n',
);
const joined = (of: fc.Arbitrary<string>, times: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.array(
        fc.tuple(of, fc.constantFrom(...times)).map(([one, many]) => one + many),
        { minLength: 1, maxLength: 3 },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((options) => options.map((parts) => parts.join('')).join('|'));
const flat = joined(part, ['', '', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?']);
// What repeats within what repeats without bound takes the checking expression forever.
const expression = joined(
  fc.oneof(
    part,
    flat.map((inner) => `(${inner})`),
    flat.map((inner) => `(?:${inner})`),
  ),
  ['', '', '?', '{2}'],
);

describe('texts of regular expressions', () => {
  test('match them as a whole', () => {
    fc.assert(
      fc.property(expression, fc.nat(), (source, seed) => {
        expect(ofRegex(source, seed)).toMatch(new RegExp(`^(?:${source})$`, 'u'));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['^\\d{3}-\\d{4}$', '[A-Z]{2}\\d{6}[A-D]?', '(?P<year>19|20)\\d\\d-(0[1-9]|1[0-2])', 'yes|no', '\\A[a-z]+@[a-z]+\\.com\\Z', '(^a$|b)'])(
    '%s in the words of Python too, and others for other seeds',
    (source) => {
      const own = source.replace('(?P<', '(?<').replace('\\A', '^').replace('\\Z', '$');
      const texts = seeds.map((seed) => ofRegex(source, seed));
      for (const text of texts) expect(text).toMatch(new RegExp(`^(?:${own})$`, 'u'));
      expect(new Set(texts).size).toBeGreaterThan(1);
      expect(seeds.map((seed) => ofRegex(source, seed))).toEqual(texts);
    },
  );

  test.each(['(', '[b-a]', 'a(?=b)', '(?<!a)b', '(a)\\1', 'a^b', '\\bword\\b', '\\p{L}', '[^\\s\\S]', 'a{100000}', '(a{200}){200}'])(
    '%s is refused',
    (source) => {
      expect(() => ofRegex(source, 1)).toThrow(NoText);
    },
  );
});

const json = `
# JSON, as grammars of servers have it.
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null")
object ::= "{" ws (member ("," ws member)*)? "}"
member ::= string ":" ws value
array  ::= "[" ws (value ("," ws value)*)? "]"
string ::= "\\"" ([^"\\\\\\x00-\\x1F] | "\\\\" ["\\\\/bfnrt])* "\\""
number ::= "-"? ("0" | [1-9] [0-9]{0,8}) ("." [0-9]+)?
ws     ::= [ \\t\\n]?
`;

describe('texts of grammars', () => {
  test('are in their language, though rules name themselves', () => {
    for (const seed of seeds) expect(() => JSON.parse(ofGrammar(json, seed)) as unknown).not.toThrow();
    expect(new Set(seeds.map((seed) => ofGrammar(json, seed))).size).toBeGreaterThan(10);
    for (const seed of seeds) expect(ofGrammar('root ::= "a" inner "b" | "c"\ninner ::= root{1,2} | .', seed)).toMatch(/^(a.+b|c)$/);
  });

  test.each([
    ['', 'no rule root'],
    ['start: "a"', 'not read as EBNF'],
    ['root ::= other', 'no rule other'],
    ['root ::= "a" root', 'no text of it ends'],
    ['root ::= "a" "b', 'not read as EBNF'],
    ['root ::= ("a"', 'ends where something should follow'],
    ['root ::= "a"\nroot ::= "b"', 'twice'],
    ['root ::= [b-a]', 'ends before it begins'],
    ['root ::= "a"{3,2}', 'less than'],
    ['root ::= "a"**', 'repeats nothing'],
    ['root ::= | *', 'should stand'],
    ['root ::= a{100}\na ::= b{100}\nb ::= "xxxxxxxxxx"{100}', 'longer than'],
    [`root ::= ${'('.repeat(200)}"a"${')'.repeat(200)}`, 'nest deeper'],
    ['root ::= [\\U7FFFFFFF]', 'no character'],
  ])('%j is refused: %s', (source, why) => {
    expect(() => ofGrammar(source, 1)).toThrow(why);
  });
});

test('texts of a JSON schema have its pattern', () => {
  const schema = { type: 'object', properties: { plate: { type: 'string', pattern: '^[A-Z]{3}-\\d{3}$' } }, required: ['plate'] };
  for (const seed of seeds) expect(new Shaper(schema, seed, ofRegex).make()).toEqual({ plate: expect.stringMatching(/^[A-Z]{3}-\d{3}$/) as string });
});

test.each([
  ['tuples', z.tuple([z.boolean(), z.number(), z.enum(['a', 'b'])])],
  ['tuples that go on', z.tuple([z.boolean()], z.string())],
  ['records', z.record(z.string(), z.number())],
  ['records of given keys', z.record(z.enum(['a', 'b']), z.boolean())],
  ['open intervals', z.number().gt(0).lt(1)],
  ['narrow intervals', z.number().min(0.5).max(0.7)],
  ['integers between fractions', z.int().min(1).max(9).or(z.int().gt(1.2).lt(2.7))],
  ['multiples', z.int().min(1).max(10).multipleOf(7)],
  ['negative numbers', z.int().lt(-5)],
  ['addresses', z.object({ url: z.url(), ipv4: z.ipv4(), ipv6: z.ipv6(), time: z.iso.time(), email: z.email(), id: z.uuid(), at: z.iso.datetime() })],
])('values of a schema of zod are what zod takes: %s', (_, schema) => {
  for (const seed of seeds) expect(schema.safeParse(new Shaper(z.toJSONSchema(schema), seed, ofRegex).make())).toMatchObject({ success: true });
});

const made = (schema: object): readonly unknown[] => seeds.map((seed) => new Shaper(schema as Readonly<Record<string, unknown>>, seed, ofRegex).make());

test('what stands beside the options of a JSON schema holds as well', () => {
  const named = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } }, required: ['id'] };
  const one = { properties: { cat: { const: true }, id: { maximum: 3 } }, required: ['cat'] };
  const values = made({ ...named, anyOf: [one, { properties: { dog: { const: true } }, required: ['dog'] }] }) as readonly Record<string, unknown>[];
  for (const { id, cat, dog } of values) expect([Number.isInteger(id), cat === true ? dog === undefined && Number(id) <= 3 : dog]).toEqual([true, true]);
  expect(new Set(values.map((value) => 'cat' in value)).size).toBe(2);
  // An option that nothing is takes no part.
  expect(new Set(made({ type: 'integer', minimum: 5, maximum: 9, oneOf: [{ maximum: 4 }, { maximum: 6 }] }))).toEqual(new Set([5, 6]));
});

test.each([
  [{ type: 'integer', minimum: 1, maximum: 30 }, 30],
  [{ enum: ['a', 'b', 'c'] }, 3],
  [{ type: 'boolean' }, 2],
  [{ type: 'string' }, 40],
  [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, 20],
])('items of a list that are to differ do: of %j there are %i', (items, minItems) => {
  for (const list of made({ type: 'array', items, minItems, maxItems: minItems, uniqueItems: true }) as readonly unknown[][])
    expect(new Set(list.map((item) => JSON.stringify(item))).size).toBe(minItems);
});

test('an object has as many properties as it is to have', () => {
  for (const value of made({
    type: 'object',
    properties: { a: { const: 1 } },
    minProperties: 15,
    additionalProperties: { type: 'integer' },
  }) as readonly object[]) {
    expect(Object.keys(value)).toHaveLength(15);
    expect(Object.values(value).every((own) => Number.isInteger(own))).toBe(true);
  }
  const keyed = { type: 'object', propertyNames: { pattern: '^k[0-9]$' }, minProperties: 3 };
  for (const value of made(keyed) as readonly object[]) for (const key of Object.keys(value)) expect(key).toMatch(/^k\d$/);
  const few = { type: 'object', properties: { a: {}, b: {}, c: {} }, required: ['c'], maxProperties: 2 };
  for (const value of made(few) as readonly object[]) expect([Object.keys(value).length, 'c' in value]).toEqual([2, true]);
  const deep = { properties: { in: { properties: { in: { properties: { a: {}, b: {} }, minProperties: 1 } } } } };
  for (const value of made(deep) as readonly { readonly in: { readonly in: object } }[]) expect(Object.keys(value.in.in)).toHaveLength(1);
});

test.each([
  [{ type: 'string', minLength: 3, maxLength: 2 }, 'minLength 3 is more than maxLength 2'],
  [
    { properties: { a: { type: 'array', items: { type: 'integer', minimum: 5, maximum: 4 } } } },
    'properties.a.items[0]: no number is within {"minimum":5,"maximum":4}',
  ],
  [{ type: 'number', exclusiveMinimum: 1, exclusiveMaximum: 1 }, 'no number is within'],
  [{ type: 'integer', minimum: 1, maximum: 5, multipleOf: 7 }, 'no number is within'],
  [{ type: 'array', minItems: 2, maxItems: 1 }, 'minItems 2 is more than maxItems 1'],
  [{ type: 'array', items: { enum: ['a', 'b'] }, minItems: 3, uniqueItems: true }, 'uniqueItems: no 3 items are found that differ'],
  [{ type: 'array', prefixItems: [{}], items: false, minItems: 2 }, 'minItems 2 is more than'],
  [{ minProperties: 2, maxProperties: 1 }, 'minProperties 2 is more than maxProperties 1'],
  [{ required: ['a', 'b'], maxProperties: 1 }, 'maxProperties 1 is less than the 2 that are required'],
  [{ properties: { a: {} }, minProperties: 2, additionalProperties: false }, 'minProperties 2 is more than the properties'],
  [{ properties: { a: {} }, required: ['b'], additionalProperties: false }, 'required: there may be no "b"'],
  [{ anyOf: [{ minLength: 2, maxLength: 1, type: 'string' }] }, 'anyOf[0]: minLength 2'],
  [{ allOf: [{ type: 'integer', minimum: 5 }, { maximum: 2 }] }, 'no number is within'],
  [{ minProperties: 1e9 }, 'more than 10000 parts'],
])('%j, which nothing is, is refused: %s', (schema, why) => {
  for (const seed of seeds) expect(() => new Shaper(schema, seed, ofRegex).make()).toThrow(why);
});

test('an object of a JSON schema has the keys that it needs, whatever is said of them', () => {
  for (const seed of seeds) {
    expect(new Shaper({ type: 'object', required: ['a'] }, seed, ofRegex).make()).toHaveProperty('a');
    const numbers = { type: 'object', required: ['a', 'b'], properties: { a: { const: 1 } }, additionalProperties: { type: 'integer' } };
    expect(new Shaper(numbers, seed, ofRegex).make()).toEqual({ a: 1, b: expect.any(Number) as number });
  }
});

test('references of a JSON schema are pointers, escaped or not', () => {
  for (const [reference, name] of [
    ['#/$defs/a~1b', 'a/b'],
    ['#/$defs/a~0b', 'a~b'],
    ['#/$defs/a%20b', 'a b'],
    ['#/$defs/100%', '100%'],
  ] as const)
    expect(new Shaper({ $ref: reference, $defs: { [name]: { const: name } } }, 1, ofRegex).make()).toBe(name);
});
