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

  test('of two chips of its generation is of the one with the die most like its own', () => {
    const own = { cores: 16, bandwidth: 1e12, peak: 1e14 };
    const far = { ...cell('far', 'own', 'fp8-block'), die: { ...own, cores: 8, peak: 2e13 } };
    const near = { ...cell('near', 'own', 'fp8-block'), die: { ...own, bandwidth: 1.2e12 } };
    expect(findCell([far, near], wanted)?.cell.chip).toBe('near');
    expect(findCell([near, far], wanted)?.cell.chip).toBe('near');
  });

  test('is of the generation that its own followed where its own has none, and the doubt says so', () => {
    const later = { ...wanted, chip: { ...madeUpChip, name: 'later', generation: 'second', follows: 'first' } };
    const found = findCell([cell('made-up', 'own', 'fp8-block')], later);
    expect(found?.doubt?.message).toContain('chip made-up of generation first');
    expect(findCell([cell('made-up', 'own', 'fp8-block'), cell('sister', 'own', 'fp8-block', 'second')], later)?.cell.chip).toBe('sister');
    expect(findCell([cell('made-up', 'own', 'fp8-block', 'third')], later)).toBeUndefined();
  });

  test('of several variants is the one whose name goes the furthest with what is wanted', () => {
    const masked = { ...wanted, format: 'fp8-block-masked' };
    expect(findCell([cell('made-up', 'own', 'fp8'), cell('made-up', 'own', 'fp8-block')], masked)?.cell.format).toBe('fp8-block');
  });

  test('is of another variant of the number format before it is of nothing', () => {
    expect(findCell([cell('made-up', 'own', 'fp8')], wanted)?.doubt?.message).toContain('format fp8');
  });
});
