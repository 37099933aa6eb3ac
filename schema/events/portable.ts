/** Arrays of numbers that have lines of their own. */
const arrays = { Float64Array, Int32Array, Uint16Array } as const;
type ArrayName = keyof typeof arrays;
export type Numbers = Float64Array | Int32Array | Uint16Array;

/** Numbers in one line. */
const part = 2 ** 14;

const unusual = ['NaN', 'Infinity', '-Infinity'] as const;

/**
 * Data as JSON knows it: numbers that it does not know become `{"$number": "NaN"}`, arrays of numbers `{"$array": 0, "of": "Float64Array"}`,
 * whose numbers `kept` has by that place. What is undefined is left out.
 */
export function portable(value: unknown, kept: Numbers[]): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) };
  if (Array.isArray(value)) return value.map((item) => portable(item, kept));
  if (value instanceof Float64Array || value instanceof Int32Array || value instanceof Uint16Array) {
    kept.push(value);
    return { $array: kept.length - 1, of: value.constructor.name };
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, portable(item, kept)]));
}

/** The numbers of an array in parts that fit a line. */
export function* partsOf(numbers: Numbers): Generator<readonly number[], void, undefined> {
  for (let from = 0; from < numbers.length; from += part) yield Array.from(numbers.subarray(from, from + part));
}

/** What `portable` was made of. @param arraysOf numbers of each array, by its place */
export function restored(value: unknown, arraysOf: readonly (readonly number[])[]): unknown {
  if (Array.isArray(value)) return value.map((item) => restored(item, arraysOf));
  if (typeof value !== 'object' || value === null) return value;
  const { $number, $array, of } = value as { readonly $number?: unknown; readonly $array?: unknown; readonly of?: unknown };
  if (unusual.some((name) => name === $number)) return Number($number);
  if (typeof $array === 'number' && typeof of === 'string' && of in arrays) return arrays[of as ArrayName].from(arraysOf[$array] ?? []);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restored(item, arraysOf)]));
}
