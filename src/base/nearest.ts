/** Levenshtein distance: insertions, deletions and substitutions that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The valid name nearest to what was typed, when it is near enough to be a slip of the pen. */
export function nearest(typed: string, valid: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const name of valid) {
    const d = distance(typed.toLowerCase(), name.toLowerCase());
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  return best;
}

/** `expected one of a, b, c`, with the nearest name in front where one is near, for error messages. */
export function expectedOneOf(typed: string, valid: readonly string[]): string {
  const near = nearest(typed, valid);
  return `${near === undefined ? '' : `did you mean "${near}"? `}expected one of ${valid.join(', ')}, got "${typed}"`;
}
