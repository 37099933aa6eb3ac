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
  readonly #heads = new Map<string, readonly number[]>();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#start = tokenizer.vocabulary;
    this.#end = tokenizer.vocabulary + 1;
  }

  render(messages: readonly ChatMessage[], tools: readonly ChatTool[] = []): Conversation {
    const ids: number[] = [];
    const begin = (role: string): void => {
      ids.push(this.#start);
      for (const id of this.#head(role)) ids.push(id);
    };
    // A text stands by itself: what an answer was is the same tokens in the prompt of the next turn.
    const add = (role: string, text: string): void => {
      begin(role);
      for (const id of this.#tokenizer.encode(text)) ids.push(id);
      ids.push(this.#end);
    };
    if (tools.length > 0) add('system', tools.map((tool) => JSON.stringify(tool.function)).join('\n'));
    for (const message of messages) add(message.role, textOf(message));
    begin('assistant');
    const last = messages.findLast(({ role }) => role === 'user') ?? messages.at(-1);
    return { ids, said: last === undefined ? '' : textOf(last) };
  }

  #head(role: string): readonly number[] {
    const known = this.#heads.get(role);
    if (known !== undefined) return known;
    const ids = this.#tokenizer.encode(`${role}\n`);
    // Roles are few, but for those that a client makes up.
    if (this.#heads.size < 100) this.#heads.set(role, ids);
    return ids;
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

/** A content without its parts. */
export function plainText(content: ChatMessage['content']): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? part.refusal ?? '').join('');
}

function textOf({ content, tool_calls: calls }: ChatMessage): string {
  const said = plainText(content);
  const called = (calls ?? []).map((call) => {
    const { name, arguments: given } = call.function;
    return `${name}(${typeof given === 'string' ? given : JSON.stringify(given ?? {})})`;
  });
  return [said, ...called].join('\n').trimEnd();
}
