import { mix } from '../../src/kernel/random.ts';
import type { Answer } from '../tokens/answer.ts';
import { spelled } from '../tokens/spelled.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import type { Choice } from './choice.ts';

/** Log probabilities are made up: no model has said them. The same token of the same answer has the same one. */
function madeUp(id: number, place: number, rank: number = 0): number {
  // In whole thousandths, which are written without what rounding leaves.
  return -((mix(id ^ mix(place + 1)) % 2000) + 1 + 750 * rank) / 1000;
}

interface Alternative {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

interface Ranked {
  readonly id: number;
  readonly logprob: number;
}

/** A token and what it was chosen among. */
function ranked(tokenizer: Tokenizer, id: number, place: number, count: number): readonly Ranked[] {
  return Array.from({ length: count }, (_, k) => ({ id: k === 0 ? id : mix(id + k * 7919) % tokenizer.vocabulary, logprob: madeUp(id, place, k) }));
}

function alternatives(tokenizer: Tokenizer, id: number, place: number, count: number): readonly Alternative[] {
  return ranked(tokenizer, id, place, count).map(({ id: own, logprob }) => {
    const token = tokenizer.decode([own]);
    return { token, logprob, bytes: [...Buffer.from(token)] };
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

/** A token of a prompt as vLLM has it. */
interface PromptToken {
  readonly logprob: number;
  /** Its place among all, from 1. */
  readonly rank: number;
  readonly decoded_token: string;
}

/**
 * Of a prompt as vLLM's `prompt_logprobs` have it: for each token what it was chosen among, by id. They are those of `echo`. Nothing stands before the first.
 * @param top null or undefined: nobody asks
 * @param decode the text of a token
 */
export function promptLogprobs(
  tokenizer: Tokenizer,
  prompt: readonly number[],
  top: number | null | undefined,
  decode: (id: number) => string = (id) => tokenizer.decode([id]),
): readonly (Readonly<Record<string, PromptToken>> | null)[] | null {
  if (typeof top !== 'number') return null;
  return prompt.map((own, place) => {
    if (place === 0) return null;
    const among = ranked(tokenizer, own, place, Math.max(1, top)).map(
      ({ id, logprob }, i) => [id, { logprob, rank: i + 1, decoded_token: decode(id) }] as const,
    );
    // Where an alternative has the id of the token itself, the token counts.
    return Object.fromEntries(among.toReversed());
  });
}

/** A token as SGLang has it: null instead of what is not known, or not asked for. */
type SglangToken = readonly [logprob: number | null, id: number, text: string | null];

/**
 * Of the first `to` tokens of an answer, and of those of its prompt from `start` on, as SGLang's `/generate` has them.
 * @param start -1 for none
 */
export function sglangLogprobs(
  tokenizer: Tokenizer,
  { answer, prompt }: Choice,
  to: number,
  { start, top, texts }: { readonly start: number; readonly top: number; readonly texts: boolean },
): object {
  const worded = ({ id, logprob }: Ranked, known: boolean): SglangToken => [known ? logprob : null, id, texts ? tokenizer.decode([id]) : null];
  const listOf = (ids: readonly number[], from: number, known: (place: number) => boolean): readonly SglangToken[] =>
    ids.slice(from).flatMap((id, i) => ranked(tokenizer, id, from + i, 1).map((one) => worded(one, known(from + i))));
  const topsOf = (ids: readonly number[], from: number, known: (place: number) => boolean): readonly (readonly SglangToken[] | null)[] =>
    ids.slice(from).map((id, i) => (known(from + i) ? ranked(tokenizer, id, from + i, top).map((one) => worded(one, true)) : null));
  // Nothing stands before the first token of a prompt that it could follow from.
  const behindFirst = (place: number): boolean => place > 0;
  const from = start < 0 ? prompt.length : start;
  const ids = answer.ids(0, to);
  return {
    input_token_logprobs: listOf(prompt, from, behindFirst),
    output_token_logprobs: listOf(ids, 0, () => true),
    ...(top > 0 ? { input_top_logprobs: topsOf(prompt, from, behindFirst), output_top_logprobs: topsOf(ids, 0, () => true) } : {}),
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
