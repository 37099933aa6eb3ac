import { readTraceFile } from '../cli/traces.ts';
import { loadServeGen } from '../cli/servegen.ts';
import type { Preset } from '../schema/traces/preset.ts';
import { meanRate, type ClientPool } from '../src/serving/traffic/client-pool.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { sessionDrawer } from '../src/serving/traffic/drawn-sessions.ts';
import type { RecordedSessions } from '../src/serving/traffic/session.ts';
import { sessionStatistics } from '../src/serving/traffic/session-statistics.ts';
import type { LengthStatistics } from '../src/serving/traffic/statistics.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import { traceRoot } from './workload-sources.ts';

/** What traffic comes to, by name. */
export type Figures = Readonly<Record<string, number>>;

const DRAWN_SESSIONS = 4000;
const DRAWN_REQUESTS = 2_000_000;

/** The recorded sessions that `agentic` is fitted to. */
export async function sessionSource(): Promise<RecordedSessions> {
  const { content } = await readTraceFile(`${traceRoot}agentic-weka/weka_cc_traces_rle.jsonl.gz`);
  if (content.kind !== 'sessions') throw new Error('expected sessions');
  return content.sessions;
}

/** The pools that client presets are fitted to. */
export const poolSources: Readonly<Record<string, () => Promise<ClientPool>>> = {
  'servegen-m-large': () => loadServeGen(`${traceRoot}servegen`, { name: 'm-large', from: undefined, span: undefined }, 'm-large'),
  'servegen-r1': () => loadServeGen(`${traceRoot}servegen`, { name: 'deepseek-r1', from: undefined, span: undefined }, 'deepseek-r1'),
};

const lengthFigures = (name: string, { mean, quantiles }: LengthStatistics): Figures => ({
  [`${name}-mean`]: mean,
  [`${name}-p50`]: quantiles[0] ?? Number.NaN,
  [`${name}-p95`]: quantiles[2] ?? Number.NaN,
  [`${name}-p99`]: quantiles[3] ?? Number.NaN,
});

/** Of recorded sessions, or of many that are drawn by a preset. */
export function sessionFigures(given: RecordedSessions | Preset): Figures {
  if (given.kind === 'lengths' || given.kind === 'client-pool') throw new Error('expected sessions');
  const draw = given.kind === 'sessions' ? sessionDrawer(given.law, 1) : undefined;
  const sessions: RecordedSessions =
    given.kind === 'recorded'
      ? given
      : {
          kind: 'recorded',
          blockTokens: given.law.blockTokens,
          leftOut: 0,
          plans: Array.from({ length: DRAWN_SESSIONS }, () => draw?.() ?? { agents: [], ids: 0 }),
        };
  const { requests, turns, think, input, output, reuse, helpers } = sessionStatistics(sessions);
  return {
    turns: turns.mean,
    'think-mean': think.mean,
    'think-p50': think.quantiles[0] ?? Number.NaN,
    'think-p95': think.quantiles[2] ?? Number.NaN,
    ...lengthFigures('input', input),
    ...lengthFigures('output', output),
    hits: reuse.hitShare,
    'helpers-per-1000': (helpers / requests) * 1000,
  };
}

/** Of a pool: its rates, and the lengths that it draws over the whole of its time. */
export function poolFigures(given: ClientPool | Preset): Figures {
  if ('kind' in given && given.kind !== 'client-pool') throw new Error('expected a pool of clients');
  const pool = 'kind' in given ? given.pool : given;
  const span = pool.window * pool.windows;
  const drawn = traceOf({ kind: 'client-pool', name: 'pool', pool, scale: DRAWN_REQUESTS / (meanRate(pool) * span), requests: DRAWN_REQUESTS, seed: 1 });
  const { input, output } = traceStatistics(drawn);
  const hours = new Float64Array(24);
  for (const { rate } of pool.clients) rate.forEach((one, w) => (hours[Math.floor((w * pool.window) / 3600) % 24]! += one));
  return {
    rate: meanRate(pool),
    'peak-hour': (Math.max(...hours) * 24) / hours.reduce((sum, one) => sum + one, 0),
    ...lengthFigures('input', input),
    ...lengthFigures('output', output),
  };
}

/** Relative errors. */
export function errorsOf(found: Figures, source: Figures): Figures {
  return Object.fromEntries(Object.entries(source).map(([name, value]) => [name, (found[name] ?? Number.NaN) / value - 1]));
}
