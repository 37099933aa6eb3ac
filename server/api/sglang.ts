import { sglangAbortBody, sglangBody, type SglangBody } from '../../schema/http/others.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/routes.ts';
import { answerInEvents, answerWhole, bodyOf, done, event } from './answering.ts';
import type { Choice } from './choice.ts';
import { asksOf } from './completions.ts';
import type { Generator, Order } from './generator.ts';
import { sglangLogprobs } from './logprobs.ts';
import type { ServedModels } from './served-models.ts';
import { sglangIds } from './sglang-ids.ts';
import { sglangLoad } from './sglang-load.ts';

/** Tokens of an answer where the client says nothing of it. */
const usual = 128;

/** Routes that SGLang has beside those of OpenAI's API. */
export function sglangRoutes(generator: Generator, models: ServedModels, version: string): readonly Route[] {
  const info = (): object => ({ model_path: models.first.root, tokenizer_path: models.first.root, is_generation: true, preferred_sampling_params: null });
  return [
    { method: 'POST', path: '/generate', handler: (exchange) => generate(exchange, generator, models) },
    { method: 'GET', path: '/health_generate', open: true, handler: (exchange) => exchange.empty(generator.closing ? 503 : 200) },
    { method: 'POST', path: '/abort_request', handler: (exchange) => abort(exchange, generator) },
    { method: 'GET', path: '/get_load', handler: (exchange) => exchange.json(sglangLoad(generator.engine, exchange.place)) },
    { method: 'GET', path: '/get_model_info', handler: (exchange) => exchange.json(info()) },
    { method: 'GET', path: '/model_info', handler: (exchange) => exchange.json(info()) },
    {
      method: 'GET',
      path: '/get_server_info',
      handler: (exchange) => exchange.json({ ...info(), served_model_name: models.first.id, version, context_length: models.first.maxContext }),
    },
    {
      method: 'GET',
      path: '/server_info',
      handler: (exchange) => exchange.json({ ...info(), served_model_name: models.first.id, version, context_length: models.first.maxContext }),
    },
  ];
}

/** Ends requests where they are. One that there is not is none of its business, as with SGLang. */
async function abort(exchange: Exchange, generator: Generator): Promise<void> {
  const { rid, abort_all: all } = await bodyOf(exchange, sglangAbortBody);
  if (all === true || (rid ?? '') !== '') generator.abort(all === true ? undefined : (rid ?? ''));
  exchange.empty();
}

async function generate(exchange: Exchange, generator: Generator, models: ServedModels): Promise<void> {
  const body = await bodyOf(exchange, sglangBody);
  const model = models.find(body.lora_path);
  const { max_new_tokens: most, min_new_tokens, ignore_eos, stop, no_stop_trim, n, json_schema, regex, ebnf } = body.sampling_params ?? {};
  const asks = asksOf(body.text ?? body.input_ids ?? '', generator.tokenizer);
  const ids = sglangIds(body.rid, asks.length, n ?? 1);
  const order: Order = {
    model,
    asks,
    body: { min_tokens: min_new_tokens, ignore_eos, stop, no_stop_trim, n, guided_json: json_schema, regex, ebnf },
    most: most ?? usual,
    promptOnly: most === 0,
    ids,
    param: 'text',
    route: '/generate',
  };
  const asked = performance.now();
  const scored = { start: body.logprob_start_len ?? -1, top: body.top_logprobs_num ?? 0, texts: body.return_text_in_logprobs === true };
  const part = (choice: Choice, to: number, last: boolean): object => ({
    text: choice.answer.text(0, to),
    output_ids: choice.answer.ids(0, to),
    meta_info: {
      id: ids[choice.index],
      finish_reason: last ? reasonOf(choice) : null,
      prompt_tokens: choice.prompt.length,
      completion_tokens: to,
      cached_tokens: choice.cachedTokens,
      e2e_latency: (performance.now() - asked) / 1000,
      ...(body.return_logprob === true ? sglangLogprobs(generator.tokenizer, choice, to, scored) : {}),
    },
    ...(isList(body) || (body.stream === true && (n ?? 1) > 1) ? { index: choice.index } : {}),
  });
  if (body.stream === true)
    await answerInEvents(exchange, generator, order, {
      // Each event holds all of the text so far.
      news: (choice, _, to, last) => event(part(choice, to, last)),
      tail: () => done,
      failure: (error) => event({ error: { message: error.message } }) + done,
    });
  else
    await answerWhole(exchange, generator, order, (choices) => {
      const parts = choices.map((choice) => part(choice, choice.out, true));
      return isList(body) || parts.length > 1 ? parts : (parts[0] as object);
    });
}

function isList({ text, input_ids: ids }: SglangBody): boolean {
  return Array.isArray(text) || Array.isArray(ids?.[0]);
}

function reasonOf({ answer, finish }: Choice): object {
  if (finish === 'abort') return { type: 'abort', message: 'Aborted', status_code: null, err_type: null };
  return finish === 'length' ? { type: 'length', length: answer.tokens } : { type: 'stop', matched: answer.stoppedAt ?? null };
}
