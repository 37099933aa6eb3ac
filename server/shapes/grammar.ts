import { choice, complement, sequence, type Pattern, type Range } from './pattern.ts';
import { NoText } from './written.ts';

/** A grammar: its rules by name; texts are those of `root`. */
export type Grammar = ReadonlyMap<string, Pattern>;

const marks =
  /(?<space>\s+|#[^\n]*)|(?<name>[A-Za-z_][\w-]*)|(?<define>::=)|(?<text>"(?:[^"\\]|\\[^])*")|(?<set>\[(?:[^\]\\]|\\[^])*\])|(?<times>\{\s*\d+\s*(?:,\s*\d*\s*)?\})|(?<sign>[|()*+?.])/y;

interface Mark {
  readonly kind: string;
  readonly raw: string;
}

/**
 * Rules of a grammar in the EBNF of GBNF and xgrammar: `name ::= ...` with texts in double quotes, classes in brackets, `.`, groups, `|`, `*`, `+`, `?`, `{2,5}` and comments.
 * @throws NoText with what is wrong
 */
export function grammarOf(source: string): Grammar {
  const reader = new Reader(marksOf(source));
  const rules = reader.rules();
  if (!rules.has('root')) throw new NoText('the grammar has no rule root');
  for (const name of reader.named) if (!rules.has(name)) throw new NoText(`the grammar has no rule ${name}`);
  return rules;
}

function marksOf(source: string): readonly Mark[] {
  const found: Mark[] = [];
  marks.lastIndex = 0;
  while (marks.lastIndex < source.length) {
    const at = marks.lastIndex;
    const match = marks.exec(source);
    if (match === null) throw new NoText(`${JSON.stringify(source.slice(at, at + 20))} is not read as EBNF; expected rules such as root ::= "a" [b-d]*`);
    const [kind = '', raw = ''] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    if (kind !== 'space') found.push({ kind, raw });
  }
  return found;
}

/** Deepest that groups nest. */
const deepest = 100;

class Reader {
  readonly named = new Set<string>();
  readonly #marks: readonly Mark[];
  #at = 0;
  #depth = 0;

  constructor(found: readonly Mark[]) {
    this.#marks = found;
  }

  rules(): Map<string, Pattern> {
    const rules = new Map<string, Pattern>();
    while (this.#at < this.#marks.length) {
      const { kind, raw } = this.#next();
      if (kind !== 'name' || this.#next().kind !== 'define') throw new NoText(`found ${raw} where a rule should begin; expected name ::=`);
      if (rules.has(raw)) throw new NoText(`the rule ${raw} is there twice`);
      rules.set(raw, this.#options());
    }
    return rules;
  }

  #options(): Pattern {
    const options = [this.#parts()];
    while (this.#peek('|')) {
      this.#at++;
      options.push(this.#parts());
    }
    return choice(options);
  }

  #parts(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#marks.length && !this.#peek('|') && !this.#peek(')') && !this.#begins()) parts.push(this.#repeated(this.#part()));
    return sequence(parts);
  }

  /** Whether the next rule stands here. */
  #begins(): boolean {
    return this.#marks[this.#at]?.kind === 'name' && this.#marks[this.#at + 1]?.kind === 'define';
  }

  #part(): Pattern {
    const { kind, raw } = this.#next();
    if (kind === 'text') return { kind: 'text', text: unescaped(raw.slice(1, -1)).join('') };
    if (kind === 'set') return setOf(raw.slice(1, -1));
    if (kind === 'name') {
      this.named.add(raw);
      return { kind: 'rule', name: raw };
    }
    if (raw === '.') return { kind: 'set', ranges: complement([[0x0a, 0x0a]]) };
    if (raw !== '(') throw new NoText(`found ${raw} where a text, a class, a rule or a group should stand`);
    if (++this.#depth > deepest) throw new NoText(`groups nest deeper than ${deepest}`);
    const inner = this.#options();
    this.#depth--;
    if (this.#next().raw !== ')') throw new NoText('a group has no end');
    return inner;
  }

  #repeated(of: Pattern): Pattern {
    const mark = this.#marks[this.#at];
    const simple = mark === undefined ? undefined : { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[mark.raw];
    const bounds = simple ?? (mark?.kind === 'times' ? timesOf(mark.raw) : undefined);
    if (bounds === undefined) return of;
    this.#at++;
    const twice = this.#marks[this.#at];
    if (twice !== undefined && (twice.kind === 'times' || ['*', '+', '?'].includes(twice.raw))) throw new NoText(`${twice.raw} repeats nothing`);
    const [min = 0, max = Infinity] = bounds;
    if (max < min) throw new NoText(`${mark?.raw}: at most is less than at least`);
    return { kind: 'repeat', of, min, max };
  }

  #peek(sign: string): boolean {
    const mark = this.#marks[this.#at];
    return mark?.kind === 'sign' && mark.raw === sign;
  }

  #next(): Mark {
    const mark = this.#marks[this.#at++];
    if (mark === undefined) throw new NoText('the grammar ends where something should follow');
    return mark;
  }
}

function timesOf(raw: string): readonly [number, number] {
  const [, least = '0', comma, most = ''] = /(\d+)\s*(,)?\s*(\d*)/.exec(raw) ?? [];
  return [Number(least), comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)];
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Characters of a text or a class, escapes resolved; those of a class that were escaped mean nothing else. */
function unescaped(raw: string): readonly string[] {
  return [...raw.matchAll(/\\x([\da-fA-F]{2})|\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})|\\([^])|([^])/gu)].map(([, two, four, eight, escaped, plain]) => {
    const code = two ?? four ?? eight;
    if (code === undefined) return plain ?? escapes[escaped ?? ''] ?? escaped ?? '';
    const point = Number.parseInt(code, 16);
    if (point > 0x10ffff) throw new NoText(`${code} is no character`);
    return String.fromCodePoint(point);
  });
}

function setOf(raw: string): Pattern {
  const negated = raw.startsWith('^');
  const characters = [...(negated ? raw.slice(1) : raw).matchAll(/\\x[\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\U[\da-fA-F]{8}|\\[^]|[^]/gu)].map(([one]) => one);
  const point = (one: string): number => unescaped(one)[0]?.codePointAt(0) ?? 0;
  const ranges: Range[] = [];
  for (let i = 0; i < characters.length; i++) {
    const from = point(characters[i] as string);
    const end = characters[i + 2];
    const ranged = characters[i + 1] === '-' && end !== undefined;
    const to = ranged ? point(end) : from;
    if (to < from) throw new NoText(`[${raw}]: a range ends before it begins`);
    ranges.push([from, to]);
    if (ranged) i += 2;
  }
  return { kind: 'set', ranges: negated ? complement(ranges) : ranges };
}
