/**
 * Fits the fixed overheads of each engine version on the concurrency-4 rows of serving points, and nothing else, and writes
 * data/stacks/overheads.json: `npx node bench/fit-overheads.ts [FILE.csv]`.
 *
 * Four constants a version: the host's time between two steps is the median over keys of measured less priced TPOT; the front end's time for a
 * request and for each token of its prompt are what is left of TTFT, short prompts against long ones; the host's time to launch an operator of a step with prompts is the one
 * of a grid with which that leaves the least. All are at least nothing. Rows that were probably measured with speculation are left out. A version with
 * fewer than three keys, or one whose constants reach their bounds, has no profile: it inherits the nearest one's.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PointCatalogue } from '../cli/validate-points/catalogue.ts';
import { validatePoints } from '../cli/validate-points/points.ts';
import { grouped, queuedTtft, speculative } from '../cli/validate-points/rules.ts';
import type { JudgedPoint } from '../cli/validate-points/score.ts';
import { cardOf } from '../cli/validate-points/models.ts';
import { overheadsSchema, type OverheadProfile } from '../schema/overheads.ts';
import { readPoints } from '../schema/points/read-points.ts';
import type { Figure } from '../src/catalogue/figure.ts';
import { formatTime } from '../src/base/quantity.ts';

const file = process.argv[2] ?? fileURLToPath(new URL('../../shared/measured/serving_points.csv', import.meta.url));
const out = fileURLToPath(new URL('../data/stacks/overheads.json', import.meta.url));
const leastKeys = 3;
/** A constant that reaches these stands for something else. A front end takes requests one at a time, and servers of the table take in 59 a second. [s] */
const most = { step: 0.005, request: 1 / 59, token: 1e-5 };
const fittedConcurrency = 4;

const catalogue = new PointCatalogue();
const stackOf = (backend: string): string | undefined => catalogue.conventions.backends[backend]?.stack;

/** The median of one figure for each key, its repeats averaged, at least nothing. */
function excess(
  judged: readonly JudgedPoint[],
  of: (one: JudgedPoint) => number | undefined,
  limit: number,
): { readonly value: number; readonly keys: number; readonly bounded: boolean } {
  const values = [...grouped(judged, ({ point }) => point.key).values()].flatMap((repeats) => {
    const known = repeats.map(of).filter((value) => value !== undefined);
    return known.length === 0 ? [] : [known.reduce((sum, value) => sum + value, 0) / known.length];
  });
  const median = middleOf(values);
  return { value: Math.max(0, median), keys: values.length, bounded: median >= limit };
}

function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

function medianOf(judged: readonly JudgedPoint[], of: (one: JudgedPoint) => number | undefined): number {
  return middleOf(judged.flatMap((one) => of(one) ?? []));
}

/** Longest over shortest mean prompt of the two halves between which what a token takes can be seen. */
const apart = 3;
/** Times to launch an operator that are tried. [s] */
const launches = Array.from({ length: 21 }, (_, i) => i * 1e-5);
/** Requests wait for each other in the front end: what is left of TTFT with its time counted is counted once more. */
const rounds = 2;

const nothing = { value: 0, kind: 'estimate', source: 'nothing yet' } as const;
const figureOf = (value: number, source = ''): Figure => ({ value, kind: 'estimate', source });

async function judgedWith(overheads: readonly OverheadProfile[]): Promise<Map<string, JudgedPoint[]>> {
  const result = await validatePoints(file, { only: ({ mode, concurrency }) => mode === 'agg' && concurrency === fittedConcurrency, overheads });
  const drafts = (published: string): boolean => {
    const card = cardOf(published, catalogue.conventions.models);
    return card !== undefined && catalogue.model(card, published, '').draft !== undefined;
  };
  const marked = speculative(
    result.judged.map(({ point }) => point),
    drafts,
  );
  return grouped(
    result.judged.filter(({ point }) => !marked.has(point)),
    ({ point }) => `${stackOf(point.backend)}@${point.version}`,
  );
}

