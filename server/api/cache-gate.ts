import { cacheMissed } from '../../src/serving/service.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Choice } from './choice.ts';

/** How much of a prompt has to be cached: what is not is not answered, and ends with `cache_threshold`. */
export interface CacheGate {
  /** Share of the prompt; 0: none. */
  readonly share: number;
  /** The client wants it to end so whatever is cached, to see what it does then. */
  readonly shut: boolean;
}

/** The gate of a request: what its body says, else what holds for all, unless a header shuts it. */
export function gateOf(exchange: Exchange, asked: number | null | undefined, forAll: number): CacheGate {
  return { share: asked ?? forAll, shut: exchange.header('x-cache-threshold-finish-reason')?.toLowerCase() === 'true' };
}

/** Ends a request at the gate, without the engine. */
export function turnBack(choice: Choice): void {
  choice.end({ kind: 'failed', cause: cacheMissed });
  choice.flush();
}
