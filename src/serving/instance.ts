import type { Seconds } from '../base/units.ts';
import type { StepCost, StepPricer } from '../cost/batch.ts';
import { adapterWork } from './adapters/rank-adapters.ts';
import { barrierEvery, waitOf } from './barrier.ts';
import { Coast, type Coasting } from './coast.ts';
import { Decoding } from './decoding.ts';
import { Formation } from './formation.ts';
import { ceilToGrid, gridDuration } from './grid.ts';
import type { InstanceListener } from './instance-listener.ts';
import { Iteration } from './iteration.ts';
import { Lookout } from './lookout.ts';
import type { Pipeline } from './pipeline.ts';
import { place } from './place.ts';
import type { InstanceOptions } from './plant.ts';
import { Prompts } from './prompts.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import { rowOf, type RequestTable } from './request-table.ts';
import { keepPrefix, unpinPrefix } from './shared-prefixes.ts';

/**
 * A group of ranks that iterate together: an instance, or one of the batches that are in flight in its pipeline. Each rank fills its part of an iteration by the rules of docs/spec/serving.md (SCH); the
 * iteration takes as long as the slowest rank's.
 */
export class Instance implements Coasting {
  readonly index: number;
  readonly options: InstanceOptions;
  readonly ranks: readonly Rank[];
  readonly columns: RankColumns;
  /** Ranks that take part: all but those that a fault has taken. */
  serving: readonly Rank[];
  readonly #table: RequestTable;
  readonly #listener: InstanceListener;
  /** Present for a batch in flight of a pipeline: one of as many as there are stages, which share KV blocks and nothing else. */
  readonly pipeline: Pipeline | undefined;
  /** All batches in flight of the same instance, itself included. */
  batches: readonly Instance[] = [this];
  running = false;
  /** An iteration is formed and has not begun. */
  held = false;
  /** Whether routers see it: only one that is active. One that drains finishes what it has. */
  state: 'active' | 'starting' | 'draining' | 'off' = 'active';
  /** Nothing on it goes on: the iteration that was running does not end. */
  stuck = false;
  /** What an iteration costs on it as it is now, and how many times as long it takes. */
  pricer: StepPricer;
  slowdown = 1;
  /** What the iteration of this number waits for beside its work; absent without jitter. */
  delay: ((iteration: number) => Seconds) | undefined;
  /** Time that a prompt token takes on one rank, of late: a moving mean over iterations. [s] */
  pace: Seconds = 0;
  startedAt: Seconds = 0;
  endsAt: Seconds = 0;
  /** When it was last told to look for work, where that is still to come. */
  wokenAt: Seconds = -1;
  /** Cached prefixes that prompts of the formed iteration still wait for: it begins when they are there. */
  reads = 0;
  /** What the running iteration computes. */
  readonly iteration: Iteration;
  /** Sequences of the last step that had put out tokens in the one before it. */
  gaps = 0;
  /** Since when it stands still, and for how many reasons. */
  #pausedAt: Seconds = 0;
  #pauses = 0;
  readonly decoding: Decoding;
  readonly #prompts: Prompts;
  readonly #formation: Formation;
  readonly #lookout: Lookout;
  /** Its iterations that are laid out ahead. */
  readonly coast: Coast = new Coast(this);
  /** Ends in the queue that hold no longer, since iterations were laid out anew. */
  readonly voided: Seconds[] = [];
  /** Iterations that were formed. */
  #formed = 0;

  /** @param pipeline of the instance, where this is one of its batches in flight */
  constructor(
    index: number,
    options: InstanceOptions,
    table: RequestTable,
    listener: InstanceListener,
    ranks: readonly Rank[],
    columns: RankColumns,
    pipeline?: Pipeline,
  ) {
    this.index = index;
    this.pipeline = pipeline;
    this.options = options;
    this.#table = table;
    this.#listener = listener;
    this.iteration = new Iteration(table);
    this.ranks = ranks;
    this.columns = columns;
    this.serving = ranks;
    this.pricer = options.pricer;
    this.decoding = new Decoding(table, ranks, columns, options);
    this.#prompts = new Prompts(table, columns, options, listener);
    this.#formation = new Formation(table, ranks, columns, options, listener, { decoding: this.decoding, prompts: this.#prompts });
    this.#lookout = new Lookout(ranks, columns, options);
  }

