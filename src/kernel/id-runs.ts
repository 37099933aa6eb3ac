/**
 * A list of 32-bit ids as runs of those that follow each other, for lists in which most do: what is asked of each id is asked of a run at once. Of each run its
 * first id, then how many ids the list has up to the run's end.
 */
export type IdRuns = readonly number[];

/** Working memory. */
const scratch: number[] = [];

/** Ids from one place of a list to before another. */
export function runsOf(ids: ArrayLike<number>, begin: number = 0, end: number = ids.length): IdRuns {
  let length = 0;
  for (let at = begin; at < end;) {
    // As an integer of 32 bits, whatever sign it came with.
    const first = ids[at] | 0;
    const from = at++;
    while (at < end && (ids[at] | 0) === first + at - from) at++;
    scratch[length++] = first;
    scratch[length++] = at - begin;
  }
  // A copy takes no more memory than it has to, unlike an array that grows.
  return scratch.slice(0, length);
}

/** A list that is put together of ids that follow each other. */
export class RunsBuilder {
  readonly #runs: number[] = [];
  #length = 0;

  /** Adds so many ids that follow each other, whatever sign the first one came with. */
  add(from: number, many: number): void {
    const runs = this.#runs;
    let first = from | 0;
    for (let left = many; left > 0;) {
      // Behind the greatest id comes the least.
      const some = Math.min(left, 2 ** 31 - first);
      const at = this.#length - 2;
      const before = at < 0 ? 0 : runs[at + 1];
      if (at >= 0 && first === runs[at] + before - startOf(runs, at)) runs[at + 1] = before + some;
      else {
        runs[this.#length++] = first;
        runs[this.#length++] = before + some;
      }
      left -= some;
      first = (first + some) | 0;
    }
  }

  /** What was added since this was last asked. */
  take(): IdRuns {
    const runs = this.#runs.slice(0, this.#length);
    this.#length = 0;
    return runs;
  }
}

/** The first ids, at most so many. */
export function firstOf(runs: IdRuns, count: number): IdRuns {
  if (count >= lengthOf(runs)) return runs;
  if (count === 0) return [];
  const at = runAt(runs, count);
  const first = runs.slice(0, at + 2);
  first[at + 1] = count;
  return first;
}

/** How many ids there are. */
export function lengthOf(runs: IdRuns): number {
  return runs.length === 0 ? 0 : runs[runs.length - 1];
}

/** Place of the run that has the nth id, from 1, for at most as many as there are: of its first id, before which the list has `startOf` ids. */
export function runAt(runs: IdRuns, n: number): number {
  let at = 0;
  while (runs[at + 1] < n) at += 2;
  return at;
}

/** How many ids come before a run. */
export function startOf(runs: IdRuns, at: number): number {
  return at === 0 ? 0 : runs[at - 1];
}

/** The first ids one by one. */
export function idsOf(runs: IdRuns, count: number = lengthOf(runs)): number[] {
  const ids: number[] = [];
  for (let at = 0; ids.length < count; at += 2) {
    const many = Math.min(count, runs[at + 1]) - ids.length;
    for (let n = 0; n < many; n++) ids.push(runs[at] + n);
  }
  return ids;
}
