import type { Seconds } from '../base/units.ts';
import type { StepPricer, Stretch } from '../cost/batch.ts';
import { gridDuration } from './grid.ts';
import type { Decoding } from './decoding.ts';
import type { Iteration } from './iteration.ts';
import type { Metrics, Stride } from './metrics.ts';
import type { Pool } from './pools.ts';
import type { Rank } from './rank.ts';

/** Iterations that are laid out at once at most. */
const most = 32;

/** What of an instance changes while it does nothing but decode the sequences that it has. */
export interface Coasting {
  readonly ranks: readonly Rank[];
  readonly iteration: Iteration;
  readonly pricer: StepPricer;
  readonly slowdown: number;
  readonly decoding: Pick<Decoding, 'steps' | 'steppedAt' | 'joined' | 'endsWith' | 'tokensAfter'>;
  readonly endsAt: Seconds;
  readonly queryTokens: number;
  readonly meanEmitted: number;
  /** Whether the running iteration only decodes, and those behind it will while nobody comes, in a way that can be laid out. */
  readonly coasts: boolean;
  /** The running iteration and so many behind it have ended, the last two at `before` and `at`, and the next one runs, which ends at `endsAt`. */
  turn(count: number, before: Seconds, at: Seconds, endsAt: Seconds): void;
}

/**
 * Iterations of an instance of one rank that will only decode while nobody comes: laid out ahead up to the end of one with which something happens, and
 * gone through together when the clock has got there, or has got to something that changes them. The same as one by one, to the last bit.
 */
export class Coast {
  readonly #instance: Coasting;
  /** Ends of the running iteration and of those behind it, and the time between each and the end of the step before it. */
  readonly #ends = new Float64Array(most + 1);
  readonly #gaps = new Float64Array(most + 1);
  /** What each is priced at, its context, and the KV blocks that it takes. */
  readonly #times = new Float64Array(most + 1);
  readonly #contexts = new Float64Array(most + 1);
  readonly #blocks = new Int32Array(most + 1);
  /** Iterations behind the running one that are laid out, and how many of them have begun. */
  #planned = 0;
  #begun = 0;
  /** Whether the one behind the last that is laid out could be, too. */
  #goesOn = false;
  #stretch: Stretch | undefined;
  /** Working memory: sums over iterations of one interval of the meters. */
  readonly #stride: Stride = { steps: 0, time: 0.5, busy: 0.5, contexts: 0.5, kv: 0.5, kvMax: 0.5 };

  constructor(instance: Coasting) {
    this.#instance = instance;
  }

  /** When the last iteration that is laid out ends; 0 where none is. */
  get until(): Seconds {
    return this.#planned === 0 ? 0 : this.#ends[this.#planned];
  }

  /** Whether nothing happens with the end of the running iteration, the last that was laid out, but that the next one begins. */
  get goesOn(): boolean {
    return this.#goesOn && this.#planned === 0 && this.#instance.coasts;
  }

  /**
   * Lays out what follows the iteration that has just begun, or the last one that was laid out, and begins before `horizon`, where all of it will only decode.
   * Returns when the last one ends: the instance has nothing to do before.
   */
  plan(horizon: Seconds): Seconds {
    const instance = this.#instance;
    if (!instance.coasts) return instance.endsAt;
    const { ranks, iteration, pricer, slowdown, decoding } = instance;
    const { steps } = decoding;
    const [rank] = ranks;
    const { columns, kv } = rank;
    const sequences = iteration.decoding;
    const base = columns.baseSum[0];
    let tokens = decoding.tokensAfter(steps + 1);
    let at = instance.endsAt;
    let count = 0;
    this.#ends[0] = at;
    this.#gaps[0] = at - decoding.steppedAt;
    this.#planned = 0;
    this.#begun = 0;
    const goesOn = this.#goesOn;
    this.#goesOn = false;
    if (decoding.endsWith(steps + 1)) return at;
    const stretch = goesOn ? this.#stretch : pricer.stretch?.(iteration.next(rank, tokens, instance.queryTokens), this.#stretch);
    if (stretch === undefined) return at;
    let { room } = kv;
    while (at < horizon && !decoding.endsWith(steps + 1 + count)) {
      const context = base + sequences * tokens;
      const grown = decoding.tokensAfter(steps + 2 + count);
      const blocks = columns.growth(0, columns.phase(tokens), grown - tokens);
      room -= blocks;
      if (context > stretch.to || room < 0) break;
      if (count === most) {
        this.#goesOn = true;
        break;
      }
      const time = stretch.time(context);
      const duration = gridDuration(time * slowdown);
      at += duration;
      count++;
      this.#ends[count] = at;
      this.#gaps[count] = duration;
      this.#times[count] = time;
      this.#contexts[count] = context;
      this.#blocks[count] = blocks;
      tokens = grown;
    }
    this.#planned = count;
    this.#stretch = stretch;
    return at;
  }

