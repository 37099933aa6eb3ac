import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import cellsText from '../../../data/calibration/h100.json?raw';
import uncertaintyText from '../../../data/uncertainty.yaml?raw';
import { readCells } from '../../../schema/calibration.ts';
import { readUncertainty } from '../../../schema/uncertainty.ts';
import type { Cell } from '../../catalogue/cell.ts';
import type { Spread, Uncertainty } from '../../catalogue/uncertainty.ts';
import { precisionOf } from '../../model/precision.ts';
import type { StepSetting } from '../check.ts';
import { stepPricer } from '../pricer.ts';
import { decoding, machines, models, publishedDecode, stacks, uniform } from '../settings.contract.ts';
import { drawsOf } from './draws.ts';
import { priceErrors } from './errors.ts';
import type { Interval } from './interval.ts';
import { exactly } from './spread.ts';
import { operatorInterval, stepInterval, stepSamples } from './step-interval.ts';

const uncertainty = readUncertainty(parse(uncertaintyText), 'data/uncertainty.yaml');
const cells = readCells(JSON.parse(cellsText), 'h100.json');

/** A dense model on cells of the chip itself. */
const dense: StepSetting = {
  machine: machines.hopper,
  model: models.llama,
  precision: precisionOf(models.llama, {}),
  layout: { ...uniform, dies: 8, tensor: 8 },
  stack: { ...stacks.vllm, cells, uncertainty },
  role: 'decode',
};
const sparse: StepSetting = {
  ...publishedDecode,
  layout: { ...publishedDecode.layout, experts: { ...publishedDecode.layout.experts, load: { kind: 'skew', skew: 0.11 } } },
  stack: { ...publishedDecode.stack, uncertainty },
};
const batchOf = ({ layout }: StepSetting) => decoding(layout, 32, 2000);
const width = ({ low, high }: Interval): number => high - low;
const timeOf = (setting: StepSetting): number => stepPricer(setting).cost(batchOf(setting)).time;

/** Everything known, but for held-out errors of cells. */
function certain(of: Uncertainty): Uncertainty {
  const none = { together: exactly, apart: exactly };
  const still = <T extends Spread>(spread: T): T => ({ ...spread, ...exactly });
  const { standIns, links, conditions } = of;
  return {
    common: of.common,
    standIns: {
      chip: standIns.chip.map((entry) => ({ ...entry, ...none })),
      stack: standIns.stack.map((entry) => ({ ...entry, ...none })),
      format: standIns.format.map((entry) => ({ ...entry, ...none })),
      kernel: standIns.kernel.map((entry) => ({ ...entry, ...none })),
      'chip-and-stack': standIns['chip-and-stack'].map((entry) => ({ ...entry, ...none })),
    },
    vendorKernels: of.vendorKernels,
    releases: of.releases.map((entry) => ({ ...entry, ...none })),
    checks: of.checks.map(still),
    rates: of.rates.map((rate) => ({ ...rate, ...none })),
    links: {
      collective: { ...links.collective, ...none },
      'collective-elsewhere': { ...links['collective-elsewhere'], ...none },
      exchange: { ...links.exchange, ...none },
    },
    conditions: {
      skew: still(conditions.skew),
      drift: still(conditions.drift),
      host: still(conditions.host),
      cores: still(conditions.cores),
      bandwidth: still(conditions.bandwidth),
      acceptance: still(conditions.acceptance),
      power: still(conditions.power),
      activity: still(conditions.activity),
      price: still(conditions.price),
    },
  };
}

const withErrors = (times: number): readonly Cell[] =>
  cells.map((cell) => ({
    ...cell,
    heldOut: { ...cell.heldOut, median: cell.heldOut.median * times, p90: cell.heldOut.p90 * times, p99: cell.heldOut.p99 * times },
  }));

