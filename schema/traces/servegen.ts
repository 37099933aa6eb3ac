import { InputError } from '../../src/base/errors.ts';
import type { ClientLengths, ClientPool, GapLaw, PoolClient } from '../../src/serving/traffic/client-pool.ts';
import type { DrawTable } from '../../src/serving/traffic/quantile-sampler.ts';
import { parseObject } from './json-lines.ts';
import { LineProblems } from './problems.ts';

/** A Weibull law of a lower shape has gaps whose mean is beyond what is drawn in any run. */
export const LEAST_SHAPE = 0.06;
/** Windows of rates and of lengths. [s] */
const WINDOW = 600;
const LENGTH_WINDOW = 21_600;
const columns = ['client', 't_start_s', 'rate_rps', 'cv', 'dist', 'param_a', 'param_b'] as const;

/** Which pool of a folder, and which part of its recorded time. [s] */
export interface PoolChoice {
  readonly name: string | undefined;
  readonly from: number | undefined;
  readonly span: number | undefined;
}

/** Rates and laws of a client, by window from the one that the run begins with. */
interface Rates {
  readonly rate: number[];
  readonly gaps: GapLaw[];
  readonly gapsOf: number[];
}

/** Values with their weights. */
type Table = ReadonlyMap<number, number>;

/** Lengths of a client by length window. */
type LengthsByWindow = ReadonlyMap<number, { readonly input: Table; readonly output: Table }>;

/**
 * A pool of clients from its two files: rates and laws of gaps in windows of 10 min, lengths in windows of 6 h.
 * Clients whose lengths were not published draw those of all others, weighted by rate.
 * @throws InputError with every problem and its line
 */
export async function readServeGen(
  files: { readonly rates: AsyncIterable<string>; readonly lengths: AsyncIterable<string>; readonly ratesPath: string; readonly lengthsPath: string },
  { from = 0, span }: PoolChoice,
  at: string,
): Promise<ClientPool> {
  const windowOf = (key: string, seconds: number): number => {
    if (seconds % WINDOW === 0) return seconds / WINDOW;
    throw new InputError([{ path: at, message: `${key}: ${seconds} s is no multiple of the ${WINDOW} s of a window` }]);
  };
  const first = windowOf('from', from);
  const last = span === undefined ? Infinity : first + windowOf('span', span);
  const rates = await readRates(files.rates, files.ratesPath, first, last);
  const windows = Math.max(0, ...[...rates.values()].map(({ rate }) => rate.length));
  if (windows === 0 || (span !== undefined && windows < last - first))
    throw new InputError([{ path: at, message: `from and span: the files hold ${windows} windows of ${WINDOW} s from ${from} s on` }]);
  const lengths = await readLengths(files.lengths, files.lengthsPath, first, first + windows);
  const usual = mixture(rates, lengths, first);
  if (usual === undefined) throw new InputError([{ path: files.lengthsPath, message: 'no client that sends anything has lengths there' }]);
  let without = 0;
  let sum = 0;
  const clients: PoolClient[] = [];
  for (const [client, { rate, gaps, gapsOf }] of rates) {
    const total = rate.reduce((all, one) => all + one, 0);
    if (total === 0) continue;
    sum += total;
    const own = lengths.get(client);
    if (own === undefined) without += total;
    const padded = new Float64Array(windows);
    padded.set(rate);
    const lawOf = new Uint16Array(windows);
    lawOf.set(gapsOf);
    clients.push({ rate: padded, gaps, gapsOf: lawOf, ...lengthsOf(own, usual, first, windows) });
  }
  if (clients.length === 0) throw new InputError([{ path: files.ratesPath, message: 'no client sends anything in this time' }]);
  const missing = without / sum;
  return {
    window: WINDOW,
    windows,
    clients,
    note: missing === 0 ? '' : `${(missing * 100).toFixed(0)} % of requests are of clients without published lengths and draw those of the others`,
  };
}

async function readRates(lines: AsyncIterable<string>, path: string, first: number, last: number): Promise<ReadonlyMap<string, Rates>> {
  const problems = new LineProblems(path);
  const clients = new Map<string, Rates>();
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() === '') continue;
    const cells = text.split(',');
    if (number === 1) {
      if (columns.some((name, i) => cells[i]?.trim() !== name)) problems.add(1, `expected the columns ${columns.join(',')}, got ${text.slice(0, 120)}`);
      problems.throwIfAny();
      continue;
    }
    const [client = '', start, rate, cv, law, shape] = cells;
    const [t, rps] = [Number(start), Number(rate)];
    if (cells.length !== columns.length || !Number.isInteger(t / WINDOW) || t < 0 || !(rps >= 0) || rps === Infinity) {
      problems.add(number, `expected a client, a multiple of ${WINDOW} s, a rate from 0 and a law of gaps, got ${text.slice(0, 120)}`);
      continue;
    }
    const window = t / WINDOW;
    if (window < first || window >= last) continue;
    let known = clients.get(client);
    if (known === undefined) clients.set(client, (known = { rate: [], gaps: [], gapsOf: [] }));
    const at = window - first;
    while (known.rate.length <= at) {
      known.rate.push(0);
      known.gapsOf.push(0);
    }
    // A client without a request in a window has no law there; what passes then is not drawn.
    const gaps = rps === 0 ? ({ kind: 'gamma', shape: 1 } as const) : lawOf(law, Number(shape), Number(cv));
    if (typeof gaps === 'string') {
      problems.add(number, gaps);
      continue;
    }
    known.rate[at] = rps;
    const same = known.gaps.at(-1);
    if (same?.kind !== gaps.kind || same.shape !== gaps.shape) known.gaps.push(gaps);
    known.gapsOf[at] = known.gaps.length - 1;
  }
  if (number === 0) problems.add(0, 'the file is empty');
  problems.throwIfAny();
  return clients;
}

