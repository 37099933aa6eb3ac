/** KV blocks in use of each rank of an instance, and of all of them together. Batches in flight share them. */
export class BlocksInUse {
  readonly of: Int32Array;
  sum = 0;
  /** How often some were given back, or ranks take sequences again that took none: unless it has moved, no rank has got more room. */
  freed = 0;

  constructor(ranks: number) {
    this.of = new Int32Array(ranks);
  }

  add(rank: number, blocks: number): void {
    this.of[rank] += blocks;
    this.sum += blocks;
    if (blocks <= 0) this.freed++;
  }
}
