import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from './api-error.ts';
import type { Exchange } from './exchange.ts';

/** Lets in who has one of the keys. How long that takes says nothing of a key. */
export class Keys {
  readonly #hashes: readonly Buffer[];

  /** Without keys everybody is let in. */
  constructor(keys: readonly string[]) {
    this.#hashes = keys.map((key) => hashOf(key));
  }

  /** @throws ApiError 401 */
  check(exchange: Exchange): void {
    if (this.#hashes.length === 0) return;
    const bearer = /^Bearer\s+(.+)$/i.exec(exchange.header('authorization') ?? '')?.[1];
    const given = bearer ?? exchange.header('x-api-key');
    if (given === undefined) throw new ApiError(401, 'No API key; expected a header Authorization: Bearer KEY');
    const hash = hashOf(given);
    let known = false;
    // All of them, so that the place of a key in the list does not show.
    for (const key of this.#hashes) known = timingSafeEqual(key, hash) || known;
    if (!known) throw new ApiError(401, 'Incorrect API key');
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
