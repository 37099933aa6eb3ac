import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-own-cells-'));
const at = (name: string): string => join(folder, name);
/** Products three times as slow as the chip's, and 20 us each. */
const seconds = (m: number, n: number, k: number): number => 20e-6 + Math.max((2 * m * n * k) / 2e14, (2 * (n * k + m * k + m * n)) / 0.9e12);
const sizes = [1024, 4096, 6144, 14_336];
const lines = [1, 8, 64, 512, 4096].flatMap((m) => sizes.flatMap((n) => sizes.map((k) => `bf16,${m},${n},${k},${(seconds(m, n, k) * 1e6).toFixed(2)}`)));
const step = ['step', '--machine', 'hgx-h100', '--model', 'llama-3.1-8b', '--phase', 'decode', '--gpus', '1', '--batch', '64/rank', '--context', '2048'];
const run = ['simulate', 'examples/h100-llama-3.1-70b.yaml', '--requests', '60', '--no-intervals'];

interface StepJson {
  readonly operators: readonly { readonly name: string; readonly time: number }[];
}

const timeOf = (out: string, wanted: string): number => (JSON.parse(out) as StepJson).operators.find(({ name }) => name === wanted)?.time ?? 0;

beforeAll(async () => {
  writeFileSync(at('gemm.csv'), `dtype,m,n,k,microseconds\n${lines.join('\n')}\n`);
  await supernode('calibrate', at('gemm.csv'), '--chip', 'h100', '--stack', 'vllm', '--out', at('mine.json'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a step is priced with cells of its own, and what they do not price as before', async () => {
  const shipped = await supernode(...step, '--no-intervals', '--json');
  const own = await supernode(...step, '--no-intervals', '--json', '--calibration', at('mine.json'));
  expect(own.code).toBe(0);
  const measured = seconds(64, 6144, 4096);
  expect(Math.abs(timeOf(own.out, 'query-key-value-projection') / measured - 1)).toBeLessThan(0.05);
  expect(timeOf(shipped.out, 'query-key-value-projection')).toBeLessThan(0.7 * measured);
  expect(timeOf(own.out, 'attention-decode')).toBe(timeOf(shipped.out, 'attention-decode'));
});

test('so is a run, which says so, is compared with its like, and runs again from its log without the file', async () => {
  const own = ['--calibration', at('mine.json')];
  const shipped = await supernode(...run);
  const { code, out } = await supernode(...run, ...own, '--events-out', at('log.jsonl'));
  expect(code).toBe(0);
  expect(out).toContain(`--calibration ${at('mine.json')}`);
  expect(out.split('Reproduce')[0]).not.toBe(shipped.out.split('Reproduce')[0]);
  const compared = await supernode('compare', run[1] ?? '', run[1] ?? '', '--requests', '60', '--no-intervals', ...own);
  expect(compared.code).toBe(0);
  const kept = readFileSync(at('mine.json'));
  rmSync(at('mine.json'));
  const again = await supernode('simulate', '--replay', at('log.jsonl'), '--no-intervals');
  writeFileSync(at('mine.json'), kept);
  expect(again.out).toMatch(/all \d+ records are equal/);
});

test('files that nothing would come of are refused, all of them', async () => {
  const missing = await supernode(...step, '--calibration', at('none.json'), '--calibration', at('gemm.csv'));
  expect(missing.code).toBe(2);
  expect(missing.err).toMatch(/no such file: .*none\.json/);
  expect(missing.err).toMatch(/gemm\.csv: /);
  const other = await supernode('simulate', 'examples/nvl72-deepseek-r1.yaml', '--calibration', at('mine.json'));
  expect(other.code).toBe(2);
  expect(other.err).toMatch(/--calibration: .*mine\.json has cells of h100 under vllm; expected some of gb200 or its generation/);
  const replayed = await supernode('simulate', '--replay', at('log.jsonl'), '--calibration', at('mine.json'));
  expect(replayed.err).toMatch(/--calibration: changes the run/);
});

test('outputs are not written over them', async () => {
  const { code, err } = await supernode(...run, '--calibration', at('mine.json'), '--out', at('mine.json'));
  expect(code).toBe(2);
  expect(err).toContain('the cells that the run is priced with');
});
