import type { Seconds } from '../base/units.ts';
import type { InstanceListener } from './instance-listener.ts';
import type { InstanceOptions } from './plant.ts';
import { place } from './place.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import { fetchedTogether, type RequestTable } from './request-table.ts';
import { blocksToPin, cachedUnits, pinPrefix, unpinPrefix } from './shared-prefixes.ts';

/** Prompts of an instance, from their queue to their KV: what each iteration computes of them, chunk by chunk. */
export class Prompts {
  readonly #table: RequestTable;
  readonly #columns: RankColumns;
  readonly #options: InstanceOptions;
  readonly #listener: InstanceListener;

  constructor(table: RequestTable, columns: RankColumns, options: InstanceOptions, listener: InstanceListener) {
    this.#table = table;
    this.#columns = columns;
    this.#options = options;
    this.#listener = listener;
  }

  /** Chunks of prompts under way, then new prompts in order of arrival, within the token budget, the places and the blocks. */
  fill(rank: Rank, at: Seconds): void {
    const table = this.#table;
    const { tokenBudget, maxSequences, watermarkBlocks, prefixCaching, prefillFirst, acceptance } = this.#options;
    rank.chunks.clear();
    rank.waiting.prepare(at);
    let budget = tokenBudget - (prefillFirst === true ? 0 : this.#columns.decoding[rank.at] * (1 + acceptance.drafts));
    for (let i = 0; i < rank.prefilling.length; i++) {
      const slot = rank.prefilling.items[i];
      const chunk = Math.max(0, Math.min(table.prompt[slot] - table.progress[slot], budget));
      rank.chunks.push(chunk);
      budget -= chunk;
    }
    for (let turn = 0; rank.waiting.size > 0 && budget > 0 && rank.sequences < maxSequences; turn++) {
      if (turn % fetchedTogether === 0) table.fetchFirst(rank.waiting);
      const slot = rank.waiting.first;
      const prompt = table.prompt[slot];
      const units = prefixCaching ? cachedUnits(table, rank, slot) : 0;
      const { leastCached } = table.rare.of(slot);
      if (leastCached > table.progress[slot] && leastCached > units * table.blockTokens[slot] && table.startedAt[slot] === -1) {
        rank.waiting.shift();
        rank.queuedTokens -= prompt - table.progress[slot];
        this.#listener.missed(slot, at);
        continue;
      }
      const pinning = blocksToPin(table, rank, slot, units);
      const own = this.#columns.blocksFor(prompt) - units * rank.unitBlocks;
      if (rank.room < own + pinning + (rank.kv.sequences === 0 ? 0 : watermarkBlocks)) break;
      if (rank.adapters?.admit(slot) === false) break;
      rank.waiting.shift();
      pinPrefix(table, rank, slot, units);
      table.privateBlocks[slot] = own;
      rank.kv.take(own + pinning);
      if (units > 0) {
        const cached = units * rank.unitBlocks * rank.blockTokens;
        rank.queuedTokens -= cached;
        table.progress[slot] = cached;
        if (table.startedAt[slot] === -1) table.cachedTokens[slot] = cached;
      }
      table.admission[slot] = this.#columns.admissions[rank.at]++;
      table.place[slot] = place.prefilling;
      if (table.startedAt[slot] === -1) table.startedAt[slot] = at;
      const chunk = Math.min(prompt - table.progress[slot], budget);
      rank.prefilling.push(slot);
      rank.chunks.push(chunk);
      budget -= chunk;
      this.#listener.scheduled(slot, at);
    }
  }

  /** The chunks of a rank are computed; `whole` is told of prompts that are with them. */
  advance(rank: Rank, at: Seconds, whole: (rank: Rank, slot: number, at: Seconds) => void): void {
    const table = this.#table;
    let kept = 0;
    const { chunks, prefilling } = rank;
    for (let i = 0; i < chunks.length; i++) {
      const slot = prefilling.items[i];
      const chunk = chunks.items[i];
      rank.queuedTokens -= chunk;
      table.progress[slot] = table.progress[slot] + chunk;
      if (table.progress[slot] < table.prompt[slot]) prefilling.items[kept++] = slot;
      else whole(rank, slot, at);
    }
    prefilling.length = kept;
    chunks.clear();
  }

  /** Takes a prompt out that is being computed, the one at a place of those under way. */
  drop(rank: Rank, slot: number, at: number): void {
    const table = this.#table;
    rank.prefilling.removeAt(at);
    rank.queuedTokens -= table.prompt[slot] - table.progress[slot];
    this.release(rank, slot);
  }

  /** Gives back what a prompt has on a rank: its adapter, its blocks, those that it shares. */
  release(rank: Rank, slot: number): void {
    rank.adapters?.drops(slot);
    rank.kv.give(this.#table.privateBlocks[slot]);
    unpinPrefix(this.#table, rank, slot);
  }
}
