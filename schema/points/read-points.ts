import { InputError, type Issue } from '../../src/base/errors.ts';
import { nearest } from '../../src/base/nearest.ts';
import { CsvRecord, fieldsOf } from '../tables/csv.ts';
import type { PointLayout, PointWorkers, ServingPoint } from './point.ts';

const layoutColumns = {
  tensor: 'tp_size',
  pipeline: 'pp_size',
  data: 'attention_dp_size',
  expertTensor: 'moe_tp_size',
  expertParallel: 'moe_ep_size',
} as const;
const workerColumns = (['prefill', 'decode'] as const).flatMap((phase) =>
  ['batch_size', 'num_workers', ...Object.values(layoutColumns)].map((column) => `${phase}_${column}`),
);
const scenarioColumns = [
  'mode',
  'model',
  'system',
  'backend',
  'backend_version',
  'precision',
  'input_tokens',
  'output_tokens',
  'concurrency',
  'tp',
  'pp',
  'attention_dp',
  'moe_tp',
  'moe_ep',
  ...workerColumns,
] as const;
/** Without these a row says nothing that could be scored; all others may be missing, as if their cells were empty. */
const needed = ['model', 'system', 'backend', 'input_tokens', 'output_tokens', 'concurrency', 'tp', 'ttft_ms', 'tpot_ms'] as const;
const known: ReadonlySet<string> = new Set([...scenarioColumns, 'ttft_ms', 'tpot_ms', 'measured']);
/** Problems that are listed before the rest is only counted. */
const listed = 20;
const perMillisecond = 1000;

/**
 * Measured serving points from the lines of a table, header first.
 * @throws InputError with every line that is no row, and for a table of another layout
 */
export function readPoints(text: string, file: string): readonly ServingPoint[] {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) throw new InputError([{ path: file, message: 'the table is empty' }]);
  const columns = fieldsOf((lines[first] ?? '').replace(/^\uFEFF/, '')).map((name) => name.trim());
  const issues: Issue[] = headerIssues(columns, `${file}: line ${first + 1}`);
  if (issues.length > 0) throw new InputError(issues);

  const record = new CsvRecord({ file, columns, constants: new Map() });
  const points: ServingPoint[] = [];
  let more = 0;
  for (let i = first + 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.trim() === '') continue;
    const problems = new RowProblems();
    record.take(line);
    if (record.width === columns.length) points.push(pointOf(record, i + 1, problems));
    else problems.add(`expected ${columns.length} columns, got ${record.width}`);
    for (const message of problems.list) {
      if (issues.length < listed) issues.push({ path: `${file}: line ${i + 1}`, message });
      else more++;
    }
  }
  if (points.length === 0 && issues.length === 0) issues.push({ path: file, message: 'the table has a header and no rows' });
  if (more > 0) issues.push({ path: file, message: `${more} more ${more === 1 ? 'cell is' : 'cells are'} wrong` });
  if (issues.length > 0) throw new InputError(issues);
  return points;
}

function headerIssues(columns: readonly string[], at: string): Issue[] {
  return [
    ...needed.filter((name) => !columns.includes(name)).map((name) => ({ path: at, message: `expected a column ${name}` })),
    ...columns.filter((name, i) => columns.indexOf(name) !== i).map((name) => ({ path: at, message: `the column ${name} is there twice` })),
    ...columns
      .filter((name) => !known.has(name))
      .map((name) => {
        const near = nearest(name, [...known]);
        return { path: at, message: `unknown column "${name}"${near === undefined ? '' : ` (did you mean "${near}"?)`}` };
      }),
  ];
}

class RowProblems {
  readonly list: string[] = [];
  add(message: string): void {
    this.list.push(message);
  }
}

function pointOf(record: CsvRecord, line: number, problems: RowProblems): ServingPoint {
  const text = (column: string): string => record.text(column).trim();
  const whole = (column: string, least = 1): number | undefined => {
    const typed = text(column);
    if (typed === '') return undefined;
    const value = Number(typed);
    if (Number.isSafeInteger(value) && value >= least) return value;
    problems.add(`${column}: expected a whole number from ${least}, got "${typed}"`);
    return undefined;
  };
  const time = (column: string): number | undefined => {
    const typed = text(column);
    if (typed === '') return undefined;
    const value = Number(typed);
    if (value > 0 && value < Infinity) return value / perMillisecond;
    problems.add(`${column}: expected milliseconds above 0, got "${typed}"`);
    return undefined;
  };
  /** An empty or zero degree is 1. */
  const degree = (column: string): number => whole(column, 0) || 1;
  const layout = (prefix: string, names: Readonly<Record<keyof PointLayout, string>>): PointLayout | undefined => {
    const tensor = whole(`${prefix}${names.tensor}`, 0);
    if (tensor === undefined || tensor === 0) return undefined;
    const rest = (['pipeline', 'data', 'expertTensor', 'expertParallel'] as const).map((name) => degree(`${prefix}${names[name]}`));
    const [pipeline = 1, data = 1, expertTensor = 1, expertParallel = 1] = rest;
    return { tensor, pipeline, data, expertTensor, expertParallel };
  };
  const workers = (phase: 'prefill' | 'decode'): PointWorkers | undefined => {
    const count = whole(`${phase}_num_workers`, 0);
    const parts = layout(`${phase}_`, layoutColumns);
    return count === undefined || count === 0 || parts === undefined ? undefined : { workers: count, batch: whole(`${phase}_batch_size`, 0), layout: parts };
  };
  return {
    line,
    mode: text('mode') || 'agg',
    model: text('model'),
    system: text('system'),
    backend: text('backend'),
    version: text('backend_version'),
    precision: text('precision').toLowerCase(),
    input: whole('input_tokens'),
    output: whole('output_tokens'),
    concurrency: whole('concurrency'),
    layout: layout('', { tensor: 'tp', pipeline: 'pp', data: 'attention_dp', expertTensor: 'moe_tp', expertParallel: 'moe_ep' }),
    prefill: workers('prefill'),
    decode: workers('decode'),
    ttft: time('ttft_ms'),
    tpot: time('tpot_ms'),
    measured: text('measured'),
    key: scenarioColumns.map((column) => text(column)).join(','),
  };
}
