import { describe, expect, test } from 'vitest';
import { calibrateCell } from './calibrate.ts';
import { sift } from './exclude.ts';
import { foldsOf } from './fold.ts';
import { predictor } from './predict.ts';
import { thinned } from './sample.ts';
import { missedGates, scoreOf } from './score.ts';
import { madeUpDie, rowsOf, tasks, taskShapes } from './synthetic.contract.ts';

const key = { chip: 'made-up', stack: 'none', class: 'task', format: 'bf16' };
const truth = [5e-6, 0.8, 2e-7];
/** What the formula does not know: launches of a middling size take half as long again. */
const unknown = ({ work }: { readonly work: number }): number => (work > 1e7 && work < 5e8 ? 1.5 : 1);

describe('a calibrated cell', () => {
  test('scores nothing where the formula is right, and needs no residual', () => {
    const { cell } = calibrateCell(tasks, key, rowsOf(truth), madeUpDie, 'made up');
    expect(cell.heldOut.rows).toBe(taskShapes.length);
    expect(cell.heldOut.p90).toBeLessThan(0.01);
    expect(cell.residual).toBeUndefined();
    expect(missedGates(cell)).toEqual([]);
  });

  test('learns what the formula does not know', () => {
    const rows = rowsOf(truth, unknown);
    const { cell } = calibrateCell(tasks, key, rows, madeUpDie, 'made up');
    const bare = calibrateCell(tasks, key, rows, madeUpDie, 'made up', new Map(), {
      folds: 5,
      fewGroups: 0,
      residuals: [{ tables: 0, knots: 5 }],
      parameterRows: 100,
      residualRows: 100,
    });
    expect(cell.fit.p90).toBeLessThan(bare.cell.fit.p90 / 2);
  });

  test('never predicts a launch that the die cannot do', () => {
    const { cell } = calibrateCell(
      tasks,
      key,
      rowsOf([1e-7, 0.95, 0], () => 0.98),
      madeUpDie,
      'made up',
    );
    const predict = predictor(tasks, cell, madeUpDie);
    for (const work of [1, 1e6, 1e9, 1e12]) expect(predict({ work, part: 1e6 })).toBeGreaterThanOrEqual(work / madeUpDie.ceiling);
  });

  test('is the same for the same rows', () => {
    const rows = rowsOf(truth, unknown);
    expect(calibrateCell(tasks, key, rows, madeUpDie, 'made up').cell).toEqual(calibrateCell(tasks, key, rows, madeUpDie, 'made up').cell);
  });

  test('of one group has a fit and no held-out error', () => {
    const rows = rowsOf(truth).filter(({ shape }) => shape.part === 1e6);
    const { cell } = calibrateCell(tasks, key, rows, madeUpDie, 'made up');
    expect(cell.fit.rows).toBe(rows.length);
    expect(cell.heldOut.rows).toBe(0);
  });

  test('scores rows that are not gated apart', () => {
    const gated = { ...tasks, gated: ({ work }: { readonly work: number }) => work > 1e7 };
    const { cell } = calibrateCell(gated, key, rowsOf(truth), madeUpDie, 'made up');
    expect(cell.heldOut.rows).toBe(taskShapes.filter(({ work }) => work > 1e7).length);
    expect(cell.heldOut.rows + (cell.reported?.rows ?? 0)).toBe(taskShapes.length);
  });
});

describe('the rule of rows that are left out', () => {
  test('takes what the die cannot do', () => {
    const rows = rowsOf(truth);
    const { kept, left } = sift(tasks, [...rows, { shape: { work: 1e9, part: 1e6 }, time: 1e-6 }], madeUpDie);
    expect(kept).toHaveLength(rows.length);
    expect([...left]).toEqual([['faster than the die allows', 1]]);
  });

  test('takes a repeat that is far from the others', () => {
    const shape = { work: 1e6, part: 1e6 };
    const times = [1e-5, 1.01e-5, 0.99e-5, 2e-5];
    const { kept, left } = sift(
      tasks,
      times.map((time) => ({ shape, time })),
      madeUpDie,
    );
    expect(kept.map(({ time }) => time)).toEqual(times.slice(0, 3));
    expect([...left.values()]).toEqual([1]);
  });

  test('keeps repeats that agree', () => {
    const shape = { work: 1e6, part: 1e6 };
    expect(
      sift(
        tasks,
        [1e-5, 1.2e-5].map((time) => ({ shape, time })),
        madeUpDie,
      ).left.size,
    ).toBe(0);
  });
});

describe('folds', () => {
  const rows = rowsOf(truth);
  const folds = foldsOf(rows, ({ shape }) => tasks.group(shape), 5);

  test('hold every row once', () => {
    expect(folds.flatMap(({ held }) => held)).toHaveLength(rows.length);
    expect(new Set(folds.flatMap(({ held }) => held)).size).toBe(rows.length);
  });

  test('hold whole groups: a fit sees no row of what it is scored on', () => {
    for (const { seen, held } of folds) {
      const known = new Set(seen.map(({ shape }) => tasks.group(shape)));
      expect(held.some(({ shape }) => known.has(tasks.group(shape)))).toBe(false);
    }
  });
});

describe('figures', () => {
  test('quantiles lie where they should', () => {
    expect(scoreOf(Array.from({ length: 101 }, (_, i) => i / 100))).toEqual({ rows: 101, median: 0.5, p90: 0.9, p99: 0.99 });
  });

  test('a gate is missed by its figure, not under 50 rows', () => {
    const heldOut = { rows: 100, median: 0.08, p90: 0.1, p99: 0.2 };
    expect(missedGates({ heldOut, excluded: 0 })).toEqual(['median 8.0 % above 7.0 %']);
    expect(missedGates({ heldOut: { ...heldOut, rows: 49 }, excluded: 0 })).toEqual([]);
    expect(missedGates({ heldOut: { ...heldOut, median: 0.01 }, excluded: 3 })).toEqual(['left out 2.9 % above 2.0 %']);
  });

  test('a sample is spread over all rows and the same each time', () => {
    const items = Array.from({ length: 1000 }, (_, i) => i);
    const sample = thinned(items, 100);
    expect(sample).toHaveLength(100);
    expect(sample).toEqual(thinned(items, 100));
    for (let tenth = 0; tenth < 10; tenth++) expect(sample.some((i) => Math.floor(i / 100) === tenth)).toBe(true);
  });
});