/** The law of the gaps of a window, or what is wrong with it; without one it is gamma of the window's variation. */
function lawOf(law: string | undefined, shape: number, cv: number): GapLaw | string {
  if (law === '') return cv > 0 ? { kind: 'gamma', shape: 1 / (cv * cv) } : { kind: 'gamma', shape: 1 };
  if (law !== 'Gamma' && law !== 'Weibull') return `dist: expected Gamma or Weibull, got "${law}"`;
  const least = law === 'Weibull' ? LEAST_SHAPE : 1e-6;
  if (!(shape >= least && shape < Infinity)) return `param_a: expected a shape from ${least}, got ${shape}`;
  return { kind: law === 'Gamma' ? 'gamma' : 'weibull', shape };
}

async function readLengths(lines: AsyncIterable<string>, path: string, first: number, last: number): Promise<ReadonlyMap<string, LengthsByWindow>> {
  const problems = new LineProblems(path);
  const clients = new Map<string, LengthsByWindow>();
  const [from, to] = [Math.floor((first * WINDOW) / LENGTH_WINDOW), Math.ceil((last * WINDOW) / LENGTH_WINDOW)];
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() === '') continue;
    const record = parseObject(text, number, problems);
    if (record === undefined) continue;
    const { client, windows } = record;
    if ((typeof client !== 'number' && typeof client !== 'string') || !Array.isArray(windows)) {
      problems.add(number, 'expected a client and a list of windows');
      continue;
    }
    const found = new Map<number, { readonly input: Table; readonly output: Table }>();
    for (const window of windows as readonly Readonly<Record<string, unknown>>[]) {
      const at = Number(window['t_start_s']) / LENGTH_WINDOW;
      const [input, output] = [tableOf(window['input_tokens']), tableOf(window['output_tokens'])];
      if (!(at >= 0) || input === undefined || output === undefined) {
        const keys = Object.keys(window).join(', ');
        problems.add(number, `expected windows of t_start_s [s], input_tokens and output_tokens as lists of [tokens, probability], got ${keys}`);
        break;
      }
      if (at >= from && at < to && input.size > 0 && output.size > 0) found.set(at, { input, output });
    }
    if (found.size > 0) clients.set(String(client), found);
  }
  problems.throwIfAny();
  return clients;
}

/** Lengths of at least one token with their probabilities. */
function tableOf(pairs: unknown): Table | undefined {
  if (!Array.isArray(pairs)) return undefined;
  const table = new Map<number, number>();
  for (const pair of pairs as readonly unknown[]) {
    if (!Array.isArray(pair)) return undefined;
    const [tokens, share] = pair as readonly unknown[];
    if (typeof tokens !== 'number' || typeof share !== 'number' || !(share >= 0)) return undefined;
    if (tokens >= 1 && share > 0) table.set(tokens, share);
  }
  return table;
}

/** Lengths of all clients that have them, weighted by their rates. */
function mixture(rates: ReadonlyMap<string, Rates>, lengths: ReadonlyMap<string, LengthsByWindow>, first: number): ClientLengths | undefined {
  const input = new Map<number, number>();
  const output = new Map<number, number>();
  const add = (to: Map<number, number>, table: Table, weight: number): void => {
    for (const [tokens, share] of table) to.set(tokens, (to.get(tokens) ?? 0) + weight * share);
  };
  for (const [client, windows] of lengths) {
    const { rate } = rates.get(client) ?? { rate: [] };
    for (const [at, table] of windows) {
      const start = (at * LENGTH_WINDOW) / WINDOW - first;
      const weight = rate.slice(Math.max(0, start), Math.max(0, start + LENGTH_WINDOW / WINDOW)).reduce((sum, one) => sum + one, 0);
      if (weight === 0) continue;
      add(input, table.input, weight);
      add(output, table.output, weight);
    }
  }
  return input.size === 0 || output.size === 0 ? undefined : { input: drawsOf(input), output: drawsOf(output) };
}

/** A client's lengths by window: where a window has none, those of the last one that has, or of the first. */
function lengthsOf(own: LengthsByWindow | undefined, usual: ClientLengths, first: number, windows: number): Pick<PoolClient, 'lengths' | 'lengthsOf'> {
  const lengthsOf = new Uint16Array(windows);
  if (own === undefined) return { lengths: [usual], lengthsOf };
  const places = [...own.keys()].sort((a, b) => a - b);
  const lengths = places.map((at) => {
    const { input, output } = own.get(at) as { readonly input: Table; readonly output: Table };
    return { input: drawsOf(input), output: drawsOf(output) };
  });
  for (let w = 0; w < windows; w++) {
    const wanted = Math.floor(((first + w) * WINDOW) / LENGTH_WINDOW);
    lengthsOf[w] = Math.max(
      0,
      places.findLastIndex((at) => at <= wanted),
    );
  }
  return { lengths, lengthsOf };
}

function drawsOf(table: Table): DrawTable {
  return { kind: 'discrete', value: Float64Array.from(table.keys()), weight: Float64Array.from(table.values()) };
}
