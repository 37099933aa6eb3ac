import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../cli/scenario.ts';
import { loadTrace } from '../../cli/traces.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';

const file = fileURLToPath(new URL('../../../shared/traces/mooncake/conversation_trace.jsonl.gz', import.meta.url));
/** How much faster than recorded: where nothing is found of other loops, 256 NPUs are busy. */
const speed = 8;

/**
 * The trace again and again on the paper's deployment and its pool of prefixes.
 * @param hashes `same`: a later loop finds the prefixes of the first; `fresh`: every loop has prefixes of its own, as long as before
 */
export async function mooncakeLoop(scenario: string, requests: number, hashes: 'same' | 'fresh'): Promise<Scenario> {
  const base = await loadScenario(scenario);
  const columns = looped(await loadTrace(file), requests, hashes === 'fresh');
  return { ...base, workload: { kind: 'trace', name: 'mooncake, looped', columns, speed, requests } };
}

function looped(trace: TraceColumns, requests: number, fresh: boolean): TraceColumns {
  const { count } = trace;
  const span = ((trace.arrivedAt[count - 1] as number) * count) / (count - 1);
  const distinct = trace.blocks.reduce((most, block) => Math.max(most, block), -1) + 1;
  const arrivedAt = new Float64Array(requests);
  const inputTokens = new Int32Array(requests);
  const outputTokens = new Int32Array(requests);
  const blockStart = new Int32Array(requests + 1);
  for (let i = 0; i < requests; i++) {
    const at = i % count;
    arrivedAt[i] = (trace.arrivedAt[at] as number) + span * Math.floor(i / count);
    inputTokens[i] = trace.inputTokens[at] as number;
    outputTokens[i] = trace.outputTokens[at] as number;
    blockStart[i + 1] = (blockStart[i] as number) + (trace.blockStart[at + 1] as number) - (trace.blockStart[at] as number);
  }
  const blocks = new Int32Array(blockStart[requests] as number);
  for (let loop = 0; loop * count < requests; loop++) {
    const part = trace.blocks.subarray(0, trace.blockStart[Math.min(count, requests - loop * count)]);
    const from = blockStart[loop * count] as number;
    const first = fresh ? loop * distinct : 0;
    for (let i = 0; i < part.length; i++) blocks[from + i] = (part[i] as number) + first;
  }
  return { count: requests, arrivedAt, inputTokens, outputTokens, blockTokens: trace.blockTokens, blockStart, blocks };
}
