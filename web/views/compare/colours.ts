const lines = ['var(--line-1)', 'var(--line-2)', 'var(--line-3)', 'var(--line-4)'] as const;

/** A, B, C, D. */
export function letterOf(place: number): string {
  return String.fromCharCode(65 + place);
}

/** The colour of one that is compared, by its place. */
export function colourOf(place: number): string {
  return lines[place % lines.length] ?? lines[0];
}
