/** Hands out lanes so that nothing on one overlaps: the lowest that is free. */
export class Lanes {
  readonly #free: number[] = [];
  readonly #most: number;
  readonly #open: (index: number) => void;
  #opened = 0;

  /** @param open is told of a lane that is used for the first time */
  constructor(most: number, open: (index: number) => void) {
    this.#most = most;
    this.#open = open;
  }

  /** A free lane; undefined where all are taken. */
  take(): number | undefined {
    if (this.#free.length > 0) {
      let lowest = 0;
      for (let i = 1; i < this.#free.length; i++) if ((this.#free[i] as number) < (this.#free[lowest] as number)) lowest = i;
      return this.#free.splice(lowest, 1)[0];
    }
    if (this.#opened === this.#most) return undefined;
    this.#open(this.#opened);
    return this.#opened++;
  }

  give(index: number): void {
    this.#free.push(index);
  }
}
