import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../batch/job.ts';
import { KeptShards } from '../batch/kept.ts';
import { loadScenario } from '../cli/scenario.ts';
import { version } from '../cli/version.ts';
import { freshPricers } from '../src/cost/shared-pricers.ts';
import { Sketch } from '../src/kernel/sketch.ts';
import type { MergedSummary } from '../src/report/merged/merge.ts';
import { hashOf } from '../src/report/hash.ts';
import type { Shard } from '../src/report/merged/shard.ts';
import { createSimulation } from '../src/serving/deploy.ts';
import { machinesOf } from '../src/serving/fleet-of-machines.ts';
import { supernode } from './fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-fleet-'));
const day = 'examples/fleet/day.yaml';
const small = ['--set', 'fleet.machines=3', '--set', 'workload.rate=300/s', '--requests', '1500'] as const;
const flags = { set: ['fleet.machines=3', 'workload.rate=300/s'], requests: 1500 };
const runs = (name: string): readonly string[] => ['--runs', join(folder, name)];

let whole: string;
let merged: MergedSummary & { readonly schema: string };
let shards: readonly Shard[];

beforeAll(async () => {
  const { out } = await supernode('simulate', day, ...small, ...runs('whole'), '--json');
  whole = out;
  merged = JSON.parse(out) as typeof merged;
  shards = machinesOf(await loadScenario(day, flags)).map((one) => runJob(one, {}, freshPricers, version, () => {}));
}, 120_000);

const sum = (list: readonly number[]) => list.reduce((all, one) => all + one, 0);

describe('a fleet', () => {
  test('FLE-4 is its machines, each as it is alone', () => {
    expect(merged.schema).toBe('supernode/fleet/1');
    expect(merged.fleet).toEqual({ machines: 3, split: 'spread', done: 3 });
    expect(merged.machines).toEqual(JSON.parse(JSON.stringify(shards.map(({ summary }) => summary))));
    expect(merged.requests.arrived).toBe(1500);
    expect(merged.throughput.outputTokens).toBeCloseTo(sum(shards.map(({ summary }) => summary.throughput.outputTokens)), 9);
    expect(merged.cost.power).toBeCloseTo(sum(shards.map(({ summary }) => summary.cost.power ?? 0)), 6);
  });

  test('FLE-4 has the latencies of all requests together', () => {
    const all = new Sketch();
    for (const { window } of shards) all.merge(Sketch.of(window.ttft));
    expect([merged.latency.ttft.count, merged.latency.ttft.mean, merged.latency.ttft.p99]).toEqual([all.count, all.mean(), all.quantile(0.99)]);
    expect(merged.latency.ttft.count).toBe(sum(shards.map(({ summary }) => summary.latency.ttft.count)));
    expect(merged.latency.ttft.max).toBe(Math.max(...shards.map(({ summary }) => summary.latency.ttft.max)));
    expect(merged.goodput.share).toBeCloseTo(sum(shards.map(({ window }) => window.good)) / sum(shards.map(({ window }) => window.finished)), 12);
  });

  test('has the arrivals of all machines over time', () => {
    const [first, second] = merged.series;
    const width = (second?.at ?? 0) - (first?.at ?? 0);
    expect(sum(merged.series.map(({ arrivals }) => arrivals * width))).toBeCloseTo(1500, 6);
  });

  test('gives the same bytes on any number of threads', async () => {
    expect((await supernode('simulate', day, ...small, ...runs('one'), '--threads', '1', '--json')).out).toBe(whole);
  });

  test('prints a report and writes a page', async () => {
    const page = join(folder, 'fleet.html');
    const json = join(folder, 'fleet.json');
    const { code, out } = await supernode('simulate', day, ...small, ...runs('page'), '--html', page, '--out', json);
    expect(code).toBe(0);
    expect(out.endsWith(`\nwrote ${json}\nwrote ${page}\n`)).toBe(true);
    expect(out).toMatch(/deepseek-r1 on 3 × CloudMatrix384/);
    expect(out).toMatch(/── Machines ─/);
    expect(out).toMatch(/Machines are simulated apart/);
    expect(readFileSync(page, 'utf8')).toMatch(/<h2>Machines<\/h2>/);
  });

  test('is no scenario of one machine', async () => {
    const scenario = await loadScenario(day, flags);
    expect(() => createSimulation(scenario)).toThrow(/several machines/);
    for (const args of [
      ['compare', 'examples/closed-loop.yaml', day],
      ['emulate', day],
    ]) {
      const { code, out, err } = await supernode(...args);
      expect([code, out]).toEqual([2, '']);
      expect(err).toBe(
        `supernode: 1 problem in the input\n  ${day}: fleet: one machine is asked for; expected a scenario without a fleet, such as with --set fleet=null\n`,
      );
    }
  });
});

