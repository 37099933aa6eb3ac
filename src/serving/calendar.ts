/** Slots by the step at whose end they finish: a ring of first-in first-out lists, linked through a column of the request table. */
export class Calendar {
  #first = new Int32Array(64).fill(-1);
  #last = new Int32Array(64).fill(-1);
  #now = 0;

  /** Adds `slot` to the list of `step`, which lies after the last step taken. `next` is the linking column, indexed by slot. */
  add(step: number, slot: number, next: Int32Array): void {
    while (step - this.#now >= this.#first.length) this.#grow();
    const at = step & (this.#first.length - 1);
    next[slot] = -1;
    if (this.#first[at] === -1) this.#first[at] = slot;
    else next[this.#last[at]] = slot;
    this.#last[at] = slot;
  }

  /** The first slot of `step`, which lies within the ring; -1 for none. */
  first(step: number): number {
    return this.#first[step & (this.#first.length - 1)];
  }

  /** Empties the list of `step` and returns its first slot, -1 for none. Steps are taken in order, each once. */
  take(step: number): number {
    this.#now = step;
    const at = step & (this.#first.length - 1);
    const slot = this.#first[at];
    this.#first[at] = -1;
    return slot;
  }

  /** Takes `slot` out of the list of `step`: linear in the list, for the rare sequence that is preempted. */
  remove(step: number, slot: number, next: Int32Array): void {
    const at = step & (this.#first.length - 1);
    if (this.#first[at] === slot) {
      this.#first[at] = next[slot];
      return;
    }
    let before = this.#first[at];
    while (next[before] !== slot) before = next[before];
    next[before] = next[slot];
    if (this.#last[at] === slot) this.#last[at] = before;
  }

  /** Forgets all slots. */
  clear(): void {
    this.#first.fill(-1);
  }

  #grow(): void {
    const size = this.#first.length;
    const first = new Int32Array(size * 2).fill(-1);
    const last = new Int32Array(size * 2).fill(-1);
    for (let step = this.#now; step < this.#now + size; step++) {
      const from = step & (size - 1);
      const to = step & (size * 2 - 1);
      first[to] = this.#first[from];
      last[to] = this.#last[from];
    }
    this.#first = first;
    this.#last = last;
  }
}
