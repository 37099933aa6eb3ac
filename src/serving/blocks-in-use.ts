/** KV blocks in use of each rank of an instance, and of all of them together. Batches in flight share them. */
export class BlocksInUse {
  readonly of: Int32Array;
  sum = 0;

  constructor(ranks: number) {
    this.of = new Int32Array(ranks);
  }

  add(rank: number, blocks: number): void {
    this.of[rank] += blocks;
    this.sum += blocks;
  }
}
