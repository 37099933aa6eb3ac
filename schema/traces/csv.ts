import { csvReader, secondsOf } from './csv-table.ts';
import type { TraceFormat } from './format.ts';

const plain = { time: 'arrived_at', input: 'input_tokens', output: 'output_tokens' };
const vidur = { time: 'arrived_at', input: 'num_prefill_tokens', output: 'num_decode_tokens' };

/** A table with seconds from the start and lengths, under our names or Vidur's. */
export const csv: TraceFormat = {
  name: 'csv',
  summary: 'CSV with arrived_at [s], input_tokens, output_tokens (or num_prefill_tokens, num_decode_tokens)',
  kind: 'csv',
  fields: [plain, vidur].map(({ time, input, output }) => [time, input, output]),
  open: (problems) => csvReader([plain, vidur], secondsOf, problems),
};
