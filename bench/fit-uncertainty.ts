/**
 * Measures how far prices are from measured tables where they stand in for something else, and writes the spreads that data/uncertainty.yaml has of
 * it: `npx node bench/fit-uncertainty.ts [shortest launch in s [one kind of stand-in]]`. Needs ../shared/measured. Errors are ln(measured / predicted).
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadCalibration } from '../cli/calibration.ts';
import { mergedCells, ratesFor } from '../cli/calibrate/refit.ts';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import { loadUncertainty } from '../cli/uncertainty.ts';
import { loadCases } from '../cli/validate/load.ts';
import type { Cell } from '../src/catalogue/cell.ts';
import type { CollectiveOperation } from '../src/catalogue/library.ts';
import { mostSpecific, operatorClasses } from '../src/catalogue/stack.ts';
import { calibrateCell } from '../src/cost/calibration/calibrate.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { sift } from '../src/cost/calibration/exclude.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from '../src/cost/calibration/family.ts';
import { gemm } from '../src/cost/calibration/families/gemm.ts';
import type { GroupedGemmShape } from '../src/cost/calibration/families/grouped-gemm.ts';
import { sumOf } from '../src/cost/calibration/families/grouped-product.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import { findCell } from '../src/cost/calibration/find.ts';
import { foldsOf } from '../src/cost/calibration/fold.ts';
import { predictor } from '../src/cost/calibration/predict.ts';
import { thinned } from '../src/cost/calibration/sample.ts';
import { collectiveModel } from '../src/network/collective.ts';
import { exchangeModel } from '../src/network/exchange.ts';
import { answer } from '../src/ledger/answer.ts';
import type { LedgerCase } from '../src/ledger/case.ts';
import { measuredFolders, tablesOf } from './calibration-sources.ts';
import { writeSpreads, type Found, type Triple } from './uncertainty/file.ts';
import { releasePairs } from './uncertainty/releases.ts';
import { measured, median, quantile, rowsOf, tableAt, type Judged } from './uncertainty/tables.ts';

const operatorCases = fileURLToPath(new URL('../validation/cases/operators', import.meta.url));
/** Student's t by its degrees of freedom: sizes that half, nine in ten and 99 in 100 draws stay below. */
const student: readonly (Triple | undefined)[] = [
  undefined,
  undefined,
  undefined,
  [0.765, 2.353, 5.841],
  [0.741, 2.132, 4.604],
  [0.727, 2.015, 4.032],
  [0.718, 1.943, 3.707],
  [0.711, 1.895, 3.499],
  [0.706, 1.86, 3.355],
  [0.703, 1.833, 3.25],
  [0.7, 1.812, 3.169],
];
/** Launches that are shorter say little of a step: it is made of longer ones. [s] */
const shortest = Number(process.argv[2] ?? 20e-6);
/** The one situation that is measured anew; absent: everything. */
const only = process.argv[3];
/** Rows of a cell that are looked at. */
const rowsOfCell = 600;
/** A cell with fewer rows, or fewer groups, says nothing. */
const fewest = 24;

const spreadText = (values: readonly number[]): string => {
  const sizes = values.map((value) => Math.abs(value));
  return `median ${quantile(sizes, 0.5).toFixed(3)}, p80 ${quantile(sizes, 0.8).toFixed(3)}, p90 ${quantile(sizes, 0.9).toFixed(3)}, p99 ${quantile(sizes, 0.99).toFixed(3)} (${values.length})`;
};

interface Predictive {
  readonly spread: Triple;
  readonly freedom: number;
}

const rowKernels: ReadonlySet<string> = new Set(['norm', 'activation', 'rope', 'quantise', 'add', 'row-move']);

/** A class of fewer cells has no spread of its own. */
const fewestCells = 10;

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

/** What was found, by title. */
const found = new Map<string, Found>();

const quantilesOf = (values: readonly number[]): Triple => {
  const sizes = values.map((value) => Math.abs(value));
  return [quantile(sizes, 0.5), quantile(sizes, 0.9), quantile(sizes, 0.99)];
};

/** Part that a cell's operators share, and what each has of its own. */
function tell(title: string, judged: readonly Judged[]): void {
  const enough = judged.filter(({ groups }) => groups.length >= 3);
  const common = enough.map(({ groups }) => median(groups));
  const own = enough.flatMap(({ groups }, i) => groups.map((error) => error - (common[i] ?? 0)));
  if (enough.length > 0) found.set(title, { together: quantilesOf(common), apart: quantilesOf(own), cells: enough.length, groups: own.length });
  process.stdout.write(`${title}: ${enough.length} cells\n  common ${spreadText(common)}, bias ${median(common).toFixed(3)}\n  own    ${spreadText(own)}\n`);
}

/** What one more cell of a class would be off by, of which there are fewer than ten. */
function tellFew(title: string, judged: readonly Judged[]): void {
  const spread = predictive(
    judged.map(({ groups }) => median(groups)),
    0,
  );
  if (spread === undefined) process.stdout.write(`${title}: ${judged.length} cells\n`);
  else {
    const own = judged.flatMap(({ groups }) => groups.map((error) => error - median(groups)));
    found.set(title, { together: spread.spread, apart: quantilesOf(own), cells: judged.length, groups: own.length });
    process.stdout.write(`${title}: ${judged.length} cells\n  common of one more ${predictiveText(spread)}\n  own    ${spreadText(own)}\n`);
  }
}

