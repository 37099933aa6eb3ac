import { cacheMissed } from '../../src/serving/service.ts';
import type { JsonObject } from '../../schema/http/body.ts';
import type { LiveRequest, RequestEnd } from '../live/engine.ts';
import type { Answer } from '../tokens/answer.ts';

/** A call of a function that an answer is. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
}

/** One answer to one prompt while it comes out. */
export class Choice implements LiveRequest {
  number = -1;
  told = false;
  readonly index: number;
  readonly prompt: readonly number[];
  readonly answer: Answer;
  /** The text of the answer is what this function is called with. */
  readonly tool: ToolCall | undefined;
  /** Set where its KV was left for another endpoint to fetch. */
  transfer: JsonObject | null = null;
  /** Called when its prompt is computed, where that is all that was asked for. */
  onPrefilled: (() => void) | undefined;
  cachedTokens = 0;
  /** Tokens that have come out, and those that its reader has been sent. */
  out = 0;
  sent = 0;
  /** Its reader has been sent its end. */
  closed = false;
  ended: RequestEnd | undefined;
  onNews: (choice: Choice) => void = () => {};
  /** The engine has it no more. */
  onOver: () => void = () => {};
  #started = false;
  /** Too little of its prompt was cached: that is all of its answer. */
  #missed = false;
  #aborted = false;

  constructor(index: number, prompt: readonly number[], answer: Answer, tool?: ToolCall) {
    this.index = index;
    this.prompt = prompt;
    this.answer = answer;
    this.tool = tool;
  }

  /** All of it has come out. */
  get complete(): boolean {
    return this.ended?.kind === 'finished';
  }

  /** Tokens that the engine puts out for it: one at least, which is kept back where only the prompt was to be computed. */
  get computed(): number {
    return Math.max(1, this.answer.tokens);
  }

  get finish(): 'stop' | 'length' | 'tool_calls' | 'cache_threshold' | 'abort' {
    if (this.#aborted) return 'abort';
    if (this.#missed) return 'cache_threshold';
    const { finish } = this.answer;
    return this.tool !== undefined && finish === 'stop' ? 'tool_calls' : finish;
  }

  /** The string that it stopped at, where it did. */
  get stoppedAt(): string | undefined {
    return this.#aborted ? undefined : this.answer.stoppedAt;
  }

  prefilled(): void {
    this.onPrefilled?.();
  }

  emit(tokens: number): void {
    this.out = Math.min(this.answer.tokens, this.out + tokens);
  }

  scheduled(cachedTokens: number): void {
    if (!this.#started) this.cachedTokens = cachedTokens;
    this.#started = true;
  }

  end(end: RequestEnd): void {
    this.#missed = end.kind === 'failed' && end.cause === cacheMissed;
    this.ended = this.#missed ? { kind: 'finished' } : end;
    this.onOver();
  }

  /** Ends it where it is, for a client that wants no more of it and is told so. */
  abort(): void {
    this.#aborted = true;
    this.end({ kind: 'finished' });
    this.flush();
  }

  flush(): void {
    this.onNews(this);
  }
}
