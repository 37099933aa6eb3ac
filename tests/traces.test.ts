import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTraceFile } from '../cli/traces.ts';
import { linesOf } from '../schema/traces/lines.ts';
import { readTrace, requestsOf } from '../schema/traces/read-trace.ts';
import { traceLines } from '../schema/traces/write.ts';
import { emptyArrival } from '../src/serving/traffic/arrival.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { requestSource } from '../src/serving/traffic/source.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';

async function* chunks(...parts: readonly string[]): AsyncGenerator<string> {
  yield* parts;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const seen: Item[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

async function read(text: string) {
  const trace = await readTrace(linesOf(chunks(text)), 'trace');
  return { format: trace.format, columns: requestsOf(trace, 'trace') };
}

describe('lines', () => {
  test('wherever the text is cut, the lines are the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', ',', '\n', '\r\n', '') }), { maxLength: 12 }), async (parts) => {
        const text = parts.join('');
        const lines = text.split(/\r?\n/);
        if (lines.at(-1) === '') lines.pop();
        expect(await all(linesOf(chunks(...parts)))).toEqual(lines);
        expect(await all(linesOf(chunks(...text.split(''))))).toEqual(lines);
      }),
    );
  });

  test('a byte order mark at the start is no part of the text', async () => {
    expect(await all(linesOf(chunks('\uFEFFa\n', '\uFEFFb')))).toEqual(['a', '\uFEFFb']);
  });
});

describe('formats', () => {
  test('Azure: 2023 and 2024 forms of a moment, over midnight, to the last digit', async () => {
    const rows = ['2023-12-31 23:59:59.9000001,10,1', '2024-01-01 00:00:00.4000002+00:00,20,2', '2024-01-01T00:00:01Z,30,3'];
    const { format, columns } = await read(['TIMESTAMP,ContextTokens,GeneratedTokens', ...rows].join('\r\n'));
    expect([format, [...columns.inputTokens], [...columns.outputTokens]]).toEqual(['azure', [10, 20, 30], [1, 2, 3]]);
    expect(columns.arrivedAt[1]).toBeCloseTo(0.5000001, 9);
    expect(columns.arrivedAt[2]).toBeCloseTo(1.0999999, 9);
  });

  test('plain and Vidur tables, in any order of columns, with others, quoted', async () => {
    const plain = (await read('"output_tokens", who ,"arrived_at","input_tokens"\n7,a,3.5,10\n8,b,4,11\n')).columns;
    const vidur = (await read('arrived_at,num_prefill_tokens,num_decode_tokens\n0,10,7\n0.5,11,8\n')).columns;
    expect(plain).toEqual(vidur);
    expect([...plain.arrivedAt]).toEqual([0, 0.5]);
  });

  test('a table may say whose each request is and what it asks for', async () => {
    const rows = ['arrived_at,input_tokens,output_tokens,priority,tenant,adapter,model', '0,1,1,-3,b,,0', '1,1,1,5,a,fr,1', '2,1,1,0,b,fr,0'];
    const { columns } = await read(rows.join('\n'));
    expect(columns.labels).toEqual({
      tenant: Int32Array.of(0, 1, 0),
      priority: Int32Array.of(-3, 5, 0),
      model: Int32Array.of(0, 1, 0),
      adapter: Int32Array.of(0, 1, 1),
    });
    expect(columns.tenants).toEqual(['b', 'a']);
    const source = requestSource({ kind: 'trace', name: 'labelled', columns, speed: 1, requests: 3 });
    const arrival = emptyArrival();
    source.next(arrival);
    source.next(arrival);
    expect(arrival).toMatchObject({ tenant: 1, priority: 5, model: 1, adapter: 1 });
  });

  test('Mooncake: milliseconds, blocks as dense ids in order of appearance', async () => {
    const lines = [
      '{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [77, 12]}',
      '{"timestamp": 3000, "input_length": 1024, "output_length": 6, "hash_ids": [77, 5], "extra": true}',
    ];
    const { columns } = await read(lines.join('\n'));
    expect(columns).toEqual({
      count: 2,
      arrivedAt: Float64Array.of(0, 3),
      inputTokens: Int32Array.of(600, 1024),
      outputTokens: Int32Array.of(5, 6),
      blockTokens: 512,
      blockStart: Int32Array.of(0, 2, 4),
      blocks: Int32Array.of(0, 1, 0, 2),
    });
  });

  test('LLMServingSim: nanoseconds, with full blocks or without any', async () => {
    const line = (ids: string) => `{"arrival_time_ns": 1500000000, "input_toks": 35, "output_toks": 5${ids}}`;
    expect((await read(line(', "hash_ids": [0, 1]'))).columns.blockTokens).toBe(16);
    expect((await read(line(''))).columns.blockTokens).toBe(0);
  });

  const lengths = fc.record({ kind: fc.constant('uniform' as const), min: fc.constant(1), max: fc.integer({ min: 1, max: 3000 }) });
  test('what is written reads back: lengths and blocks exactly, times to a microsecond', async () => {
    await fc.assert(
      fc.asyncProperty(lengths, lengths, fc.boolean(), fc.nat(), async (input, output, continues, seed) => {
        const reuse = continues ? { share: 0.5, blockTokens: 512, window: 5 } : undefined;
        const columns = traceOf({ kind: 'generator', name: 'written', arrivals: { kind: 'poisson', rate: 3 }, input, output, reuse, requests: 30, seed });
        for (const format of ['mooncake', 'csv'] as const) {
          const back = (await read([...traceLines(columns, format)].join('\n'))).columns;
          expect(back.inputTokens).toEqual(columns.inputTokens);
          expect(back.outputTokens).toEqual(columns.outputTokens);
          expect(Math.max(...back.arrivedAt.map((time, i) => Math.abs(time - (columns.arrivedAt[i] ?? 0))))).toBeLessThan(1e-6);
        }
        const { reuse: before } = traceStatistics(columns);
        const { reuse: after } = traceStatistics((await read([...traceLines(columns, 'mooncake')].join('\n'))).columns);
        expect((after?.hitShare ?? 0) * (after?.blocks ?? 0)).toBeCloseTo((before?.hitShare ?? 0) * (before?.blocks ?? 0), 9);
      }),
      { numRuns: 30 },
    );
  });
});

