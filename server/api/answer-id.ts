import { randomUUID } from 'node:crypto';
import type { Exchange } from '../http/exchange.ts';

/** Names that a client may give its request in its body. */
interface Named {
  readonly request_id?: string | null | undefined;
  /** SGLang's, which is all of the id. */
  readonly rid?: string | null | undefined;
}

/** Id of an answer: behind what says its kind, the name that the client has for its request, in its header or else in its body, as vLLM takes it. */
export function answerId(kind: string, exchange: Exchange, { request_id: named, rid }: Named): string {
  return rid ?? `${kind}${exchange.requestId ?? named ?? randomUUID().replaceAll('-', '')}`;
}
