/**
 * Measures how far prices are from measured tables where they stand in for something else, and writes the spreads that data/uncertainty.yaml has of
 * it: `npx node bench/fit-uncertainty.ts [shortest launch in s [one kind of stand-in]]`. Needs ../shared/measured. Errors are ln(measured / predicted).
 */
import process from 'node:process';
import { loadCalibration } from '../cli/calibration.ts';
import { mergedCells, ratesFor } from '../cli/calibrate/refit.ts';
import { loadChip } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import { loadUncertainty } from '../cli/uncertainty.ts';
import type { Cell } from '../src/catalogue/cell.ts';
import { mostSpecific, operatorClasses } from '../src/catalogue/stack.ts';
import { calibrateCell } from '../src/cost/calibration/calibrate.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { sift } from '../src/cost/calibration/exclude.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from '../src/cost/calibration/family.ts';
import { findCell } from '../src/cost/calibration/find.ts';
import { foldsOf } from '../src/cost/calibration/fold.ts';
import { predictor } from '../src/cost/calibration/predict.ts';
import { thinned } from '../src/cost/calibration/sample.ts';
import { measuredFolders, tablesOf } from './calibration-sources.ts';
import { tellChecks } from './uncertainty/checks.ts';
import { writeSpreads } from './uncertainty/file.ts';
import { Findings } from './uncertainty/findings.ts';
import { tellLinks } from './uncertainty/links.ts';
import { releasePairs } from './uncertainty/releases.ts';
import { quantilesOf, spreadText } from './uncertainty/spread.ts';
import { measured, median, tableAt, type Judged } from './uncertainty/tables.ts';

/** Launches that are shorter say little of a step: it is made of longer ones. [s] */
const shortest = Number(process.argv[2] ?? 20e-6);
/** The one situation that is measured anew; absent: everything. */
const only = process.argv[3];
/** Rows of a cell that are looked at. */
const rowsOfCell = 600;
/** A cell with fewer rows, or fewer groups, says nothing. */
const fewest = 24;

/** A class of fewer cells has no spread of its own. */
const fewestCells = 10;

const rowKernels: ReadonlySet<string> = new Set(['norm', 'activation', 'rope', 'quantise', 'add', 'row-move']);

function groupErrors(family: OperatorFamily<unknown>, rows: readonly MeasuredRow<unknown>[], predict: (shape: unknown) => number): readonly number[] {
  const groups = new Map<string, number[]>();
  for (const { shape, time } of rows) {
    const group = family.group(shape);
    const known = groups.get(group);
    const error = Math.log(time / predict(shape));
    if (known === undefined) groups.set(group, [error]);
    else known.push(error);
  }
  return [...groups.values()].map(median);
}

const findings = new Findings();
const cells = loadCalibration();
const { vendorKernels } = loadUncertainty();

function ofVendor(cell: Cell, stack: string): boolean {
  return vendorKernels.some(
    ({ stacks, classes, formats }) => stacks.includes(cell.stack) && stacks.includes(stack) && classes.includes(cell.class) && formats.includes(cell.format),
  );
}

/** Of a source, without the chip that was measured. */
function releaseOf(source: string): string {
  return source
    .replace(/; drawn to .*/, '')
    .split(', ')
    .filter((part) => !/^(\w+_sxm|gb200|A100|H100|A800|H800|H20|RTX .*)$/.test(part))
    .join(', ');
}

const same = (a: Cell, chip: string, stack: string): readonly [boolean, boolean] => [a.chip === chip, a.stack === stack];
const situations: Record<string, Judged[]> = {
  own: [],
  heldOut: [],
  chip: [],
  stack: [],
  format: [],
  'chip-and-stack': [],
  kernel: [],
  sheet: [],
  sheetMeasured: [],
};
/** Launches by what rates make of them: the longer, the nearer to a plateau. [s] */
const lengths = [
  ['sheetMeasured to 100 us', shortest],
  ['sheetMeasured to 1 ms', 100e-6],
  ['sheetMeasured from 1 ms', 1e-3],
] as const;
for (const [title] of lengths) situations[title] = [];
const folds: { readonly fold: number; readonly within: number; readonly groups: number }[] = [];

