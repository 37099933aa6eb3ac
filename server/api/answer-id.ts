import { randomUUID } from 'node:crypto';
import type { Exchange } from '../http/exchange.ts';

/** Id of an answer: behind what says its kind, the name that the client has for its request, in its header or else in its body, as vLLM takes it. */
export function answerId(kind: string, exchange: Exchange, named?: string | null): string {
  return `${kind}${exchange.requestId ?? named ?? randomUUID().replaceAll('-', '')}`;
}
