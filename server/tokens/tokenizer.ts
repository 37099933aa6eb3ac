/** Text to token ids and back. No special tokens are added; the shipped one reads none out of text, one of a file reads those that it declares, as servers do. */
export interface Tokenizer {
  /** What it is called in a report and in `/v1/models`. */
  readonly name: string;
  /** Ids lie below it. */
  readonly vocabulary: number;
  encode(text: string): readonly number[];
  decode(ids: readonly number[]): string;
}
