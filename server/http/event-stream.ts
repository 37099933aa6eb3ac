import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Longest that a reader may take nothing before it is cut off. [ms] */
const patience = 120_000;

/**
 * Server-sent events to one client. Frames go to the socket as they are, past the response object, which would take as long again for each: one
 * write for all that an instant brings. Nothing is kept for a reader that is slow: whoever writes asks `blocked` first and goes on when `onDrain`
 * is called.
 */
export class EventStream {
  /** Called when a slow reader has taken all that was written. */
  onDrain: () => void = () => {};
  /** The reader has not taken what was written: write nothing more. */
  blocked = false;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #chunked: boolean;
  #impatient: NodeJS.Timeout | undefined;
  #over = false;

  /** Sends the head of the response. */
  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>) {
    this.#response = response;
    this.#chunked = response.req.httpVersionMajor > 1 || response.req.httpVersionMinor > 0;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no', ...headers });
    response.flushHeaders();
    this.#socket = response.socket as Socket;
  }

  /** Whether nothing can be written any more. */
  get over(): boolean {
    return this.#over || this.#socket.destroyed;
  }

  /** @param frames whole events, each ended by an empty line */
  write(frames: string): void {
    if (this.over) return;
    const bytes = Buffer.byteLength(frames);
    const encoding = bytes === frames.length ? 'latin1' : 'utf8';
    const taken = this.#socket.write(this.#chunked ? `${bytes.toString(16)}\r\n${frames}\r\n` : frames, encoding);
    if (!taken && !this.blocked) this.#block();
  }

  /** Some bytes that need not be whole events, nor whole characters: what a broken server sends. */
  raw(bytes: Buffer): void {
    if (this.over) return;
    this.#socket.write(this.#chunked ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]) : bytes);
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#impatient);
    this.#response.end();
  }

  /** Cuts the connection off: in order, or by a reset. */
  cut(reset = false): void {
    this.#over = true;
    clearTimeout(this.#impatient);
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroySoon();
  }

  #block(): void {
    this.blocked = true;
    this.#impatient = setTimeout(() => this.#socket.destroy(), patience);
    this.#socket.once('drain', () => {
      this.blocked = false;
      clearTimeout(this.#impatient);
      this.onDrain();
    });
  }
}
