/**
 * Fits the fixed overheads of each engine version on the concurrency-4 rows of serving points, and nothing else, and writes
 * data/stacks/overheads.json: `npx node bench/fit-overheads.ts [FILE.csv]`.
 *
 * Three constants a version: the host's time between two steps is the median over keys of measured less priced TPOT; the front end's time for a
 * request and for each token of its prompt are what is left of TTFT, short prompts against long ones. All are at least nothing. Rows that were probably measured with speculation are left out. A version with
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
import { formatTime } from '../src/base/quantity.ts';

const file = process.argv[2] ?? fileURLToPath(new URL('../../shared/measured/serving_points.csv', import.meta.url));
const out = fileURLToPath(new URL('../data/stacks/overheads.json', import.meta.url));
const leastKeys = 3;
/** A constant that reaches these stands for something else. [s] */
const most = { step: 0.005, request: 0.5, token: 1e-5 };
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
  values.sort((a, b) => a - b);
  const middle = (values.length - 1) / 2;
  const median = ((values[Math.floor(middle)] ?? 0) + (values[Math.ceil(middle)] ?? 0)) / 2;
  return { value: Math.max(0, median), keys: values.length, bounded: median >= limit };
}

/** Profiles without overheads for every version that the conventions may meet, so that nothing of the stacks' own is priced. */
function bareProfiles(): readonly OverheadProfile[] {
  const nothing = { value: 0, kind: 'estimate', source: 'nothing yet' } as const;
  const points = readPoints(readFileSync(file, 'utf8'), file);
  const versions = new Set(points.map(({ backend, version }) => `${stackOf(backend)}@${version}`));
  return [...versions].map((name) => {
    const [stack = '', version = ''] = name.split('@');
    return { stack, version, step: nothing, request: nothing, token: nothing, rows: 1 };
  });
}

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

const rounded = (seconds: number): string => formatTime(Math.round(seconds * 1e8) / 1e8);

const steps: OverheadProfile[] = [];
for (const [name, judged] of await judgedWith(bareProfiles())) {
  const [stack = '', version = ''] = name.split('@');
  const { value, keys, bounded } = excess(judged, ({ point, tpot }) => (point.tpot === undefined ? undefined : point.tpot - tpot), most.step);
  if (keys < leastKeys || bounded) continue;
  const source = `median of measured less priced TPOT over ${keys} keys at concurrency 4 (aiconfigurator silicon sample)`;
  steps.push({
    stack,
    version,
    step: { value, kind: 'estimate', source },
    request: { value: 0, kind: 'estimate', source: '' },
    token: { value: 0, kind: 'estimate', source: '' },
    rows: keys,
  });
}
/** Longest over shortest mean prompt of the two halves between which what a token takes can be seen. */
const apart = 3;

/** What is left of TTFT as a constant and a part for each token: between the medians of short and of long prompts. */
function linear(judged: readonly JudgedPoint[]): { readonly request: number; readonly token: number; readonly bounded: boolean } {
  const left = judged.filter(({ point }) => point.ttft !== undefined && point.ttft <= queuedTtft);
  const lengths = left.map(({ point }) => point.input ?? 0);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const of = ({ point, ttft }: JudgedPoint): number | undefined => (point.ttft === undefined ? undefined : point.ttft - ttft);
  const all = excess(left, of, most.request);
  if (longest < apart * shortest) return { request: all.value, token: 0, bounded: all.bounded };
  const short = excess(
    left.filter(({ point }) => point.input === shortest),
    of,
    most.request,
  );
  const long = excess(
    left.filter(({ point }) => point.input === longest),
    of,
    most.request,
  );
  const token = Math.min(most.token, Math.max(0, (long.value - short.value) / (longest - shortest)));
  const rest = excess(left, (one) => (of(one) ?? 0) - token * (one.point.input ?? 0), most.request);
  return { request: rest.value, token, bounded: rest.bounded };
}

const priced = await judgedWith(steps);
const profiles = steps
  .flatMap(({ stack, version, step, rows }) => {
    const { request, token, bounded } = linear(priced.get(`${stack}@${version}`) ?? []);
    const source = `median of measured less priced TTFT over ${rows} keys at concurrency 4 (aiconfigurator silicon sample)`;
    if (bounded) return [];
    process.stdout.write(`${stack} ${version}: step ${rounded(step.value)}, request ${rounded(request)}, token ${rounded(token)}, ${rows} keys\n`);
    return [
      {
        stack,
        version,
        step: { value: rounded(step.value), kind: step.kind, source: step.source },
        request: { value: rounded(request), kind: 'estimate', source },
        token: { value: rounded(token), kind: 'estimate', source: `${source}: long prompts against short ones` },
        rows,
      },
    ];
  })
  .toSorted((a, b) => (`${a.stack} ${a.version}` < `${b.stack} ${b.version}` ? -1 : 1));
writeFileSync(out, `${JSON.stringify({ schema: overheadsSchema, profiles }, null, 2)}\n`);