const root = fileURLToPath(new URL('../../shared/traces/', import.meta.url));
const here = existsSync(root);
if (!here) process.stdout.write('skipped: the published traces, as ../shared/traces is not there\n');

/** Rows, span [s], rate [1/s], variation of the gaps, prompt lengths (mean, p50, p95, most), output lengths, hits, as published. */
type Figures = readonly [number, number, number, number | undefined, readonly number[], readonly number[], number | undefined];
const published: readonly (readonly [string, string, Figures])[] = [
  ['azure-2023/AzureLLMInferenceTrace_code.csv', 'azure', [8819, 3436, 2.57, 13.2, [2048, 1469, 7303, 7437], [27.9, 13, 90, 1899], undefined]],
  ['azure-2023/AzureLLMInferenceTrace_conv.csv', 'azure', [19_366, 3502, 5.53, 1.09, [1155, 1020, 4083, 14_050], [211, 129, 451, 1000], undefined]],
  ['vidur/splitwise_code.csv', 'csv', [8819, 3436, 2.57, 13.2, [2048, 1469, 7303, 7437], [27.9, 13, 90, 1899], undefined]],
  ['vidur/splitwise_conv.csv', 'csv', [19_366, 3502, 5.53, 1.09, [1155, 1020, 4083, 14_050], [211, 129, 451, 1000], undefined]],
  ['mooncake/conversation_trace.jsonl.gz', 'mooncake', [12_031, 3537, 3.4, undefined, [12_035, 6909, 39_550, 126_195], [343, 350, 698, 2000], 0.366]],
  ['mooncake/synthetic_trace.jsonl', 'mooncake', [3993, 1022, 3.91, 1, [15_326, 11_587, 48_905, 191_378], [149, 69, 519, 893], 0.64]],
  [
    'llmservingsim/sharegpt-llama-3.1-8b-300-sps10.hash16.jsonl',
    'llmservingsim',
    [300, 29.1, 10.3, undefined, [858, 732, 1749, 3998], [653, 632, 773, 1021], 0.077],
  ],
  ['llmservingsim/sharegpt-qwen3-300-sps10.hash16.jsonl', 'llmservingsim', [300, 29.1, 10.3, undefined, [862, 728, 1814, 4570], [665, 638, 814, 1224], 0.08]],
];

describe.skipIf(!here)('published traces read as described', () => {
  /** Shares of a few hundred rows may be counted from either side of a quantile. */
  const near = (found: number | undefined, expected: number, tolerance = 0.006) => {
    expect(Math.abs((found ?? Number.NaN) / expected - 1), `${found} beside ${expected}`).toBeLessThan(tolerance);
  };
  test.each(published)('%s', async (file, format, [rows, span, rate, variation, input, output, hits]) => {
    const trace = await readTraceFile(root + file);
    const found = traceStatistics(requestsOf(trace, file));
    expect([trace.format, found.requests]).toEqual([format, rows]);
    near(found.span, span);
    near(found.rate, rate);
    near(found.gapVariation, variation ?? found.gapVariation, 0.02);
    for (const [{ mean, quantiles, max }, expected] of [
      [found.input, input],
      [found.output, output],
    ] as const)
      [mean, quantiles[0], quantiles[2], max].forEach((figure, i) => near(figure, expected[i] ?? Number.NaN));
    expect(Math.abs((found.reuse?.hitShare ?? 0) - (hits ?? 0))).toBeLessThan(0.0006);
  });
});