/**
 * How far one more is off if errors are normal around nothing: quantiles of Student's t times the root of their mean square. `constants` that were
 * read off the same measurements take a degree of freedom each; of fewer than three left, nothing is said.
 */
function predictive(errors: readonly number[], constants: number): Predictive | undefined {
  const freedom = errors.length - constants;
  const quantiles = student[freedom];
  if (freedom < 3 || quantiles === undefined) return undefined;
  const scale = Math.sqrt((errors.reduce((sum, error) => sum + error ** 2, 0) / freedom) * (1 + constants / errors.length));
  const [half, most, nearly] = quantiles;
  return { spread: [half * scale, most * scale, nearly * scale], freedom };
}

function predictiveText({ spread, freedom }: Predictive): string {
  return `[${spread.map((size) => size.toFixed(3)).join(', ')}] (${freedom} degrees of freedom)`;
}

/** Errors of micro-benchmarks in the ledger where no cell of the chip and stack prices them: one for each operator (group of shapes). */
async function tellChecks(): Promise<void> {
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
    asProducts(ofPlace);
    const errors = [...groups.values()].map(median);
    const spread = predictive(errors, bounds.size);
    if (spread !== undefined) found.set(`check of ${place}`, { together: spread.spread, apart: [0, 0, 0], cells: 1, groups: errors.length });
    process.stdout.write(
      `check of ${place}: ${ofPlace.length} rows from ${(shortest * 1e6).toFixed(0)} us, ${errors.length} operators, ${bounds.size} constants read off them: ${spread === undefined ? 'too few' : predictiveText(spread)}; ${errors.map((error) => error.toFixed(3)).join(' ')}\n`,
    );
  }
}

/** What grouped products show of the cell of plain ones, as a step prices it: of many rows in each group they are products one after another. */
function asProducts(ofPlace: readonly LedgerCase[]): void {
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
  tell(title, judged);
  if (['own', 'heldOut'].includes(title)) continue;
  const stacks = title === 'stack' || title === 'chip-and-stack';
  const others = stacks ? judged.filter(({ vendor }) => vendor !== true) : judged;
  if (stacks) {
    tell(
      `${title}, both of one vendor's library`,
      judged.filter(({ vendor }) => vendor === true),
    );
    tell(`${title}, others`, others);
  }
  for (const operatorClass of new Set(others.map(({ name }) => name.split('/')[2]))) {
    const ofClass = others.filter(({ name, groups }) => name.split('/')[2] === operatorClass && groups.length >= 3);
    if (ofClass.length >= fewestCells) tell(`${title}, ${operatorClass}`, ofClass);
    else tellFew(`${title}, ${operatorClass}`, ofClass);
  }
}
const sheetOf = (classes: RegExp): readonly Judged[] => (situations['sheet'] ?? []).filter(({ name }) => classes.test(name.split('/')[2] ?? ''));
tell('sheet, attention and experts', sheetOf(/^(latent-|sparse-)?attention|expert-mlp|grouped-gemm/));
// Rates are of number formats: what a variant such as fp8-block adds is in the spread of formats.
tell(
  'sheet, products, linear attention and vector work',
  sheetOf(/^gemm$|^linear-attention|^(norm|activation|rope|quantise|add|row-move)$/).filter(({ name }) => {
    const format = name.split('/')[3] ?? '';
    return numberFormatOf(format) === format;
  }),
);
if (only !== undefined) {
  writeSpreads(found, undefined);
  process.exit();
}
await tellChecks();
// Random effects: what the mean of a fold has beyond what so many independent groups would give it.
const shares = folds.map(({ fold, within, groups }) => ({ between: fold ** 2 - within / groups, within }));
const total = (of: (part: (typeof shares)[number]) => number): number => shares.reduce((sum, part) => sum + Math.min(0.25, of(part)), 0);
const share = total((p) => p.between) / total((p) => p.between + p.within);
process.stdout.write(`held out, common share of the variance of a group: ${share.toFixed(3)} over ${folds.length} folds\n`);

