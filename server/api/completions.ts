import { completionBody, type CompletionBody, type Prompt } from '../../schema/http/completion.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import { answerId } from './answer-id.ts';
import { answerInEvents, answerWhole, bodyOf, done, event } from './answering.ts';
import type { Choice } from './choice.ts';
import type { StreamForm } from './delivery.ts';
import type { Ask, Generator, Order } from './generator.ts';
import { completionLogprobs, promptLogprobs } from './logprobs.ts';
import type { ServedModels } from './served-models.ts';
import { usageInChunks, usageOf, usageOfChunk } from './usage.ts';

/** Tokens of an answer where the client says nothing of it. */
const usual = 16;

/** `POST /v1/completions`. */
export async function completions(exchange: Exchange, generator: Generator, models: ServedModels): Promise<void> {
  const body = await bodyOf(exchange, completionBody);
  const model = models.find(body.model);
  const about = { id: answerId('cmpl-', exchange, body), created: Math.floor(Date.now() / 1000), model: model.id };
  const asks = asksOf(body.prompt, generator.tokenizer);
  const most = body.max_tokens ?? usual;
  // An upstream is asked for the answer alone: the prompt is put before it here.
  const order: Order = {
    model,
    asks,
    body: body.echo === true ? { ...body, echo: undefined } : body,
    most,
    promptOnly: body.echo === true && most === 0,
    scored: body.echo === true && typeof body.logprobs === 'number',
    param: 'prompt',
    ids: [about.id],
    route: '/v1/completions',
  };
  const said: Said = ({ index }) => (body.echo === true ? asks[Math.floor(index / (body.n ?? 1))]?.said : undefined);
  if (body.stream === true) await answerInEvents(exchange, generator, order, new CompletionEvents(about, body, generator, said));
  else await answerWhole(exchange, generator, order, (choices) => whole(about, body, generator, choices, said));
}

/** The prompts of a body: texts, or token ids. */
export function asksOf(prompt: CompletionBody['prompt'], tokenizer: Tokenizer): readonly Ask[] {
  const one = typeof prompt === 'string' || typeof prompt[0] === 'number' || prompt.length === 0;
  const prompts = one ? [prompt as Prompt] : (prompt as readonly Prompt[]);
  return prompts.map((each) => (typeof each === 'string' ? { prompt: tokenizer.encode(each), said: each } : { prompt: each, said: tokenizer.decode(each) }));
}

/** The prompt where it is to stand before the answer, else undefined. */
type Said = (choice: Choice) => string | undefined;

interface About {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function whole({ id, created, model }: About, body: CompletionBody, { tokenizer }: Generator, choices: readonly Choice[], said: Said): object {
  return {
    id,
    object: 'text_completion',
    created,
    model,
    choices: choices.map((choice) => ({
      index: choice.index,
      text: (said(choice) ?? '') + choice.answer.text(0, choice.out),
      logprobs:
        typeof body.logprobs === 'number' ? completionLogprobs(tokenizer, choice, { from: 0, to: choice.out, top: body.logprobs, said: said(choice) }) : null,
      finish_reason: choice.finish,
      stop_reason: choice.stoppedAt ?? null,
      prompt_logprobs: promptLogprobs(tokenizer, choice.prompt, body.prompt_logprobs),
      ...(body.return_token_ids === true ? { prompt_token_ids: choice.prompt, token_ids: choice.answer.ids(0, choice.out) } : {}),
    })),
    usage: usageOf(choices),
    kv_transfer_params: choices[0]?.transfer ?? null,
  };
}

class CompletionEvents implements StreamForm {
  readonly #about: About;
  readonly #body: CompletionBody;
  readonly #generator: Generator;
  readonly #said: Said;
  readonly #head: string;
  readonly #plain: boolean;
  readonly #choices = new Set<Choice>();

  constructor(about: About, body: CompletionBody, generator: Generator, said: Said) {
    this.#about = about;
    this.#body = body;
    this.#generator = generator;
    this.#said = said;
    const { id, created, model } = about;
    this.#head = JSON.stringify({ id, object: 'text_completion', created, model }).slice(0, -1);
    this.#plain = typeof body.logprobs !== 'number' && !usageInChunks(body) && body.return_token_ids !== true;
  }

  news(choice: Choice, from: number, to: number, last: boolean): string {
    const { index, answer } = choice;
    if (from === 0) this.#choices.add(choice);
    const text = JSON.stringify(from === 0 ? (this.#said(choice) ?? '') + answer.text(from, to) : answer.text(from, to));
    // A piece of a character waits for the rest of it, but not what is said of its token.
    if (text === '""' && !last && this.#plain) return '';
    const end = last
      ? `"finish_reason":"${choice.finish}","stop_reason":${JSON.stringify(choice.stoppedAt ?? null)}`
      : '"finish_reason":null,"stop_reason":null';
    if (this.#plain) return `${this.#before(index)}${text},"logprobs":null,${end}}]}\n\n`;
    const { logprobs: top } = this.#body;
    const said = this.#said(choice);
    const logprobs = typeof top === 'number' ? JSON.stringify(completionLogprobs(this.#generator.tokenizer, choice, { from, to, top, said })) : 'null';
    let ids = '';
    if (this.#body.return_token_ids === true) {
      if (from === 0) ids = `,"prompt_token_ids":${JSON.stringify(choice.prompt)}`;
      ids += `,"token_ids":${JSON.stringify(answer.ids(from, to))}`;
    }
    return `data: ${this.#head},"choices":[{"index":${index},"text":${text},"logprobs":${logprobs},${end}${ids}}]${usageOfChunk(this.#body, choice, to)}}\n\n`;
  }

  around({ index }: Choice): readonly [string, string] | undefined {
    return this.#plain ? [this.#before(index), ',"logprobs":null,"finish_reason":null,"stop_reason":null}]}\n\n'] : undefined;
  }

  #before(index: number): string {
    return `data: ${this.#head},"choices":[{"index":${index},"text":`;
  }

  tail(): string {
    if (this.#body.stream_options?.include_usage !== true) return done;
    const { id, created, model } = this.#about;
    return (
      event({ id, object: 'text_completion', created, model, choices: [], usage: usageOf([...this.#choices].toSorted((a, b) => a.index - b.index)) }) + done
    );
  }

  failure(error: { readonly body: object }): string {
    return event(error.body) + done;
  }
}
