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
