/**
 * A day of a fleet: `npx node bench/fleet.ts [REQUESTS] [THREADS]`, of examples/fleet/day.yaml: all 200 million requests on two threads by default. Wall and
 * processor time (of all threads, set-up and merging included), peak memory of the process, and what the day would take at this cost.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { driveFleet } from '../cli/fleet.ts';
import { loadScenario } from '../cli/scenario.ts';

const DAY = 200_000_000;
const budget = { seconds: 600, bytes: 4e9 };
const requests = Number(process.argv[2] ?? DAY);
const threads = Number(process.argv[3] ?? 2);

const file = fileURLToPath(new URL('../examples/fleet/day.yaml', import.meta.url));
const runs = mkdtempSync(join(tmpdir(), 'supernode-bench-'));
const scenario = await loadScenario(file, { requests });
const { fleet } = scenario;
if (fleet === undefined) throw new Error(`${file} is no fleet`);
const start = performance.now();
const before = process.cpuUsage();
const { merged } = await driveFleet({ ...scenario, fleet }, { threads, runs });
const wall = (performance.now() - start) / 1000;
const used = process.cpuUsage(before);
const processor = (used.user + used.system) / 1e6;
const peak = process.resourceUsage().maxRSS * 1024;
rmSync(runs, { recursive: true });

if (merged === undefined) throw new Error('interrupted before a machine was done');
const { finished, rejected, arrived } = merged.requests;
if (arrived !== requests || finished + rejected !== requests) throw new Error(`${arrived} of ${requests} arrived, ${finished} finished, ${rejected} rejected`);
const perRequest = processor / requests;
process.stdout.write(
  [
    `${fleet.machines} machines, ${requests.toLocaleString('en-US')} requests over ${(merged.duration / 3600).toFixed(2)} h, ${threads} threads`,
    `wall ${wall.toFixed(1)} s, processor ${processor.toFixed(1)} s: ${(perRequest * 1e6).toFixed(2)} us a request; peak ${Math.round(peak / 1e6)} MB (budget ${budget.bytes / 1e6} MB)`,
    `all ${DAY.toLocaleString('en-US')} at this cost: ${((perRequest * DAY) / threads).toFixed(0)} s on ${threads} cores (budget ${budget.seconds} s)`,
    `iterations ${merged.machines.reduce((sum, { pools }) => sum + pools.reduce((steps, pool) => steps + pool.steps, 0), 0).toLocaleString('en-US')} in the steady windows`,
    '',
  ].join('\n'),
);
if (peak > budget.bytes) process.exitCode = 1;
