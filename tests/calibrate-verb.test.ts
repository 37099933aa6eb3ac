import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

interface CalibrateJson {
  readonly schema: string;
  readonly cells: readonly {
    readonly class: string;
    readonly format: string;
    readonly rows: number;
    readonly excluded: Readonly<Record<string, number>>;
    readonly fit: { readonly median: number };
    readonly heldOut: { readonly rows: number; readonly median: number };
    readonly worst: readonly { readonly error: number }[];
  }[];
  readonly unfitted: readonly object[];
}

interface ValidateJson {
  readonly schema: string;
  readonly stack: string;
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  readonly cells: readonly { readonly doubt?: string; readonly pricedBy: { readonly chip: string } }[];
  readonly worst: readonly { readonly shape: unknown; readonly measured: number; readonly predicted: number; readonly error: number }[];
}

const folder = mkdtempSync(join(tmpdir(), 'supernode-calibrate-'));
const at = (name: string): string => join(folder, name);

afterAll(() => {
  rmSync(folder, { recursive: true });
});
const sizes = [256, 512, 1024, 2048, 4096, 8192];
const header = 'dtype,m,n,k,microseconds';
/** Products at 300 Tflop/s or 1.3 TB/s and 6 us. */
const lines = [1, 8, 64, 512, 4096].flatMap((m) =>
  sizes.flatMap((n) =>
    [1024, 4096, 7168].map((k) => {
      const seconds = 6e-6 + Math.max((2 * m * n * k) / 3e14, (2 * (n * k + m * k + m * n)) / 1.3e12);
      return `bf16,${m},${n},${k},${(seconds * 1e6).toFixed(2)}`;
    }),
  ),
);
const table = `${header}\n${lines.join('\n')}\n`;
writeFileSync(at('gemm.csv'), table);
writeFileSync(at('gemm.csv.gz'), gzipSync(table));
const chip = ['--chip', 'ascend-910b', '--stack', 'vllm-ascend'];

describe('calibrate', () => {
  test('fits a table and says how well, as text', async () => {
    const { code, out } = await supernode('calibrate', at('gemm.csv'), ...chip);
    expect(code).toBe(0);
    for (const words of ['90 rows', 'Held out', 'Worst shapes', 'Predicted over measured', 'left out', 'Constants: floor']) expect(out).toContain(words);
  });

  test('fits a table and says how well, as JSON; gzip changes nothing', async () => {
    const plain = await supernode('calibrate', at('gemm.csv'), ...chip, '--json', '--source', 'made up');
    const zipped = await supernode('calibrate', at('gemm.csv.gz'), ...chip, '--json', '--source', 'made up');
    const json = JSON.parse(plain.out) as CalibrateJson;
    expect(json.schema).toBe('supernode/calibrate/1');
    expect(json.cells).toHaveLength(1);
    expect(json.cells[0]).toMatchObject({ class: 'gemm', format: 'bf16', rows: 90 });
    expect(json.cells[0]?.fit.median).toBeLessThan(0.05);
    expect(json.cells[0]?.heldOut.rows).toBe(90);
    expect(json.cells[0]?.worst.length).toBeGreaterThan(5);
    expect((JSON.parse(zipped.out) as CalibrateJson).cells).toEqual(json.cells);
  });

  test('writes cells that validate scores, and a page that needs nothing', async () => {
    await supernode('calibrate', at('gemm.csv'), ...chip, '--out', at('mine.json'), '--html', at('mine.html'));
    const html = readFileSync(at('mine.html'), 'utf8');
    expect(html).toContain('Worst shapes');
    expect(html).not.toMatch(/<script|src="http|href="http/);
    const own = await supernode('validate', '--operators', at('gemm.csv'), ...chip, '--calibration', at('mine.json'), '--json');
    const shipped = await supernode('validate', '--operators', at('gemm.csv'), ...chip, '--json');
    expect((JSON.parse(own.out) as ValidateJson).median).toBeLessThan(0.05);
    expect((JSON.parse(own.out) as ValidateJson).median).toBeLessThan((JSON.parse(shipped.out) as ValidateJson).median);
  });

  test('counts what the rule leaves out', async () => {
    writeFileSync(at('fast.csv'), `${table}bf16,8192,8192,7168,1\nbf16,1,256,1024,6.41\nbf16,1,256,1024,66\n`);
    const { out } = await supernode('calibrate', at('fast.csv'), ...chip, '--json');
    const [cell] = (JSON.parse(out) as CalibrateJson).cells;
    expect(cell?.excluded).toEqual({ 'faster than the die allows': 1, 'a repeat off the median of its repeats by more than 1.3': 1 });
  });
});

