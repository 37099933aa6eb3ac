import { lengthOf, type AnswerSource } from './answer.ts';
import { spelled } from './spelled.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Says what was said; where it has to go on, it says it again. */
export function echo(tokenizer: Tokenizer): AnswerSource {
  return {
    answer: (request) => {
      const heard = tokenizer.encode(request.said);
      const { tokens, finish } = lengthOf(request, heard.length);
      if (heard.length === 0) return spelled(tokenizer, [], 'stop');
      return spelled(
        tokenizer,
        Array.from({ length: tokens }, (_, i) => heard[i % heard.length] as number),
        finish,
      );
    },
  };
}
