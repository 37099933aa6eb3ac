import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

/** Comments go, strings stay: a power in a string is not one that the lint rules miss. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');
}

test('the engine raises only literals to powers: ** is not exactly rounded', () => {
  const powers = files.flatMap((file) =>
    [...code(readFileSync(join(source, file), 'utf8')).matchAll(/\S+\s*\*\*=?\s*\S+/g)]
      .map(([text]) => text)
      .filter((text) => !/(?:^|[^\w.$])[\d.]+\s*\*\*\s*-?\d/.test(text))
      .map((text) => `src/${file}: ${text}`),
  );
  expect(powers).toEqual([]);
});
