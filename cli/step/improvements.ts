import type { StepRequest } from '../../src/report/step/request.ts';
import { formatTime } from '../../src/base/quantity.ts';
import type { StepExplanation } from '../../src/cost/explain.ts';
import type { Improvement } from '../../src/cost/improvements.ts';
import { table } from '../table.ts';

/** What would help: each row is the iteration priced anew. */
export function improvementsText({ memory, kvInUse }: StepRequest, { time }: StepExplanation, improvements: readonly Improvement[]): string[] {
  const fits = 2 * kvInUse <= memory.kvBlocks * memory.blockTokens * memory.kvBytesPerToken;
  const rows = improvements.map(({ name, time: changed, gain }) => [
    name,
    `${gain >= 0 ? '+' : ''}${(gain * 100).toFixed(1)} %`,
    formatTime(changed, 4),
    name === 'batch x 2' && !fits ? 'its KV does not fit' : '',
  ]);
  return [
    `what would help: throughput, and the iteration instead of ${formatTime(time, 4)}`,
    table(['', '', '', ''], rows, { align: ['left', 'right', 'right', 'left'], indent: 2 }),
  ];
}
