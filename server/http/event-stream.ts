import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What stands around the text of an event that is sent again and again, ready for the wire: made once by `EventStream.around`. */
export interface Around {
  readonly before: string;
  readonly after: string;
  /** Of both in the payload. [B] */
  readonly bytes: number;
}

/** Lengths of chunks as the wire has them. */
const lengths: readonly string[] = Array.from({ length: 2048 }, (_, bytes) => bytes.toString(16));

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
    response.once('close', () => clearTimeout(this.#impatient));
    this.#socket = response.socket as Socket;
  }

  /** Whether nothing can be written any more. */
  get over(): boolean {
    return this.#over || this.#socket.destroyed;
  }

  /** @param frames whole events, each ended by an empty line */
  write(frames: string): void {
    const bytes = Buffer.byteLength(frames);
    this.#send(this.#chunked ? `${bytes.toString(16)}\r\n${frames}\r\n` : frames, bytes === frames.length);
  }

  /**
   * What is the same in many events, for `writeAround`.
   * @param before in ASCII, as `after` is
   */
  around(before: string, after: string): Around {
    const bytes = before.length + after.length;
    return this.#chunked ? { before: flat(`\r\n${before}`), after: flat(`${after}\r\n`), bytes } : { before: flat(before), after, bytes };
  }

  /** An event of a text and what stands around it: neither looked through nor copied before it is written. */
  writeAround({ before, after, bytes }: Around, text: string): void {
    const own = isAscii(text) ? text.length : Buffer.byteLength(text);
    const all = bytes + own;
    this.#send(this.#chunked ? (lengths[all] ?? all.toString(16)) + before + text + after : before + text + after, own === text.length);
  }

  #send(text: string, ascii: boolean): void {
    if (this.over) return;
    const taken = this.#socket.write(text, ascii ? 'latin1' : 'utf8');
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
    this.#response.end();
  }

  /** Cuts the connection off: in order, or by a reset. */
  cut(reset = false): void {
    this.#over = true;
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

/** Whether a text, of a few characters as a rule, has as many bytes as characters. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A text in one piece of memory, which one that was put together of others is not. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
