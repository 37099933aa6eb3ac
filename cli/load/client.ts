import http from 'node:http';
import https from 'node:https';
import { createParser } from 'eventsource-parser';
import type { ClientRecord, Question } from './answer.ts';

/** Longest error that is kept of a server. */
const longestProblem = 200;

interface Usage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
}

interface Chunk {
  readonly error?: { readonly message?: string } | string;
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly reasoning?: string | null;
      readonly tool_calls?: readonly unknown[];
    };
  }[];
  readonly usage?: Usage | null;
}

/** Asks a server with an OpenAI API for streamed answers, and notes when their parts come. Connections are kept. */
export class StreamClient {
  readonly #agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  readonly #timeout: number;
  readonly #countTokens: (text: string) => number;

  /**
   * @param timeout without a sign of the server [ms]
   * @param countTokens of an answer whose server does not say how long it is
   */
  constructor(timeout: number, countTokens: (text: string) => number) {
    this.#timeout = timeout;
    this.#countTokens = countTokens;
  }

  /** Sends a request and waits for the end of its answer. Whatever goes wrong is told in the record. */
  async ask(question: Question, signal: AbortSignal): Promise<ClientRecord> {
    for (;;) {
      const record = await this.#attempt(question, signal);
      // A connection that the server closed while it was idle: nothing of the request was heard, and another one is opened for it.
      if (record !== 'stale') return record;
    }
  }

  #attempt(question: Question, signal: AbortSignal): Promise<ClientRecord | 'stale'> {
    return new Promise((resolve) => {
      const url = new URL(question.url);
      const [transport, agent] = url.protocol === 'https:' ? [https, this.#agents.https] : [http, this.#agents.http];
      const heard = new Heard(question.inputTokens, this.#countTokens);
      const end = (problem?: string): void => resolve(heard.record(problem));
      let answered = false;
      const headers = { ...question.headers, 'content-length': Buffer.byteLength(question.body) };
      const request = transport.request(url, { method: 'POST', agent, signal, headers });
      request.setTimeout(this.#timeout, () => request.destroy(new Error(`no sign of the server for ${this.#timeout} ms`)));
      request.on('error', (error) => {
        if (signal.aborted) end('given up');
        else if (!answered && request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') resolve('stale');
        else end(problemOf(error));
      });
      request.on('response', (response) => {
        answered = true;
        response.setEncoding('utf8');
        response.on('error', (error) => end(signal.aborted ? 'given up' : problemOf(error)));
        // A connection that is cut ends without `end`.
        response.on('close', () => end(signal.aborted ? 'given up' : 'the connection was cut'));
        if (response.statusCode !== 200) {
          let text = '';
          response.on('data', (part: string) => (text = (text + part).slice(0, 4096)));
          response.on('end', () => end(`HTTP ${response.statusCode}: ${messageIn(text)}`));
          return;
        }
        response.on('data', (part: string) => heard.feed(part));
        response.on('end', () => end(heard.problem));
      });
      request.end(question.body);
    });
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}

/** What has come of one answer. */
class Heard {
  readonly #sentAt = performance.now();
  readonly #heardAt: number[] = [];
  readonly #inputTokens: number;
  readonly #countTokens: (text: string) => number;
  #now = 0;
  #text = '';
  #usage: Usage | undefined;
  #done = false;
  #problem: string | undefined;
  readonly #parser = createParser({
    onEvent: ({ data }) => this.#event(data),
    onError: (error) => (this.#problem ??= `no event stream: ${error.message}`),
  });

  constructor(inputTokens: number, countTokens: (text: string) => number) {
    this.#inputTokens = inputTokens;
    this.#countTokens = countTokens;
  }

  get problem(): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    return this.#done ? undefined : 'the stream ended before [DONE]';
  }

  feed(part: string): void {
    this.#now = performance.now();
    this.#parser.feed(part);
  }

  record(problem: string | undefined): ClientRecord {
    const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = this.#usage ?? {};
    return {
      sentAt: this.#sentAt,
      heardAt: this.#heardAt,
      endedAt: performance.now(),
      inputTokens: input ?? this.#inputTokens,
      outputTokens: output ?? this.#countTokens(this.#text),
      cachedTokens: details?.cached_tokens ?? undefined,
      text: this.#text,
      problem: problem ?? (this.#heardAt.length === 0 ? 'an answer without any text' : undefined),
    };
  }

  #event(data: string): void {
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    let chunk: Chunk;
    try {
      chunk = JSON.parse(data) as Chunk;
    } catch {
      this.#problem ??= `an event that is no JSON: ${data.slice(0, longestProblem)}`;
      return;
    }
    if (chunk.error !== undefined) this.#problem ??= `error in the stream: ${messageIn(data)}`;
    this.#usage = chunk.usage ?? this.#usage;
    const [choice] = chunk.choices ?? [];
    const { content, reasoning_content, reasoning, tool_calls } = choice?.delta ?? {};
    const text = choice?.text ?? `${reasoning_content ?? reasoning ?? ''}${content ?? ''}`;
    if (text === '' && (tool_calls ?? []).length === 0) return;
    this.#heardAt.push(this.#now);
    this.#text += text;
  }
}

function problemOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.message : `${code}: ${error.message}`;
}

/** The message of an error body, or its beginning. */
function messageIn(text: string): string {
  try {
    const { error, message, detail } = JSON.parse(text) as {
      readonly error?: { readonly message?: unknown } | string;
      readonly message?: unknown;
      readonly detail?: unknown;
    };
    const found = (typeof error === 'object' ? error.message : error) ?? message ?? detail;
    if (typeof found === 'string') return found.slice(0, longestProblem);
  } catch {
    // Not JSON: shown as it is.
  }
  return text.slice(0, longestProblem).replaceAll(/\s+/g, ' ').trim();
}
