import { mix } from '../../src/kernel/random.ts';
import type { Answer } from '../tokens/answer.ts';
import { spelled } from '../tokens/spelled.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import type { Choice } from './choice.ts';

/** Log probabilities are made up: no model has said them. The same token of the same answer has the same one. */
function madeUp(id: number, place: number): number {
  return -(mix(id ^ mix(place + 1)) % 2000) / 1000 - 0.001;
}

interface Alternative {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

function alternatives(tokenizer: Tokenizer, id: number, place: number, count: number): readonly Alternative[] {
  const first = madeUp(id, place);
  return Array.from({ length: count }, (_, k) => {
    const token = tokenizer.decode([k === 0 ? id : mix(id + k * 7919) % tokenizer.vocabulary]);
    return { token, logprob: first - k * 0.75, bytes: [...Buffer.from(token)] };
  });
}

/** Of the tokens of a range, as chat has them. */
export function chatLogprobs(tokenizer: Tokenizer, { answer }: Choice, from: number, to: number, top: number): object {
  const content = answer.ids(from, to).map((id, i) => {
    const [own] = alternatives(tokenizer, id, from + i, 1);
    return { ...own, top_logprobs: alternatives(tokenizer, id, from + i, top) };
  });
  return { content };
}

/** Log probabilities as completions have them: a list for each field. */
interface CompletionLogprobs {
  readonly tokens: readonly string[];
  /** Null for the first token of a prompt: nothing stands before it that it could follow from. */
  readonly token_logprobs: readonly (number | null)[];
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
  /** Where each token begins in the text that is returned, in characters as Python counts them. */
  readonly text_offset: readonly number[];
}

/**
 * Of the tokens of a range, as completions have them.
 * @param said the prompt where it is put before the answer: its tokens come with the first of the answer then
 */
export function completionLogprobs(
  tokenizer: Tokenizer,
  { answer, prompt }: Choice,
  { from, to, top, said }: { readonly from: number; readonly to: number; readonly top: number; readonly said: string | undefined },
): CompletionLogprobs {
  const begin = charactersOf(said ?? '') + charactersOf(answer.text(0, from));
  const own = listed(tokenizer, answer, { from, to, top, begin });
  if (said === undefined || from > 0) return own;
  const asked = listed(tokenizer, spelled(tokenizer, prompt, 'length'), { from: 0, to: prompt.length, top, begin: 0 });
  return {
    tokens: [...asked.tokens, ...own.tokens],
    token_logprobs: [null, ...asked.token_logprobs.slice(1), ...own.token_logprobs],
    top_logprobs: [null, ...asked.top_logprobs.slice(1), ...own.top_logprobs],
    text_offset: [...asked.text_offset, ...own.text_offset],
  };
}

function listed(
  tokenizer: Tokenizer,
  text: Answer,
  { from, to, top, begin }: { readonly from: number; readonly to: number; readonly top: number; readonly begin: number },
): CompletionLogprobs {
  const ids = text.ids(from, to);
  let offset = begin;
  return {
    tokens: ids.map((id) => tokenizer.decode([id])),
    token_logprobs: ids.map((id, i) => madeUp(id, from + i)),
    top_logprobs: ids.map((id, i) => Object.fromEntries(alternatives(tokenizer, id, from + i, Math.max(1, top)).map(({ token, logprob }) => [token, logprob]))),
    text_offset: ids.map((_, i) => {
      const at = offset;
      offset += charactersOf(text.text(from + i, from + i + 1));
      return at;
    }),
  };
}

function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
