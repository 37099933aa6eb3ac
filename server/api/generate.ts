import { generateBody } from '../../schema/http/others.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerId } from './answer-id.ts';
import { answerInEvents, answerWhole, bodyOf, done, event } from './answering.ts';
import type { Generator } from './generator.ts';
import { promptLogprobs } from './logprobs.ts';
import type { ServedModels } from './served-models.ts';
import { usageOf } from './usage.ts';

/** `POST /inference/v1/generate`: tokens in, tokens out, as disaggregated routers ask. */
export async function generate(exchange: Exchange, generator: Generator, models: ServedModels): Promise<void> {
  const body = await bodyOf(exchange, generateBody);
  const model = models.find(body.model);
  const { sampling_params: sampling, token_ids: prompt } = body;
  const order = {
    model,
    asks: [{ prompt, said: generator.tokenizer.decode(prompt) }],
    body: sampling,
    most: sampling.max_tokens ?? 16,
    param: 'token_ids',
    route: '/inference/v1/generate',
  };
  const request_id = answerId('', exchange, body);
  if (body.stream !== true) {
    await answerWhole(exchange, generator, order, (choices) => ({
      request_id,
      choices: choices.map(({ index, answer, out, finish }) => ({ index, token_ids: answer.ids(0, out), logprobs: null, finish_reason: finish })),
      usage: usageOf(choices),
      prompt_logprobs: promptLogprobs(generator.tokenizer, prompt, sampling.prompt_logprobs),
      kv_transfer_params: choices[0]?.transfer ?? null,
    }));
    return;
  }
  await answerInEvents(exchange, generator, order, {
    news: ({ index, answer, finish }, from, to, last) =>
      event({ request_id, choices: [{ index, token_ids: answer.ids(from, to), logprobs: null, finish_reason: last ? finish : null }] }),
    tail: () => done,
    failure: (error) => event(error.body) + done,
  });
}
