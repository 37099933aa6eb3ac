/** How often each run. */
export type Work = readonly number[];

/** A run more. */
export function more(work: Work, run: number): Work {
  return work.map((count, i) => (i === run ? count + 1 : count));
}

export function plus(one: Work, other: Work): Work {
  return one.map((count, run) => count + (other[run] as number));
}

export function difference(one: Work, other: Work): Work {
  return one.map((count, run) => count - (other[run] as number));
}

export function same(one: Work, other: Work): boolean {
  return one.every((count, run) => count === other[run]);
}

/** Of weights of times, all sums of which are to be 0 or more, those that say it for all: no time is below 0. */
export function needed(rows: readonly Work[]): readonly Work[] {
  const known = new Map(rows.filter((weights) => weights.some((weight) => weight < 0)).map((weights) => [weights.join(), weights]));
  const all = [...known.values()];
  return all.filter((weights) => !all.some((other) => other !== weights && weights.every((weight, run) => weight >= (other[run] as number))));
}
