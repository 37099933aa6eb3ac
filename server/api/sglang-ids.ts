import { randomUUID } from 'node:crypto';
import { ApiError } from '../http/api-error.ts';

/**
 * Ids of the answers of SGLang's `/generate`: the `rid` of the client, counted through where it is one for several.
 * @param prompts how many there are, each of them with `n` answers
 * @throws ApiError 400 for a list that is not as long as that of the prompts
 */
export function sglangIds(rid: string | readonly string[] | null | undefined, prompts: number, n: number): readonly string[] {
  if (rid === null || rid === undefined) return Array.from({ length: prompts * n }, () => randomUUID().replaceAll('-', ''));
  if (typeof rid === 'string') return prompts * n === 1 ? [rid] : Array.from({ length: prompts * n }, (_, index) => `${rid}_${index}`);
  if (rid.length !== prompts) throw new ApiError(400, `rid: expected ${prompts}, one for each prompt, got ${rid.length}`, { param: 'rid' });
  return rid.flatMap((one) => (n === 1 ? [one] : Array.from({ length: n }, (_, k) => `${one}_${k}`)));
}
