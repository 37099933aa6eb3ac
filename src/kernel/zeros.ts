const blank: number[] = [];

/** A new array of so many zeros, to be filled: the copy of a part of one that is there is made faster than one that grows, or is set to a length. */
export function zeros(count: number): number[] {
  while (blank.length < count) blank.push(0);
  return blank.slice(0, count);
}
