import type { ResponsesBody } from '../../schema/http/responses.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';

/** What a response is called, when it was begun, and who says it. */
interface About {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

type Status = 'in_progress' | 'completed' | 'incomplete';

/** The item that an answer is, with so much of its text: something said, or a function that is called. */
function itemOf({ id }: About, { tool }: Choice, text: string, status: Status): object {
  if (tool !== undefined)
    return {
      id: id.replace('resp', 'fc'),
      type: 'function_call',
      call_id: tool.id.replace('chatcmpl-tool-', 'call_'),
      name: tool.name,
      arguments: text,
      status,
    };
  const content = status === 'in_progress' ? [] : [{ type: 'output_text', text, annotations: [] }];
  return { id: id.replace('resp', 'msg'), type: 'message', role: 'assistant', status, content };
}

/** How a response ended: whole, at a bound, or by its client. */
function endingOf({ finish }: Choice): 'completed' | 'incomplete' | 'cancelled' {
  if (finish === 'abort') return 'cancelled';
  return finish === 'length' ? 'incomplete' : 'completed';
}

/** The item of an answer that has ended. */
function endedItem(about: About, choice: Choice, text: string): object {
  return itemOf(about, choice, text, endingOf(choice) === 'completed' ? 'completed' : 'incomplete');
}

/** A response so far: what it says is told when that is whole. */
export function responseOf(about: About, body: ResponsesBody, choice: Choice | undefined, failed?: string): object {
  const ended = choice?.ended === undefined ? undefined : choice;
  const ending = ended === undefined ? 'in_progress' : endingOf(ended);
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
    status: failed === undefined ? ending : 'failed',
    model: about.model,
    output: ended === undefined ? [] : [endedItem(about, ended, ended.answer.text(0, ended.out))],
    error: failed === undefined ? null : { code: 'server_error', message: failed },
    incomplete_details: ending === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    temperature: 1,
    top_p: 1,
    metadata: {},
    usage: ended === undefined ? null : usage,
  };
}

/** Events of a response. An answer is one item, of one part where it is something said. */
export class ResponseEvents implements StreamForm {
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
    let frames = from === 0 ? this.#begun(choice) : '';
    const delta = choice.answer.text(from, to);
    if (delta !== '') frames += choice.tool === undefined ? this.#textEvent('delta', { delta }) : this.#argumentsEvent('delta', { delta });
    return last ? frames + this.#ended(choice, choice.answer.text(0, to)) : frames;
  }

  #begun(choice: Choice): string {
    const response = responseOf(this.#about, this.#body, undefined);
    const frames =
      this.#event('response.created', { response }) +
      this.#event('response.in_progress', { response }) +
      this.#event('response.output_item.added', { output_index: 0, item: itemOf(this.#about, choice, '', 'in_progress') });
    return choice.tool === undefined ? frames + this.#partEvent('added', '') : frames;
  }

  #ended(choice: Choice, text: string): string {
    const { tool } = choice;
    const done =
      tool === undefined
        ? this.#textEvent('done', { text }) + this.#partEvent('done', text)
        : this.#argumentsEvent('done', { name: tool.name, arguments: text });
    return done + this.#event('response.output_item.done', { output_index: 0, item: endedItem(this.#about, choice, text) });
  }

  tail(): string {
    const type = this.#choice?.finish === 'length' ? 'response.incomplete' : 'response.completed';
    return this.#event(type, { response: responseOf(this.#about, this.#body, this.#choice) });
  }

  failure(error: Error): string {
    return this.#event('response.failed', { response: responseOf(this.#about, this.#body, this.#choice, error.message) });
  }

  #textEvent(what: 'delta' | 'done', fields: object): string {
    return this.#event(`response.output_text.${what}`, { ...this.#place('msg'), content_index: 0, ...fields, logprobs: [] });
  }

  #partEvent(what: 'added' | 'done', text: string): string {
    return this.#event(`response.content_part.${what}`, { ...this.#place('msg'), content_index: 0, part: { type: 'output_text', text, annotations: [] } });
  }

  #argumentsEvent(what: 'delta' | 'done', fields: object): string {
    return this.#event(`response.function_call_arguments.${what}`, { ...this.#place('fc'), ...fields });
  }

  #place(kind: 'msg' | 'fc'): object {
    return { item_id: this.#about.id.replace('resp', kind), output_index: 0 };
  }

  #event(type: string, fields: object): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...fields })}\n\n`;
  }
}
