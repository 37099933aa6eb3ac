/**
 * A list of 32-bit ids as runs of those that follow each other, for lists in which most do: what is asked of each id is asked of a run at once. Of each run its
 * first id, then how many ids the list has up to the run's end.
 */
export type IdRuns = readonly number[];

/** Working memory. */
const scratch: number[] = [];

/** The first ids of a list, as so many. */
export function runsOf(ids: ArrayLike<number>, count: number = ids.length): IdRuns {
  let length = 0;
  for (let at = 0; at < count;) {
    // As an integer of 32 bits, whatever sign it came with.
    const first = ids[at] | 0;
    const from = at++;
    while (at < count && (ids[at] | 0) === first + at - from) at++;
    scratch[length++] = first;
    scratch[length++] = at;
  }
  // A copy takes no more memory than it has to, unlike an array that grows.
  return scratch.slice(0, length);
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