/** What is left of TTFT as a constant and a part for each token: between the medians of short and of long prompts. */
function linear(judged: readonly JudgedPoint[]): { readonly request: number; readonly token: number; readonly bounded: boolean } {
  const left = judged.filter(({ point }) => point.ttft !== undefined && point.ttft <= queuedTtft);
  const lengths = left.map(({ point }) => point.input ?? 0);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const of = ({ point, ttft }: JudgedPoint): number | undefined => (point.ttft === undefined ? undefined : point.ttft - ttft);
  const all = excess(left, of, most.request);
  if (longest < apart * shortest) return { request: all.value, token: 0, bounded: all.bounded };
  const [short, long] = [shortest, longest].map((length) =>
    excess(
      left.filter(({ point }) => point.input === length),
      of,
      most.request,
    ),
  );
  const token = Math.min(most.token, Math.max(0, ((long?.value ?? 0) - (short?.value ?? 0)) / (longest - shortest)));
  const rest = excess(left, (one) => (of(one) ?? 0) - token * (one.point.input ?? 0), most.request);
  return { request: rest.value, token, bounded: rest.bounded };
}

/** Median over keys of what is left of TTFT, as a share of it. */
function miss(judged: readonly JudgedPoint[], request: number, token: number): number {
  const left = judged.filter(({ point }) => point.ttft !== undefined && point.ttft <= queuedTtft);
  return excess(left, ({ point, ttft }) => Math.abs(ttft + request + token * (point.input ?? 0) - (point.ttft ?? 0)) / (point.ttft ?? 1), Infinity).value;
}

/** Profiles of every version that the conventions may meet, so that nothing of the stacks' own is priced. */
function profilesWith(launch: number): readonly OverheadProfile[] {
  const points = readPoints(readFileSync(file, 'utf8'), file);
  const versions = new Set(points.map(({ backend, version }) => `${stackOf(backend)}@${version}`));
  return [...versions].map((name) => {
    const [stack = '', version = ''] = name.split('@');
    return { stack, version, step: nothing, launch: figureOf(launch), request: nothing, token: nothing, rows: 1 };
  });
}

interface Fit extends OverheadProfile {
  readonly miss: number;
}

const fits = new Map<string, Fit>();
for (const launch of launches)
  for (const [name, judged] of await judgedWith(profilesWith(launch))) {
    const [stack = '', version = ''] = name.split('@');
    const step = excess(judged, ({ point, tpot }) => (point.tpot === undefined ? undefined : point.tpot - tpot), most.step);
    const { request, token, bounded } = linear(judged);
    if (step.keys < leastKeys || step.bounded || bounded) continue;
    const left = miss(judged, request, token);
    const known = fits.get(name);
    if (known !== undefined && known.miss <= left) continue;
    const figures = { step: figureOf(step.value), launch: figureOf(launch), request: figureOf(request), token: figureOf(token) };
    fits.set(name, { stack, version, ...figures, rows: step.keys, miss: left });
  }

for (let round = 0; round < rounds; round++)
  for (const [name, judged] of await judgedWith([...fits.values()])) {
    const fit = fits.get(name);
    if (fit === undefined) continue;
    const rest = medianOf(judged, ({ point: { ttft: measured }, ttft: priced }) =>
      measured === undefined || measured > queuedTtft ? undefined : measured - priced,
    );
    fits.set(name, { ...fit, request: figureOf(Math.max(0, fit.request.value + rest)) });
  }

const rounded = (seconds: number): string => formatTime(Math.round(seconds * 1e8) / 1e8);
const profiles = [...fits.values()]
  .map(({ stack, version, step, launch, request, token, rows }) => {
    const of = (what: string): string => `median of measured less priced ${what} over ${rows} keys at concurrency 4 (aiconfigurator silicon sample)`;
    const left = of('TTFT');
    process.stdout.write(
      `${stack} ${version}: step ${rounded(step.value)}, launch ${rounded(launch.value)}, request ${rounded(request.value)}, token ${rounded(token.value)}, ${rows} keys\n`,
    );
    return {
      stack,
      version,
      step: { ...step, value: rounded(step.value), source: of('TPOT') },
      launch: {
        ...launch,
        value: rounded(launch.value),
        source: `least median error of TTFT over ${rows} keys at concurrency 4 (aiconfigurator silicon sample)`,
      },
      request: { ...request, value: rounded(request.value), source: left },
      token: { ...token, value: rounded(token.value), source: `${left}: long prompts against short ones` },
      rows,
    };
  })
  .toSorted((a, b) => (`${a.stack} ${a.version}` < `${b.stack} ${b.version}` ? -1 : 1));
writeFileSync(out, `${JSON.stringify({ schema: overheadsSchema, profiles }, null, 2)}\n`);
