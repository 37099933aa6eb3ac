/** KV blocks in use of each rank of an instance, and of all of them together. Batches in flight share them. */
export class BlocksInUse {
  readonly of: Int32Array;
  sum = 0;
  /** How often some were given back: unless it has moved, no rank has got more room. */
  freed = 0;
  /** On which ranks that was the last few times, each at its number modulo their count, a power of two. */
  readonly latest: Int32Array = new Int32Array(64);

  constructor(ranks: number) {
    this.of = new Int32Array(ranks);
  }

  add(rank: number, blocks: number): void {
    this.of[rank] += blocks;
    this.sum += blocks;
    if (blocks <= 0) this.latest[this.freed++ & (this.latest.length - 1)] = rank;
  }

  /** Any rank may take more than before. */
  reopen(): void {
    this.freed += this.latest.length + 1;
  }
}