  /** Whether prompts wait on one of its ranks. */
  get hungry(): boolean {
    return this.ranks.some(({ waiting }) => waiting.size > 0);
  }

  /** Whether nothing decodes or is about to join, and no prompt waits or is under way: an iteration would have nothing to compute. */
  get idle(): boolean {
    const { awake, joining, sequences } = this.columns;
    return sequences === 0 && awake.empty && joining.empty;
  }

  /** Whether it holds nothing and nothing is on its way to it; cached prefixes apart. */
  get empty(): boolean {
    return !this.running && this.ranks.every(({ load, queuedTokens, usedBlocks }) => load === 0 && queuedTokens === 0 && usedBlocks === 0);
  }

  /** Queues a prompt on a rank. */
  enqueue(slot: number, rankIndex: number): void {
    const rank = this.ranks[rankIndex];
    const table = this.#table;
    table.instance[slot] = this.index;
    table.rank[slot] = rankIndex;
    table.place[slot] = place.queued;
    (this.#lookout.late && this.running ? rank.late : rank.waiting).push(slot);
    this.columns.awake.add(rankIndex);
    rank.queuedTokens += table.prompt[slot] - table.progress[slot];
  }

  /** Whether no sequence has a place on a rank, in any batch in flight. */
  vacant(rankIndex: number): boolean {
    return this.ranks[rankIndex].kv.sequences === 0;
  }

  reserve(slot: number, rankIndex: number): void {
    const table = this.#table;
    const { columns } = this;
    const blocks = columns.blocksFor(table.prompt[slot]);
    table.instance[slot] = this.index;
    table.rank[slot] = rankIndex;
    columns.places.increase(rankIndex);
    if (this.options.prefixCaching) this.ranks[rankIndex].kv.take(blocks);
    else columns.inUse.add(rankIndex, blocks);
    table.admission[slot] = columns.admissions[rankIndex]++;
  }

  /** The KV of a promised request is there: it joins the next step. */
  arrive(slot: number): void {
    const table = this.#table;
    this.columns.arrive(table.rank[slot], slot);
    table.place[slot] = place.decoding;
  }

  /** Nothing on it goes on from now, until each pause has its `resume`. */
  pause(at: Seconds): void {
    this.stuck = true;
    if (this.#pauses++ === 0) this.#pausedAt = at;
  }

  /** One reason less to stand still. With the last one it goes on, and a running iteration ends as much later as it was paused. */
  resume(at: Seconds): void {
    if (--this.#pauses > 0) return;
    this.stuck = false;
    if (this.running && !this.held) this.endsAt = ceilToGrid(this.endsAt + (at - this.#pausedAt));
  }

  /** Goes on without some of its ranks, by number; with none, all take part. What those that go held is settled and cleared by the caller. */
  without(ranks: ReadonlySet<number>): void {
    this.serving = ranks.size === 0 ? this.ranks : this.ranks.filter((_, r) => !ranks.has(r));
    this.columns.close(ranks);
  }

  /** The running iteration does not end: what it was to compute is formed anew when the instance goes on. */
  abandon(): void {
    if (!this.running) return;
    this.running = false;
    this.held = false;
    if (this.iteration.decoding > 0) {
      const { tokens, growth } = this.decoding;
      const phase = this.columns.phase(tokens);
      for (const { at, kv } of this.ranks) kv.give(this.columns.growth(at, phase, growth));
    }
    this.#lookout.admit();
  }

  /** The KV of a promised request will not come. */
  withdraw(slot: number): void {
    const rank = this.ranks[this.#table.rank[slot]];
    this.columns.places.decrease(rank.at);
    rank.kv.give(this.columns.blocksFor(this.#table.prompt[slot]));
  }

  /** Settles what a request that decodes here has put out so far: it will not go on here. Its blocks go with `clear`. */
  interrupt(slot: number): void {
    if (!this.joins(slot)) this.decoding.stop(slot);
  }

  /** Whether a request that decodes here has not begun to: its KV has arrived, and it joins the next step. */
  joins(slot: number): boolean {
    return this.columns.ready.has(this.#table.rank[slot], slot);
  }

  /** Drops a request that nobody waits for any more, wherever it is here; what it held is free at once, also while an iteration runs. */
  drop(slot: number): void {
    const table = this.#table;
    const rank = this.ranks[table.rank[slot]];
    switch (table.place[slot]) {
      case place.queued:
        rank.queuedTokens -= table.prompt[slot] - table.progress[slot];
        if ([...rank.late].includes(slot)) rank.late.remove(slot);
        else rank.waiting.remove(slot);
        return;
      case place.prefilling: {
        const at = rank.prefilling.indexOf(slot);
        rank.chunks.removeAt(at);
        this.#prompts.drop(rank, slot, at);
        return;
      }
      case place.decoding: {
        if (this.columns.ready.remove(rank.at, slot)) {
          this.columns.places.decrease(rank.at);
          rank.kv.give(this.columns.blocksFor(table.prompt[slot]));
        } else if (this.decodesNow) {
          // It has grown for the running step already, which goes on without it.
          this.iteration.decoding--;
          this.decoding.stop(slot, this.decoding.tokensAfter(this.decoding.steps + 1));
        } else this.decoding.stop(slot);
        return;
      }
      default:
        // Its KV is on its way here.
        this.withdraw(slot);
    }
  }

  /** Whether what decodes takes part in the running iteration. */
  get decodesNow(): boolean {
    return this.running && this.iteration.decoding > 0;
  }

  /** Forgets all that it holds and runs; what is lost was settled before. */
  clear(): void {
    for (const rank of this.ranks) rank.clear();
    this.decoding.clear();
    this.coast.drop();
    this.#lookout.clear();
    this.running = false;
    this.held = false;
    this.reads = 0;
  }

  /** Frees the KV that a prefill instance held for a request. */
  release(slot: number, rankIndex: number): void {
    const rank = this.ranks[rankIndex];
    rank.kv.give(this.#table.privateBlocks[slot]);
    this.#table.privateBlocks[slot] = 0;
    unpinPrefix(this.#table, rank, slot);
  }

  /** Forms the next iteration at `at` (on the grid). Returns whether there is anything to do; if so it ends at `endsAt`, unless it is `held`. */
  start(at: Seconds): boolean {
    this.coast.drop();
    if (!this.#form(at) && !(this.#lookout.late && this.#lookout.admit() && this.#form(at))) return false;
    if (this.#lookout.looks(this.iteration.prefillTokens > 0)) this.#lookout.admit();
    return true;
  }

  get coasts(): boolean {
    const { iteration, columns, options, ranks } = this;
    if (this.pricer.stretch === undefined || iteration.decoding === 0 || iteration.prefillTokens > 0 || columns.awake.has(0)) return false;
    return ranks.length === 1 && ranks[0].late.size === 0 && options.adapters === undefined && this.delay === undefined && this.pipeline === undefined;
  }

  get queryTokens(): number {
    return 1 + this.options.acceptance.drafts;
  }

  get meanEmitted(): number {
    return this.options.acceptance.mean;
  }

  turn(count: number, before: Seconds, at: Seconds, endsAt: Seconds): void {
    this.#emitJoined(this.endsAt);
    this.decoding.advance(at, count, before);
    this.gaps = this.iteration.decoding;
    for (let i = 0; i < count && this.#lookout.late; i++) this.#lookout.looks(false);
    this.#formed += count;
    this.startedAt = at;
    this.endsAt = endsAt;
  }

  #form(at: Seconds): boolean {
    const decodes = this.#formation.form(at);
    this.iteration.price(this.ranks, this.columns, this.decoding.tokens, this.queryTokens, this.pricer, decodes);
    const { cost } = this.iteration;
    this.running = cost !== undefined;
    if (cost === undefined) return false;
    this.held = this.reads > 0;
    if (this.held) this.endsAt = Infinity;
    else this.begin(at);
    return true;
  }

  /** The formed iteration begins: it ends at `endsAt`. */
  begin(at: Seconds): void {
    const { slowdown, delay, iteration } = this;
    const { adapters } = this.options;
    const cost = iteration.cost as StepCost;
    this.held = false;
    this.startedAt = at;
    const work = adapters === undefined ? undefined : adapterWork(this.ranks, adapters, this.queryTokens, iteration.decodes, slowdown);
    iteration.adapters = work;
    const products = work?.products ?? 0;
    const late = (delay === undefined ? 0 : delay(this.#formed)) + (work?.loading ?? 0);
    const least = this.iteration.prefillTokens > 0 ? (this.options.launching ?? 0) : 0;
    this.iteration.barrier =
      this.ranks.length > 1 && this.#formed % barrierEvery === 0 ? this.#barrier(cost.time + products / slowdown, least, late) : undefined;
    this.#formed++;
    this.endsAt =
      this.pipeline === undefined || cost.pipeline === undefined
        ? at + gridDuration(Math.max(cost.time * slowdown + products, least) + late)
        : this.pipeline.pass(at, late === 0 ? cost.pipeline : { ...cost.pipeline, host: cost.pipeline.host + late }, slowdown, least);
  }

  /** How long the rank whose turn it is waits for the slowest one. */
  #barrier(slowest: Seconds, least: Seconds, late: Seconds): Iteration['barrier'] {
    const { serving: ranks, pricer, slowdown } = this;
    const rank = ranks[(this.#formed / barrierEvery) % ranks.length];
    const own = this.iteration.own(rank, this.decoding.tokens, this.queryTokens, pricer) + (rank.adapters?.products ?? 0);
    return waitOf(slowest, own, slowdown, ranks.length, least, late);
  }

  /** Ends the running iteration: tokens come out, sequences finish, prompts are done. `start` follows at the same instant. */
  end(): void {
    const at = this.endsAt;
    const table = this.#table;
    this.gaps = 0;
    if (this.iteration.decoding > 0) {
      this.#listener.stepped(this);
      const { decoding } = this;
      decoding.advance(at);
      this.gaps = this.iteration.decoding - decoding.joined.length;
      this.#emitJoined(at);
      for (let slot = decoding.finishers(); slot >= 0;) {
        const behind = table.next[rowOf(slot)];
        decoding.finish(slot);
        this.#listener.finished(slot, at);
        slot = behind;
      }
    }
    const { prefillTokens } = this.iteration;
    if (prefillTokens === 0) return;
    const pace = ((at - this.startedAt) * this.serving.length) / prefillTokens;
    this.pace = this.pace === 0 ? pace : this.pace + (pace - this.pace) / 8;
    for (const rank of this.ranks) if (rank.prefilling.length > 0) table.fetchPrompts(rank.prefilling);
    for (const rank of this.ranks) if (rank.prefilling.length > 0) this.#prompts.advance(rank, at, this.#computed);
  }

  readonly #computed = (rank: Rank, slot: number, at: Seconds): void => {
    const table = this.#table;
    keepPrefix(table, rank, slot);
    this.#listener.prefilled(slot, at);
    if (this.options.role === 'prefill') return;
    this.#emitAfterPause(slot, at);
    table.fromPrompts[slot]++;
    table.emitted[slot] = table.emitted[slot] + 1;
    if (table.emitted[slot] === table.outputTokens[slot]) {
      this.#prompts.release(rank, slot);
      this.#listener.finished(slot, at);
      return;
    }
    table.joinedAt[slot] = at;
    this.columns.places.increase(rank.at);
    this.decoding.add(rank.at, slot);
  };

  /** Sequences that have decoded for the first time put out tokens. */
  #emitJoined(at: Seconds): void {
    const { joined } = this.decoding;
    for (let i = 0; i < joined.length; i++) this.#emitAfterPause(joined.items[i], at);
    joined.clear();
  }

  #emitAfterPause(slot: number, at: Seconds): void {
    if (this.#table.firstTokenAt[slot] === -1) {
      this.#table.firstTokenAt[slot] = at;
      this.#listener.firstToken(slot, at);
    } else {
      this.#listener.resumed(slot, at);
    }
  }
}
