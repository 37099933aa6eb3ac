import type { Seconds } from '../base/units.ts';
import type { Decoding } from './decoding.ts';
import type { InstanceListener } from './instance-listener.ts';
import type { InstanceOptions } from './plant.ts';
import { place } from './place.ts';
import type { Prompts } from './prompts.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import type { RequestTable } from './request-table.ts';

/** Who takes part in the next iteration of an instance: what decodes gets the blocks that it grows by, pushing out others where there are too few, and prompts get the rest. */
export class Formation {
  readonly #table: RequestTable;
  readonly #ranks: readonly Rank[];
  readonly #columns: RankColumns;
  readonly #options: InstanceOptions;
  readonly #listener: InstanceListener;
  readonly #decoding: Decoding;
  readonly #prompts: Prompts;

  constructor(
    table: RequestTable,
    ranks: readonly Rank[],
    columns: RankColumns,
    options: InstanceOptions,
    listener: InstanceListener,
    { decoding, prompts }: { readonly decoding: Decoding; readonly prompts: Prompts },
  ) {
    this.#table = table;
    this.#ranks = ranks;
    this.#columns = columns;
    this.#options = options;
    this.#listener = listener;
    this.#decoding = decoding;
    this.#prompts = prompts;
  }

  /** Fills the iteration that begins at `at`. Returns whether decoding sequences take part. */
  form(at: Seconds): boolean {
    const { growth } = this.#decoding;
    if (this.#options.adapters !== undefined) for (const rank of this.#ranks) rank.adapters?.begin();
    return this.#options.prefillFirst === true ? this.#promptsFirst(growth, at) : this.#together(growth, at);
  }

  /** Decoding sequences grow, and prompts take what they leave of the budget. */
  #together(growth: number, at: Seconds): boolean {
    const columns = this.#columns;
    const ranks = this.#ranks;
    const decoding = this.#decoding;
    decoding.join(at);
    const { tokens } = decoding;
    const { awake, used, inUse, growing, kvBlocks } = columns;
    const { words } = awake;
    const caching = this.#options.prefixCaching;
    const phase = columns.phase(tokens);
    const first = phase * words.length;
    const second = columns.phase(tokens + 1) * words.length;
    // Of the others nothing is needed. A step of more than two tokens comes with long drafts.
    const all = caching || growth > 2 ? -1 : 0;
    for (let w = 0; w < words.length; w++) {
      // What wakes a rank meanwhile counts if its turn is still to come.
      for (let turn = 0; ;) {
        const bits = (all | words[w] | growing.words[first + w] | (growth === 1 ? 0 : growing.words[second + w])) & ~turn;
        if (bits === 0) break;
        const bit = bits & -bits;
        turn |= bit | (bit - 1);
        const r = 32 * w + 31 - Math.clz32(bit);
        if (r >= used.length) break;
        const need = columns.growth(r, phase, growth);
        if (caching || used[r] + need > kvBlocks) this.#grow(ranks[r], growth, at);
        else inUse.add(r, need);
        // One that was pushed out has woken it.
        if ((words[w] & bit) === 0) continue;
        const rank = ranks[r];
        if (rank.waiting.size > 0 || rank.prefilling.length > 0) this.#prompts.fill(rank, at);
        else awake.delete(r);
      }
    }
    return true;
  }

  /** Prompts have the iteration where there are any that fit; what decodes grows where there are none. Returns whether it does. */
  #promptsFirst(growth: number, at: Seconds): boolean {
    if (this.#fillAll(at)) return false;
    for (const rank of this.#ranks) this.#grow(rank, growth, at);
    if (this.#columns.sequences > 0) return true;
    // All were pushed out: their blocks may hold a prompt now.
    return !this.#fillAll(at);
  }

  #fillAll(at: Seconds): boolean {
    let any = false;
    for (const rank of this.#ranks) {
      if (rank.waiting.size === 0 && rank.prefilling.length === 0) {
        this.#columns.awake.delete(rank.at);
        continue;
      }
      this.#prompts.fill(rank, at);
      any ||= rank.chunks.length > 0;
    }
    return any;
  }

  /** Blocks for the tokens that decoding sequences add in this step; the latest admitted give way where there are too few. */
  #grow(rank: Rank, growth: number, at: Seconds): void {
    if (this.#columns.decoding[rank.at] === 0) return;
    const phase = this.#columns.phase(this.#decoding.tokens);
    let need = this.#columns.growth(rank.at, phase, growth);
    while (rank.room < need && this.#preemptLatest(rank, at)) need = this.#columns.growth(rank.at, phase, growth);
    rank.kv.take(need);
  }

  #preemptLatest(rank: Rank, at: Seconds): boolean {
    const table = this.#table;
    const later = (a: number, b: number): boolean =>
      b < 0 || table.priority[a] < table.priority[b] || (table.priority[a] === table.priority[b] && table.admission[a] > table.admission[b]);
    let latest = -1;
    for (const slot of rank.members) if (later(slot, latest)) latest = slot;
    let prompt = -1;
    for (const slot of rank.prefilling) if (later(slot, prompt)) prompt = slot;
    if (prompt >= 0 && later(prompt, latest)) {
      this.#prompts.drop(rank, prompt, rank.prefilling.indexOf(prompt));
      this.#requeue(rank, prompt, at);
      return true;
    }
    if (latest < 0) return false;
    this.#decoding.stop(latest);
    this.#requeue(rank, latest, at);
    return true;
  }

  /** Back to the front of the queue, to compute the prompt and what it had emitted again. */
  #requeue(rank: Rank, slot: number, at: Seconds): void {
    const table = this.#table;
    table.privateBlocks[slot] = 0;
    table.progress[slot] = 0;
    table.prompt[slot] = table.inputTokens[slot] + table.emitted[slot];
    if (this.#options.role === 'merged') {
      table.place[slot] = place.queued;
      rank.waiting.pushFront(slot);
      this.#columns.awake.add(rank.at);
      rank.queuedTokens += table.prompt[slot];
    }
    this.#listener.preempted(slot, at);
  }
}
