import { randomUUID } from 'node:crypto';
import type { ChatMessage, ChatTool, ToolChoice } from '../../schema/http/chat.ts';
import { responsesBody, type InputItem, type ResponsesBody } from '../../schema/http/responses.ts';
import type { ResponseFormat } from '../../schema/http/sampling.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerInEvents, answerWhole, bodyOf } from './answering.ts';
import { plainText, type ChatTemplate } from './chat-template.ts';
import type { Generator, Order } from './generator.ts';
import { ResponseEvents, responseOf } from './response-form.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /v1/responses`. Nothing is kept of a response: `previous_response_id` is not known. */
export async function responses(exchange: Exchange, generator: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, responsesBody);
  const model = models.find(body.model);
  const about = { id: `resp_${randomUUID().replaceAll('-', '')}`, created: Math.floor(Date.now() / 1000), model: model.id };
  const messages = messagesOf(body);
  const tools = toolsOf(body);
  const { ids, said } = template.render(messages, body.tool_choice === 'none' ? [] : tools);
  const { seed, priority, ignore_eos, max_output_tokens: most } = body;
  const order: Order = {
    model,
    asks: [{ prompt: ids, said }],
    body: { messages, seed, priority, ignore_eos, max_tokens: most, response_format: formatOf(body), tools, tool_choice: choiceOf(body) },
    most,
    param: 'input',
    ids: [about.id],
    route: '/v1/chat/completions',
  };
  if (body.stream === true) await answerInEvents(exchange, generator, order, new ResponseEvents(about, body));
  else await answerWhole(exchange, generator, order, ([choice]) => responseOf(about, body, choice));
}

function messagesOf({ instructions, input }: ResponsesBody): readonly ChatMessage[] {
  const first = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  return [...first, ...(typeof input === 'string' ? [{ role: 'user', content: input }] : input.map(messageOf))];
}

function messageOf({ type, role, content, call_id: id, name, arguments: given, output }: InputItem): ChatMessage {
  if (type === 'function_call') return { role: 'assistant', tool_calls: [{ id, type: 'function', function: { name: name ?? '', arguments: given } }] };
  if (type === 'function_call_output') return { role: 'tool', tool_call_id: id, content: plainText(output) };
  return { role: role ?? 'user', content: plainText(content) };
}

/** The functions among the tools: nothing is called that a server would have of its own. */
function toolsOf({ tools }: ResponsesBody): readonly ChatTool[] {
  return (tools ?? []).flatMap(({ type, name, description, parameters }) =>
    type === 'function' && typeof name === 'string' ? [{ type, function: { name, description, parameters } }] : [],
  );
}

function choiceOf({ tool_choice: choice }: ResponsesBody): ToolChoice | undefined {
  return typeof choice === 'object' && choice !== null ? { type: 'function', function: { name: choice.name } } : (choice ?? undefined);
}

function formatOf({ text }: ResponsesBody): ResponseFormat | undefined {
  const { type, schema } = text?.format ?? {};
  if (type === 'json_schema') return { type, json_schema: { schema } };
  return type === 'json_object' ? { type } : undefined;
}
