import type { Sampling } from '../../schema/http/sampling.ts';
import type { Choice } from './choice.ts';

/** Tokens as OpenAI counts them. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** Usage of all choices: a prompt counts once however many answers it has. */
export function usageOf(choices: readonly Choice[]): Usage {
  let [prompts, cached, out] = [0, 0, 0];
  let last: readonly number[] | undefined;
  for (const choice of choices) {
    out += choice.sent;
    if (choice.prompt === last) continue;
    last = choice.prompt;
    prompts += choice.prompt.length;
    cached += choice.cachedTokens;
  }
  return { prompt_tokens: prompts, total_tokens: prompts + out, completion_tokens: out, prompt_tokens_details: { cached_tokens: cached } };
}

/** Whether usage is told with each chunk of a stream: it is told behind the last then, too. */
export function usageInChunks({ stream_options: options }: Sampling): boolean {
  return options?.include_usage === true && options.continuous_usage_stats === true;
}

/** Usage up to so many tokens of an answer as the last key of a chunk, where it is told with each. */
export function usageOfChunk(body: Sampling, { prompt }: Choice, out: number): string {
  if (!usageInChunks(body)) return '';
  return `,"usage":{"prompt_tokens":${prompt.length},"total_tokens":${prompt.length + out},"completion_tokens":${out}}`;
}
