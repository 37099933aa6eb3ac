import { mix } from '../../src/kernel/random.ts';
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

/** Of the tokens of a range, as completions have them. */
export function completionLogprobs(tokenizer: Tokenizer, { answer }: Choice, from: number, to: number, top: number): object {
  const ids = answer.ids(from, to);
  const tokens = ids.map((id) => tokenizer.decode([id]));
  let offset = answer.text(0, from).length;
  return {
    tokens,
    token_logprobs: ids.map((id, i) => madeUp(id, from + i)),
    top_logprobs: ids.map((id, i) => Object.fromEntries(alternatives(tokenizer, id, from + i, Math.max(1, top)).map(({ token, logprob }) => [token, logprob]))),
    text_offset: tokens.map((token) => (offset += token.length) - token.length),
  };
}
