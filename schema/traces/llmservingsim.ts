import type { TraceFormat } from './format.ts';
import { blocksAt, numberAt, parseObject } from './json-lines.ts';
import { TraceRows } from './rows.ts';

/** Tokens of a block. */
const BLOCK = 16;
const names = { time: 'arrival_time_ns', input: 'input_toks', output: 'output_toks' };

/** LLMServingSim's JSONL: nanoseconds from the start; on every line, or on none, the ids of the full blocks of 16 prompt tokens. */
export const llmservingsim: TraceFormat = {
  name: 'llmservingsim',
  summary: 'JSONL with arrival_time_ns, input_toks, output_toks and, if any, hash_ids (16 tokens each, full blocks)',
  kind: 'jsonl',
  fields: [['arrival_time_ns', 'input_toks', 'output_toks']],
  open(problems) {
    let withBlocks = false;
    let rows: TraceRows | undefined;
    return {
      line(text, line) {
        const record = parseObject(text, line, problems);
        if (record === undefined) return;
        const time = numberAt(record, names.time, line, problems);
        const input = numberAt(record, names.input, line, problems);
        const output = numberAt(record, names.output, line, problems);
        // The first line decides whether the trace has blocks.
        if (rows === undefined) {
          withBlocks = record['hash_ids'] !== undefined;
          rows = new TraceRows(problems, names, withBlocks ? BLOCK : 0);
        }
        const expected =
          input === undefined || !(input > 0) ? undefined : { count: Math.floor(input / BLOCK), because: `${input} tokens in full blocks of ${BLOCK}` };
        if (!withBlocks && record['hash_ids'] !== undefined) problems.add(line, 'hash_ids: expected none, as on the lines before');
        const blocks = withBlocks ? blocksAt(record, 'hash_ids', expected, line, problems) : undefined;
        rows.add(line, { time: time === undefined ? undefined : time / 1e9, input, output, blocks });
      },
      content: () => (rows ?? new TraceRows(problems, names, 0)).content(),
    };
  },
};
