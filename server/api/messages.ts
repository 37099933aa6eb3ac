import { randomUUID } from 'node:crypto';
import { messagesBody, type MessagesBody } from '../../schema/http/others.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerInEvents, answerWhole, bodyOf } from './answering.ts';
import type { ChatTemplate } from './chat-template.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';
import type { Generator, Order } from './generator.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /v1/messages`, in Anthropic's shape, its errors too. */
export async function messages(exchange: Exchange, generator: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  try {
    const body = await bodyOf(exchange, messagesBody);
    const model = models.find(body.model);
    const { ids, said } = template.render([...systemOf(body), ...body.messages]);
    const order: Order = {
      model,
      asks: [{ prompt: ids, said }],
      body: { stop: body.stop_sequences },
      most: body.max_tokens,
      param: 'messages',
      route: '/v1/messages',
    };
    const about = { id: `msg_${randomUUID().replaceAll('-', '')}`, model: model.id };
    if (body.stream === true) await answerInEvents(exchange, generator, order, new MessageEvents(about));
    else await answerWhole(exchange, generator, order, ([choice]) => messageOf(about, choice));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    exchange.json(failureOf(error), error.status, error.headers);
  }
}

function systemOf({ system }: MessagesBody): readonly { readonly role: string; readonly content: string }[] {
  if (system === null || system === undefined) return [];
  return [{ role: 'system', content: typeof system === 'string' ? system : system.map(({ text = '' }) => text).join('\n') }];
}

const typesOf: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

function failureOf({ status, message }: ApiError): object {
  return { type: 'error', error: { type: typesOf[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message } };
}

interface About {
  readonly id: string;
  readonly model: string;
}

function reasonOf({ answer, finish }: Choice): { readonly stop_reason: string; readonly stop_sequence: string | null } {
  if (finish === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  return answer.stoppedAt === undefined ? { stop_reason: 'end_turn', stop_sequence: null } : { stop_reason: 'stop_sequence', stop_sequence: answer.stoppedAt };
}

function messageOf({ id, model }: About, choice: Choice | undefined): object {
  const whole = choice?.ended !== undefined;
  const cached = choice?.cachedTokens ?? 0;
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: whole && choice !== undefined ? [{ type: 'text', text: choice.answer.text(0, choice.out) }] : [],
    ...(whole && choice !== undefined ? reasonOf(choice) : { stop_reason: null, stop_sequence: null }),
    usage: {
      input_tokens: (choice?.prompt.length ?? 0) - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: whole ? (choice?.out ?? 0) : 0,
    },
  };
}

class MessageEvents implements StreamForm {
  readonly #about: About;
  #choice: Choice | undefined;

  constructor(about: About) {
    this.#about = about;
  }

  news(choice: Choice, from: number, to: number, last: boolean): string {
    let frames = '';
    if (from === 0) {
      this.#choice = choice;
      const { prompt, cachedTokens } = choice;
      const begun = {
        ...messageOf(this.#about, undefined),
        usage: { input_tokens: prompt.length - cachedTokens, cache_read_input_tokens: cachedTokens, output_tokens: 0 },
      };
      frames += event('message_start', { message: begun });
      frames += event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    }
    const text = choice.answer.text(from, to);
    if (text !== '') frames += event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    return last ? frames + event('content_block_stop', { index: 0 }) : frames;
  }

  tail(): string {
    const choice = this.#choice as Choice;
    return event('message_delta', { delta: reasonOf(choice), usage: { output_tokens: choice.sent } }) + event('message_stop', {});
  }

  failure(error: ApiError): string {
    return `event: error\ndata: ${JSON.stringify(failureOf(error))}\n\n`;
  }
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
