/**
 * Keys that one query sees when it may see at most `limit` (a sliding window, or the top k of a sparse index), summed over the
 * queries of equal sequences. Exact for sequences of one length; `pairs` corrects for the spread of lengths.
 */
export function limitedPairs(tokens: number, sequences: number, context: number, pairs: number, limit: number | undefined): number {
  if (limit === undefined || tokens <= 0 || sequences <= 0) return pairs;
  const length = tokens / sequences;
  const end = context / sequences;
  const start = end - length;
  const full = (length * (start + 1 + end)) / 2;
  const rising = Math.max(0, Math.min(end, limit) - start);
  const seen = (rising * (2 * start + 1 + rising)) / 2 + (length - rising) * limit;
  return Math.min(pairs, full > 0 ? (pairs * seen) / full : 0);
}

/** Keys that decoding sequences see in all under a limit for each. */
export function limitedContext(context: number, sequences: number, limit: number | undefined): number {
  return limit === undefined ? context : Math.min(context, sequences * limit);
}

/** Keys that one of `length` first positions sees in chunks, summed: whole chunks, then a part of one. */
function chunkedSum(length: number, chunk: number): number {
  const whole = Math.floor(length / chunk);
  const rest = length - whole * chunk;
  return (whole * chunk * (chunk + 1) + rest * (rest + 1)) / 2;
}

/** Keys that queries see when each sees those of its own chunk up to itself, summed over the queries of equal sequences. */
export function chunkedPairs(tokens: number, sequences: number, context: number, pairs: number, chunk: number): number {
  if (tokens <= 0 || sequences <= 0) return 0;
  const end = context / sequences;
  return Math.min(pairs, sequences * (chunkedSum(end, chunk) - chunkedSum(end - tokens / sequences, chunk)));
}

/** Keys that decoding sequences see of their own chunk: all within the first one, and in the mean over positions half a chunk behind it. */
export function chunkedContext(context: number, sequences: number, chunk: number): number {
  return context <= sequences * chunk ? context : (sequences * (chunk + 1)) / 2;
}