/** The same products in FP8, with times in seconds: read as microseconds, no die is that fast. */
const hasty = lines.map((line) => line.replace('bf16', 'fp8').replace(/[\d.]+$/, (time) => (Number(time) / 1e6).toFixed(8)));

describe('a cell of which no row is left', () => {
  test('is no calibration: one error names the rule and the unit, and nothing is written', async () => {
    writeFileSync(at('hasty.csv'), `${header}\n${hasty.join('\n')}\n`);
    const { code, out, err } = await supernode(
      'calibrate',
      at('hasty.csv'),
      '--chip',
      'h100',
      '--stack',
      'vllm',
      '--out',
      at('hasty.json'),
      '--html',
      at('hasty.html'),
    );
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/1 problem in the input/);
    expect(err).toMatch(/hasty\.csv: no row is left to fit: gemm in fp8 \(90 faster than the die allows\).*microseconds/);
    expect([existsSync(at('hasty.json')), existsSync(at('hasty.html'))]).toEqual([false, false]);
  });

  test('is left out beside others, with a note', async () => {
    writeFileSync(at('both.csv'), `${table}${hasty.join('\n')}\n`);
    const h100 = ['--chip', 'h100', '--stack', 'vllm'];
    const { code, out } = await supernode('calibrate', at('both.csv'), ...h100, '--out', at('both.json'));
    expect(code).toBe(0);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('One cell was fitted.');
    expect(out.replaceAll(/\s+/g, ' ')).toContain('Not fitted, for no row of them is left: gemm in fp8 (90 faster than the die allows)');
    expect(readFileSync(at('both.json'), 'utf8')).not.toContain('"fp8"');
    const json = JSON.parse((await supernode('calibrate', at('both.csv'), ...h100, '--json')).out) as CalibrateJson;
    expect(json.cells.map(({ format }) => format)).toEqual(['bf16']);
    expect(json.unfitted).toEqual([{ class: 'gemm', format: 'fp8', excluded: { 'faster than the die allows': 90 } }]);
  });
});

describe('validate', () => {
  test('scores a table against what is shipped', async () => {
    const { code, out } = await supernode('validate', '--operators', at('gemm.csv'), '--chip', 'ascend-910b', '--json');
    const json = JSON.parse(out) as ValidateJson;
    expect(code).toBe(0);
    expect(json).toMatchObject({ schema: 'supernode/validate/1', stack: 'vllm-ascend', rows: 90 });
    expect(json.median).toBeGreaterThan(0);
    expect(json.median).toBeLessThan(0.5);
    expect(json.p90).toBeGreaterThanOrEqual(json.median);
    const [first, second] = json.worst;
    expect(Math.abs(first?.error ?? 0)).toBeGreaterThan(0);
    expect(first?.measured).toBeGreaterThan(0);
    expect(second).toBeDefined();
    expect(json.cells[0]?.doubt).toBeUndefined();
  });

  test('says that the error on a table that was fitted is in-sample, and gives the held-out one', async () => {
    await supernode('calibrate', at('gemm.csv'), ...chip, '--out', at('own.json'));
    const own = ['--calibration', at('own.json')];
    const { out } = await supernode('validate', '--operators', at('gemm.csv.gz'), ...chip, ...own);
    for (const words of ['in-sample', 'held out median', 'In-sample: 90 rows']) expect(out).toContain(words);
    const json = JSON.parse((await supernode('validate', '--operators', at('gemm.csv'), ...chip, ...own, '--json')).out) as ValidateJson;
    expect(json.cells[0]).toMatchObject({ inSample: 90, heldOut: { rows: 90 } });
    writeFileSync(at('other.csv'), `${header}\n${lines.map((line) => line.replace(/[\d.]+$/, (time) => (Number(time) * 1.01).toFixed(3))).join('\n')}\n`);
    const other = await supernode('validate', '--operators', at('other.csv'), ...chip, ...own);
    expect(other.out).not.toContain('in-sample');
  });

  test('prices a chip without tables by its generation, and says so', async () => {
    const { out } = await supernode('validate', '--operators', at('gemm.csv'), '--chip', 'ascend-910c', '--json');
    const json = JSON.parse(out) as ValidateJson;
    expect(json.cells[0]?.pricedBy.chip).toBe('ascend-910b');
    expect(json.cells[0]?.doubt).toContain('ascend-910b');
  });

  test('takes the stack from an index beside the table', async () => {
    writeFileSync(
      at('INDEX.tsv'),
      'file\trows\tbytes\tcolumns\tconstant_columns\npublished.csv\t90\t1\tm,n,k,latency\tframework=SGLang; gemm_dtype=bfloat16; kernel_source=sglang\n',
    );
    writeFileSync(at('published.csv'), `m,n,k,latency\n${lines.map((line) => line.replace('bf16,', '')).join('\n')}\n`);
    const { code, out, err } = await supernode('validate', '--operators', at('published.csv'), '--chip', 'h100', '--json');
    expect(err).toBe('');
    expect(code).toBe(0);
    expect((JSON.parse(out) as ValidateJson).stack).toBe('sglang');
  });
});

