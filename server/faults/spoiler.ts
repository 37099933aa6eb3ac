import { ApiError } from '../http/api-error.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { StreamFault } from './stream-fault.ts';

/** Makes a stream go wrong after so many of its chunks. */
export class Spoiler {
  readonly #fault: StreamFault;
  readonly #stream: EventStream;
  readonly #goOn: () => void;
  #chunks = 0;
  #stalled = false;
  #spent = false;

  /** @param goOn called when a stall is over */
  constructor(fault: StreamFault, stream: EventStream, goOn: () => void) {
    this.#fault = fault;
    this.#stream = stream;
    this.#goOn = goOn;
  }

  /** Nothing is written until `goOn`. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /**
   * A chunk is about to leave.
   * @param failure words an error as the stream would
   * @returns whether the stream is over, or waits
   */
  chunk(frames: string, tool: boolean, failure: (error: ApiError) => string): boolean {
    const { mode, afterChunks, delayMs, utf8 } = this.#fault;
    if (this.#spent || this.#chunks++ < afterChunks) return false;
    const stream = this.#stream;
    this.#spent = true;
    switch (mode) {
      case 'cut_between_frames':
        stream.cut();
        return true;
      case 'cut_mid_frame':
        // The first byte of a character of two, or half of the text.
        stream.raw(Buffer.concat([Buffer.from(frames.slice(0, Math.ceil(frames.length / 2))), Buffer.from(utf8 === true ? [0xc3] : [])]));
        stream.cut();
        return true;
      case 'reset':
        stream.cut(true);
        return true;
      case 'mid_tool_call':
        if (!tool) {
          this.#spent = false;
          return false;
        }
        stream.cut();
        return true;
      case 'error_400_in_sse':
        stream.write(failure(new ApiError(400, 'The stream failed (injected)')));
        stream.end();
        return true;
      case 'stall':
        this.#stalled = true;
        if (delayMs !== undefined)
          setTimeout(() => {
            this.#stalled = false;
            this.#goOn();
          }, delayMs);
        return true;
      case 'no_done':
      case 'no_usage':
      case 'error_envelope_200':
      case 'cancelled_499':
        return false;
    }
  }

  /** The end of the stream as it leaves. */
  tail(frames: string): string {
    const { mode } = this.#fault;
    if (mode === 'no_done') return frames.replace('data: [DONE]\n\n', '');
    if (mode === 'no_usage') return frames.replace(/data: \{[^\n]*"usage":[^\n]*\n\n/, '');
    return frames;
  }
}
