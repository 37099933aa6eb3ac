import { formatQuantity, formatTime } from '../../src/base/quantity.ts';
import { type ClientPool, meanRate } from '../../src/serving/traffic/client-pool.ts';
import { traceOf } from '../../src/serving/traffic/columns.ts';
import { traceStatistics } from '../../src/serving/traffic/statistics.ts';
import { distributions, histogramChart, lengthsAsJson, percent, row, traceSchema } from './inspection.ts';

/** Requests that are drawn over the whole time of a pool to tell its lengths. */
const DRAWN = 200_000;
const BUSIEST = 10;

function poolStatistics(pool: ClientPool) {
  const { window, windows, clients } = pool;
  const span = window * windows;
  const rate = meanRate(pool);
  const byClient = clients.map((client) => client.rate.reduce((sum, one) => sum + one, 0)).sort((a, b) => b - a);
  const byWindow = Array.from({ length: windows }, (_, w) => clients.reduce((sum, client) => sum + (client.rate[w] ?? 0), 0));
  const columns = traceOf({ kind: 'client-pool', name: 'pool', pool, scale: DRAWN / (rate * span), requests: DRAWN, seed: 1 });
  const { input, output } = traceStatistics(columns);
  return {
    clients: clients.length,
    span,
    window,
    rate,
    peakRate: byWindow.reduce((most, one) => Math.max(most, one), 0),
    busiest: byClient.slice(0, BUSIEST).reduce((sum, one) => sum + one, 0) / (rate * windows),
    note: pool.note,
    input,
    output,
  };
}

/** What a pool of clients looks like, as JSON: SI units, lengths in tokens. */
export function poolAsJson(path: string, pool: ClientPool): string {
  const { input, output, ...rest } = poolStatistics(pool);
  return JSON.stringify(
    { schema: traceSchema, file: path, format: 'servegen', ...rest, drawn: DRAWN, input: lengthsAsJson(input), output: lengthsAsJson(output) },
    undefined,
    2,
  );
}

/** What a pool of clients looks like, on a terminal. */
export function poolAsText(path: string, pool: ClientPool): string {
  const { clients, span, window, rate, peakRate, busiest, note, input, output } = poolStatistics(pool);
  return [
    `${path} (servegen)`,
    `${clients} clients over ${formatTime(span, 4)}: ${formatQuantity(rate, '/s')} on average, at most ${formatQuantity(peakRate, '/s')} in a window of ${formatTime(window)}; the busiest ten send ${percent(busiest)}`,
    ...(note === '' ? [] : [note]),
    '',
    distributions('tokens', [row('input', input), row('output', output)]),
    `of ${DRAWN.toLocaleString('en-US')} requests that were drawn over the whole time`,
    '',
    ...histogramChart(input, output),
  ].join('\n');
}