describe('the interval of a step', () => {
  test.each([
    ['a dense model', dense],
    ['a sparse one', sparse],
  ])('of %s holds the nominal time, on both sides of it', (_, setting) => {
    const { low, high } = stepInterval(setting, batchOf(setting));
    const time = timeOf(setting);
    expect(low).toBeLessThan(time);
    expect(high).toBeGreaterThan(time);
  });

  test('is the same for the same seed, and another for another', () => {
    const of = (seed: number): Interval => stepInterval(dense, batchOf(dense), undefined, { seed });
    expect(of(3)).toEqual(of(3));
    expect(of(3)).not.toEqual(of(4));
  });

  test('widens where the cells err more', () => {
    const known = certain(uncertainty);
    const of = (times: number): number =>
      width(stepInterval({ ...dense, stack: { ...dense.stack, cells: withErrors(times), uncertainty: known } }, batchOf(dense), undefined, { samples: 99 }));
    expect(of(2)).toBeGreaterThan(of(1) * 1.5);
    expect(of(1)).toBeGreaterThan(of(0));
  });

  test('is a point where nothing is off', () => {
    for (const setting of [dense, sparse]) {
      const still = { ...setting, stack: { ...setting.stack, cells: withErrors(0), uncertainty: certain(uncertainty) } };
      const { low, high } = stepInterval(still, batchOf(still));
      expect(low).toBe(high);
      expect(low).toBe(timeOf(still));
    }
  });

  test('narrows by what a case states', () => {
    const rate = { acceptance: [0.7] };
    const measure = ({ cost, emitted }: { readonly cost: { readonly time: number }; readonly emitted: number }): number => emitted / cost.time;
    const free = stepInterval(sparse, batchOf(sparse), measure, rate);
    const stated = stepInterval(sparse, batchOf(sparse), measure, { ...rate, known: ['acceptance', 'skew', 'drift', 'host'] });
    expect(width(stated)).toBeLessThan(width(free));
  });

  test('leaves uniform load and certain drafts as they were asked for', () => {
    const even = {
      ...sparse,
      layout: publishedDecode.layout,
      stack: { ...sparse.stack, uncertainty: { ...certain(uncertainty), conditions: uncertainty.conditions } },
    };
    const known = ['drift', 'host'] as const;
    const { low, high } = stepInterval(even, batchOf(even), undefined, { known });
    expect(low).toBe(high);
    const { samples } = stepSamples(even, batchOf(even), { known, acceptance: [1, 0] });
    expect(new Set(samples.map(({ emitted }) => emitted))).toEqual(new Set([2]));
  });

  test('holds about eight in ten of the steps that its own errors make', () => {
    for (const setting of [dense, sparse]) {
      const batch = batchOf(setting);
      const { low, high } = stepInterval(setting, batch, undefined, { samples: 399, known: ['skew', 'drift', 'host'] });
      // One draw of another seed each: what a machine may turn out to be.
      const trials = 300;
      let inside = 0;
      for (let trial = 0; trial < trials; trial++) {
        const [draw] = drawsOf(1000 + trial, 1);
        if (draw === undefined) continue;
        const { time } = stepPricer(setting, priceErrors(uncertainty, draw)).cost(batch);
        if (time >= low && time <= high) inside++;
      }
      expect(inside / trials).toBeGreaterThan(0.72);
      expect(inside / trials).toBeLessThan(0.88);
    }
  });
});

