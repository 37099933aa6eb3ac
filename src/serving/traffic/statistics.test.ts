import { describe, expect, test } from 'vitest';
import { TraceBuilder } from './columns.ts';
import { traceStatistics } from './statistics.ts';

function build(rows: readonly (readonly [number, number, number, readonly number[]])[], blockTokens: number) {
  const builder = new TraceBuilder(blockTokens);
  for (const [time, input, output, blocks] of rows) {
    for (const block of blocks) builder.addBlock(block);
    builder.add(time, input, output);
  }
  return builder.columns();
}

describe('trace statistics', () => {
  test('a small trace by hand', () => {
    const trace = build(
      [
        [10, 100, 1, [0, 1]],
        [11, 200, 2, [0, 1, 2]],
        [13, 300, 3, [0, 3, 2]],
        [14, 400, 900, [4]],
      ],
      64,
    );
    const { requests, span, rate, gapVariation, input, output, reuse, arrivals } = traceStatistics(trace, 4);
    expect([requests, span, rate, arrivals]).toEqual([4, 4, 1, [1, 1, 0, 2]]);
    expect(gapVariation).toBeCloseTo(Math.sqrt(2) / 4, 12);
    expect([input.mean, input.min, input.max, input.quantiles]).toEqual([250, 100, 400, [200, 400, 400, 400]]);
    expect(output.histogram).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
    // Hits: 0 and 1 of the second prompt, 0 of the third; its block 2 does not count behind the new block 3.
    expect(reuse).toEqual({ blockTokens: 64, blocks: 9, distinct: 5, hitShare: 3 / 9 });
  });

  test('requests that all arrive at once have no rate; a trace without blocks no reuse', () => {
    const { span, rate, gapVariation, reuse, arrivals } = traceStatistics(
      build(
        [
          [5, 1, 1, []],
          [5, 1, 1, []],
        ],
        0,
      ),
      2,
    );
    expect([span, rate, gapVariation, reuse, arrivals]).toEqual([0, 0, 0, undefined, [2, 0]]);
  });

  test('columns survive growing', () => {
    const trace = build(
      Array.from({ length: 5000 }, (_, i) => [i, i + 1, 1, [i, i + 1]] as const),
      16,
    );
    expect([trace.count, trace.arrivedAt[4999], trace.inputTokens[4999], trace.blockStart[5000], trace.blocks[9999]]).toEqual([5000, 4999, 5000, 10_000, 5000]);
  });
});
