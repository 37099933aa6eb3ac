import { MOONCAKE_BLOCK } from './mooncake.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';

/** Formats that a trace can be written in. */
export const writtenFormats = ['mooncake', 'csv'] as const;
export type WrittenFormat = (typeof writtenFormats)[number];

/**
 * The lines of a trace file, without line ends. Times keep microseconds. Mooncake wants an id for every begun block of 512 tokens:
 * a block that the trace does not name, the last partial one or any of a trace without blocks, gets an id of its own. Blocks of
 * another size than 512 have no place in it, and none have in a csv.
 */
export function* traceLines(columns: TraceColumns, format: WrittenFormat): Generator<string, void, undefined> {
  const { count, arrivedAt, inputTokens, outputTokens, blockStart, blocks } = columns;
  if (format === 'csv') {
    yield 'arrived_at,input_tokens,output_tokens';
    for (let i = 0; i < count; i++) yield `${rounded(arrivedAt[i] ?? 0, 1e6)},${inputTokens[i]},${outputTokens[i]}`;
    return;
  }
  let fresh = blocks.reduce((highest, id) => Math.max(highest, id), -1) + 1;
  for (let i = 0; i < count; i++) {
    const ids = columns.blockTokens === 0 ? [] : Array.from(blocks.subarray(blockStart[i], blockStart[i + 1]));
    for (let wanted = Math.ceil((inputTokens[i] ?? 0) / MOONCAKE_BLOCK); ids.length < wanted;) ids.push(fresh++);
    yield JSON.stringify({ timestamp: rounded((arrivedAt[i] ?? 0) * 1000, 1e3), input_length: inputTokens[i], output_length: outputTokens[i], hash_ids: ids });
  }
}

function rounded(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
