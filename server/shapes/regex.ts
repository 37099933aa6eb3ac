import { RegExpParser, type AST } from '@eslint-community/regexpp';
import { choice, complement, nothing, sequence, type Pattern, type Range } from './pattern.ts';
import { NoText } from './written.ts';

const digits: readonly Range[] = [[0x30, 0x39]];
const word: readonly Range[] = [...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const allSpace: readonly Range[] = [
  [0x20, 0x20],
  [0x09, 0x0d],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const lineEnds: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/**
 * The pattern of a regular expression that a whole text has to match, in JavaScript's or Python's words. What looks around, refers back or names properties of
 * characters is refused, and so are `^` and `$` but at the ends.
 * @throws NoText with what is wrong
 */
export function regexPattern(source: string): Pattern {
  const worded = source
    .replaceAll('(?P<', '(?<')
    .replace(/^\\A/, '^')
    .replace(/\\[Zz]$/, '$');
  return alternatives(parsed(worded).alternatives, true);
}

function parsed(source: string): AST.Pattern {
  const parser = new RegExpParser();
  let first: unknown;
  for (const unicode of [true, false])
    try {
      return parser.parsePattern(source, 0, source.length, { unicode });
    } catch (error) {
      first ??= error;
    }
  throw new NoText(first instanceof Error ? first.message : String(first));
}

/** @param outer whether nothing stands before or behind them */
function alternatives(list: readonly AST.Alternative[], outer: boolean): Pattern {
  return choice(
    list.map(({ elements }) =>
      sequence(
        elements.map((element, i) =>
          outer && isEnd(element, i === 0, i === elements.length - 1) ? nothing : patternOf(element, outer && elements.length === 1),
        ),
      ),
    ),
  );
}

function isEnd(element: AST.Element, first: boolean, last: boolean): boolean {
  return element.type === 'Assertion' && ((element.kind === 'start' && first) || (element.kind === 'end' && last));
}

function patternOf(element: AST.Element, outer: boolean): Pattern {
  switch (element.type) {
    case 'Character':
      return { kind: 'text', text: String.fromCodePoint(element.value) };
    case 'CharacterSet':
      return { kind: 'set', ranges: rangesOf(element) };
    case 'CharacterClass': {
      const ranges = element.elements.flatMap((one): readonly Range[] => {
        if (one.type === 'Character') return [[one.value, one.value]];
        if (one.type === 'CharacterClassRange') return [[one.min.value, one.max.value]];
        if (one.type === 'CharacterSet') return rangesOf(one);
        return refused(one.raw);
      });
      return { kind: 'set', ranges: element.negate ? complement(ranges) : ranges };
    }
    case 'Group':
    case 'CapturingGroup':
      return alternatives(element.alternatives, outer);
    case 'Quantifier':
      return { kind: 'repeat', of: patternOf(element.element, false), min: element.min, max: element.max };
    case 'Assertion':
    case 'Backreference':
    case 'ExpressionCharacterClass':
      return refused(element.raw);
  }
}

function rangesOf(set: AST.CharacterSet): readonly Range[] {
  switch (set.kind) {
    case 'any':
      return complement(lineEnds);
    case 'digit':
      return set.negate ? complement(digits) : digits;
    case 'word':
      return set.negate ? complement(word) : word;
    case 'space':
      return set.negate ? complement(allSpace) : allSpace;
    case 'property':
      return refused(set.raw);
  }
}

function refused(raw: string): never {
  throw new NoText(`no text is made of ${raw.slice(0, 50)}; expected characters, classes, groups and repetitions`);
}