const operations: Readonly<Record<string, CollectiveOperation>> = {
  all_gather: 'all-gather',
  reduce_scatter: 'reduce-scatter',
  alltoall: 'all-to-all',
};
const collectives: Judged[] = [];
for (const [system, machineName, version, stackName] of [
  ['a100_sxm', 'hgx-a100', '2.27.3', 'vllm'],
  ['h100_sxm', 'hgx-h100', '2.29.2', 'sglang'],
  ['h200_sxm', 'hgx-h200', '2.29.2', 'sglang'],
  ['b200_sxm', 'hgx-b200', '2.29.2', 'sglang'],
  ['gb200', 'gb200-nvl72', '2.29.2', 'tensorrt-llm'],
] as const) {
  const machine = loadMachine(machineName, '');
  const stack = loadStack(stackName);
  const errors: number[] = [];
  for (const row of rowsOf(`aiconfigurator/${system}/nccl-${version}/nccl.csv.gz`)) {
    const operation = operations[row['op_name'] ?? ''];
    const bytes = Number(row['message_size']) * (row['nccl_dtype'] === 'half' ? 2 : 1);
    if (operation === undefined || bytes < 16_384) continue;
    errors.push(Math.log((Number(row['latency']) * 1e-3) / collectiveModel(machine, stack, Number(row['num_gpus'])).price(operation, bytes).time));
  }
  process.stdout.write(`collectives of ${system}: bias ${median(errors).toFixed(3)}, ${spreadText(errors)}\n`);
  collectives.push({ name: system, groups: errors });
}
tell('collectives', collectives);
const inGraphs: Judged[] = [];
for (const [system, machineName, folder, stackName] of [
  ['a100_sxm', 'hgx-a100', 'vllm-0.14.0', 'vllm'],
  ['h100_sxm', 'hgx-h100', 'vllm-0.24.0', 'vllm'],
  ['h100_sxm', 'hgx-h100', 'sglang-0.5.14', 'sglang'],
  ['h200_sxm', 'hgx-h200', 'vllm-0.24.0', 'vllm'],
  ['h200_sxm', 'hgx-h200', 'sglang-0.5.14', 'sglang'],
  ['h200_sxm', 'hgx-h200', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
  ['b200_sxm', 'hgx-b200', 'vllm-0.24.0', 'vllm'],
  ['b200_sxm', 'hgx-b200', 'sglang-0.5.14', 'sglang'],
  ['b200_sxm', 'hgx-b200', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
  ['gb200', 'gb200-nvl72', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
] as const) {
  const [machine, stack] = [loadMachine(machineName, ''), loadStack(stackName)];
  const errors = rowsOf(`aiconfigurator/${system}/${folder}/custom_allreduce.csv.gz`)
    .filter((row) => !(row['backend'] ?? '').includes('eager') && Number(row['message_size']) * 2 >= 8192)
    .map((row) =>
      Math.log(
        (Number(row['latency']) * 1e-3) / collectiveModel(machine, stack, Number(row['num_gpus'])).price('all-reduce', 2 * Number(row['message_size'])).time,
      ),
    );
  process.stdout.write(`all-reduce of ${system} ${folder}: bias ${median(errors).toFixed(3)}, ${spreadText(errors)}\n`);
  inGraphs.push({ name: system, groups: errors });
}
tell('all-reduce in graphs', inGraphs);
tell('all collectives', [...collectives, ...inGraphs]);

const exchanges: Judged[] = [];
for (const [system, machineName, stackName, ranks] of [
  ['h100_sxm', 'hgx-h100', 'sglang', 8],
  ['h200_sxm', 'hgx-h200', 'sglang', 8],
  ['b200_sxm', 'hgx-b200', 'sglang', 8],
  ['gb200', 'gb200-nvl72', 'sglang', 4],
] as const) {
  const machine = loadMachine(machineName, '');
  const model = exchangeModel(machine, loadStack(stackName), 'low-latency', ranks);
  for (const operation of ['dispatch', 'combine'] as const) {
    const errors: number[] = [];
    for (const row of rowsOf(`aiconfigurator/${system}/sglang-0.5.12/wideep_deepep_ll.csv.gz`)) {
      const [hidden, tokens, fanout] = [Number(row['hidden_size']), Number(row['num_token']), Number(row['num_topk'])];
      // The tables of the stacks are those of 7,168 and 8.
      if (row['node_num'] !== '1' || (hidden === 7168 && fanout === 8) || tokens < 16) continue;
      errors.push(Math.log((Number(row[`${operation}_avg_t_us`]) * 1e-6) / model.time(operation, { tokens, fanout, hidden, format: 'fp8' })));
    }
    process.stdout.write(`${operation} of ${system}: bias ${median(errors).toFixed(3)}, ${spreadText(errors)}\n`);
    exchanges.push({ name: `${system} ${operation}`, groups: errors });
  }
}
tell('exchanges', exchanges);

const releases = await releasePairs(shortest, fewest);
const ofReleases = (title: string, judged: readonly Judged[]): void => {
  for (const { name, groups } of judged) process.stdout.write(`${title}, ${name}: ${median(groups).toFixed(3)} over ${groups.length} groups\n`);
  const common = judged.map(({ groups }) => median(groups));
  const own = judged.flatMap(({ groups }, i) => groups.map((error) => error - (common[i] ?? 0)));
  found.set(title, { together: quantilesOf(common), apart: quantilesOf(own), cells: judged.length, groups: own.length });
  process.stdout.write(`${title}: ${judged.length} pairs of tables\n  common ${spreadText(common)}\n  own    ${spreadText(own)}\n`);
};
for (const [operatorClass, judged] of Map.groupBy(releases, ({ name }) => /\/([a-z-]+)(\/[^/]*)?$/.exec(name)?.[1] ?? ''))
  if (judged.length >= fewestCells) ofReleases(`releases, ${operatorClass}`, judged);
ofReleases('releases', releases);

writeSpreads(found, share);
