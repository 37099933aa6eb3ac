import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src/', import.meta.url));
/** `x.told = (a) => ...`, `x.told ??= function ...`. */
const writtenAsProperty = /[\w\])]\.#?\w+(\[[^\]]*\])?\s*(\?\?|\|\||&&)?=\s*(async\s+)?(function\b|class\b|\w+\s*=>|\([^()]*\)\s*(:\s*[\w<>[\]. |]+)?=>)/;

// V8 lays a function that is written where it becomes a property among what is old from the start, and keeps all that it refers to until it goes through all of its memory: of a run
// that is over nothing was given back before. Bind a method, or write a field.
test('no function is written where it becomes a property', () => {
  const found = (text: string): string[] => text.match(new RegExp(writtenAsProperty, 'g')) ?? [];
  expect(found('world.told = (slot) => 1; this.#of ??= function () {}; x.y = z => 1; list.of[2] =\n (a: A): B => 1')).toHaveLength(4);
  expect(found('const told = (slot) => 1; x.told = told; readonly told = () => 1; x.told === (a) || b; x.y = (a); f(x, () => 1)')).toEqual([]);
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.(test|contract))\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap((file) => found(readFileSync(join(src, file), 'utf8')).map((line) => `${file}: ${line}`))).toEqual([]);
});
