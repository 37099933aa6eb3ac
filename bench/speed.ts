/**
 * How fast the engine is, by fixed work: `npx node bench/speed.ts [CASE...] [--requests 10k,1M] [--repeats N] [--json] [--record]`. Every run has
 * a process of its own. `--flat` compares the cost of a request over the length of runs and in overload, in one warm process. Times are the least of N; start-up stands apart, the time of the whole process beside it. What was done (requests, tokens,
 * iterations, simulated time) must be what bench/speed/counts.json says, where it says something: `--record` writes it anew.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { caseNamed, cases, flat, type SpeedCase } from './speed/cases.ts';
import { measure, warmCosts, type Counts, type Measured } from './speed/measure.ts';
import { yardstick } from './speed/yardstick.ts';

const self = fileURLToPath(import.meta.url);
const recorded = fileURLToPath(new URL('speed/counts.json', import.meta.url));
/** Sizes that differ by no more than this much in cost per request are flat. */
const flatness = 1.3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    flat: { type: 'boolean', default: false },
    measure: { type: 'boolean', default: false },
  },
});

interface Row extends Measured {
  readonly name: string;
  readonly title: string;
  readonly requests: number;
  /** Wall time of the process as its parent saw it. [s] */
  readonly whole: number;
}

function sizeOf(text: string): number {
  const [, digits, unit] = /^([\d.]+)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`expected a number of requests such as 100k, got ${text}`);
  return Math.round(Number(digits) * ({ k: 1e3, M: 1e6 }[unit ?? ''] ?? 1));
}

function sizeText(requests: number): string {
  return requests % 1e6 === 0 ? `${requests / 1e6} M` : requests % 1e3 === 0 ? `${requests / 1e3} k` : `${requests}`;
}

/** Runs a case in processes of its own: least times and least peak. */
function runCase(one: SpeedCase, requests: number, repeats: number): Row {
  const runs = Array.from({ length: repeats }, () => {
    const start = performance.now();
    const args = [...process.execArgv, self, '--measure', one.name, '--requests', `${requests}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${one.name}: ended with ${status}: ${stderr}`);
    return { ...(JSON.parse(stdout) as Measured), whole: (performance.now() - start) / 1000 };
  });
  const [first] = runs as [(typeof runs)[number]];
  for (const { counts } of runs)
    if (JSON.stringify(counts) !== JSON.stringify(first.counts)) throw new Error(`${one.name}: two runs differ: ${JSON.stringify([first.counts, counts])}`);
  const { binds } = one;
  if (binds !== undefined && requests >= 1e5 && !((first.bound ?? 0) >= binds.least && (first.bound ?? 0) <= binds.most))
    throw new Error(`${one.name}: ${binds.measure} of ${binds.pool} is ${first.bound}, expected ${binds.least} to ${binds.most}`);
  const least = (of: (run: (typeof runs)[number]) => number): number => Math.min(...runs.map(of));
  return {
    ...first,
    name: one.name,
    title: one.title,
    requests,
    start: least(({ start }) => start),
    wall: least(({ wall }) => wall),
    processor: least(({ processor }) => processor),
    peak: least(({ peak }) => peak),
    whole: least(({ whole }) => whole),
  };
}

function compareCounts(rows: readonly Row[]): readonly string[] {
  const known = JSON.parse(readFileSync(recorded, 'utf8')) as Readonly<Record<string, Counts>>;
  const key = ({ name, requests }: Row): string => `${name} ${requests}`;
  if (!values.record)
    return rows.flatMap((row) => {
      const counts = known[key(row)];
      return counts === undefined || JSON.stringify(counts) === JSON.stringify(row.counts)
        ? []
        : [`${key(row)}: did ${JSON.stringify(row.counts)}, recorded is ${JSON.stringify(counts)}`];
    });
  const counts = { ...known, ...Object.fromEntries(rows.map((row) => [key(row), row.counts])) };
  writeFileSync(recorded, `${JSON.stringify(counts, null, 2)}\n`);
  return [];
}

const line = (cells: readonly string[]): string => `${cells.map((cell, i) => (i === 0 ? cell.padEnd(52) : cell.padStart(13))).join('')}\n`;
const head = line(['', 'requests', 'steps', 'events', 'processor', 'wall', 'whole', 'start', 'per request', 'requests/s', 'peak']);

function lineOf({ title, requests, counts, events, processor, wall, whole, start, peak }: Row): string {
  return line([
    title,
    sizeText(requests),
    `${counts.steps}`,
    `${events}`,
    `${processor.toFixed(2)} s`,
    `${wall.toFixed(2)} s`,
    `${whole.toFixed(2)} s`,
    `${start.toFixed(2)} s`,
    `${((wall / requests) * 1e6).toFixed(2)} us`,
    `${Math.round(requests / wall / 100) / 10} k`,
    `${Math.round(peak / 1e6)} MB`,
  ]);
}

/** What is over its budget. */
function misses(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ name, requests, processor }) => {
    const { budget } = caseNamed(name);
    return budget !== undefined && requests === 1e6 && processor > budget
      ? [`${name}, 1 M requests: ${processor.toFixed(2)} s of processor time, budget ${budget} s`]
      : [];
  });
}

/** Prints what a request costs in runs of each length. Returns what is over the budget. */
async function printFlat(longest: number): Promise<readonly string[]> {
  const chosen = flat.filter(([, requests]) => requests <= longest);
  const costs = warmCosts(await Promise.all(chosen.map(([name, requests]) => caseNamed(name).scenario(requests))));
  chosen.forEach(([name, requests], i) =>
    process.stdout.write(`${caseNamed(name).title.padEnd(52)}${sizeText(requests).padStart(13)}${`${((costs[i] ?? 0) * 1e6).toFixed(2)} us`.padStart(13)}\n`),
  );
  process.stdout.write(yardstickText());
  const spread = Math.max(...costs) / Math.min(...costs);
  process.stdout.write(`the dearest request costs ${spread.toFixed(2)} times the cheapest (budget ${flatness})\n`);
  return spread > flatness ? [`cost per request differs by ${spread.toFixed(2)} between sizes, budget ${flatness}`] : [];
}

/** What other moments and machines compare by. */
function yardstickText(): string {
  const { events, looks } = yardstick();
  const times = looks.map(([size, time]) => `${(time * 1e9).toFixed(0)} ns in ${size} MiB`);
  return `the machine meanwhile: ${(events / 1e6).toFixed(1)} M events/s of the queue alone (1,024 pending), a look at memory ${times.join(', ')}\n`;
}

if (values.measure) process.stdout.write(JSON.stringify(await measure(caseNamed(positionals[0] ?? ''), sizeOf(values.requests ?? ''))));
else if (values.flat) for (const text of await printFlat(sizeOf(values.requests ?? '10M'))) process.stderr.write(`over: ${text}\n`);
else {
  const chosen = positionals.length === 0 ? cases : positionals.map(caseNamed);
  const sizes = values.requests?.split(',').map(sizeOf);
  const rows: Row[] = [];
  if (!values.json) process.stdout.write(head);
  for (const one of chosen)
    for (const requests of sizes ?? one.sizes) {
      const row = runCase(one, requests, Number(values.repeats));
      rows.push(row);
      if (!values.json) process.stdout.write(lineOf(row));
    }
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : yardstickText());
  const [other, over] = [compareCounts(rows), misses(rows)];
  for (const text of over) process.stderr.write(`over: ${text}\n`);
  for (const text of other) process.stderr.write(`other work: ${text}\n`);
  if (other.length > 0) process.exitCode = 1;
}
