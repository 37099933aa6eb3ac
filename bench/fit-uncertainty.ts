/**
 * Measures how far prices are from measured tables where they stand in for something else, as data/uncertainty.yaml has it:
 * `npx node bench/fit-uncertainty.ts`. Needs ../shared/measured. Errors are ln(measured / predicted).
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadCalibration } from '../cli/calibration.ts';
import { readOperatorTable } from '../cli/calibrate/read.ts';
import { mergedCells, ratesFor } from '../cli/calibrate/refit.ts';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import type { OperatorTable } from '../schema/tables/read-table.ts';
import { InputError } from '../src/base/errors.ts';
import type { Cell } from '../src/catalogue/cell.ts';
import type { CollectiveOperation } from '../src/catalogue/library.ts';
import { mostSpecific, operatorClasses } from '../src/catalogue/stack.ts';
import { calibrateCell } from '../src/cost/calibration/calibrate.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { sift } from '../src/cost/calibration/exclude.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from '../src/cost/calibration/family.ts';
import { findCell } from '../src/cost/calibration/find.ts';
import { foldsOf } from '../src/cost/calibration/fold.ts';
import { predictor } from '../src/cost/calibration/predict.ts';
import { thinned } from '../src/cost/calibration/sample.ts';
import { collectiveModel } from '../src/network/collective.ts';
import { exchangeModel } from '../src/network/exchange.ts';
import { measuredFolders, tablesOf } from './calibration-sources.ts';

const measured = fileURLToPath(new URL('../../shared/measured/', import.meta.url));
/** Launches that are shorter say little of a step: it is made of longer ones. [s] */
const shortest = Number(process.argv[2] ?? 20e-6);
/** Rows of a cell that are looked at. */
const rowsOfCell = 600;
/** A cell with fewer rows, or fewer groups, says nothing. */
const fewest = 24;

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function quantile(values: readonly number[], share: number): number {
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.floor(share * order.length))] ?? Number.NaN;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const spreadText = (values: readonly number[]): string => {
  const sizes = values.map((value) => Math.abs(value));
  return `median ${quantile(sizes, 0.5).toFixed(3)}, p80 ${quantile(sizes, 0.8).toFixed(3)}, p90 ${quantile(sizes, 0.9).toFixed(3)}, p99 ${quantile(sizes, 0.99).toFixed(3)} (${values.length})`;
};

/** Errors of the operators (groups of rows) of one cell. */
interface Judged {
  readonly name: string;
  readonly groups: readonly number[];
}

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

/** Part that a cell's operators share, and what each has of its own. */
function tell(title: string, judged: readonly Judged[]): void {
  const enough = judged.filter(({ groups }) => groups.length >= 3);
  const common = enough.map(({ groups }) => median(groups));
  const own = enough.flatMap(({ groups }, i) => groups.map((error) => error - (common[i] ?? 0)));
  process.stdout.write(`${title}: ${enough.length} cells\n  common ${spreadText(common)}, bias ${median(common).toFixed(3)}\n  own    ${spreadText(own)}\n`);
}

async function tableAt(path: string): Promise<OperatorTable | undefined> {
  try {
    return await readOperatorTable(path);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

const cells = loadCalibration();
const same = (a: Cell, chip: string, stack: string): readonly [boolean, boolean] => [a.chip === chip, a.stack === stack];
const situations: Readonly<Record<string, Judged[]>> = {
  own: [],
  heldOut: [],
  chip: [],
  stack: [],
  format: [],
  chipAndStack: [],
  kernel: [],
  sheet: [],
  sheetMeasured: [],
};
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
    const judge = (situation: keyof typeof situations, predict: (shape: unknown) => number): void =>
      void situations[situation]?.push({ name, groups: groupErrors(family, looked, predict) });
    const by = (situation: string, fits: (cell: Cell) => boolean): void => {
      const found = findCell(cells.filter(fits), { chip, stack: source.stack, class: family.class, format });
      if (found !== undefined) judge(situation, predictor(family, found.cell, die));
    };
    by('own', (cell) => cell.format === format && same(cell, source.chip, source.stack).every(Boolean));
    by('chip', (cell) => cell.format === format && cell.chip !== source.chip && cell.stack === source.stack);
    by('stack', (cell) => cell.format === format && cell.chip === source.chip && cell.stack !== source.stack);
    by('format', (cell) => cell.format !== format && cell.chip === source.chip && cell.stack === source.stack);
    by('chipAndStack', (cell) => cell.format === format && cell.chip !== source.chip && cell.stack !== source.stack);
    const { standIn } = family;
    const other = standIn === undefined ? undefined : findCell(cells, { chip, stack: source.stack, class: standIn.class, format });
    if (standIn !== undefined && other !== undefined && other.cell.chip === source.chip && other.cell.stack === source.stack)
      judge('kernel', predictor(standIn, other.cell, die));
    const sheet = sheetPrice(family, die, format, stack.efficiencies);
    if (sheet !== undefined) judge(sheet.measured ? 'sheetMeasured' : 'sheet', sheet.price);
    if (situations['heldOut'] !== undefined && situations['heldOut'].length < 60 && new Set(kept.map(({ shape }) => family.group(shape))).size >= 10)
      heldOut(family, name, thinned(kept, 1500), die);
  }
}

/** The price by the rates of the stack alone. */
function sheetPrice(
  family: OperatorFamily<unknown>,
  die: DieRates,
  format: string,
  efficiencies: ReturnType<typeof loadStack>['efficiencies'],
): { readonly measured: boolean; readonly price: (shape: unknown) => number } | undefined {
  const named = family.class === 'expert-mlp' ? 'grouped-gemm' : family.class === 'head-gemm' ? 'gemm' : family.class;
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

for (const [title, judged] of Object.entries(situations)) tell(title, judged);
for (const sheet of ['chip', 'stack', 'format', 'sheet', 'sheetMeasured'])
  for (const operatorClass of new Set((situations[sheet] ?? []).map(({ name }) => name.split('/')[2])))
    tell(
      `${sheet}, ${operatorClass}`,
      (situations[sheet] ?? []).filter(({ name }) => name.split('/')[2] === operatorClass),
    );
// Random effects: what the mean of a fold has beyond what so many independent groups would give it.
const shares = folds.map(({ fold, within, groups }) => ({ between: fold ** 2 - within / groups, within }));
const total = (of: (part: (typeof shares)[number]) => number): number => shares.reduce((sum, part) => sum + Math.min(0.25, of(part)), 0);
process.stdout.write(
  `held out, common share of the variance of a group: ${(total((p) => p.between) / total((p) => p.between + p.within)).toFixed(3)} over ${folds.length} folds\n`,
);

/** Columns of a gzipped table. */
function rowsOf(file: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = gunzipSync(readFileSync(measured + file))
    .toString()
    .trim()
    .split('\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i] ?? '', value])));
}

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
