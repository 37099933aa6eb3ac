import type { TraceFormat } from './format.ts';
import { blocksAt, numberAt, parseObject } from './json-lines.ts';
import { TraceRows } from './rows.ts';

/** Tokens of a block in the published traces. */
export const MOONCAKE_BLOCK = 512;
const names = { time: 'timestamp', input: 'input_length', output: 'output_length' };

/** Mooncake's JSONL: milliseconds from the start, and a hash id for every begun block of 512 prompt tokens. */
export const mooncake: TraceFormat = {
  name: 'mooncake',
  summary: 'JSONL with timestamp [ms], input_length, output_length, hash_ids (512 tokens each)',
  kind: 'jsonl',
  fields: [['timestamp', 'input_length', 'output_length', 'hash_ids']],
  open(problems) {
    const rows = new TraceRows(problems, names, MOONCAKE_BLOCK);
    return {
      line(text, line) {
        const record = parseObject(text, line, problems);
        if (record === undefined) return;
        const time = numberAt(record, names.time, line, problems);
        const input = numberAt(record, names.input, line, problems);
        const output = numberAt(record, names.output, line, problems);
        const expected =
          input === undefined || !(input > 0)
            ? undefined
            : { count: Math.ceil(input / MOONCAKE_BLOCK), because: `${input} tokens in blocks of ${MOONCAKE_BLOCK}` };
        const blocks = blocksAt(record, 'hash_ids', expected, line, problems);
        rows.add(line, { time: time === undefined ? undefined : time / 1000, input, output, blocks });
      },
      content: () => rows.content(),
    };
  },
};
