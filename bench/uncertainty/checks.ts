import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ratesFor } from '../../cli/calibrate/refit.ts';
import { loadCases } from '../../cli/validate/load.ts';
import type { Cell } from '../../src/catalogue/cell.ts';
import type { GroupedGemmShape } from '../../src/cost/calibration/families/grouped-gemm.ts';
import { sumOf } from '../../src/cost/calibration/families/grouped-product.ts';
import { gemm } from '../../src/cost/calibration/families/gemm.ts';
import { familyOf } from '../../src/cost/calibration/families/index.ts';
import { findCell } from '../../src/cost/calibration/find.ts';
import { predictor } from '../../src/cost/calibration/predict.ts';
import { answer } from '../../src/ledger/answer.ts';
import type { LedgerCase } from '../../src/ledger/case.ts';
import type { Findings } from './findings.ts';
import { predictive, predictiveText } from './spread.ts';
import { median } from './tables.ts';

const operatorCases = fileURLToPath(new URL('../../validation/cases/operators', import.meta.url));

/** Errors of micro-benchmarks in the ledger where no cell of the chip and stack prices them: one for each operator (group of shapes). */
export async function tellChecks(cells: readonly Cell[], findings: Findings): Promise<void> {
  const places = new Map<string, LedgerCase[]>();
  for (const one of await loadCases([operatorCases])) {
    const { question } = one;
    if (question.kind !== 'operator') continue;
    const { machine, stack, class: operatorClass, format } = question;
    const nearest = findCell(cells, { chip: machine.chip, stack: stack.name, class: operatorClass, format });
    if (nearest !== undefined && nearest.doubt === undefined) continue;
    const place = `${machine.chip.name} ${stack.name} ${operatorClass} ${format}`;
    places.set(place, [...(places.get(place) ?? []), one]);
  }
  for (const [place, ofPlace] of places) {
    const groups = new Map<string, number[]>();
    const bounds = new Set<string>();
    let shortest = Infinity;
    for (const one of ofPlace) {
      if (one.question.kind !== 'operator') continue;
      const { value: predicted } = answer(one.question, cells);
      const { class: operatorClass, shape, figure, flop, bytes, machine, format } = one.question;
      const time = figure === 'time' ? one.measured.value : (figure === 'compute' ? flop : bytes) / one.measured.value;
      shortest = Math.min(shortest, time);
      const sign = figure === 'time' ? 1 : -1;
      const family = familyOf(operatorClass);
      const group = family?.group(shape) ?? operatorClass;
      groups.set(group, [...(groups.get(group) ?? []), sign * Math.log(one.measured.value / predicted)]);
      const die = ratesFor(machine.chip, format);
      // A share of the stack was read off rows that it bounds.
      if (one.basis === 'fitted') bounds.add(flop / die.peak > bytes / die.bandwidth ? 'compute' : 'memory');
    }
    asProducts(ofPlace, cells);
    const errors = [...groups.values()].map(median);
    const spread = predictive(errors, bounds.size);
    if (spread !== undefined) findings.spreads.set(`check of ${place}`, { together: spread.spread, apart: [0, 0, 0], cells: 1, groups: errors.length });
    process.stdout.write(
      `check of ${place}: ${ofPlace.length} rows from ${(shortest * 1e6).toFixed(0)} us, ${errors.length} operators, ${bounds.size} constants read off them: ${spread === undefined ? 'too few' : predictiveText(spread)}; ${errors.map((error) => error.toFixed(3)).join(' ')}\n`,
    );
  }
}

/** What grouped products show of the cell of plain ones, as a step prices it: of many rows in each group they are products one after another. */
function asProducts(ofPlace: readonly LedgerCase[], cells: readonly Cell[]): void {
  const errors = ofPlace.flatMap(({ question, measured: figure }) => {
    if (question.kind !== 'operator' || question.class !== 'grouped-gemm' || question.figure !== 'time') return [];
    const { machine, stack, format, shape } = question;
    const plain = findCell(cells, { chip: machine.chip, stack: stack.name, class: gemm.class, format });
    if (plain === undefined) return [];
    const values = Float64Array.from(gemm.parameters, ({ name, start }) => plain.cell.parameters[name] ?? start);
    const die = ratesFor(machine.chip, format);
    gemm.inStep?.(values, die, 0);
    const cell = { ...plain.cell, parameters: Object.fromEntries(gemm.parameters.map(({ name }, i) => [name, values[i] ?? 0])) };
    const { n, k, loads } = shape as GroupedGemmShape;
    const { hit, rows } = sumOf(loads);
    return [Math.log(figure.value / (hit * predictor(gemm, cell, die)({ m: rows / hit, n, k })))];
  });
  if (errors.length > 0) process.stdout.write(`as products one after another: ${errors.map((error) => error.toFixed(3)).join(' ')}\n`);
}
