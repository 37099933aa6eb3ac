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
  /** History of each conversation that can be continued, as runs of ids: first, length, first, length... A ring. */
  readonly #runs: number[][] = [];
  readonly #lengths: number[] = [];
  #oldest = 0;
  #nextId = 0;

  constructor(reuse: Reuse, random: RandomStream) {
    this.#reuse = reuse;
    this.#random = random;
  }

  /** Writes the block ids of the next prompt into `blocks`, and keeps prompt and answer as a history. */
  next(inputTokens: number, outputTokens: number, blocks: number[]): void {
    const { share, blockTokens, window, prefix = 1 } = this.#reuse;
    const promptBlocks = Math.floor(inputTokens / blockTokens);
    const continues = this.#random.uniform() < share && this.#runs.length > 0;
    const slot = continues ? this.#choose(promptBlocks) : this.#open(window);
    const runs = this.#runs[slot] ?? [];

    // A prompt that is history to its last token would leave nothing to compute.
    let kept = 0;
    let parts = 0;
    const most = Math.min(Math.floor((inputTokens - 1) / blockTokens), Math.floor(prefix * promptBlocks));
    for (; parts < runs.length && kept < most; parts += 2) {
      const first = runs[parts] ?? 0;
      const length = Math.min(runs[parts + 1] ?? 0, most - kept);
      for (let i = 0; i < length; i++) blocks[kept + i] = first + i;
      runs[parts + 1] = length;
      kept += length;
    }
    runs.length = parts;
    const total = Math.floor((inputTokens + outputTokens) / blockTokens);
    for (let i = kept; i < promptBlocks; i++) blocks[i] = this.#nextId + i - kept;
    blocks.length = promptBlocks;
    if (total > kept) runs.push(this.#nextId, total - kept);
    this.#nextId += total - kept;
    this.#runs[slot] = runs;
    this.#lengths[slot] = total;
  }

  /** A place for a new conversation: that of the oldest once the window is full. */
  #open(window: number): number {
    const slot = this.#runs.length < window ? this.#runs.length : this.#oldest;
    if (this.#runs.length >= window) this.#oldest = (this.#oldest + 1) % window;
    const runs = this.#runs[slot];
    if (runs === undefined) this.#runs.push([]);
    else runs.length = 0;
    return slot;
  }

  #choose(promptBlocks: number): number {
    const count = this.#runs.length;
    const first = Math.floor(this.#random.uniform() * count);
    for (let i = 0; i < TRIES; i++) {
      const slot = (first + i) % count;
      if ((this.#lengths[slot] ?? 0) < promptBlocks) return slot;
    }
    return first;
  }
}
