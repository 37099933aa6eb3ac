/** What a client saw of one request. Times of its clock. [ms] */
export interface ClientRecord {
  /** When it was sent, and when parts of its answer came that had something in them. */
  readonly sentAt: number;
  readonly heardAt: readonly number[];
  /** When the connection was done with it. */
  readonly endedAt: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the prompt, as the server tells it; undefined where it does not. */
  readonly cachedTokens: number | undefined;
  readonly text: string;
  /** Why there is no answer, or only a part of one. */
  readonly problem: string | undefined;
}

/** A request as it is sent. */
export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Tokens of its prompt as they were counted here. */
  readonly inputTokens: number;
}
