import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DoorPlace } from '../api/door-place.ts';
import type { StreamFault } from '../faults/stream-fault.ts';
import type { ApiError } from './api-error.ts';
import { jsonBody } from './body.ts';
import { EventStream } from './event-stream.ts';

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Sent with whatever answers it. */
  readonly headers: Record<string, string>;
  /** What a log says of it, beside what it says of all. */
  readonly notes: Record<string, string | number | boolean> = {};
  /** The instance that it came to; undefined at the front door. */
  place: DoorPlace | undefined;
  /** Fields of bodies that mean nothing to the server that is imitated: they are passed over, as it does. */
  unknownFields: readonly string[] = [];
  /** How the stream that answers it is to go wrong. */
  streamFault: StreamFault | undefined;
  readonly #limit: number;
  #onGone: (() => void) | undefined;

  /** @param limit of its body [B] */
  constructor(request: IncomingMessage, response: ServerResponse, url: URL, limit: number, headers: Record<string, string>) {
    this.request = request;
    this.response = response;
    this.url = url;
    this.headers = headers;
    this.#limit = limit;
    response.once('close', () => {
      if (!response.writableFinished) this.#onGone?.();
    });
  }

  /** The client went away before it had its answer. */
  set onGone(gone: () => void) {
    this.#onGone = gone;
  }

  /**
   * @param untyped whether it may be said to be something else than JSON, as tools for the command line do
   * @throws ApiError where there is none
   */
  body(untyped = false): Promise<Readonly<Record<string, unknown>>> {
    return jsonBody(this.request, this.#limit, untyped);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** What the client calls it, where it says so. */
  get requestId(): string | undefined {
    const given = this.header('x-request-id');
    return given !== undefined && given.length <= 200 ? given : undefined;
  }

  json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.#send(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
  }

  text(value: string, type = 'text/plain; charset=utf-8', status = 200): void {
    this.#send(status, value, { 'content-type': type });
  }

  redirect(to: string): void {
    this.#send(308, '', { location: to });
  }

  empty(status = 200): void {
    this.#send(status, '', {});
  }

  fail(error: ApiError): void {
    this.json(error.body, error.status, error.headers);
  }

  stream(): EventStream {
    return new EventStream(this.response, this.headers);
  }

  #send(status: number, text: string, headers: Readonly<Record<string, string>>): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, { ...this.headers, ...headers, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
}
