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

/** Stores a prompt's prefix as full units, each named by its last block: an id names all that comes before it too. */
export function storePrefix(table: RequestTable, slot: number, { blocks, blockTokens, inputTokens }: Readonly<Arrival>, multiple: number): void {
  const unitTokens = multiple * blockTokens;
  table.blockTokens[slot] = unitTokens;
  if (unitTokens === 0) return;
  const count = Math.floor(Math.min(inputTokens, blocks.length * blockTokens) / unitTokens);
  // A typed array of a few entries takes longer to make than to fill.
  const units: number[] = [];
  for (let i = 0; i < count; i++) units.push(blocks[(i + 1) * multiple - 1]);
  table.setBlocks(slot, units);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
