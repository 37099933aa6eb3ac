import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { measuredFolders, tablesOf } from '../bench/calibration-sources.ts';
import { readOperatorTable } from '../cli/calibrate/read.ts';
import { refit } from '../cli/calibrate/refit.ts';
import { trustPage } from '../cli/calibrate/trust.ts';
import { dataNames } from '../cli/data.ts';
import { loadChip } from '../cli/machines.ts';
import { readCells, writeCells } from '../schema/calibration.ts';
import type { Cell } from '../src/cost/calibration/cell.ts';
import { dieRates, numberFormatOf } from '../src/cost/calibration/die.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import { predictor } from '../src/cost/calibration/predict.ts';
import { gates, missedGates } from '../src/cost/calibration/score.ts';
import { knownMisses } from './fixtures/calibration-misses.ts';

const folder = fileURLToPath(new URL('../data/calibration/', import.meta.url));
const measured = fileURLToPath(new URL('../../shared/measured/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');
const cellsOf = (file: string): readonly Cell[] => readCells(JSON.parse(textOf(file)), file);
const cells = files.flatMap(cellsOf);
const nameOf = ({ chip, stack, class: operatorClass, format }: Cell): string => `${chip}/${stack}/${operatorClass}/${format}`;

describe('what is shipped', () => {
  test('is small enough for a browser', () => {
    const bytes = files.reduce((sum, file) => sum + gzipSync(textOf(file)).length, 0);
    expect(bytes).toBeLessThanOrEqual(60_000);
  });

  test.each(files)('%s is written as it is read', (file) => {
    expect(writeCells(cellsOf(file))).toBe(textOf(file));
  });

  test('has each cell once, of a chip and a stack of the catalogue', () => {
    const names = cells.map(nameOf);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(cells.filter(({ chip, stack }) => !dataNames('chips').includes(chip) || !dataNames('stacks').includes(stack)).map(nameOf)).toEqual([]);
    expect(cells.filter(({ chip, generation }) => loadChip(chip).generation !== generation).map(nameOf)).toEqual([]);
  });

  test('stands on thousands of launches of every generation that was measured', () => {
    expect(cells.reduce((sum, { fit }) => sum + fit.rows, 0)).toBeGreaterThan(1_000_000);
    for (const generation of ['ascend-910', 'ampere', 'hopper', 'blackwell']) expect(cells.some((cell) => cell.generation === generation)).toBe(true);
  });

  test('is told on the page of trust', () => {
    expect(readFileSync(fileURLToPath(new URL('../docs/trust-operators.md', import.meta.url)), 'utf8')).toBe(trustPage(cells));
  });
});

describe('gates', () => {
  const gated = cells.filter(({ heldOut }) => heldOut.rows >= gates.rows);
  const missing = new Map(gated.map((cell) => [nameOf(cell), missedGates(cell)] as const).filter(([, missed]) => missed.length > 0));

  test('are missed by no cell that is not on the list, and by none further than it says', () => {
    const unlisted = [...missing].filter(([name, missed]) => knownMisses[name]?.missed.join() !== missed.join());
    expect(unlisted).toEqual([]);
  });

  test('the list has no cell that keeps them', () => {
    expect(Object.keys(knownMisses).filter((name) => !missing.has(name))).toEqual([]);
  });

  test('are kept by nearly all', () => {
    expect(missing.size / gated.length).toBeLessThan(0.11);
  });

  test('the rule leaves out a fiftieth of no cell', () => {
    const most = gated.filter(({ fit, reported, excluded }) => excluded / (excluded + fit.rows + (reported?.rows ?? 0)) > gates.excluded);
    expect(most.map(nameOf).filter((name) => knownMisses[name] === undefined)).toEqual([]);
  });
});

describe('a refit', () => {
  const wanted = ['ascend-910b/vllm-ascend/attention-prefill/bf16', 'ascend-910b/vllm-ascend/expert-mlp/int8'];

  test.skipIf(!existsSync(measured))('of two cells from the published tables gives the shipped bytes', async () => {
    const source = measuredFolders(measured).find(({ chip }) => chip === 'ascend-910b');
    expect(source).toBeDefined();
    if (source === undefined) return;
    const tables = await Promise.all(
      tablesOf(measured, source)
        .filter((file) => /attention_prefill|moe/.test(file))
        .map((file) => readOperatorTable(measured + file)),
    );
    const only = (key: Parameters<typeof nameOf>[0] | object): boolean => wanted.includes(nameOf(key as Cell));
    const fitted = [...refit(tables, { chip: loadChip(source.chip), stack: source.stack, source: source.source, only })].map(({ cell }) => cell);
    const shipped = writeCells(cells.filter((cell) => wanted.includes(nameOf(cell))));
    expect(writeCells(fitted).split('\n')).toEqual(shipped.split('\n'));
  });
});

describe('a prediction', () => {
  test('of a matrix product is never above the ceiling of the die', () => {
    for (const cell of cells.filter((own) => own.class === 'gemm')) {
      const family = familyOf(cell.class);
      const die = dieRates(loadChip(cell.chip), numberFormatOf(cell.format) ?? 'bf16');
      if (family === undefined) continue;
      const predict = predictor(family, cell, die);
      for (const m of [1, 64, 1000, 8192, 65_536])
        for (const n of [256, 7168, 65_536]) expect((2 * m * n * 7168) / predict({ m, n, k: 7168 })).toBeLessThanOrEqual(die.ceiling * 1.000001);
    }
  });
});
