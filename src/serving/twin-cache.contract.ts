/** Prefix units as a list, least recently used first. Written from docs/spec/serving.md (CAC), not from the engine. */
export class NaiveCache {
  ids: number[] = [];
  evictions = 0;

  /** Length of the leading run that is present, at most `limit`. */
  run(ids: readonly number[], limit: number): number {
    const leading = ids.slice(0, limit);
    const absent = leading.findIndex((id) => !this.ids.includes(id));
    return absent < 0 ? leading.length : absent;
  }

  /** Makes units the most recently used, the deepest least so, keeps them all, and drops what is over the capacity. */
  use(ids: readonly number[], capacity: number): void {
    const before = this.ids;
    const all = [...before.filter((id) => !ids.includes(id)), ...ids.toReversed()];
    this.ids = all.slice(Math.max(0, all.length - capacity));
    this.evictions += before.filter((id) => !this.ids.includes(id)).length;
  }
}

/** Trace blocks that make one unit: enough for the pool's block, or a whole number of KV blocks. */
export function blocksOfUnit(traceBlock: number, poolBlock: number | undefined, kvBlock: number): number {
  let count = 1;
  while (poolBlock === undefined ? (count * traceBlock) % kvBlock !== 0 : count * traceBlock < poolBlock) count++;
  return count;
}
