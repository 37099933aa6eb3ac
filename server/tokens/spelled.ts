import type { Answer } from './answer.ts';
import type { Tokenizer } from './tokenizer.ts';

const unfinished = '\u{fffd}';

/**
 * An answer of given ids. A token that ends inside a character gives no text; the one that completes it gives all of it. Ids are decoded with the last
 * that gave text before them, because some decoders drop the space that a text begins with.
 */
export function spelled(tokenizer: Tokenizer, ids: readonly number[], finish: Answer['finish']): Answer {
  const pieces: string[] = [];
  let before = 0;
  let read = 0;
  for (let end = 1; end <= ids.length; end++) {
    const known = tokenizer.decode(ids.slice(before, read));
    const text = tokenizer.decode(ids.slice(before, end));
    // The last token ends the text whatever it is.
    if (end < ids.length && (text.length <= known.length || text.endsWith(unfinished))) {
      pieces.push('');
      continue;
    }
    pieces.push(text.slice(known.length));
    before = read;
    read = end;
  }
  return { tokens: ids.length, finish, text: (from, to) => pieces.slice(from, to).join(''), ids: (from, to) => ids.slice(from, to) };
}
