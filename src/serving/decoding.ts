import type { Seconds } from '../base/units.ts';
import { IntList } from '../kernel/int-list.ts';
import type { Acceptance } from './acceptance.ts';
import { Calendar } from './calendar.ts';
import { place } from './place.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import type { RequestTable } from './request-table.ts';
import { keepAnswer, unpinPrefix } from './shared-prefixes.ts';

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
  readonly #finishers = new Calendar();
  readonly #table: RequestTable;
  readonly #columns: RankColumns;
  readonly #acceptance: Acceptance;

  constructor(table: RequestTable, columns: RankColumns, acceptance: Acceptance) {
    this.#table = table;
    this.#columns = columns;
    this.#acceptance = acceptance;
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

  /** The first of the slots that end with the last step, -1 for none; the others follow by `nextFinisher`. */
  finishers(): number {
    return this.#finishers.take(this.steps);
  }

  /** The sequences of a rank whose KV has arrived decode from now on. */
  join(rank: Rank, at: Seconds): void {
    const { ready } = rank;
    for (let i = 0; i < ready.length; i++) {
      const slot = ready.items[i];
      this.#table.joinedAt[slot] = at;
      this.add(rank, slot);
    }
    ready.clear();
  }

  /** Adds a sequence whose prompt is in the KV, and which has a place. */
  add(rank: Rank, slot: number): void {
    const table = this.#table;
    const base = table.prompt[slot] - this.tokens;
    rank.adapters?.joins(slot);
    table.place[slot] = place.decoding;
    table.base[slot] = base;
    table.position[slot] = rank.members.length;
    rank.members.push(slot);
    this.#columns.count(rank.at, base, 1);
    const left = table.outputTokens[slot] - table.emitted[slot];
    const steps = this.#acceptance.stepsFor(table.ordinal[slot], table.stepsBefore[slot], left);
    table.joinStep[slot] = this.steps;
    table.finishStep[slot] = this.steps + steps;
    this.#finishers.add(this.steps + steps, slot, table.nextFinisher);
    this.joined.push(slot);
  }

  /** A sequence has its whole answer. */
  finish(rank: Rank, slot: number): void {
    const table = this.#table;
    this.#leave(rank, slot, this.tokens, true);
    table.stepsBefore[slot] += table.finishStep[slot] - table.joinStep[slot];
    table.emitted[slot] = table.outputTokens[slot];
  }

  /**
   * Takes a sequence out before its end, with what it has put out so far.
   * @param tokens the token count up to which its blocks were taken
   */
  stop(rank: Rank, slot: number, tokens: number = this.tokens): void {
    const table = this.#table;
    const steps = this.steps - table.joinStep[slot];
    const left = table.outputTokens[slot] - table.emitted[slot];
    const joined = this.joined.indexOf(slot);
    if (joined >= 0) this.joined.removeAt(joined);
    // Its last tokens came out at the end of the last step.
    if (steps > 0) table.lastTokenAt[slot] = this.steppedAt;
    this.#finishers.remove(table.finishStep[slot], slot, table.nextFinisher);
    this.#leave(rank, slot, tokens, false);
    table.emitted[slot] += this.#acceptance.emittedIn(table.ordinal[slot], table.stepsBefore[slot], steps, left);
    table.stepsBefore[slot] += steps;
  }

  /** Forgets all sequences; how far they came stays. */
  clear(): void {
    this.#finishers.clear();
    this.joined.clear();
  }

  #leave(rank: Rank, slot: number, tokens: number, whole: boolean): void {
    const table = this.#table;
    rank.adapters?.leaves(slot);
    const base = table.base[slot];
    const position = table.position[slot];
    const last = rank.members.pop();
    if (last !== slot) {
      rank.members.items[position] = last;
      table.position[last] = position;
    }
    const columns = this.#columns;
    columns.count(rank.at, base, -1);
    columns.places.decrease(rank.at);
    rank.kv.give(columns.blocksFor(base + tokens) - table.pinned[slot] * rank.unitBlocks);
    if (whole) keepAnswer(table, rank, slot);
    unpinPrefix(table, rank, slot);
  }
}