  /** Goes through what ends before `at`, or then where that is `included`, and tells the meters. Returns how many iterations have begun. */
  catchUp(at: Seconds, included: boolean, metrics: Metrics, { index, plant }: Pool): number {
    const instance = this.#instance;
    const ends = this.#ends;
    const before = this.#begun;
    let last = before;
    while (last < this.#planned && ends[last] < at) last++;
    if (included && last < this.#planned && ends[last] === at) last++;
    if (last === before) return 0;
    const stretch = this.#stretch as Stretch;
    const { ranks, iteration, decoding } = instance;
    const [{ columns, kv }] = ranks;
    const sequences = iteration.decoding;
    const occupancy = sequences / plant.maxSequences;
    const emitted = sequences * instance.meanEmitted;
    let { used } = kv;
    let begun = before;
    while (begun < last) {
      // One interval of the meters at a time.
      const interval = metrics.at(ends[begun]);
      let end = begun + 1;
      while (end < last && ends[end] < metrics.end) end++;
      const pool = interval.pools[index];
      // Those that decode for the first time had no token in the step before.
      const fresh = begun === 0 ? decoding.joined.length : 0;
      if (fresh > 0 && fresh < sequences) interval.itl.add(this.#gaps[0], sequences - fresh);
      interval.itl.addAll(this.#gaps, fresh > 0 ? 1 : begun, end, sequences);
      pool.stepTime.addAll(this.#gaps, begun + 1, end + 1);
      used = this.#sum(begun, end, used, plant.kvBlocks);
      pool.stride(this.#stride, sequences, occupancy, stretch, plant.activity);
      pool.decodeTokens += (end - begun) * emitted;
      interval.outputServed += (end - begun) * emitted;
      begun = end;
    }
    kv.take(used - kv.used);
    instance.turn(last - before, last === 1 ? decoding.steppedAt : ends[last - 2], ends[last - 1], ends[last]);
    this.#begun = last;
    if (last === this.#planned) this.#planned = 0;
    iteration.usedBlocks = columns.used[0];
    return last - before;
  }

  /** Forgets what is laid out and has not begun. */
  drop(): void {
    this.#planned = 0;
    this.#goesOn = false;
  }

  /** Sums up the iterations that begin with these ends, beside `used` of the blocks. Returns the blocks in use with the last one. */
  #sum(from: number, to: number, used: number, kvBlocks: number): number {
    const stride = this.#stride;
    let time = 0;
    let contexts = 0;
    let kv = 0;
    let share = 0;
    for (let i = from + 1; i <= to; i++) {
      used += this.#blocks[i];
      share = used / kvBlocks;
      time += this.#times[i];
      contexts += this.#contexts[i];
      kv += this.#gaps[i] * share;
    }
    stride.steps = to - from;
    stride.time = time;
    stride.busy = this.#ends[to] - this.#ends[from];
    stride.contexts = contexts;
    stride.kv = kv;
    stride.kvMax = share;
    return used;
  }
}