describe('factors', () => {
  const [cell] = cells;

  test('of an operator hold 1 and widen with what its cell stands in for', () => {
    if (cell === undefined) throw new Error('no cells');
    const own = operatorInterval({ cell, differs: [] }, 1e-3, uncertainty);
    const other = operatorInterval({ cell, differs: ['chip'] }, 1e-3, uncertainty);
    const further = operatorInterval({ cell, differs: ['chip', 'stack', 'format'] }, 1e-3, uncertainty);
    for (const { low, high } of [own, other, further]) {
      expect(low).toBeLessThan(1);
      expect(high).toBeGreaterThan(1);
    }
    expect(width(other)).toBeGreaterThan(width(own));
    expect(width(further)).toBeGreaterThan(width(other));
  });

  test('a cell of many rows errs as often as it says', () => {
    if (cell === undefined) throw new Error('no cells');
    const { low, high } = operatorInterval({ cell, differs: [] }, 1e-3, uncertainty);
    const inside = Array.from({ length: 300 }, (_, trial) =>
      priceErrors(uncertainty, drawsOf(trial + 77, 1)[0] ?? (() => 0)).operator('it', { cell, differs: [] }),
    );
    const share = inside.filter((factor) => factor >= low && factor <= high).length / 300;
    expect(share).toBeGreaterThan(0.74);
    expect(share).toBeLessThan(0.86);
  });

  describe('of launches that stand in', () => {
    const at = { chip: 'other', stack: 'mine', class: 'gemm', format: 'bf16' };
    const factorOf = (of: Uncertainty, stack: string, time?: () => number) =>
      Array.from({ length: 99 }, (_, k) =>
        priceErrors(of, drawsOf(5, 99)[k] ?? (() => 0)).operator(
          'it',
          { cell: { ...source, stack: 'theirs' }, differs: ['stack'], prices: { ...at, stack } },
          time,
        ),
      );
    const source = cells.find(({ class: name, format }) => name === 'gemm' && format === 'bf16') as Cell;
    const spanOf = (factors: readonly number[]): number => Math.max(...factors) / Math.min(...factors);
    const vendors = { stacks: ['mine', 'theirs'], classes: ['gemm'], formats: ['bf16'], source: 'a test' };
    const check = { ...at, from: 1e-4, median: 0.001, p90: 0.002, p99: 0.003, kind: 'measured', source: 'a test' } as const;

    test("are narrower where both stacks call one vendor's library", () => {
      const of = { ...uncertainty, vendorKernels: [vendors] };
      expect(spanOf(factorOf(of, 'mine'))).toBeLessThan(spanOf(factorOf(of, 'another')) / 1.5);
      expect(factorOf(of, 'another')).toEqual(factorOf({ ...of, vendorKernels: [] }, 'another'));
    });

    test('err by the release that runs, but where the spread of stacks has that in it', () => {
      const [entry] = uncertainty.releases;
      if (entry === undefined) throw new Error('no spread of releases');
      const none = { ...entry, together: exactly, apart: exactly, classes: undefined };
      const [wide, narrow] = [uncertainty, { ...uncertainty, releases: [none] }];
      const of = (what: Uncertainty, differs: readonly ('chip' | 'stack')[]) => width(operatorInterval({ cell: source, differs }, 1e-3, what));
      for (const differs of [[], ['chip']] as const) expect(of(wide, differs)).toBeGreaterThan(of(narrow, differs));
      expect(of(wide, ['stack'])).toBe(of(narrow, ['stack']));
    });

    test('are what a check says of launches as long as those that were checked, and of no others', () => {
      const [of, without] = [
        { ...uncertainty, checks: [check] },
        { ...uncertainty, checks: [] },
      ];
      expect(spanOf(factorOf(of, 'mine', () => 1e-4))).toBeLessThan(1.01);
      for (const [stack, time] of [
        ['mine', 0.9e-4],
        ['another', 1],
      ] as const)
        expect(factorOf(of, stack, () => time)).toEqual(factorOf(without, stack, () => time));
    });

    test('err less by rates the longer they are, and as a check says', () => {
      const rated = (of: Uncertainty, time: number, format = 'bf16') =>
        Array.from({ length: 99 }, (_, k) => priceErrors(of, drawsOf(5, 99)[k] ?? (() => 0)).rated('it', 'gemm', true, { ...at, format, time: () => time }));
      const spans = [3e-5, 3e-4, 3e-3].map((time) => spanOf(rated(uncertainty, time)));
      expect(spans[1]).toBeLessThan(spans[0] ?? 0);
      expect(spans[2]).toBeLessThan(spans[1] ?? 0);
      expect(spanOf(rated({ ...uncertainty, checks: [check] }, 3e-3))).toBeLessThan(1.01);
      expect(rated({ ...uncertainty, checks: [check] }, 3e-3, 'int8')).toEqual(rated(uncertainty, 3e-3, 'int8'));
    });
  });
});
