import { ApiError } from '../http/api-error.ts';
import { isAscii, type Around, type EventStream } from '../http/event-stream.ts';
import { Spoiler } from '../faults/spoiler.ts';
import type { StreamFault } from '../faults/stream-fault.ts';
import type { Choice } from './choice.ts';

/** How a stream is worded. Every text is whole events, or empty. */
export interface StreamForm {
  /** Tokens `from` to before `to` of a choice, and its end where `last`. */
  news(choice: Choice, from: number, to: number, last: boolean): string;
  /** What stands before and behind the text, as JSON, of a choice in events that are neither its first nor its last; absent where more than the text changes. */
  around?(choice: Choice): readonly [string, string] | undefined;
  /** Behind the end of the last choice. */
  tail(): string;
  failure(error: ApiError): string;
}

/** Sends what comes out of some choices to one reader: for each moment one write, for a slow reader what it has missed in one. */
export class Delivery {
  readonly #stream: EventStream;
  readonly #form: StreamForm;
  readonly #choices: readonly Choice[];
  readonly #spoiler: Spoiler | undefined;
  /** What stands around the text of each choice, once it was asked for. */
  readonly #around: (Around | undefined)[] = [];
  #left: number;

  /** @param fault of the stream, where it is to go wrong */
  constructor(stream: EventStream, form: StreamForm, choices: readonly Choice[], fault?: StreamFault) {
    this.#stream = stream;
    this.#form = form;
    this.#choices = choices;
    this.#left = choices.length;
    const goOn = (): void => {
      for (const choice of choices) this.tell(choice);
    };
    stream.onDrain = goOn;
    this.#spoiler = fault === undefined ? undefined : new Spoiler(fault, stream, goOn);
  }

  /** Sends what is new of a choice. */
  tell(choice: Choice): void {
    const { out, sent, ended } = choice;
    if (this.#stream.blocked || this.#left === 0 || choice.closed || this.#spoiler?.stalled === true) return;
    if (ended !== undefined && ended.kind !== 'finished') {
      this.#fail(problemOf(ended.cause, ended.kind));
      return;
    }
    const last = ended !== undefined;
    if (out === sent && !last) return;
    const around = last || sent === 0 ? undefined : this.#around[choice.index];
    if (around !== undefined) {
      const text = choice.answer.text(sent, out);
      choice.sent = out;
      // A piece of a character waits for the rest of it.
      if (text !== '') this.#stream.writeAround(around, quoted(text));
      return;
    }
    const frames = this.#form.news(choice, sent, out, last);
    if (this.#spoiler?.chunk(frames, choice.tool !== undefined, (error) => this.#form.failure(error)) === true) {
      if (!this.#spoiler.stalled) this.#left = 0;
      return;
    }
    choice.sent = out;
    choice.closed = last;
    if (sent === 0 && this.#spoiler === undefined) this.#prepare(choice);
    if (last) this.#left--;
    if (this.#left === 0) {
      const tail = this.#form.tail();
      this.#stream.write(frames + (this.#spoiler?.tail(tail) ?? tail));
      this.#stream.end();
    } else if (frames !== '') this.#stream.write(frames);
  }

  #prepare(choice: Choice): void {
    const around = this.#form.around?.(choice);
    if (around !== undefined && isAscii(around[0])) this.#around[choice.index] = this.#stream.around(...around);
  }

  #fail(error: ApiError): void {
    this.#left = 0;
    for (const choice of this.#choices) choice.closed = true;
    this.#stream.write(this.#form.failure(error));
    this.#stream.end();
  }
}

/** Words of a text that JSON has as they are. */
const plain = /^[ !#-[\]-~]*$/;

/** A text as JSON. */
function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Why the engine did not serve a request, in the words of the API. */
export function problemOf(cause: string, kind: 'rejected' | 'failed'): ApiError {
  if (cause.startsWith('prompt and answer longer')) return new ApiError(400, `The request is rejected: ${cause}`);
  if (kind === 'rejected') return new ApiError(429, `The request is turned away: ${cause}`, { headers: { 'retry-after': '1' } });
  return new ApiError(cause === shutDown ? 503 : 500, `The request failed: ${cause}`);
}

/** Cause of requests that are cut off when the emulator ends. */
export const shutDown = 'the emulator shut down';
