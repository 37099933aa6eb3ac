/** What texts of a regular language or a grammar are made of. */
export type Pattern =
  | { readonly kind: 'text'; readonly text: string }
  /** One character of these ranges of code points, both ends included. */
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  /** @param max Infinity: without bound */
  | { readonly kind: 'repeat'; readonly of: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly name: string };

export type Range = readonly [from: number, to: number];

export const nothing: Pattern = { kind: 'text', text: '' };

export function sequence(parts: readonly Pattern[]): Pattern {
  return parts.length === 1 ? (parts[0] as Pattern) : { kind: 'sequence', parts };
}

export function choice(options: readonly Pattern[]): Pattern {
  return options.length === 1 ? (options[0] as Pattern) : { kind: 'choice', options };
}

const last = 0x10ffff;

/** All characters that are in none of the ranges. */
export function complement(ranges: readonly Range[]): readonly Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > next) left.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= last) left.push([next, last]);
  return left;
}
