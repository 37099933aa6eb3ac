import { firstOf, idsOf, lengthOf, runsOf } from '../kernel/id-runs.ts';
import type { Plant } from './plant.ts';
import type { RequestTable } from './request-table.ts';
import type { Arrival } from './traffic/arrival.ts';

/** Trace blocks of one unit of the deployment's prefix cache (CAC-1): enough for the pool's block, or whole KV blocks; 0 without a cache. */
export function blocksPerUnit({ pools, cache }: Plant, blockTokens: number): number {
  if (blockTokens === 0) return 0;
  if (cache !== undefined) return Math.ceil(cache.blockTokens / blockTokens);
  // Several models have the block size of their one stack.
  const entry = pools.find(({ prefixCaching }) => prefixCaching) ?? pools[0];
  return entry.prefixCaching ? entry.blockTokens / greatestCommonDivisor(entry.blockTokens, blockTokens) : 0;
}

/**
 * Stores a prompt's prefix as full units, each named by its last block: an id names all that comes before it too. Where the answer has blocks too, it goes on with
 * those of its tokens whose KV is computed: all but the last.
 * @param answers whether answers are kept: not in a pooled cache
 */
export function storePrefix(table: RequestTable, slot: number, request: Readonly<Arrival>, multiple: number, answers: boolean): void {
  const { prefix, blockTokens, inputTokens, outputTokens, answered } = request;
  const unitTokens = multiple * blockTokens;
  table.blockTokens[slot] = unitTokens;
  if (unitTokens === 0) return;
  const computed = answers && answered === true ? inputTokens + outputTokens - 1 : inputTokens;
  const count = Math.floor(Math.min(computed, lengthOf(prefix) * blockTokens) / unitTokens);
  const blocks = firstOf(prefix, count * multiple);
  table.setBlocks(slot, multiple === 1 ? blocks : runsOf(idsOf(blocks).filter((_, i) => (i + 1) % multiple === 0)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
