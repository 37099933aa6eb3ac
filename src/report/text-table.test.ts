import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { other, summary } from '../../tests/fixtures/summary.ts';
import { comparisonOf } from './comparison.ts';
import { ink, length } from './terminal.ts';
import { textTable } from './text-table.ts';

const columns = [
  { title: '', align: 'left' as const },
  { title: 'one', align: 'right' as const },
  { title: 'another', align: 'right' as const },
];

const sorted = (text: string): string =>
  Array.from(text.replaceAll(/\s/g, ''))
    .sort((a, b) => (a < b ? -1 : 1))
    .join('');

describe('a table of text', () => {
  test('a cell that is too long goes on below, in its column', () => {
    const rows = [
      [
        { text: '  hosts at work' },
        { text: '3.28 J/tok', note: '2.33 to 3.83 J/tok' },
        { text: '2.06 J/tok', note: '−37.3 %, −38.6 to +214.8 %: either way', best: true },
      ],
      [{ text: 'power' }, { text: '1.00 W' }, { text: '2.00 W' }],
    ];
    expect(textTable({ kind: 'table', caption: 'a', columns, rows }, 80, ink(false))).toEqual([
      'a; * marks the best',
      '                                             one                         another',
      '    hosts at work            3.28 J/tok (2.33 to    * 2.06 J/tok (−37.3 %, −38.6',
      '                                     3.83 J/tok)        to +214.8 %: either way)',
      '  power                                   1.00 W                          2.00 W',
    ]);
  });

  test('keeps to its width and loses nothing, whatever is in it', () => {
    const cell = fc.record({ text: fc.lorem({ maxCount: 6 }), note: fc.option(fc.lorem({ maxCount: 12 }), { nil: undefined }), best: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }), fc.integer({ min: 40, max: 120 }), (rows, width) => {
        const lines = textTable({ kind: 'table', caption: '', columns, rows }, width, ink(false));
        expect(Math.max(...lines.map(length))).toBeLessThanOrEqual(width);
        const said = rows.flat().map(({ text, note = '', best }) => `${best ? '*' : ''}${text}${note === '' ? '' : `(${note})`}`);
        const starred = rows.flat().some(({ best }) => best) ? '; * marks the best' : '';
        expect(sorted(lines.join(''))).toBe(sorted(`${starred}oneanother${said.join('')}`));
      }),
      { numRuns: 100 },
    );
  });

  test('comparisons of four name every run in whole', () => {
    const runs = ['the first of the machines', 'the second of the machines', 'the third of the machines', 'the fourth of the machines'];
    const report = comparisonOf(runs.map((scenario, index) => ({ ...(index === 0 ? summary : other), scenario })));
    const tables = report.sections.flatMap(({ blocks }) => blocks).filter((block) => block.kind === 'table');
    expect(tables.length).toBeGreaterThan(3);
    for (const table of tables) expect(textTable(table, 110, ink(false)).join('')).not.toContain('…');
  });
});
