import type { ApiError } from '../http/api-error.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';

/** Types of errors by status, in Anthropic's words. */
const typesOf: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

export function failureOf({ status, message }: ApiError): object {
  return { type: 'error', error: { type: typesOf[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message } };
}

/** What a message is called, and who says it. */
interface About {
  readonly id: string;
  readonly model: string;
}

function reasonOf({ stoppedAt, finish }: Choice): { readonly stop_reason: string; readonly stop_sequence: string | null } {
  if (finish === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  if (stoppedAt !== undefined) return { stop_reason: 'stop_sequence', stop_sequence: stoppedAt };
  return { stop_reason: finish === 'tool_calls' ? 'tool_use' : 'end_turn', stop_sequence: null };
}

/** The block that an answer is: a text, or what a function is called with. */
function blockOf({ tool }: Choice, text: string): object {
  return tool === undefined ? { type: 'text', text } : { type: 'tool_use', id: tool.id, name: tool.name, input: inputOf(text) };
}

/** What a function is called with; nothing where that was cut off. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** A message so far: what it says is told when that is whole. */
export function messageOf({ id, model }: About, choice: Choice | undefined): object {
  const whole = choice?.ended !== undefined;
  const cached = choice?.cachedTokens ?? 0;
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: whole && choice !== undefined ? [blockOf(choice, choice.answer.text(0, choice.out))] : [],
    ...(whole && choice !== undefined ? reasonOf(choice) : { stop_reason: null, stop_sequence: null }),
    usage: {
      input_tokens: (choice?.prompt.length ?? 0) - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: whole ? (choice?.out ?? 0) : 0,
    },
  };
}

/** Events of a message: an answer is one block of it. */
export class MessageEvents implements StreamForm {
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
      frames += event('content_block_start', { index: 0, content_block: blockOf(choice, '') });
    }
    const text = choice.answer.text(from, to);
    const delta = choice.tool === undefined ? { type: 'text_delta', text } : { type: 'input_json_delta', partial_json: text };
    if (text !== '') frames += event('content_block_delta', { index: 0, delta });
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
