import type { SimulationEvent } from './events.ts';
import type { External } from './external.ts';

/** A record as a line of a log. What stages and engines have of a step's time is left out: it follows from the batch, and is most of the bytes. */
export function lineOf(record: SimulationEvent | External): string {
  if (record.kind !== 'step') return JSON.stringify(record);
  const { kind, at, duration, pool, instance, decoding, prefillTokens, context, kv } = record;
  return JSON.stringify({ kind, at, duration, pool, instance, decoding, prefillTokens, context, kv });
}
