import { randomUUID } from 'node:crypto';
import type { ChatMessage, ChatTool, ToolChoice } from '../../schema/http/chat.ts';
import { messagesBody, type ContentBlock, type MessagesBody } from '../../schema/http/messages.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerInEvents, answerWhole, bodyOf } from './answering.ts';
import { plainText, type ChatTemplate } from './chat-template.ts';
import type { Generator, Order } from './generator.ts';
import { failureOf, MessageEvents, messageOf } from './message-form.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /v1/messages`, in Anthropic's shape, its errors too. */
export async function messages(exchange: Exchange, generator: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  try {
    const body = await bodyOf(exchange, messagesBody);
    const model = models.find(body.model);
    const about = { id: `msg_${randomUUID().replaceAll('-', '')}`, model: model.id };
    const said = [...systemOf(body), ...body.messages.flatMap(chatOf)];
    const tools = toolsOf(body);
    const choice = choiceOf(body);
    const conversation = template.render(said, choice === 'none' ? [] : tools);
    const order: Order = {
      model,
      asks: [{ prompt: conversation.ids, said: conversation.said }],
      body: { messages: said, max_tokens: body.max_tokens, stop: body.stop_sequences, tools, tool_choice: choice },
      most: body.max_tokens,
      param: 'messages',
      ids: [about.id],
      route: '/v1/chat/completions',
    };
    if (body.stream === true) await answerInEvents(exchange, generator, order, new MessageEvents(about));
    else await answerWhole(exchange, generator, order, ([choice]) => messageOf(about, choice));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    exchange.json(failureOf(error), error.status, error.headers);
  }
}

function systemOf({ system }: MessagesBody): readonly ChatMessage[] {
  if (system === null || system === undefined) return [];
  return [{ role: 'system', content: typeof system === 'string' ? system : system.map(({ text = '' }) => text).join('\n') }];
}

/** A message in the words of chat: what functions gave are messages of their own there, before the rest. */
function chatOf({ role, content }: MessagesBody['messages'][number]): readonly ChatMessage[] {
  if (typeof content === 'string') return [{ role, content }];
  const results = content.flatMap((block): readonly ChatMessage[] =>
    block.type === 'tool_result' ? [{ role: 'tool', tool_call_id: block.tool_use_id, content: plainText(block.content) }] : [],
  );
  const rest = content.filter(({ type }) => type !== 'tool_result');
  if (rest.length === 0 && results.length > 0) return results;
  const calls = callsOf(rest);
  return [...results, { role, content: plainText(rest), ...(calls.length > 0 ? { tool_calls: calls } : {}) }];
}

function callsOf(blocks: readonly ContentBlock[]): NonNullable<ChatMessage['tool_calls']> {
  return blocks.flatMap(({ type, id, name, input }) =>
    type === 'tool_use' ? [{ id, type: 'function', function: { name: name ?? '', arguments: JSON.stringify(input) } }] : [],
  );
}

function toolsOf({ tools }: MessagesBody): readonly ChatTool[] {
  return (tools ?? []).map(({ name, description, input_schema: parameters }) => ({ type: 'function', function: { name, description, parameters } }));
}

function choiceOf({ tool_choice: choice }: MessagesBody): ToolChoice | undefined {
  if (choice?.type === 'tool') return { type: 'function', function: { name: choice.name ?? '' } };
  return choice?.type === 'any' ? 'required' : choice?.type;
}