const bad = (name: string, text: string | Uint8Array): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const calibrate = (file: string, ...more: readonly string[]): readonly string[] => ['calibrate', file, ...chip, ...more];
const first = (...more: readonly string[]): string => `${header}\n${more.join('\n')}\n`;

const badInputs: readonly [what: string, args: () => readonly string[], message: RegExp][] = [
  ['no table', () => ['calibrate', ...chip], /expected a table of operator times/],
  ['no chip and no stack, told together', () => ['calibrate', at('gemm.csv')], /--chip: expected the chip[\s\S]*--stack: expected the software stack/],
  ['an unknown chip', () => ['calibrate', at('gemm.csv'), '--chip', 'ascend-910d', '--stack', 'vllm-ascend'], /unknown chip: .*ascend-910/],
  ['an unknown stack', () => ['calibrate', at('gemm.csv'), '--chip', 'ascend-910b', '--stack', 'vllm-asend'], /unknown stack: .*vllm-ascend/],
  ['a flag that does not exist', () => calibrate(at('gemm.csv'), '--htlm', 'x.html'), /--htlm: no such flag \(did you mean "--html"\?\)/],
  ['a file that does not exist', () => calibrate(at('none.csv')), /none\.csv: no such table/],
  ['an empty file', () => calibrate(bad('empty.csv', '')), /the table is empty/],
  ['a header alone', () => calibrate(bad('header.csv', `${header}\n`)), /a header and no rows/],
  ['other columns', () => calibrate(bad('columns.csv', 'dtype,m,n,microseconds\nbf16,1,2,3\n')), /no known layout .* the nearest is gemm, which also needs k/],
  ['a column twice', () => calibrate(bad('twice.csv', `${header},m\nbf16,1,2,3,4,5\n`)), /line 1: the column m is there twice/],
  ['too few columns in a line', () => calibrate(bad('short.csv', first('bf16,1,256,256,9', 'bf16,1,256'))), /line 3: expected 5 columns, got 3/],
  ['a time of zero', () => calibrate(bad('zero.csv', first('bf16,1,256,256,0'))), /line 2: expected a time above 0/],
  ['a time that is no number', () => calibrate(bad('text.csv', first('bf16,1,256,256,fast'))), /line 2: expected a time above 0/],
  ['a size that is no number', () => calibrate(bad('size.csv', first('bf16,one,256,256,9'))), /line 2: expected a number for m/],
  ['broken gzip', () => calibrate(bad('broken.csv.gz', gzipSync(table).subarray(0, 200))), /broken\.csv\.gz: unexpected end/],
  [
    'a place that cannot be written',
    () => calibrate(at('gemm.csv'), '--out', at('none/mine.json')),
    /--out: no such folder: .*none; expected a file in a folder that exists/,
  ],
  ['validate without a table', () => ['validate', '--chip', 'ascend-910b'], /--operators: expected a table/],
  ['validate with a bare table', () => ['validate', at('gemm.csv'), '--chip', 'ascend-910b'], /a table goes behind --operators/],
  ['cells that are no JSON', () => ['validate', '--operators', at('gemm.csv'), ...chip, '--calibration', bad('no.json', '{')], /no\.json: /],
  [
    'cells of another schema',
    () => ['validate', '--operators', at('gemm.csv'), ...chip, '--calibration', bad('old.json', '{"schema":"x"}')],
    /schema: expected "supernode\/calibration\/2"/,
  ],
  ['no cells there', () => ['validate', '--operators', at('gemm.csv'), ...chip, '--calibration', at('gone.json')], /--calibration: no such file/],
  [
    'a chip that no cell prices',
    () => ['validate', '--operators', bad('int4.csv', first('int8,1,256,256,9')), '--chip', 'b200', '--stack', 'vllm'],
    /no calibrated cell of b200 or its generation prices gemm in int8/,
  ],
];

describe('bad input', () => {
  test.each(badInputs)('%s is refused', async (_, args, message) => {
    const { code, err } = await supernode(...args());
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  test('twenty problems are listed, the rest counted', async () => {
    const { err } = await supernode(...calibrate(bad('many.csv', first(...Array.from({ length: 50 }, () => 'bf16,1,256,256,-1')))));
    expect(err.match(/expected a time above 0/g)).toHaveLength(20);
    expect(err).toContain('30 more lines are wrong');
  });
});
