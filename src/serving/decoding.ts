import type { Seconds } from '../base/units.ts';
import { IntList } from '../kernel/int-list.ts';
import type { Acceptance } from './acceptance.ts';
import { Calendar } from './calendar.ts';
import { place } from './place.ts';
import type { InstanceOptions } from './plant.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import { rowOf, type RequestTable } from './request-table.ts';
import { keepAnswer, unpinPrefix } from './shared-prefixes.ts';

type DecodingOptions = Pick<InstanceOptions, 'acceptance' | 'prefixCaching' | 'adapters'>;

/** What an instance decodes: which sequences, how far all of them have come together, and when each ends. */
export class Decoding {
  /** Steps so far, and the tokens by which every sequence has grown in them. */
  steps = 0;
  tokens = 0;
  /** End of the last step, and of the one before it: when sequences that decode on put out tokens. */
  steppedAt: Seconds = 0;
  before: Seconds = 0;
  /** Slots that decode for the first time in the running step, or in the next where prompts go first. */
  readonly joined: IntList = new IntList();
  readonly #finishers: Calendar;
  readonly #table: RequestTable;
  readonly #columns: RankColumns;
  readonly #ranks: readonly Rank[];
  readonly #acceptance: Acceptance;
  /** Whether sequences of a rank may have prefixes or adapters in common: only then is a rank looked at beside its columns. */
  readonly #shares: boolean;

  constructor(table: RequestTable, ranks: readonly Rank[], columns: RankColumns, { acceptance, prefixCaching, adapters }: DecodingOptions) {
    this.#table = table;
    this.#finishers = new Calendar(table);
    this.#ranks = ranks;
    this.#columns = columns;
    this.#acceptance = acceptance;
    this.#shares = prefixCaching || adapters !== undefined;
  }

  /** Tokens by which each sequence has grown after so many steps: whole numbers whose mean is what a step emits. */
  tokensAfter(steps: number): number {
    return Math.floor(steps * this.#acceptance.mean);
  }

  /** Tokens by which each sequence grows in the next step. */
  get growth(): number {
    return this.tokensAfter(this.steps + 1) - this.tokens;
  }

  /** A step has ended at `at`, or so many, the one before it at `before`. */
  advance(at: Seconds, count: number = 1, before: Seconds = this.steppedAt): void {
    this.steps += count;
    this.before = before;
    this.steppedAt = at;
    this.tokens = this.tokensAfter(this.steps);
  }

  /** Whether sequences end with the step of this number. */
  endsWith(step: number): boolean {
    return this.#finishers.first(step) >= 0;
  }

  /** The first of the slots that end with the last step, -1 for none; the others follow by `next`. */
  finishers(): number {
    const first = this.#finishers.take(this.steps);
    this.#table.fetch(first);
    return first;
  }

  /** The sequences whose KV has arrived decode from now on, rank by rank. */
  join(at: Seconds): void {
    const { joinedAt, next } = this.#table;
    const { ready, joining } = this.#columns;
    const { words } = joining;
    for (let w = 0; w < words.length; w++)
      for (let bits = words[w]; bits !== 0; bits = words[w]) {
        const rank = 32 * w + 31 - Math.clz32(bits & -bits);
        joining.delete(rank);
        for (let slot = ready.take(rank); slot >= 0;) {
          // Its own place in a list is that of its end from here on.
          const behind = next[rowOf(slot)];
          joinedAt[slot] = at;
          this.add(rank, slot);
          slot = behind;
        }
      }
  }

  /** Adds a sequence whose prompt is in the KV, and which has a place. */
  add(rank: number, slot: number): void {
    const table = this.#table;
    if (this.#shares) this.#ranks[rank].adapters?.joins(slot);
    table.place[slot] = place.decoding;
    this.#columns.join(rank, slot, table.prompt[slot] - this.tokens);
    const left = table.outputTokens[slot] - table.emitted[slot];
    const end = this.steps + this.#acceptance.stepsFor(table.ordinal[slot], table.stepsBefore[slot], left);
    table.joinStep[slot] = this.steps;
    table.finishStep[slot] = end;
    this.#finishers.add(end, slot);
    this.joined.push(slot);
  }

  /** A sequence has its whole answer. */
  finish(slot: number): void {
    const table = this.#table;
    const steps = this.#stepsOf(slot);
    this.#leave(slot, steps, this.tokens, true);
    table.stepsBefore[slot] += steps;
    table.emitted[slot] = table.outputTokens[slot];
  }

  /**
   * Takes a sequence out before its end, with what it has put out so far.
   * @param tokens the token count up to which its blocks were taken
   */
  stop(slot: number, tokens: number = this.tokens): void {
    const table = this.#table;
    const steps = this.#stepsOf(slot);
    const left = table.outputTokens[slot] - table.emitted[slot];
    const joined = this.joined.indexOf(slot);
    if (joined >= 0) this.joined.removeAt(joined);
    // Its last tokens came out at the end of the last step.
    if (steps > 0) table.rare.own(slot).pausedAt = this.steppedAt;
    this.#finishers.remove(table.finishStep[slot], slot);
    this.#leave(slot, steps, tokens, false);
    table.emitted[slot] += this.#acceptance.emittedIn(table.ordinal[slot], table.stepsBefore[slot], steps, left);
    table.stepsBefore[slot] += steps;
  }

  /** Forgets all sequences; how far they came stays. */
  clear(): void {
    this.#finishers.clear();
    this.joined.clear();
  }

  /** Steps since a sequence joined; fewer than 2^31. */
  #stepsOf(slot: number): number {
    return (this.steps - this.#table.joinStep[slot]) | 0;
  }

  #leave(slot: number, steps: number, tokens: number, whole: boolean): void {
    const table = this.#table;
    const columns = this.#columns;
    const at = table.rank[slot];
    const base = table.prompt[slot] - this.tokensAfter(this.steps - steps);
    const blocks = columns.blocksFor(base + tokens);
    columns.leave(at, slot, base);
    columns.places.decrease(at);
    if (!this.#shares) {
      columns.inUse.add(at, -blocks);
      return;
    }
    const rank = this.#ranks[at];
    rank.adapters?.leaves(slot);
    rank.kv.give(blocks - table.pinned[slot] * rank.unitBlocks);
    if (whole) keepAnswer(table, rank, slot);
    unpinPrefix(table, rank, slot);
  }
}
