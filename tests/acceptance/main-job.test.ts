import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../../src/report/summary.ts';
import { brokenNumbers, candidatesOf, sharesOf } from './outcome.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'supernode-main-job-'));

/** The target is 5 s; a test machine that is busy may take three times that before this is a failure. */
const patience = 15;

let seconds = 0;
let code: number | null = null;
let text = '';
let page = '';
let summary = {} as Summary & { readonly schema: string };

/** Runs what `npm start` runs, with the page in a folder of its own and the JSON beside it. */
beforeAll(() => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: { readonly start: string } };
  const [program, ...args] = scripts.start.split(' ');
  const html = args.indexOf('--html') + 1;
  if (program !== 'node' || html === 0) throw new Error(`expected npm start to be node ... --html FILE, got ${scripts.start}`);
  args[html] = join(scratch, 'report.html');
  const start = performance.now();
  const child = spawnSync(process.execPath, [...args, '--out', join(scratch, 'result.json')], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
  seconds = (performance.now() - start) / 1000;
  code = child.status;
  text = child.stdout;
  process.stdout.write(`npm start: ${seconds.toFixed(2)} s\n${code === 0 ? '' : child.stderr}`);
  page = readFileSync(join(scratch, 'report.html'), 'utf8');
  summary = JSON.parse(readFileSync(join(scratch, 'result.json'), 'utf8')) as typeof summary;
}, 60_000);

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe('npm start', () => {
  test('it ends well and in time', () => {
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(patience);
  });

  test('it is the deployment of the paper: 6 prefill instances of 16 NPUs and EP320 on 160, 256 of 384 in all', () => {
    const [prefill, decode] = summary.pools;
    expect([summary.machine.chips, summary.machine.chipsUsed]).toEqual([384, 256]);
    expect([prefill?.instances, prefill?.chips, decode?.instances, decode?.chips, decode?.dies]).toEqual([6, 96, 1, 160, 320]);
    expect(decode?.layout).toMatch(/EP320.*MTP 1/);
    expect(summary.precision).toMatch(/INT8 weights.*INT8 activations/);
  });

  test('the window is steady and lasts five residences, and the pool that binds is at about 70 %', () => {
    expect(summary.window.steady).toBe(true);
    expect(summary.window.residences).toBeGreaterThanOrEqual(5);
    expect(summary.saturation.saturated).toBe(false);
    expect(summary.limit.resource).toMatch(/ pool$/);
    expect(summary.limit.utilisation).toBeGreaterThan(0.6);
    expect(summary.limit.utilisation).toBeLessThan(0.8);
    expect(summary.limit.utilisation).toBe(Math.max(...Object.values(candidatesOf(summary))));
  });

  test('nine in ten requests are good, and the report says so', () => {
    expect(summary.goodput.share).toBeGreaterThanOrEqual(0.9);
    expect(text).toMatch(/\d %\s+of\s+the\s+finished\s+requests\s+meet\s+TTFT/);
    expect(summary.goodput.note).not.toBe('');
  });

  test('every request is accounted for and every figure is a number', () => {
    const { arrived, finished, rejected, failed, running, waiting } = summary.requests;
    expect(finished + rejected + failed + running + waiting).toBe(arrived);
    expect(brokenNumbers(summary)).toEqual([]);
    expect(Object.entries(sharesOf(summary)).filter(([, share]) => share < 0 || share > 1)).toEqual([]);
    expect(`${text}${page}`).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test('percentiles are in order', () => {
    const { ttft, tpot, itl, e2e } = summary.latency;
    for (const { count, mean, p50, p90, p95, p99, max } of [ttft, tpot, itl, e2e]) {
      expect(count).toBeGreaterThan(1000);
      expect([p50, p90, p95, p99, max].toSorted((a, b) => a - b)).toEqual([p50, p90, p95, p99, max]);
      expect(p50).toBeGreaterThan(0);
      expect(mean).toBeLessThanOrEqual(max);
    }
    expect(ttft.mean).toBeLessThan(e2e.mean);
  });

  test('the phases of a request sum to its residence, the stages of a step to the step', () => {
    const together = (shares: readonly { readonly time: number }[]): number => shares.reduce((sum, { time }) => sum + time, 0);
    expect(together(summary.requestShares) / summary.latency.e2e.mean).toBeCloseTo(1, 6);
    for (const { stepShares, stepTime } of summary.pools) expect(together(stepShares) / stepTime.mean).toBeCloseTo(1, 4);
  });

  test('requests in flight are those that come in a residence (Little)', () => {
    const { from, to } = summary.window;
    const inside = summary.series.filter(({ at }) => at > from && at < to);
    const inFlight = inside.reduce((sum, { waiting, running }) => sum + waiting + running, 0) / inside.length;
    const ratio = inFlight / (summary.throughput.requests * summary.latency.e2e.mean);
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  test('the memory of a die adds up', () => {
    for (const { memory } of summary.pools) expect(memory.reduce((sum, { bytes }) => sum + bytes, 0) / 64e9).toBeCloseTo(1, 6);
  });

  test('the report has every part that is promised, and the page as well', () => {
    for (const part of [
      'tok/s in',
      'tok/s out',
      'per prefill chip',
      'TTFT',
      'TPOT',
      'ITL',
      'E2E',
      'binds first',
      'Prefix cache',
      'Memory',
      'Warm-up',
      'Reproduce',
    ])
      expect.soft(text.replaceAll('per prefill NPU', 'per prefill chip')).toContain(part);
    for (const part of ['TTFT', 'TPOT', 'ITL', 'E2E', 'Prefix cache', 'Memory']) expect.soft(page).toContain(part);
    expect(text).toContain('supernode simulate examples/cloudmatrix384-deepseek-r1.yaml');
  });

  test('the page is one file with its charts in it', () => {
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page.match(/<svg/g)?.length).toBeGreaterThan(3);
    expect(page).not.toMatch(/<link|<script[^>]*\ssrc|<img|<iframe|@import|url\(\s*['"]?(?!#|data:)/i);
    expect([...page.matchAll(/\s(?:src|href|xlink:href)="([^"]*)"/g)].map(([, target = '']) => target).filter((target) => !target.startsWith('#'))).toEqual([]);
  });
});
