import { enlarged } from '../../kernel/enlarged.ts';
import { RunsBuilder, type IdRuns } from '../../kernel/id-runs.ts';
import type { RandomStream } from '../../kernel/random.ts';
import type { Reuse } from './workload.ts';

/** Conversations looked at for one whose history fits the drawn prompt. */
const TRIES = 8;

/**
 * Block ids of prompts that continue earlier conversations.
 *
 * The drawn prompt length is the whole prompt, history included, so that lengths keep their distribution whatever the reuse. A
 * request that continues takes, from a random place in the window on, the first of eight conversations whose history is shorter
 * than its prompt; where none is, it shares as many leading blocks of the first as leave it a token of its own.
 * Blocks are full ones: a prompt of n tokens has floor(n / blockTokens), and what prompt and answer fill together is what the
 * next turn can begin with.
 */
export class Conversations {
  readonly #reuse: Reuse;
  readonly #random: RandomStream;
  /** Conversations that can be continued: a ring once the window is full. */
  #count = 0;
  #oldest = 0;
  /** Blocks of the history of each. */
  #lengths: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** The history of each as runs of ids, one row after another: how many numbers follow, then first, length, first, length... */
  #rows: Int32Array<ArrayBuffer> = new Int32Array(256 * 16);
  #width = 16;
  #nextId = 0;
  readonly #prompt = new RunsBuilder();

  constructor(reuse: Reuse, random: RandomStream) {
    this.#reuse = reuse;
    this.#random = random;
  }

  /** Returns the block ids of the next prompt as runs, and keeps prompt and answer as a history. */
  next(inputTokens: number, outputTokens: number): IdRuns {
    const { share, blockTokens, window, prefix = 1 } = this.#reuse;
    const promptBlocks = Math.floor(inputTokens / blockTokens);
    const continues = this.#random.uniform() < share && this.#count > 0;
    const slot = continues ? this.#choose(promptBlocks) : this.#open(window);

    // A prompt that is history to its last token would leave nothing to compute.
    const most = Math.min(Math.floor((inputTokens - 1) / blockTokens), Math.floor(prefix * promptBlocks));
    const row = slot * this.#width;
    const rows = this.#rows;
    let kept = 0;
    let end = row + 1;
    for (; end <= row + rows[row] && kept < most; end += 2) {
      const length = Math.min(rows[end + 1], most - kept);
      this.#prompt.add(rows[end], length);
      rows[end + 1] = length;
      kept += length;
    }
    const total = Math.floor((inputTokens + outputTokens) / blockTokens);
    this.#prompt.add(this.#nextId, promptBlocks - kept);
    rows[row] = end - row - 1;
    if (total > kept) this.#append(slot, this.#nextId, total - kept);
    this.#nextId += total - kept;
    this.#lengths[slot] = total;
    return this.#prompt.take();
  }

  /** Adds a run of ids to a history. */
  #append(slot: number, first: number, length: number): void {
    const numbers = this.#rows[slot * this.#width];
    if (numbers + 2 >= this.#width) this.#widen();
    const row = slot * this.#width;
    this.#rows[row] = numbers + 2;
    this.#rows[row + numbers + 1] = first;
    this.#rows[row + numbers + 2] = length;
  }

  #widen(): void {
    const [rows, width] = [this.#rows, this.#width];
    this.#width = 2 * width;
    this.#rows = new Int32Array(2 * rows.length);
    for (let slot = 0; slot < this.#count; slot++) this.#rows.set(rows.subarray(slot * width, (slot + 1) * width), slot * this.#width);
  }

  /** A place for a new conversation: that of the oldest once the window is full. */
  #open(window: number): number {
    let slot = this.#count;
    if (slot < window) {
      if (slot === this.#lengths.length) {
        this.#lengths = enlarged(this.#lengths, new Int32Array(2 * slot));
        this.#rows = enlarged(this.#rows, new Int32Array(2 * this.#rows.length));
      }
      this.#count++;
    } else {
      slot = this.#oldest;
      this.#oldest = (this.#oldest + 1) % window;
    }
    this.#rows[slot * this.#width] = 0;
    return slot;
  }

  #choose(promptBlocks: number): number {
    const first = Math.floor(this.#random.uniform() * this.#count);
    let slot = first;
    for (let i = 0; i < TRIES; i++) {
      if (this.#lengths[slot] < promptBlocks) return slot;
      slot = slot + 1 === this.#count ? 0 : slot + 1;
    }
    return first;
  }
}
