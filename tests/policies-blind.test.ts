import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../src/serving/policies/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.includes('.test.') && !name.includes('.contract.'));

/** Columns of a request, and places, that tell how long its answer will be. */
const telling = /\b(outputTokens|finishStep|stepsFor|RequestTable|Arrival)\b/;

test('policies import nothing that knows how long answers will be: their own folder, units and random streams', () => {
  expect(files.length).toBeGreaterThan(8);
  const imports = files.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/from '([^']+)'/g)].map(([, from = '']) => ({ name, from })),
  );
  expect(imports.filter(({ from }) => !/^\.\/|^\.\.\/\.\.\/(base|kernel)\//.test(from))).toEqual([]);
});

test('policies name nothing that tells how long an answer will be', () => {
  const told = files.flatMap((name) =>
    readFileSync(new URL(name, folder), 'utf8')
      .split('\n')
      .flatMap((line) => (telling.test(line) ? [`${name}: ${line.trim()}`] : [])),
  );
  expect(told).toEqual([]);
});
