import factsUrl from 'facts:facts';
import type { Facts } from './shipped.ts';

/** The facts, on their way while the engine is still put together. */
export const fetchedFacts: Promise<Facts> = fetch(factsUrl).then((response) => response.json() as Promise<Facts>);
