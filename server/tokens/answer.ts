/** What an answer is made for. */
export interface AnswerRequest {
  /** What is drawn for it follows from this number: the same number gets the same answer. */
  readonly seed: number;
  readonly prompt: readonly number[];
  /** What the user said last, as text. */
  readonly said: string;
  /** Tokens that it may have at most and has at least. */
  readonly most: number;
  readonly least: number;
  /** Goes on to `most` whatever it says. */
  readonly ignoreEnd: boolean;
  /** The request as it came, for a source that asks somebody else. */
  readonly forward?: { readonly route: string; readonly body: Readonly<Record<string, unknown>> } | undefined;
}

/** The text of an answer token by token. What it is made of is known before its first token leaves; when each leaves is for the engine to say. */
export interface Answer {
  readonly tokens: number;
  readonly finish: 'stop' | 'length';
  /** The string that it stopped at, where it did. */
  readonly stoppedAt?: string | undefined;
  /** Text that is complete with tokens `from` to before `to`: the parts of all ranges in a row are the whole text. */
  text(from: number, to: number): string;
  ids(from: number, to: number): readonly number[];
}

/** Where answers come from. */
export interface AnswerSource {
  answer(request: AnswerRequest): Answer | Promise<Answer>;
}

/** How long an answer of `natural` tokens is under the limits of a request, and why it ends there. */
export function lengthOf({ most, least, ignoreEnd }: Pick<AnswerRequest, 'most' | 'least' | 'ignoreEnd'>, natural: number): Pick<Answer, 'tokens' | 'finish'> {
  if (ignoreEnd || natural > most) return { tokens: most, finish: 'length' };
  return { tokens: Math.min(most, Math.max(least, natural)), finish: 'stop' };
}

/**
 * An answer that ends before the first of `stops` that it holds, as the text of servers does: the token that completes the string is
 * the last one that is counted.
 * @param least tokens before which no string stops it
 * @param included whether it ends behind the string instead
 */
export function stoppedBy(answer: Answer, stops: readonly string[], least: number = 0, included: boolean = false): Answer {
  if (stops.length === 0) return answer;
  const ends: number[] = [];
  let text = '';
  for (let token = 0; token < answer.tokens; token++) {
    const before = text.length;
    text += answer.text(token, token + 1);
    ends.push(text.length);
    if (token + 1 <= least) continue;
    // Of each only what this token completes: what `least` has passed over stops nothing later.
    const found = stops.map((stop) => ({ stop, at: stop === '' ? -1 : text.indexOf(stop, Math.max(0, before - stop.length + 1)) })).filter(({ at }) => at >= 0);
    const first = found.reduce<(typeof found)[number] | undefined>((best, one) => (best === undefined || one.at < best.at ? one : best), undefined);
    if (first === undefined) continue;
    const cut = text.slice(0, first.at + (included ? first.stop.length : 0));
    const place = (index: number): number => (index === 0 ? 0 : (ends[index - 1] as number));
    return {
      tokens: token + 1,
      finish: 'stop',
      stoppedAt: first.stop,
      text: (a, b) => cut.slice(place(a), place(b)),
      ids: (a, b) => answer.ids(a, b),
    };
  }
  return answer;
}
