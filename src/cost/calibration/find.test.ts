import { describe, expect, test } from 'vitest';
import type { Cell } from './cell.ts';
import { findCell } from './find.ts';
import { madeUpChip } from './synthetic.contract.ts';

const score = { rows: 100, median: 0.01, p90: 0.02, p99: 0.03 };
const cell = (chip: string, stack: string, format: string, generation = 'first'): Cell => ({
  chip,
  generation,
  stack,
  class: 'task',
  format,
  parameters: {},
  fit: score,
  heldOut: score,
  excluded: 0,
  source: 'made up',
});
const wanted = { chip: madeUpChip, stack: 'own', class: 'task', format: 'fp8-block' };

describe('the cell that prices a class', () => {
  test('is the one of the chip, the stack and the format, without a doubt', () => {
    const own = cell('made-up', 'own', 'fp8-block');
    expect(findCell([cell('sister', 'own', 'fp8-block'), own, cell('made-up', 'other', 'fp8-block')], wanted)).toEqual({ cell: own });
  });

  test('is that of a chip of its generation where it has none, with a doubt that says so', () => {
    const found = findCell([cell('sister', 'own', 'fp8-block'), cell('stranger', 'own', 'fp8-block', 'second')], wanted);
    expect(found?.cell.chip).toBe('sister');
    expect(found?.doubt?.message).toContain('chip sister');
  });

  test('is never of another generation, another class or another number format', () => {
    const strangers = [
      cell('stranger', 'own', 'fp8-block', 'second'),
      cell('made-up', 'own', 'bf16'),
      { ...cell('made-up', 'own', 'fp8-block'), class: 'other' },
    ];
    expect(findCell(strangers, wanted)).toBeUndefined();
  });

  test('is of another variant of the number format before it is of nothing', () => {
    expect(findCell([cell('made-up', 'own', 'fp8')], wanted)?.doubt?.message).toContain('format fp8');
  });
});
