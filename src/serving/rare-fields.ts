import type { Seconds } from '../base/units.ts';

/** Where no instance is named. */
export const anywhere = -1;
/** Its KV stays where it was computed until it is handed over. */
export const held = -2;

/** What hardly any request has: kept for those that do. */
export interface RareFields {
  /** Instance of the first pool that it has to go to, and of the pool that decodes, by their numbers in it, and ranks of those; `anywhere`: policies decide; `held`. */
  sentTo: number;
  sentToRank: number;
  decodesOn: number;
  decodesOnRank: number;
  /** Tokens of the prompt without which it is not computed. */
  leastCached: number;
  /** Its last token before it lost its KV, until it puts out another; -1 for none. */
  pausedAt: Seconds;
  /** Times that a fault took what it held. */
  interruptions: number;
  /** When it was sent to the rank that has computed its prompt, where that was later than it came; -1 otherwise. */
  routedAt: Seconds;
}

const usual: Readonly<RareFields> = {
  sentTo: anywhere,
  sentToRank: anywhere,
  decodesOn: anywhere,
  decodesOnRank: anywhere,
  leastCached: 0,
  pausedAt: -1,
  interruptions: 0,
  routedAt: -1,
};

/** The rare fields of requests in flight, by slot. */
export class Rarities {
  readonly #own: Map<number, RareFields> = new Map();

  of(slot: number): Readonly<RareFields> {
    return this.#own.size === 0 ? usual : (this.#own.get(slot) ?? usual);
  }

  /** To write to. */
  own(slot: number): RareFields {
    const known = this.#own.get(slot);
    if (known !== undefined) return known;
    const made = { ...usual };
    this.#own.set(slot, made);
    return made;
  }

  forget(slot: number): void {
    if (this.#own.size > 0) this.#own.delete(slot);
  }
}