for (const source of measuredFolders(measured)) {
  const tables = (await Promise.all(tablesOf(measured, source).map((file) => tableAt(measured + file)))).filter((table) => table !== undefined);
  const chip = loadChip(source.chip);
  const stack = loadStack(source.stack);
  for (const { family, format, rows } of mergedCells(tables)) {
    if (rows.length < fewest) continue;
    const die = ratesFor(chip, format);
    const counts = (shape: unknown): boolean => family.gated?.(shape) ?? true;
    const kept = sift(family, rows, die).kept.filter(({ shape, time }) => counts(shape) && time >= shortest);
    if (kept.length < fewest) continue;
    const looked = thinned(kept, rowsOfCell);
    const name = `${source.chip}/${source.stack}/${family.class}/${format}`;
    const judge = (situation: keyof typeof situations, predict: (shape: unknown) => number, vendor: boolean = false, rows = looked): void =>
      void situations[situation]?.push({ name, groups: groupErrors(family, rows, predict), vendor });
    const by = (situation: string, fits: (cell: Cell) => boolean): void => {
      if (only !== undefined && situation !== only) return;
      const nearest = findCell(cells.filter(fits), { chip, stack: source.stack, class: family.class, format });
      if (nearest !== undefined) judge(situation, predictor(family, nearest.cell, die), ofVendor(nearest.cell, source.stack));
    };
    by('own', (cell) => cell.format === format && same(cell, source.chip, source.stack).every(Boolean));
    // Of one release: what two differ by is drawn apart.
    by(
      'chip',
      (cell) => cell.format === format && cell.chip !== source.chip && cell.stack === source.stack && releaseOf(cell.source) === releaseOf(source.source),
    );
    by('stack', (cell) => cell.format === format && cell.chip === source.chip && cell.stack !== source.stack);
    by('format', (cell) => cell.format !== format && cell.chip === source.chip && cell.stack === source.stack);
    by('chip-and-stack', (cell) => cell.format === format && cell.chip !== source.chip && cell.stack !== source.stack);
    if (only !== undefined) continue;
    const { standIn } = family;
    const other = standIn === undefined ? undefined : findCell(cells, { chip, stack: source.stack, class: standIn.class, format });
    if (standIn !== undefined && other !== undefined && other.cell.chip === source.chip && other.cell.stack === source.stack && other.cell.format === format)
      judge('kernel', predictor(standIn, other.cell, die));
    const sheet = sheetPrice(family, die, format, stack.efficiencies);
    if (sheet !== undefined) judge(sheet.measured ? 'sheetMeasured' : 'sheet', sheet.price);
    if (sheet?.measured === true)
      for (const [i, [title, from]] of lengths.entries()) {
        const below = lengths[i + 1]?.[1] ?? Infinity;
        const rows = kept.filter(({ shape }) => sheet.price(shape) >= from && sheet.price(shape) < below);
        if (rows.length > 0) judge(title, sheet.price, false, thinned(rows, rowsOfCell));
      }
    if (situations['heldOut'] !== undefined && situations['heldOut'].length < 60 && new Set(kept.map(({ shape }) => family.group(shape))).size >= 10)
      heldOut(family, name, thinned(kept, 1500), die);
  }
}

/** The price by the rates of the stack alone, which have one class for all kernels of the vector engine. */
function sheetPrice(
  family: OperatorFamily<unknown>,
  die: DieRates,
  format: string,
  efficiencies: ReturnType<typeof loadStack>['efficiencies'],
): { readonly measured: boolean; readonly price: (shape: unknown) => number } | undefined {
  const named = family.class === 'expert-mlp' ? 'grouped-gemm' : family.class === 'head-gemm' ? 'gemm' : rowKernels.has(family.class) ? 'vector' : family.class;
  const operator = operatorClasses.find((one) => one === named);
  const number = numberFormatOf(format);
  if (operator === undefined || number === undefined) return undefined;
  const entry = mostSpecific(
    efficiencies.filter((one) => one.operator === operator),
    die.chip.generation,
    number,
  );
  if (entry === undefined) return undefined;
  const compute: DieRates = { ...die, bandwidth: 1e30, ceiling: Math.min(die.ceiling, die.peak * entry.compute.value), peak: die.peak * entry.compute.value };
  const memory: DieRates = { ...die, ceiling: 1e30, peak: 1e30, vector: 1e30, bandwidth: die.bandwidth * entry.memory.value };
  return {
    measured:
      entry.generation !== undefined &&
      format === number &&
      (entry.format ?? 'bf16') === number &&
      entry.compute.kind !== 'estimate' &&
      entry.memory.kind !== 'estimate',
    price: (shape) => entry.floor.value + Math.max(family.floor(shape, compute), family.floor(shape, memory)),
  };
}

