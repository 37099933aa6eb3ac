import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from './chromium.ts';
import { gateNamed } from './list.ts';
import { plantFaults, removeCopy } from './planted.ts';
import { runGate } from './run.ts';

let copy = '';
beforeAll(() => {
  copy = plantFaults(fileURLToPath(new URL('../../', import.meta.url)));
});
afterAll(() => removeCopy(copy));

/** What the gate prints over the planted copy; it must have failed. */
function red(gate: string, ...extra: readonly string[]): string {
  const { outcome, output } = runGate(gateNamed(gate), copy, extra);
  expect(outcome.failed).toBeGreaterThan(0);
  return output;
}

test('types: an upward import and a platform global in an engine layer', () => {
  const output = red('types', 'src/kernel');
  expect(output).toMatch(/planted-upward\.ts.*TS6307/);
  expect(output).toMatch(/planted-platform\.ts.*TS2591.*process/);
});

test('types: a message that one language lacks', () => {
  expect(red('types', 'web')).toMatch(/planted-text\.ts.*TS2741: Property 'here' is missing/);
});

test('lint: clocks, platform randomness, inexact arithmetic, any, floating promises, sort, missing cases, cycles', () => {
  const output = red('lint', '--format=unix', 'src/base/planted-lint.ts', 'src/base/planted-cycle.ts');
  const rules = output.split('\n').filter((line) => line.includes('planted-'));
  expect(rules).toEqual(
    expect.arrayContaining(
      [
        /'Date'.*no-restricted-globals/,
        /Math\.random.*no-restricted-properties/,
        /Math\.exp.*no-restricted-properties/,
        /no-explicit-any/,
        /no-floating-promises/,
        /require-array-sort-compare/,
        /switch-exhaustiveness-check/,
        /no-cycle/,
      ].map((rule) => expect.stringMatching(rule) as string),
    ),
  );
});

test('format: a file that is not formatted', () => {
  expect(red('format', 'src/base')).toContain('planted-format.ts');
});

test('dead code: a file and an export that nothing uses', () => {
  const output = red('dead code');
  expect(output).toContain('src/base/planted-name.ts');
  expect(output).toMatch(/plantedExport\s+src\/base\/nearest\.ts/);
});

test('tests: one that fails, a power, and a name that belongs in data/', () => {
  const output = red('tests in Node', 'src/base/planted.test.ts', 'tests/gates/exact.test.ts', 'tests/names.test.ts');
  expect(output).toMatch(/FAIL.*src\/base\/planted\.test\.ts > planted/);
  expect(output).toMatch(/src\/base\/planted-power\.ts: base \*\* height/);
  expect(output).toContain('planted-name.ts');
}, 60_000);

test.skipIf(findChromium() === undefined)(
  'tests in Chromium: one that fails',
  () => {
    expect(red('tests in Chromium', 'src/base/planted.test.ts')).toMatch(/FAIL.*src\/base\/planted\.test\.ts > planted/);
  },
  60_000,
);
