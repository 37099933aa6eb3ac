import type { ClientPool, PoolClient } from '../src/serving/traffic/client-pool.ts';
import { QuantileSampler } from '../src/serving/traffic/quantile-sampler.ts';
import { significant } from '../src/base/quantity.ts';
import { tableOf, type LengthTable } from '../tests/workload-sources.ts';
import { inline, knotsOf } from './knots.ts';

/** Clients of their own; the others form groups of equal members. */
const SINGLE = 16;
const GROUPS = 3;
const HOUR = 3600;
const HOURS = 24;
const KNOTS = 14;
/** Quantiles at which a client's table is read. */
const GRID = 400;

/** Requests of a client over all windows. */
const weightOf = ({ rate }: PoolClient): number => rate.reduce((sum, one) => sum + one, 0);

/** A pool as a few clients with hourly rates of a mean day, as the lines of a preset. */
export function clientLines(pool: ClientPool): string {
  const ranked = pool.clients.toSorted((a, b) => weightOf(b) - weightOf(a));
  const singles = ranked.slice(0, SINGLE).map((client) => [client]);
  const rest = ranked.slice(SINGLE);
  const total = rest.reduce((sum, client) => sum + weightOf(client), 0);
  const groups: PoolClient[][] = Array.from({ length: GROUPS }, () => []);
  let passed = 0;
  for (const client of rest) {
    groups[Math.min(GROUPS - 1, Math.floor((passed / total) * GROUPS))]?.push(client);
    passed += weightOf(client);
  }
  const lines = [...singles, ...groups.filter((group) => group.length > 0)].map((clients) => entry(clients, pool));
  return `window: ${HOUR}\n# Rates [1/s] by the hour of a mean day, of each client; tables: [cumulative share, tokens], linear in between.\nclients:\n${lines.join('')}`;
}

function entry(clients: readonly PoolClient[], { window }: ClientPool): string {
  const perHour = HOUR / window;
  const sums = new Float64Array(HOURS);
  const windows = clients[0]?.rate.length ?? 0;
  for (const { rate } of clients) rate.forEach((one, w) => (sums[Math.floor(w / perHour) % HOURS]! += one));
  const days = windows / (HOURS * perHour);
  const rates = Array.from(sums, (sum) => significant4(sum / (days * perHour * clients.length)));
  const { kind, shape } = gapsOf(clients);
  return `  - count: ${clients.length}
    gaps: { law: ${kind}, shape: ${shape} }
    rates: [${rates.join(', ')}]
    input: ${inline(knotsOf(lengthsOf(clients, 'input'), KNOTS))}
    output: ${inline(knotsOf(lengthsOf(clients, 'output'), KNOTS))}
`;
}

const significant4 = (value: number): number => Number(value.toPrecision(4));

/** The law that most requests follow, its shape the geometric mean over them. */
function gapsOf(clients: readonly PoolClient[]): { readonly kind: string; readonly shape: string } {
  const logs = { gamma: [0, 0], weibull: [0, 0] };
  for (const { rate, gaps, gapsOf } of clients)
    rate.forEach((one, w) => {
      const law = gaps[gapsOf[w] ?? 0];
      if (one === 0 || law === undefined) return;
      const sum = logs[law.kind];
      sum[0]! += one;
      sum[1]! += one * Math.log(law.shape);
    });
  const kind = (logs.gamma[0] ?? 0) >= (logs.weibull[0] ?? 0) ? 'gamma' : 'weibull';
  const [weight = 1, sum = 0] = logs[kind];
  return { kind, shape: significant(Math.exp(sum / weight), 3) };
}

/** Lengths of some clients together, each window weighted by its rate. */
function lengthsOf(clients: readonly PoolClient[], side: 'input' | 'output'): LengthTable {
  const weights = new Map<number, number>();
  for (const { rate, lengths, lengthsOf } of clients) {
    const sums = new Float64Array(lengths.length);
    rate.forEach((one, w) => (sums[lengthsOf[w] ?? 0]! += one));
    lengths.forEach((one, at) => {
      const weight = sums[at] ?? 0;
      if (weight === 0) return;
      const sampler = QuantileSampler.of(one[side]);
      for (let i = 0; i < GRID; i++) {
        const tokens = Math.max(1, Math.round(sampler.at((i + 0.5) / GRID)));
        weights.set(tokens, (weights.get(tokens) ?? 0) + weight / GRID);
      }
    });
  }
  return tableOf(weights);
}
