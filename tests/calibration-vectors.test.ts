import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readOperatorTable } from '../cli/calibrate/read.ts';
import { mergedCells, ratesFor } from '../cli/calibrate/refit.ts';
import { loadChip } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import type { Cell } from '../src/cost/calibration/cell.ts';
import { predictor } from '../src/cost/calibration/predict.ts';
import { errorOf, scoreOf } from '../src/cost/calibration/score.ts';
import { priceBy } from '../src/cost/providers.ts';
import { wholeDie } from '../src/cost/roofline.ts';
import type { ComputeOperator } from '../src/model/operator.ts';

const kinds = ['norm', 'activation', 'rope', 'quantise', 'embedding', 'add'];
const measured = fileURLToPath(new URL('../../shared/measured/', import.meta.url));
const cells: readonly Cell[] = loadStack('vllm').cells ?? [];
const providersOf = (chip: string, stack: string) => priceBy(cells, loadChip(chip), loadStack(stack), 0);

/** Tables that the cells of a chip have not seen, by class. */
const unseen: readonly (readonly [cell: string, chip: string, files: readonly string[], worst: number, classes: readonly string[]])[] = [
  ['h800', 'h100', ['vidur/compute_h100_meta-llama_Llama-2-70b-hf_mlp.csv.gz'], 0.15, kinds],
  ['h100', 'h800', ['frontier/h800_Llama-3.1-405B-Instruct-FP8_linear_op_kernel_only.csv.gz'], 0.15, kinds],
  ['a100', 'a100', ['frontier/a800_meta-llama_Llama-2-7b-hf_mlp.csv.gz'], 0.16, kinds],
  // Twice the blocks on a core, 1.9 times the bandwidth, another vLLM: kernels of activation and rotation differ between the two, those of norms do not.
  ['rtx-pro-6000', 'h800', ['frontier/h800_Llama-3.1-405B-Instruct-FP8_linear_op_kernel_only.csv.gz'], 0.15, ['norm']],
  ['h100', 'h200', ['scale_matrix', 'computescale'].map((name) => `aiconfigurator/h200_sxm/vllm-0.24.0/${name}.csv.gz`), 0.05, kinds],
];

test.skipIf(!existsSync(measured)).each(unseen)(
  'the cells of %s price tables of %s that they have not seen (skipped without ../shared)',
  async (of, chip, files, worst, classes) => {
    const tables = await Promise.all(files.map((file) => readOperatorTable(measured + file)));
    let scored = 0;
    for (const { family, format, rows } of mergedCells(tables)) {
      const cell = cells.find((own) => own.chip === of && own.stack === 'vllm' && own.class === family.class && own.format === format);
      if (cell === undefined || !classes.includes(family.class)) continue;
      const predict = predictor(family, cell, ratesFor(loadChip(chip), format));
      const score = scoreOf(rows.map(({ shape, time }) => errorOf(predict(shape), time)));
      expect(score.median, family.class).toBeLessThan(worst);
      scored++;
    }
    expect(scored).toBeGreaterThan(0);
  },
);

describe('operators of the vector engine', () => {
  test('have no doubt where their cells stand, and one that names the cell where another chip was measured', () => {
    const own = providersOf('h800', 'vllm');
    for (const name of ['norm', 'activation', 'rope', 'embedding'])
      expect([own(name, 'bf16')?.cell.chip, own(name, 'bf16')?.doubt]).toEqual(['h800', undefined]);
    expect(providersOf('h100', 'vllm')('quantise', 'bf16-to-fp8')?.doubt).toBeUndefined();
    expect(providersOf('h100', 'vllm')('norm', 'bf16')?.doubt?.message).toContain('chip h800');
    expect(providersOf('h800', 'sglang')('norm', 'bf16')?.doubt?.message).toContain('stack vllm');
    expect(providersOf('h800', 'sglang')('quantise', 'bf16-to-fp8-block')?.doubt?.message).toContain('format bf16-to-fp8');
  });

  test('that copy and sum rows are priced as a sum of two, with a doubt', () => {
    const provider = providersOf('h100', 'vllm')('row-move', 'bf16');
    expect([provider?.cell.class, provider?.cell.chip]).toEqual(['add', 'h100']);
    expect(provider?.doubt?.message).toContain('measurements of add');
  });

  test('stay on the rates of the stack where no chip of the generation was measured', () => {
    for (const name of [...kinds, 'row-move']) expect(providersOf('ascend-910c', 'cann-cloudmatrix-infer')(name, 'bf16')).toBeUndefined();
    expect(providersOf('a100', 'vllm')('norm', 'bf16')).toBeUndefined();
  });

  test('draw on the vector cores and the memory that their stream has', () => {
    const provider = providersOf('h800', 'vllm')('activation', 'bf16');
    const operator = { rows: { rows: 4096, width: 14_336, bytes: 6 } } as unknown as ComputeOperator;
    const body = (share: typeof wholeDie): number => provider?.price(operator, share)?.body ?? 0;
    const whole = body(wholeDie);
    expect(whole).toBeGreaterThan(0);
    expect(body({ ...wholeDie, matrix: 0.1 })).toBe(whole);
    expect(body({ ...wholeDie, vector: 0.5 })).toBeGreaterThan(1.2 * whole);
    expect(body({ ...wholeDie, memory: 0.5 })).toBeGreaterThan(1.2 * whole);
  });
});
