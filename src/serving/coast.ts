import type { Seconds } from '../base/units.ts';
import type { StepPricer, Stretch } from '../cost/batch.ts';
import { gridDuration } from './grid.ts';
import type { Decoding } from './decoding.ts';
import type { Iteration } from './iteration.ts';
import type { Metrics, Stride } from './metrics.ts';
import type { Pool } from './pools.ts';
import type { Rank } from './rank.ts';

/** Iterations that are gone through at most before the queue is asked again. */
const most = 32;

/** What of an instance changes while it does nothing but decode the sequences that it has. */
export interface Coasting {
  readonly ranks: readonly Rank[];
  readonly iteration: Iteration;
  readonly pricer: StepPricer;
  readonly slowdown: number;
  readonly decoding: Pick<Decoding, 'steps' | 'steppedAt' | 'endsWith' | 'tokensAfter'>;
  readonly endsAt: Seconds;
  readonly queryTokens: number;
  readonly meanEmitted: number;
  /** The running iteration and those behind it, so many, have ended: the last one at `at`, the one before it at `before`. The next one runs, and ends at `endsAt`. */
  turn(iterations: number, before: Seconds, at: Seconds, endsAt: Seconds): void;
}

/**
 * Iterations of an instance of one rank that will only decode while nobody comes: laid out ahead up to the end of one with which something happens, and
 * gone through together when the clock has got there, or has got to something that changes them. The same as one by one, to the last bit.
 */
export class Coast {
  /** Ends of the running iteration and of those behind it. */
  readonly #ends = new Float64Array(most + 1);
  readonly #times = new Float64Array(most + 1);
  /** KV tokens that they attend to, and blocks that they take. */
  readonly #contexts = new Float64Array(most + 1);
  readonly #blocks = new Float64Array(most + 1);
  /** Iterations behind the running one that are laid out, and how many of them have begun. */
  #planned = 0;
  #begun = 0;
  #stretch: Stretch | undefined;
  /** Working memory: sums over iterations of one interval of the meters. */
  readonly #stride: Stride = { steps: 0, time: 0.5, busy: 0.5, contexts: 0.5, kv: 0.5, kvMax: 0.5 };

  /** When the last iteration that is laid out ends; 0 where none is. */
  get until(): Seconds {
    return this.#planned === 0 ? 0 : this.#ends[this.#planned];
  }

  /** Lays out what follows the iteration that has just begun. Returns when the last one ends: the instance has nothing to do before. */
  plan(instance: Coasting): Seconds {
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
    this.#planned = 0;
    this.#begun = 0;
    if (decoding.endsWith(steps + 1)) return at;
    const stretch = pricer.stretch?.(iteration.next(rank, tokens, instance.queryTokens), this.#stretch);
    if (stretch === undefined) return at;
    let room = kv.room;
    while (count < most && !decoding.endsWith(steps + 1 + count)) {
      const context = base + sequences * tokens;
      const grown = decoding.tokensAfter(steps + 2 + count);
      const blocks = columns.growth(0, tokens, grown - tokens);
      room -= blocks;
      if (context > stretch.to || room < 0) break;
      const time = stretch.time(context);
      at += gridDuration(time * slowdown);
      this.#times[++count] = time;
      this.#ends[count] = at;
      this.#contexts[count] = context;
      this.#blocks[count] = blocks;
      tokens = grown;
    }
    this.#planned = count;
    this.#stretch = stretch;
    return at;
  }

  /** Goes through what ends before `at`, or then where that is `included`, and tells the meters. Returns how many iterations have begun. */
  catchUp(instance: Coasting, at: Seconds, included: boolean, metrics: Metrics, { index, plant }: Pool): number {
    const ends = this.#ends;
    const before = this.#begun;
    let last = before;
    while (last < this.#planned && ends[last] < at) last++;
    if (included && last < this.#planned && ends[last] === at) last++;
    if (last === before) return 0;
    const times = this.#times;
    const contexts = this.#contexts;
    const blocks = this.#blocks;
    const stretch = this.#stretch as Stretch;
    const { ranks, iteration, decoding } = instance;
    const [{ columns, kv }] = ranks;
    const sequences = iteration.decoding;
    const occupancy = sequences / plant.maxSequences;
    const emitted = sequences * instance.meanEmitted;
    const stride = this.#stride;
    const taken = kv.used;
    let { used } = kv;
    let out = decoding.steppedAt;
    let begun = before;
    while (begun < last) {
      // One interval of the meters at a time.
      const interval = metrics.at(ends[begun]);
      const { end } = metrics;
      const pool = interval.pools[index];
      stride.steps = 0;
      stride.time = 0;
      stride.busy = 0;
      stride.contexts = 0;
      stride.kv = 0;
      stride.kvMax = 0;
      while (begun < last && ends[begun] < end) {
        const begin = ends[begun++];
        const duration = ends[begun] - begin;
        interval.itl.add(begin - out, sequences);
        out = begin;
        used += blocks[begun];
        const share = used / plant.kvBlocks;
        stride.steps++;
        stride.time += times[begun];
        stride.busy += duration;
        stride.contexts += contexts[begun];
        stride.kv += duration * share;
        if (share > stride.kvMax) stride.kvMax = share;
        pool.stepTime.add(duration);
      }
      pool.stride(stride, sequences, occupancy, stretch, plant.activity);
      pool.decodeTokens += stride.steps * emitted;
      interval.outputServed += stride.steps * emitted;
    }
    instance.turn(begun - before, begun - before > 1 ? ends[begun - 2] : decoding.steppedAt, out, ends[begun]);
    kv.take(used - taken);
    this.#begun = begun;
    if (begun === this.#planned) this.#planned = 0;
    iteration.usedBlocks = columns.used[0];
    return begun - before;
  }

  /** Forgets what is laid out and has not begun. */
  drop(): void {
    this.#planned = 0;
  }
}
