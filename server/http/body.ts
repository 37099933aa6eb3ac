import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/**
 * The body of a request as JSON.
 * @param limit of its size [B]
 * @param untyped whatever its content type says
 * @throws ApiError 413 where it is larger, 415 where it is encoded, 400 where it is no JSON object in UTF-8
 */
export async function jsonBody(request: IncomingMessage, limit: number, untyped: boolean): Promise<Readonly<Record<string, unknown>>> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new ApiError(415, `The body is encoded as ${encoding}; expected it plain`);
  const type = request.headers['content-type'];
  if (!untyped && type !== undefined && !/^application\/(?:[\w.-]+\+)?json\b|^text\/plain\b/i.test(type))
    throw new ApiError(415, `The content type is ${type}; expected application/json (of curl: -H 'content-type: application/json')`);
  const text = decoded(await bytesOf(request, limit));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ApiError(400, 'The body is not a JSON object');
  return value as Readonly<Record<string, unknown>>;
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError(400, 'The body is not UTF-8');
  }
}

/** @throws ApiError 413 as soon as it is known to be too large, 400 where the client stops in the middle of it */
function bytesOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): ApiError => new ApiError(413, `The body is larger than ${limit} bytes`, { headers: { connection: 'close' } });
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.pause();
        request.removeAllListeners('data');
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', () => reject(new ApiError(400, 'The request ended before its body did')));
    request.once('close', () => reject(new ApiError(400, 'The request ended before its body did')));
  });
}