/** Errors of groups that a fit has not seen. */
function heldOut(family: OperatorFamily<unknown>, name: string, rows: readonly MeasuredRow<unknown>[], die: DieRates): void {
  const [, stack = '', operatorClass = '', format = ''] = name.split('/');
  for (const { seen, held } of foldsOf(rows, ({ shape }) => family.group(shape), 5)) {
    const { cell } = calibrateCell(family, { chip: die.chip.name, stack, class: operatorClass, format }, seen, die, '', new Map(), {
      folds: 2,
      fewGroups: 0,
      residuals: [{ tables: 3, knots: 5 }],
      parameterRows: 500,
      residualRows: 1000,
    });
    const groups = groupErrors(family, held, predictor(family, cell, die));
    if (groups.length < 3) continue;
    const mean = groups.reduce((sum, error) => sum + error, 0) / groups.length;
    folds.push({ fold: mean, within: groups.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (groups.length - 1), groups: groups.length });
    situations['heldOut']?.push({ name, groups });
  }
}

for (const [title, judged] of Object.entries(situations)) {
  findings.tell(title, judged);
  if (['own', 'heldOut'].includes(title)) continue;
  const stacks = title === 'stack' || title === 'chip-and-stack';
  const others = stacks ? judged.filter(({ vendor }) => vendor !== true) : judged;
  if (stacks) {
    findings.tell(
      `${title}, both of one vendor's library`,
      judged.filter(({ vendor }) => vendor === true),
    );
    findings.tell(`${title}, others`, others);
  }
  for (const operatorClass of new Set(others.map(({ name }) => name.split('/')[2]))) {
    const ofClass = others.filter(({ name, groups }) => name.split('/')[2] === operatorClass && groups.length >= 3);
    if (ofClass.length >= fewestCells) findings.tell(`${title}, ${operatorClass}`, ofClass);
    else findings.tellFew(`${title}, ${operatorClass}`, ofClass);
  }
}
const sheetOf = (classes: RegExp): readonly Judged[] => (situations['sheet'] ?? []).filter(({ name }) => classes.test(name.split('/')[2] ?? ''));
findings.tell('sheet, attention and experts', sheetOf(/^(latent-|sparse-)?attention|expert-mlp|grouped-gemm/));
// Rates are of number formats: what a variant such as fp8-block adds is in the spread of formats.
findings.tell(
  'sheet, products, linear attention and vector work',
  sheetOf(/^gemm$|^linear-attention|^(norm|activation|rope|quantise|add|row-move)$/).filter(({ name }) => {
    const format = name.split('/')[3] ?? '';
    return numberFormatOf(format) === format;
  }),
);
if (only !== undefined) {
  writeSpreads(findings.spreads, undefined);
  process.exit();
}
await tellChecks(cells, findings);
// Random effects: what the mean of a fold has beyond what so many independent groups would give it.
const shares = folds.map(({ fold, within, groups }) => ({ between: fold ** 2 - within / groups, within }));
const total = (of: (part: (typeof shares)[number]) => number): number => shares.reduce((sum, part) => sum + Math.min(0.25, of(part)), 0);
const share = total((p) => p.between) / total((p) => p.between + p.within);
process.stdout.write(`held out, common share of the variance of a group: ${share.toFixed(3)} over ${folds.length} folds\n`);

tellLinks(findings);

const releases = await releasePairs(shortest, fewest);
const ofReleases = (title: string, judged: readonly Judged[]): void => {
  for (const { name, groups } of judged) process.stdout.write(`${title}, ${name}: ${median(groups).toFixed(3)} over ${groups.length} groups\n`);
  const common = judged.map(({ groups }) => median(groups));
  const own = judged.flatMap(({ groups }, i) => groups.map((error) => error - (common[i] ?? 0)));
  findings.spreads.set(title, { together: quantilesOf(common), apart: quantilesOf(own), cells: judged.length, groups: own.length });
  process.stdout.write(`${title}: ${judged.length} pairs of tables\n  common ${spreadText(common)}\n  own    ${spreadText(own)}\n`);
};
for (const [operatorClass, judged] of Map.groupBy(releases, ({ name }) => /\/([a-z-]+)(\/[^/]*)?$/.exec(name)?.[1] ?? ''))
  if (judged.length >= fewestCells) ofReleases(`releases, ${operatorClass}`, judged);
ofReleases('releases', releases);

writeSpreads(findings.spreads, share);
