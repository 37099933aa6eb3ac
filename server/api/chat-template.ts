import type { ChatMessage, ChatTool } from '../../schema/http/chat.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';

/** What a model is given of a conversation. */
export interface Conversation {
  readonly ids: readonly number[];
  /** What the user said last. */
  readonly said: string;
}

/**
 * Conversations in the shape of ChatML: each message is a start mark, its role, its text and an end mark, a token for each mark. Models have templates of
 * their own, of about as many tokens.
 */
export class ChatTemplate {
  readonly #tokenizer: Tokenizer;
  /** Ids that no text has. */
  readonly #start: number;
  readonly #end: number;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#start = tokenizer.vocabulary;
    this.#end = tokenizer.vocabulary + 1;
  }

  render(messages: readonly ChatMessage[], tools: readonly ChatTool[] = []): Conversation {
    const ids: number[] = [];
    const add = (role: string, text: string): void => {
      ids.push(this.#start);
      for (const id of this.#tokenizer.encode(`${role}\n${text}`)) ids.push(id);
      ids.push(this.#end);
    };
    if (tools.length > 0) add('system', tools.map((tool) => JSON.stringify(tool.function)).join('\n'));
    for (const message of messages) add(message.role, textOf(message));
    ids.push(this.#start);
    for (const id of this.#tokenizer.encode('assistant\n')) ids.push(id);
    const last = messages.findLast(({ role }) => role === 'user') ?? messages.at(-1);
    return { ids, said: last === undefined ? '' : textOf(last) };
  }

  /** As text, marks included. */
  text(ids: readonly number[]): string {
    const parts: string[] = [];
    let from = 0;
    ids.forEach((id, i) => {
      if (id !== this.#start && id !== this.#end) return;
      parts.push(this.#tokenizer.decode(ids.slice(from, i)), id === this.#start ? '<|im_start|>' : '<|im_end|>\n');
      from = i + 1;
    });
    parts.push(this.#tokenizer.decode(ids.slice(from)));
    return parts.join('');
  }
}

function textOf({ content, tool_calls: calls }: ChatMessage): string {
  const said = typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? part.refusal ?? '').join('');
  const called = (calls ?? []).map((call) => {
    const { name, arguments: given } = call.function;
    return `${name}(${typeof given === 'string' ? given : JSON.stringify(given ?? {})})`;
  });
  return [said, ...called].join('\n').trimEnd();
}
