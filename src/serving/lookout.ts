import type { InstanceOptions } from './plant.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';

/** When an instance looks for prompts that came while an iteration ran: in engines that form the next one before this one ends, or poll (SCH-7, SCH-14). */
export class Lookout {
  /** Whether what comes while an iteration runs waits until the instance looks. */
  readonly late: boolean;
  readonly #ranks: readonly Rank[];
  readonly #columns: RankColumns;
  readonly #every: number;
  /** Iterations since it last looked. */
  #unlooked = 0;

  constructor(ranks: readonly Rank[], columns: RankColumns, { ahead, pollEvery }: Pick<InstanceOptions, 'ahead' | 'pollEvery'>) {
    this.late = ahead === true || pollEvery !== undefined;
    this.#ranks = ranks;
    this.#columns = columns;
    this.#every = pollEvery ?? 1;
  }

  /** Whether it looks now that an iteration has begun: behind every one with prompts, and every `pollEvery` without. */
  looks(prompts: boolean): boolean {
    if (!this.late) return false;
    this.#unlooked = prompts ? this.#every : this.#unlooked + 1;
    if (this.#unlooked < this.#every) return false;
    this.#unlooked = 0;
    return true;
  }

  /** What came while the last iteration ran may join the one behind this. Returns whether there was any. */
  admit(): boolean {
    let any = false;
    for (const { late, waiting, at } of this.#ranks)
      while (late.size > 0) {
        waiting.push(late.shift());
        this.#columns.awake.add(at);
        any = true;
      }
    return any;
  }

  clear(): void {
    this.#unlooked = 0;
  }
}
