import { createWriteStream, renameSync, rmSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { unwritten } from '../file-problem.ts';
import { holdPartial, releasePartial } from './partial.ts';
import { placesOf } from './whole.ts';

/**
 * A file that is there when it is whole and not before: it is written under another name beside its place. A pipe or a device is written to as it is.
 * Gzipped where its name says so.
 */
export class OutputFile {
  readonly path: string;
  readonly #partial: string;
  readonly #whole: string;
  readonly #file: WriteStream;
  readonly #stream: Writable;
  readonly #ended: Promise<void>;
  #error: Error | undefined;
  /** Text or bytes that have not been sent yet; never both. */
  #text = '';
  readonly #bytes = new Uint8Array(1 << 20);
  #used = 0;

  constructor(path: string) {
    this.path = path;
    const { partial, whole } = placesOf(path);
    this.#partial = partial;
    this.#whole = whole;
    if (partial !== whole) holdPartial(partial);
    const file = createWriteStream(partial);
    this.#file = file;
    this.#ended = finished(file).catch((error: unknown) => {
      throw unwritten(path, error);
    });
    // Told when it is written to or closed.
    this.#ended.catch((error: unknown) => (this.#error = error as Error));
    if (path.endsWith('.gz')) {
      const gzip = createGzip({ level: 6 });
      gzip.pipe(file);
      this.#stream = gzip;
    } else this.#stream = file;
  }

  write(chunk: string | Uint8Array): void {
    if (typeof chunk === 'string') {
      if (this.#used > 0) this.#flush();
      this.#text += chunk;
      if (this.#text.length > 1 << 20) this.#flush();
      return;
    }
    if (this.#text !== '') this.#flush();
    if (this.#used + chunk.length > this.#bytes.length) this.#flush();
    if (chunk.length > this.#bytes.length) this.#send(chunk);
    else {
      this.#bytes.set(chunk, this.#used);
      this.#used += chunk.length;
    }
  }

  /** Waits until little of it is in memory. */
  async drain(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    if (this.#stream.writableNeedDrain) await Promise.race([new Promise((resolve) => this.#stream.once('drain', resolve)), this.#ended]);
  }

  /** Ends the file: it is whole, and not yet in its place. @throws WriteError; nothing is left then */
  async finish(): Promise<void> {
    this.#flush();
    this.#stream.end();
    try {
      await this.#ended;
    } catch (error) {
      this.abort();
      throw unwritten(this.path, error);
    }
  }

  /** Puts what is finished in its place. @throws WriteError; nothing is left then */
  place(): void {
    if (this.#partial === this.#whole) return;
    try {
      renameSync(this.#partial, this.#whole);
      releasePartial(this.#partial);
    } catch (error) {
      this.abort();
      throw unwritten(this.path, error);
    }
  }

  /** Ends the file and puts it in its place. @throws WriteError; nothing is left then */
  async close(): Promise<void> {
    await this.finish();
    this.place();
  }

  /** Gives it up: nothing is left. */
  abort(): void {
    this.#stream.destroy();
    this.#file.destroy();
    if (this.#partial === this.#whole) return;
    const remove = (): void => {
      rmSync(this.#partial, { force: true });
      releasePartial(this.#partial);
    };
    // It may not have been opened yet.
    if (!this.#file.closed) this.#file.once('close', remove);
    remove();
  }

  #flush(): void {
    if (this.#used > 0) this.#send(this.#bytes.slice(0, this.#used));
    this.#used = 0;
    if (this.#text !== '') this.#send(Buffer.from(this.#text));
    this.#text = '';
  }

  #send(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }
}
