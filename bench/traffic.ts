/**
 * What a request costs before anything serves it: `npx node bench/traffic.ts [SERVEGEN-FOLDER] [REQUESTS]`. Every source gives out its
 * requests, a tenth of them and all of them, so that a cost that grows with the run shows. Times are of the processor.
 */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readData, dataNames } from '../cli/data.ts';
import { loadServeGen } from '../cli/servegen.ts';
import { readPreset } from '../schema/traces/preset.ts';
import { lengthOf } from '../src/kernel/id-runs.ts';
import { emptyArrival } from '../src/serving/traffic/arrival.ts';
import type { ClientPool } from '../src/serving/traffic/client-pool.ts';
import { requestSource } from '../src/serving/traffic/source.ts';
import type { Workload } from '../src/serving/traffic/workload.ts';

const repeats = 3;
const folder = process.argv[2] ?? fileURLToPath(new URL('../../shared/traces/servegen/', import.meta.url));
const requests = Number(process.argv[3] ?? 5_000_000);

const ofPool = (name: string, pool: ClientPool): Workload => ({ kind: 'client-pool', name, pool, scale: 1, requests, seed: 1 });

/** Presets, and the pools of the folder where it is there. */
async function workloads(): Promise<readonly Workload[]> {
  const presets = dataNames('workloads').map((name): Workload => {
    const preset = readPreset(readData('workloads', name, 'workload').value, name);
    if (preset.kind === 'client-pool') return ofPool(name, preset.pool);
    if (preset.kind === 'sessions')
      return {
        kind: 'sessions',
        name,
        supply: preset.law,
        arrivals: { kind: 'closed', concurrency: 1000 },
        sessions: Infinity,
        maxThink: Infinity,
        requests: requests / 50,
        seed: 1,
      };
    const { input, output, reuse, cv } = preset;
    return { kind: 'generator', name, arrivals: { kind: 'gamma', rate: 100, cv }, input, output, reuse, requests: requests / 5, seed: 1 };
  });
  if (!existsSync(folder)) return presets;
  const choice = { from: 0, span: 86_400 };
  const pools = await Promise.all(
    ['m-large', 'deepseek-r1'].map(async (name) => ofPool(`${name}, a day`, await loadServeGen(folder, { ...choice, name }, name))),
  );
  return [...presets, ...pools];
}

/** Takes all requests of a workload, each ended at once, and sums them up so that nothing is left out. */
function drain(workload: Workload): { readonly seconds: number; readonly taken: number; readonly sum: number; readonly span: number } {
  const source = requestSource(workload);
  const arrival = emptyArrival();
  const start = process.cpuUsage();
  const open: number[] = [];
  let [taken, sum, span] = [0, 0, 0];
  const take = () => {
    taken++;
    sum += arrival.inputTokens + arrival.outputTokens + lengthOf(arrival.prefix);
    span = Math.max(span, arrival.arrivedAt);
    if (arrival.thread >= 0) open.push(arrival.thread);
  };
  while (source.next(arrival)) take();
  for (let first = 0; first < open.length; first++) {
    source.ended?.(open[first] ?? -1, span);
    while (source.follow?.(arrival) === true) take();
  }
  return { seconds: process.cpuUsage(start).user / 1e6, taken, sum, span };
}

const row = (cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(14))).join('') + '\n';
process.stdout.write(row(['', 'requests', 'tokens', 'span', 'per request', 'of a tenth', 'requests/s']));
for (const workload of await workloads()) {
  const least = (part: Workload) => Array.from({ length: repeats }, () => drain(part)).reduce((best, one) => (one.seconds < best.seconds ? one : best));
  const tenth = least({ ...workload, requests: workload.requests / 10 });
  const { seconds, taken, sum, span } = least(workload);
  const cost = (time: number, count: number) => `${((time / count) * 1e9).toFixed(0)} ns`;
  process.stdout.write(
    row([
      workload.name,
      `${taken}`,
      `${sum}`,
      `${span.toFixed(0)} s`,
      cost(seconds, taken),
      cost(tenth.seconds, tenth.taken),
      (taken / seconds).toExponential(2),
    ]),
  );
}
