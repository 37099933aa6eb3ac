import { createWriteStream, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';

/**
 * A file that is there when it is whole and not before: it is written under another name beside its place. A pipe or a device is written to as it is.
 * Gzipped where its name says so.
 */
export class OutputFile {
  readonly path: string;
  readonly #partial: string;
  readonly #stream: Writable;
  readonly #ended: Promise<void>;
  #error: Error | undefined;
  /** Text or bytes that have not been sent yet; never both. */
  #text = '';
  readonly #bytes = new Uint8Array(1 << 20);
  #used = 0;

  constructor(path: string) {
    this.path = path;
    const there = statSync(path, { throwIfNoEntry: false });
    this.#partial = there === undefined || there.isFile() ? `${path}.${process.pid}.partial` : path;
    const file = createWriteStream(this.#partial);
    this.#ended = finished(file);
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

  /** Ends the file and puts it in its place. */
  async close(): Promise<void> {
    this.#flush();
    this.#stream.end();
    await this.#ended;
    if (this.#partial !== this.path) await rename(this.#partial, this.path);
  }

  /** Gives it up: nothing is left. */
  abort(): void {
    this.#stream.destroy();
    if (this.#partial !== this.path) rmSync(this.#partial, { force: true });
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