describe('what was done is kept', () => {
  const place = async (name: string): Promise<KeptShards> =>
    new KeptShards(join(folder, name, `fleet-day-${hashOf([hashOf(await loadScenario(day, flags)), version])}`));

  test('a fleet goes on from there, and comes to the same bytes', async () => {
    const kept = await place('kept');
    kept.write(1, shards[1] as Shard);
    const { code, out, err } = await supernode('simulate', day, ...small, ...runs('kept'), '--json');
    expect(code).toBe(0);
    expect(out).toBe(whole);
    expect(err).toMatch(/1 of 3 machines were done before/);
    expect(existsSync(kept.folder)).toBe(false);
  });

  test('a shard that was cut off in the middle is run again', async () => {
    const kept = await place('broken');
    kept.write(0, shards[0] as Shard);
    writeFileSync(join(kept.folder, '1.json'), '{"form":1,"shard":{"summary"');
    const { out, err } = await supernode('simulate', day, ...small, ...runs('broken'), '--json');
    expect(out).toBe(whole);
    expect(err).toMatch(/1 of 3 machines/);
  });

  test('Ctrl-C ends with what is done; the same command does the rest', async () => {
    const place = join(folder, 'cut');
    const args = [day, '--set', 'fleet.machines=12', '--set', 'workload.rate=1400/s', '--requests', '120000', '--threads', '1', '--runs', place, '--json'];
    const child = spawn(process.execPath, [fileURLToPath(new URL('../cli/supernode.js', import.meta.url)), 'simulate', ...args]);
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text.out += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text.err += part));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const kept = (): readonly string[] =>
      existsSync(place) ? readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json')) : [];
    while (kept().length === 0 && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const cut = JSON.parse(text.out) as MergedSummary & { readonly interrupted: boolean };
    expect(cut.interrupted).toBe(true);
    expect(cut.fleet.done).toBeGreaterThan(0);
    expect(cut.fleet.done).toBeLessThan(12);
    expect(text.err).toMatch(/the same command goes on from there/);
    const rest = await supernode('simulate', ...args);
    expect(rest.err).toMatch(new RegExp(`${cut.fleet.done} of 12 machines were done before`));
    const again = await supernode('simulate', ...args);
    expect(again.err).not.toMatch(/were done before/);
    expect(rest.out).toBe(again.out);
  }, 120_000);
});

describe('what is refused', () => {
  test.each([
    [['--find-rate'], /--find-rate: is about one machine/],
    [['--seeds', '3'], /--seeds: is about one machine/],
    [['--requests-out', join(folder, 'x.csv')], /--requests-out: is about one machine/],
    [['--set', 'fleet.machines=0'], /fleet.machines: expected a whole number from 1/],
    [['--set', 'fleet={}'], /fleet.machines: expected how many/],
    [['--set', 'fleet.machines=2000'], /expected at least one for each of 2000 machines, got 1500/],
    [['--set', 'fleet.split=clients', '--set', 'fleet.machines=200'], /162 clients cannot be spread over 200 machines/],
    [['--set', 'fleet.split=clients', '--set', 'workload.generator=chat'], /fleet.split: only a pool of clients has clients/],
    [['--set', 'faults=[{ at: 5 s, kill: npu 17 }]'], /faults: a planned fault names a part of one machine/],
  ])('%j', async (args, message) => {
    const { code, err } = await supernode('simulate', day, ...small, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
