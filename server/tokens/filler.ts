import { InputError } from '../../src/base/errors.ts';
import { mix } from '../../src/kernel/random.ts';
import { lengthOf, type Answer, type AnswerRequest, type AnswerSource } from './answer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { openers, words } from './words.ts';

interface Piece {
  readonly text: string;
  readonly id: number;
}

/** Two sentences have so many tokens together. */
const pair = 32;
/** The first of them ends here at the earliest, and so many tokens later at the latest. */
const shortest = 9;
const spread = 13;
/** Fewer words than this repeat themselves too much to be taken for text. */
const fewest = 24;

/**
 * Sentences of common words, every token of which is a piece of its own: whatever is cut out of them at token boundaries is counted as just so many
 * tokens when it is read again. A token follows from a seed and its position alone, so that nothing is kept of a text.
 */
export class Filler {
  readonly #first: readonly Piece[];
  readonly #openers: readonly Piece[];
  readonly #words: readonly Piece[];
  readonly #stop: Piece;
  readonly #comma: Piece;

  /** @throws InputError where the vocabulary has too few common words as one token each */
  constructor(tokenizer: Tokenizer) {
    const piece = (before: string, text: string, after: string): Piece | undefined => {
      const context = tokenizer.encode(before);
      const ids = tokenizer.encode(before + text + after);
      const expected = context.length + 1 + (after === '' ? 0 : tokenizer.encode(`a${after}`).length - 1);
      const id = ids[context.length];
      return ids.length === expected && id !== undefined && context.every((one, i) => ids[i] === one) ? { text, id } : undefined;
    };
    const all = (texts: readonly string[], before: string, after: string): readonly Piece[] =>
      texts.map((text) => piece(before, text, after)).filter((one) => one !== undefined);
    const stop = piece('a', '.', ' The');
    const comma = piece('a', ',', ' the');
    this.#first = all(openers, '', ' the');
    this.#openers = all(
      openers.map((word) => ` ${word}`),
      'a.',
      ' the',
    );
    const common = all(
      words.map((word) => ` ${word}`),
      'The',
      '.',
    );
    this.#words = common.filter(({ text }) => piece('a,', text, ' the') !== undefined);
    const found = this.#words.length;
    if (stop === undefined || comma === undefined || this.#first.length === 0 || this.#openers.length === 0 || found < fewest)
      throw new InputError([
        { path: tokenizer.name, message: `has ${found} common English words as one token; expected at least ${fewest} to make filler text of` },
      ]);
    this.#stop = stop;
    this.#comma = comma;
    this.#check(tokenizer);
  }

  /**
   * Text of the tokens `from` to before `to` of the text of a seed.
   * @param goesOn whether the text stands behind another: its first token begins with a space then
   */
  text(seed: number, from: number, to: number, goesOn: boolean = false): string {
    let text = '';
    for (let at = from; at < to; at++) text += this.#at(seed, at, goesOn).text;
    return text;
  }

  ids(seed: number, from: number, to: number, goesOn: boolean = false): readonly number[] {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => this.#at(seed, from + i, goesOn).id);
  }

  #at(seed: number, at: number, goesOn: boolean): Piece {
    const drawn = mix(Math.imul(seed ^ Math.floor(seed / 4_294_967_296), 0x9e3779b1) ^ mix(at + 1));
    if (at === 0 && !goesOn) return this.#first[drawn % this.#first.length] as Piece;
    const position = at % pair;
    const ends = shortest + (mix(seed ^ Math.floor(at / pair)) % spread);
    if (position === 0 || position === ends + 1) return this.#openers[drawn % this.#openers.length] as Piece;
    if (position === ends || position === pair - 1) return this.#stop;
    if (position === 5 && drawn % 4 === 0) return this.#comma;
    return this.#words[(drawn >>> 2) % this.#words.length] as Piece;
  }

  /** Reads a sample again: a tokenizer that joins pieces across words would be found here. */
  #check(tokenizer: Tokenizer): void {
    const tokens = 20 * pair;
    for (const cut of [tokens, tokens - 5]) {
      const read = tokenizer.encode(this.text(1, 0, cut));
      const made = this.ids(1, 0, cut);
      if (read.length === cut && made.every((id, i) => read[i] === id)) continue;
      throw new InputError([
        { path: tokenizer.name, message: `reads ${read.length} tokens where filler of ${cut} was written; expected a tokenizer that cuts text at words` },
      ]);
    }
  }
}

/**
 * Answers of filler.
 * @param natural draws how long an answer is by itself
 */
export function fillerAnswers(filler: Filler, natural: (request: AnswerRequest) => number): AnswerSource {
  return {
    answer: (request): Answer => {
      const { seed } = request;
      return {
        ...lengthOf(request, Math.max(1, Math.round(natural(request)))),
        text: (from, to) => filler.text(seed, from, to),
        ids: (from, to) => filler.ids(seed, from, to),
      };
    },
  };
}
