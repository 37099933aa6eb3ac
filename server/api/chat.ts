import { chatBody, type ChatBody } from '../../schema/http/chat.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerId } from './answer-id.ts';
import { answerInEvents, answerWhole, bodyOf, done, event } from './answering.ts';
import type { ChatTemplate } from './chat-template.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';
import type { Generator, Order } from './generator.ts';
import { chatLogprobs, promptLogprobs } from './logprobs.ts';
import type { ServedModels } from './served-models.ts';
import { usageInChunks, usageOf, usageOfChunk } from './usage.ts';

/** `POST /v1/chat/completions`. */
export async function chat(exchange: Exchange, generator: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, chatBody);
  const model = models.find(body.model);
  const about = { id: answerId('chatcmpl-', exchange, body), created: Math.floor(Date.now() / 1000), model: model.id };
  const { ids, said } = template.render(body.messages, body.tool_choice === 'none' ? [] : (body.tools ?? []));
  const order: Order = {
    model,
    asks: [{ prompt: ids, said }],
    body,
    most: body.max_completion_tokens ?? body.max_tokens,
    param: 'messages',
    ids: [about.id],
    route: '/v1/chat/completions',
  };
  if (body.stream === true) await answerInEvents(exchange, generator, order, new ChatEvents(about, body, generator));
  else
    await answerWhole(exchange, generator, order, (choices) =>
      whole(
        about,
        body,
        generator,
        choices,
        promptLogprobs(generator.tokenizer, ids, body.prompt_logprobs, (id) => template.text([id])),
      ),
    );
}

interface About {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function whole(
  { id, created, model }: About,
  body: ChatBody,
  { tokenizer }: Generator,
  choices: readonly Choice[],
  scored: ReturnType<typeof promptLogprobs>,
): object {
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: choices.map((choice) => {
      const text = choice.answer.text(0, choice.out);
      const { index, tool, finish } = choice;
      const call = tool === undefined ? [] : [{ id: tool.id, type: 'function', function: { name: tool.name, arguments: text } }];
      return {
        index,
        message: { role: 'assistant', content: tool === undefined ? text : null, refusal: null, tool_calls: call },
        logprobs: body.logprobs === true ? chatLogprobs(tokenizer, choice, 0, choice.out, body.top_logprobs ?? 0) : null,
        finish_reason: finish,
        stop_reason: choice.stoppedAt ?? null,
        ...(body.return_token_ids === true ? { token_ids: choice.answer.ids(0, choice.out) } : {}),
      };
    }),
    usage: usageOf(choices),
    prompt_logprobs: scored,
    ...(body.return_token_ids === true ? { prompt_token_ids: choices[0]?.prompt } : {}),
    kv_transfer_params: choices[0]?.transfer ?? null,
  };
}

/** Before the text of a call of a function. */
const toolText = '{"tool_calls":[{"index":0,"function":{"arguments":';

/** Chunks of a chat. What does not change from one to the next is written once. */
class ChatEvents implements StreamForm {
  readonly #about: About;
  readonly #body: ChatBody;
  readonly #generator: Generator;
  readonly #head: string;
  readonly #usage: boolean;
  readonly #plain: boolean;
  readonly #choices = new Set<Choice>();

  constructor(about: About, body: ChatBody, generator: Generator) {
    this.#about = about;
    this.#body = body;
    this.#generator = generator;
    const { id, created, model } = about;
    this.#head = JSON.stringify({ id, object: 'chat.completion.chunk', created, model }).slice(0, -1);
    this.#usage = body.stream_options?.include_usage === true;
    this.#plain = body.logprobs !== true && !usageInChunks(body) && body.return_token_ids !== true;
  }

  news(choice: Choice, from: number, to: number, last: boolean): string {
    const { index, answer, tool } = choice;
    let frames = '';
    if (from === 0) {
      this.#choices.add(choice);
      const before = usageOfChunk(this.#body, choice, 0);
      const prompt = this.#body.return_token_ids === true ? `,"prompt_token_ids":${JSON.stringify(choice.prompt)}` : '';
      frames = this.#chunk(index, `{"role":"assistant","content":${tool === undefined ? '""' : 'null'}}`, before + prompt);
      if (tool !== undefined) frames += this.#chunk(index, JSON.stringify(called(tool.id, tool.name)), before);
    }
    const text = JSON.stringify(answer.text(from, to));
    const delta = tool === undefined ? `{"content":${text}}` : `${toolText}${text}}}]}`;
    // A piece of a character waits for the rest of it, but not what is said of its token.
    if (text === '""' && !last && this.#plain) return frames;
    const logprobs =
      this.#body.logprobs === true ? JSON.stringify(chatLogprobs(this.#generator.tokenizer, choice, from, to, this.#body.top_logprobs ?? 0)) : 'null';
    const ids = this.#body.return_token_ids === true ? `,"token_ids":${JSON.stringify(answer.ids(from, to))}` : '';
    const end = last ? `"finish_reason":"${choice.finish}","stop_reason":${JSON.stringify(choice.stoppedAt ?? null)}` : '"finish_reason":null';
    return frames + this.#chunk(index, delta, usageOfChunk(this.#body, choice, to), logprobs, `${end}${ids}`);
  }

  around({ index, tool }: Choice): readonly [string, string] | undefined {
    if (!this.#plain) return undefined;
    const [before, after] = tool === undefined ? ['{"content":', '}'] : [toolText, '}}]}'];
    return [`data: ${this.#head},"choices":[{"index":${index},"delta":${before}`, `${after},"logprobs":null,"finish_reason":null}]}\n\n`];
  }

  tail(): string {
    if (!this.#usage) return done;
    const { id, created, model } = this.#about;
    return event({ id, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(this.#inOrder()) }) + done;
  }

  failure(error: { readonly body: object }): string {
    return event(error.body) + done;
  }

  #inOrder(): readonly Choice[] {
    return [...this.#choices].toSorted((a, b) => a.index - b.index);
  }

  #chunk(index: number, delta: string, more: string, logprobs = 'null', end = '"finish_reason":null'): string {
    return `data: ${this.#head},"choices":[{"index":${index},"delta":${delta},"logprobs":${logprobs},${end}}]${more}}\n\n`;
  }
}

function called(id: string, name: string): object {
  return { tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: '' } }] };
}
