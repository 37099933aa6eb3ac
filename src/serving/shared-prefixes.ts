import { idsOf, lengthOf } from '../kernel/id-runs.ts';
import type { Rank } from './rank.ts';
import type { RequestTable } from './request-table.ts';

/** Prefix units of a prompt that are in the rank's KV; at least one token is always computed (CAC-1, CAC-3). */
export function cachedUnits(table: RequestTable, rank: Rank, slot: number): number {
  const unitTokens = table.blockTokens[slot];
  if (unitTokens === 0) return 0;
  const ids = table.blocks(slot);
  return rank.kv.prefixes(unitTokens).match(ids, Math.min(lengthOf(ids), Math.floor((table.prompt[slot] - 1) / unitTokens)));
}

/** KV blocks that pinning the first `units` takes from the room: those that nobody referred to. */
export function blocksToPin(table: RequestTable, rank: Rank, slot: number, units: number): number {
  return units === 0 || rank.cache === undefined ? 0 : rank.cache.unpinned(table.blocks(slot), units) * rank.unitBlocks;
}

/** Refers to the first `units` of the prompt, which are present. */
export function pinPrefix(table: RequestTable, rank: Rank, slot: number, units: number): void {
  table.pinned[slot] = units;
  if (units === 0) return;
  const ids = table.blocks(slot);
  const { cache } = rank;
  const watcher = cache?.watcher;
  if (watcher?.found !== undefined) for (const id of idsOf(ids, units)) watcher.found(id);
  cache?.pin(ids, 0, units);
}

/** Gives the request's references back, and with them the blocks that nobody else refers to. */
export function unpinPrefix(table: RequestTable, rank: Rank, slot: number): void {
  const { cache } = rank;
  const pinned = table.pinned[slot];
  if (pinned === 0 || cache === undefined) return;
  const ids = table.blocks(slot);
  const before = cache.evictable;
  cache.unpin(ids, pinned);
  rank.kv.give((cache.evictable - before) * rank.unitBlocks);
  table.pinned[slot] = 0;
}

/**
 * Leaves the full units of an answer that has ended in the rank's cache, whose own blocks were given back before: the deepest are the first to go (CAC-8).
 * Does nothing where only the prompt's units have names.
 */
export function keepAnswer(table: RequestTable, { cache }: Rank, slot: number): void {
  if (cache === undefined) return;
  const ids = table.blocks(slot);
  const unitTokens = table.blockTokens[slot];
  // The KV of the last token was never computed.
  const units = unitTokens === 0 ? 0 : Math.min(lengthOf(ids), Math.floor((table.inputTokens[slot] + table.outputTokens[slot] - 1) / unitTokens));
  if (units <= table.pinned[slot]) return;
  for (const id of idsOf(ids, units).slice(table.pinned[slot]).toReversed()) if (!cache.has(id)) cache.add(id, 1);
}

/** Hands the full prefix units of a computed prompt to the rank's cache and refers to them there. */
export function keepPrefix(table: RequestTable, rank: Rank, slot: number): void {
  const { cache } = rank;
  const unitTokens = table.blockTokens[slot];
  if (cache === undefined || unitTokens === 0) return;
  const ids = table.blocks(slot);
  const units = Math.min(lengthOf(ids), Math.floor(table.prompt[slot] / unitTokens));
  const before = table.pinned[slot];
  if (units <= before) return;
  // Others have computed some of the same units in the meantime: their copies serve all, these are given back.
  const doubled = cache.pin(ids, before, units);
  table.privateBlocks[slot] -= (units - before) * rank.unitBlocks;
  rank.kv.give(doubled * rank.unitBlocks);
  table.pinned[slot] = units;
}
