import { describe, expect, test } from 'vitest';
import cellsText from '../../../data/calibration/h100.json?raw';
import { readCells } from '../../../schema/calibration.ts';
import { precisionOf } from '../../model/precision.ts';
import { beyondOf } from '../calibration/range.ts';
import type { StepSetting } from '../check.ts';
import { stepPricer } from '../pricer.ts';
import { decoding, machines, models, stacks, uniform } from '../settings.contract.ts';
import { labelOf, sharesOf } from './trust.ts';

const cells = readCells(JSON.parse(cellsText), 'h100.json');
const dense: StepSetting = {
  machine: machines.hopper,
  model: models.llama,
  precision: precisionOf(models.llama, {}),
  layout: { ...uniform, dies: 8, tensor: 8 },
  stack: { ...stacks.vllm, cells },
  role: 'decode',
};

describe('a label', () => {
  test.each([
    [0.95, 0.05, 0, 'calibrated'],
    [0.9, 0, 0.1, 'calibrated'],
    [0.6, 0.3, 0.1, 'extrapolated'],
    [0, 0.5, 0.5, 'extrapolated'],
    [0.2, 0.2, 0.6, 'uncalibrated'],
  ] as const)('%f calibrated, %f extrapolated, %f uncalibrated: %s', (calibrated, extrapolated, uncalibrated, label) => {
    expect(labelOf({ calibrated, extrapolated, uncalibrated })).toBe(label);
  });

  test('shares sum to 1, and nothing at all is uncalibrated', () => {
    const { calibrated, extrapolated, uncalibrated } = sharesOf([
      { trust: 'calibrated', time: 3 },
      { trust: 'uncalibrated', time: 1 },
    ]);
    expect([calibrated, extrapolated, uncalibrated]).toEqual([0.75, 0, 0.25]);
    expect(labelOf(sharesOf([]))).toBe('uncalibrated');
  });
});

describe('a step', () => {
  const explain = (setting: StepSetting, sequences: number, context = 2000) => stepPricer(setting).explain(decoding(setting.layout, sequences, context));

  test('stands on less where its cells are of another chip, or not there', () => {
    const own = explain(dense, 64).trust.shares;
    const sister = explain({ ...dense, machine: machines.hopperLarge }, 64).trust.shares;
    const sheet = explain({ ...dense, stack: { ...dense.stack, cells: [] } }, 64).trust;
    expect(own.calibrated).toBeGreaterThan(0.5);
    expect(sister.calibrated).toBeLessThan(own.calibrated);
    expect(sister.extrapolated).toBeGreaterThan(0.5);
    expect(sheet.shares.calibrated).toBeLessThan(own.calibrated);
  });

  test('beyond what was measured has a doubt that names the axis, the place and how far', () => {
    const within = explain(dense, 64).doubts.filter(({ rule }) => rule === 'beyond-calibration');
    const beyond = explain(dense, 40_000, 16).doubts.filter(({ rule }) => rule === 'beyond-calibration');
    expect(within.map(({ where }) => where).filter((where) => where.includes('attention'))).toEqual([]);
    const attention = beyond.find(({ where }) => where.startsWith('attention-decode') && where.endsWith('sequences'));
    expect(attention?.message).toMatch(/sequences 40,000 is above .* that were measured on h100 under vllm, by [\d.]+ x/);
    expect(explain(dense, 40_000, 16).trust.shares.calibrated).toBeLessThan(explain(dense, 64).trust.shares.calibrated);
  });
});

describe('the range of a cell', () => {
  const gemm = cells.find(({ class: name, residual }) => name === 'gemm' && residual !== undefined);

  test('is that of its knots: the further out, the larger the distance', () => {
    if (gemm?.residual === undefined) throw new Error('no cell of products');
    const { low, step } = gemm.residual;
    const middle = low.map((least, i) => least + 30 * (step[i] ?? 0));
    expect(beyondOf(gemm, middle)).toEqual([]);
    const out = (octaves: number) => beyondOf(gemm, [(low[0] ?? 0) + 63 * (step[0] ?? 0) + octaves, ...middle.slice(1)]);
    expect(out(1)).toHaveLength(1);
    expect(out(1)[0]?.times).toBeCloseTo(2, 6);
    expect(out(3)[0]?.times).toBeCloseTo(8, 6);
    expect(out(1)[0]?.side).toBe('above');
    expect(beyondOf(gemm, [(low[0] ?? 0) - 2, ...middle.slice(1)])[0]?.side).toBe('below');
  });
});
