import { lengthOf, type AnswerSource } from './answer.ts';
import { spelled } from './spelled.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface UpstreamOptions {
  /** Up to before `/v1`. */
  readonly url: string;
  readonly key?: string | undefined;
  /** It is asked for instead of the model of the request. */
  readonly model?: string | undefined;
  /** [ms] */
  readonly timeout?: number | undefined;
}

/** Why an upstream gave no answer: its own status, or 502 where it did not give one, 504 where it took too long. */
export class UpstreamError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Largest answer that is read. [B] */
const largest = 64 * 1024 * 1024;

/**
 * Answers of another server with an OpenAI API, asked for whole: the engine says when their tokens leave. The request reaches the engine when the answer
 * is there, so the upstream's time is not part of any latency that the engine is asked for. The answer is counted by the tokenizer here.
 */
export function upstreamAnswers({ url, key, model, timeout = 600_000 }: UpstreamOptions, tokenizer: Tokenizer): AnswerSource {
  const base = url.replace(/\/+$/, '').replace(/\/v1$/, '');
  return {
    answer: async (request) => {
      const { route, body } = request.forward ?? { route: '/v1/completions', body: { prompt: tokenizer.decode(request.prompt), max_tokens: request.most } };
      const { stream: _, stream_options: __, kv_transfer_params: ___, ...rest } = body;
      const reply = await ask(`${base}${route}`, { ...rest, ...(model === undefined ? {} : { model }), n: 1, stream: false }, key, timeout);
      const { text, finish } = choiceOf(reply);
      const ids = tokenizer.encode(text);
      const { tokens } = lengthOf({ ...request, least: 0, ignoreEnd: false }, ids.length);
      return spelled(tokenizer, ids.slice(0, tokens), tokens < ids.length ? 'length' : finish);
    },
  };
}

async function ask(url: string, body: object, key: string | undefined, timeout: number): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
      redirect: 'error',
    });
    const text = await limited(response);
    if (!response.ok) throw new UpstreamError(response.status, `the upstream answers ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    if (error instanceof DOMException && error.name === 'TimeoutError') throw new UpstreamError(504, `the upstream did not answer within ${timeout} ms`);
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new UpstreamError(502, `the upstream gives no answer that can be read (${error instanceof Error ? error.message : String(error)}${cause})`);
  }
}

async function limited(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > largest) throw new UpstreamError(502, `the upstream answers more than ${largest} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function choiceOf(reply: unknown): { readonly text: string; readonly finish: 'stop' | 'length' } {
  const choice = (reply as { readonly choices?: readonly Readonly<Record<string, unknown>>[] } | null)?.choices?.[0];
  const message = choice?.['message'] as Readonly<Record<string, unknown>> | undefined;
  const text = message === undefined ? choice?.['text'] : (message['content'] ?? '');
  if (choice === undefined || typeof text !== 'string') throw new UpstreamError(502, 'the upstream answers without a choice that has a text');
  return { text, finish: choice['finish_reason'] === 'length' ? 'length' : 'stop' };
}
