/**
 * Fits the fixed overheads of each engine version on the concurrency-4 rows of serving points, and nothing else, and writes
 * data/stacks/overheads.json: `npx node bench/fit-overheads.ts [FILE.csv]`.
 *
 * Two constants a version: the host's time between two steps is the median over keys of measured less priced TPOT, the front end's time for a
 * request that of measured less priced TTFT, both at least nothing. Rows that were probably measured with speculation are left out. A version with
 * fewer than three keys, or one whose constants reach their bounds, has no profile: it inherits the nearest one's.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PointCatalogue } from '../cli/validate-points/catalogue.ts';
import { validatePoints } from '../cli/validate-points/points.ts';
import { grouped, queuedTtft, speculative } from '../cli/validate-points/rules.ts';
import type { JudgedPoint } from '../cli/validate-points/score.ts';
import { cardOf } from '../cli/validate-points/models.ts';
import { overheadsSchema, type OverheadProfile } from '../schema/overheads.ts';
import { formatTime } from '../src/base/quantity.ts';

const file = process.argv[2] ?? fileURLToPath(new URL('../../shared/measured/serving_points.csv', import.meta.url));
const out = fileURLToPath(new URL('../data/stacks/overheads.json', import.meta.url));
const leastKeys = 3;
/** A constant that reaches these stands for something else. [s] */
const most = { step: 0.005, request: 0.5 };
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

const rounded = (seconds: number): string => formatTime(Math.round(seconds * 1e6) / 1e6);

const steps: OverheadProfile[] = [];
for (const [name, judged] of await judgedWith([])) {
  const [stack = '', version = ''] = name.split('@');
  const { value, keys, bounded } = excess(judged, ({ point, tpot }) => (point.tpot === undefined ? undefined : point.tpot - tpot), most.step);
  if (keys < leastKeys || bounded) continue;
  const source = `median of measured less priced TPOT over ${keys} keys at concurrency 4 (aiconfigurator silicon sample)`;
  steps.push({ stack, version, step: { value, kind: 'estimate', source }, request: { value: 0, kind: 'estimate', source: '' }, rows: keys });
}
const priced = await judgedWith(steps);
const profiles = steps
  .flatMap(({ stack, version, step, rows }) => {
    const judged = priced.get(`${stack}@${version}`) ?? [];
    const { value, keys, bounded } = excess(
      judged,
      ({ point, ttft }) => (point.ttft === undefined || point.ttft > queuedTtft ? undefined : point.ttft - ttft),
      most.request,
    );
    const source = `median of measured less priced TTFT over ${keys} keys at concurrency 4 (aiconfigurator silicon sample)`;
    if (bounded) return [];
    process.stdout.write(`${stack} ${version}: step ${rounded(step.value)}, request ${rounded(value)}, ${rows} keys\n`);
    return [
      {
        stack,
        version,
        step: { value: rounded(step.value), kind: step.kind, source: step.source },
        request: { value: rounded(value), kind: 'estimate', source },
        rows,
      },
    ];
  })
  .toSorted((a, b) => (`${a.stack} ${a.version}` < `${b.stack} ${b.version}` ? -1 : 1));
writeFileSync(out, `${JSON.stringify({ schema: overheadsSchema, profiles }, null, 2)}\n`);
