import { randomUUID } from 'node:crypto';
import { responsesBody, type ResponsesBody } from '../../schema/http/others.ts';
import type { ChatMessage } from '../../schema/http/chat.ts';
import type { ResponseFormat } from '../../schema/http/sampling.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerInEvents, answerWhole, bodyOf } from './answering.ts';
import type { ChatTemplate } from './chat-template.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';
import type { Generator, Order } from './generator.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /v1/responses`. Nothing is kept of a response: `previous_response_id` is not known. */
export async function responses(exchange: Exchange, generator: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, responsesBody);
  const model = models.find(body.model);
  const { ids, said } = template.render(messagesOf(body));
  const order: Order = {
    model,
    asks: [{ prompt: ids, said }],
    body: { seed: body.seed, priority: body.priority, ignore_eos: body.ignore_eos, response_format: formatOf(body) },
    most: body.max_output_tokens,
    param: 'input',
    route: '/v1/responses',
  };
  const about = { id: `resp_${randomUUID().replaceAll('-', '')}`, created: Math.floor(Date.now() / 1000), model: model.id };
  if (body.stream === true) await answerInEvents(exchange, generator, order, new ResponseEvents(about, body));
  else await answerWhole(exchange, generator, order, ([choice]) => responseOf(about, body, choice));
}

function messagesOf({ instructions, input }: ResponsesBody): readonly ChatMessage[] {
  const first = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  const said = typeof input === 'string' ? [{ role: 'user', content: input }] : input.map(({ role, content }) => ({ role: role ?? 'user', content }));
  return [...first, ...said];
}

function formatOf({ text }: ResponsesBody): ResponseFormat | undefined {
  const { type, schema } = text?.format ?? {};
  if (type === 'json_schema') return { type, json_schema: { schema } };
  return type === 'json_object' ? { type } : undefined;
}

interface About {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function message({ id }: About, text: string, status: 'in_progress' | 'completed' | 'incomplete'): object {
  return { id: id.replace('resp', 'msg'), type: 'message', role: 'assistant', status, content: [{ type: 'output_text', text, annotations: [] }] };
}

function responseOf(about: About, body: ResponsesBody, choice: Choice | undefined, failed?: string): object {
  const ended = choice?.ended !== undefined;
  const cut = choice?.finish === 'length';
  const status = failed !== undefined ? 'failed' : ended ? (cut ? 'incomplete' : 'completed') : 'in_progress';
  const input = choice?.prompt.length ?? 0;
  const output = choice?.sent ?? 0;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: choice?.cachedTokens ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  return {
    id: about.id,
    object: 'response',
    created_at: about.created,
    status,
    model: about.model,
    output: ended && choice !== undefined ? [message(about, choice.answer.text(0, choice.out), cut ? 'incomplete' : 'completed')] : [],
    error: failed === undefined ? null : { code: 'server_error', message: failed },
    incomplete_details: ended && cut ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    temperature: 1,
    top_p: 1,
    metadata: {},
    usage: ended ? usage : null,
  };
}

class ResponseEvents implements StreamForm {
  readonly #about: About;
  readonly #body: ResponsesBody;
  #number = 0;
  #choice: Choice | undefined;

  constructor(about: About, body: ResponsesBody) {
    this.#about = about;
    this.#body = body;
  }

  news(choice: Choice, from: number, to: number, last: boolean): string {
    this.#choice = choice;
    const item = this.#about.id.replace('resp', 'msg');
    const where = { item_id: item, output_index: 0, content_index: 0 };
    let frames = '';
    if (from === 0) {
      const response = responseOf(this.#about, this.#body, undefined);
      frames += this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
      frames += this.#event('response.output_item.added', {
        output_index: 0,
        item: { id: item, type: 'message', role: 'assistant', status: 'in_progress', content: [] },
      });
      frames += this.#event('response.content_part.added', { ...where, part: { type: 'output_text', text: '', annotations: [] } });
    }
    const delta = choice.answer.text(from, to);
    if (delta !== '') frames += this.#event('response.output_text.delta', { ...where, delta, logprobs: [] });
    if (!last) return frames;
    const text = choice.answer.text(0, to);
    frames += this.#event('response.output_text.done', { ...where, text, logprobs: [] });
    frames += this.#event('response.content_part.done', { ...where, part: { type: 'output_text', text, annotations: [] } });
    return (
      frames +
      this.#event('response.output_item.done', { output_index: 0, item: message(this.#about, text, choice.finish === 'length' ? 'incomplete' : 'completed') })
    );
  }

  tail(): string {
    const type = this.#choice?.finish === 'length' ? 'response.incomplete' : 'response.completed';
    return this.#event(type, { response: responseOf(this.#about, this.#body, this.#choice) });
  }

  failure(error: Error): string {
    return this.#event('response.failed', { response: responseOf(this.#about, this.#body, this.#choice, error.message) });
  }

  #event(type: string, fields: object): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...fields })}\n\n`;
  }
}
