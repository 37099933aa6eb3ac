import type { Filler } from '../../server/tokens/filler.ts';
import { idsOf, lengthOf } from '../../src/kernel/id-runs.ts';
import type { Arrival } from '../../src/serving/traffic/arrival.ts';

/**
 * The prompt of a request, as filler of as many tokens as the workload says. Blocks that requests share are the same text, so that a server finds
 * them in its cache; what stands behind them is the request's own.
 * @param number of the request: no other has the same rest
 */
export function promptOf(filler: Filler, { inputTokens, prefix, blockTokens }: Readonly<Arrival>, number: number): string {
  const shared = blockTokens === 0 ? 0 : Math.min(lengthOf(prefix), Math.floor(inputTokens / blockTokens));
  let text = '';
  for (const [place, id] of idsOf(prefix, shared).entries()) text += filler.text(seedOfBlock(id), 0, blockTokens, place > 0);
  const rest = inputTokens - shared * blockTokens;
  // The first token that is its own makes all behind it its own.
  return text + filler.text(number * 2 + 1, 0, rest, shared > 0);
}

/** Even: never that of a request. */
function seedOfBlock(id: number): number {
  return id * 2;
}
