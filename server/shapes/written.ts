import { mix } from '../../src/kernel/random.ts';
import type { Pattern, Range } from './pattern.ts';

/** Why no text was made. */
export class NoText extends Error {}

/** Patterns are followed so deep with any choice, and then by the shortest way. */
const deepest = 12;
/** Repetitions beyond the fewest. */
const most = 6;
/** Longest text, and most steps that one may take. */
const longest = 20_000;
const steps = 100_000;
/** Characters that are written where a set has any of them: letters and digits first, then what else prints. */
const liked: readonly Range[] = [
  [0x61, 0x7a],
  [0x41, 0x5a],
  [0x30, 0x39],
];
const printed: readonly Range[] = [[0x20, 0x7e]];

/**
 * A text of a pattern, the same one for the same seed.
 * @param rules by name, for patterns that name some
 * @throws NoText where the pattern has none that ends, or only very long ones
 */
export function written(pattern: Pattern, seed: number, rules: ReadonlyMap<string, Pattern> = new Map()): string {
  const depths = depthsOf(rules);
  const own = (of: Pattern): number => depthOf(of, depths);
  if (own(pattern) === Infinity) throw new NoText('no text of it ends');
  let state = mix(seed ^ Math.floor(seed / 2 ** 32));
  let left = steps;
  let text = '';
  const draw = (below: number): number => {
    state = mix(state + 0x9e3779b9);
    return state % Math.max(1, below);
  };
  const write = (of: Pattern, depth: number): void => {
    if (left-- <= 0 || text.length > longest) throw new NoText(`its texts are longer than ${longest} characters, or need more than ${steps} steps`);
    switch (of.kind) {
      case 'text':
        text += of.text;
        return;
      case 'set':
        text += drawn(of.ranges, draw);
        return;
      case 'sequence':
        for (const part of of.parts) write(part, depth);
        return;
      case 'choice': {
        const open = of.options.filter((option) => own(option) < Infinity);
        const shortest = Math.min(...open.map((option) => own(option)));
        const among = depth < deepest ? open : open.filter((option) => own(option) === shortest);
        write(among[draw(among.length)] as Pattern, depth + 1);
        return;
      }
      case 'repeat': {
        const more = depth < deepest && own(of.of) < Infinity ? draw(Math.min(of.max - of.min, most) + 1) : 0;
        for (let i = of.min + more; i > 0; i--) write(of.of, depth + 1);
        return;
      }
      case 'rule':
        write(rules.get(of.name) as Pattern, depth + 1);
    }
  };
  write(pattern, 0);
  return text;
}

/** How deep rules go at least; Infinity where they never end. */
function depthsOf(rules: ReadonlyMap<string, Pattern>): ReadonlyMap<string, number> {
  const depths = new Map([...rules.keys()].map((name) => [name, Infinity]));
  for (let changed = true; changed;) {
    changed = false;
    for (const [name, rule] of rules) {
      const depth = 1 + depthOf(rule, depths);
      if (depth >= (depths.get(name) ?? Infinity)) continue;
      depths.set(name, depth);
      changed = true;
    }
  }
  return depths;
}

function depthOf(of: Pattern, depths: ReadonlyMap<string, number>): number {
  switch (of.kind) {
    case 'text':
      return 0;
    case 'set':
      return of.ranges.length === 0 ? Infinity : 0;
    case 'sequence':
      return of.parts.reduce((worst, part) => Math.max(worst, depthOf(part, depths)), 0);
    case 'choice':
      return of.options.reduce((best, option) => Math.min(best, depthOf(option, depths)), Infinity);
    case 'repeat':
      return of.min === 0 ? 0 : depthOf(of.of, depths);
    case 'rule':
      return depths.get(of.name) ?? Infinity;
  }
}

function drawn(ranges: readonly Range[], draw: (below: number) => number): string {
  const among = [liked, printed].map((wanted) => shared(ranges, wanted)).find((found) => found.length > 0) ?? ranges;
  let at = draw(among.reduce((sum, [from, to]) => sum + to - from + 1, 0));
  for (const [from, to] of among) {
    if (at <= to - from) return String.fromCodePoint(from + at);
    at -= to - from + 1;
  }
  return '';
}

function shared(some: readonly Range[], others: readonly Range[]): readonly Range[] {
  return some.flatMap(([from, to]) =>
    others.flatMap(([low, high]): readonly Range[] => (Math.max(from, low) <= Math.min(to, high) ? [[Math.max(from, low), Math.min(to, high)]] : [])),
  );
}
