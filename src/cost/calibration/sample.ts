/** A hash of text (FNV-1a with a final mix), the same on every platform. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The text that stands for a shape: its fields in the order of their names. */
export function shapeKey(shape: unknown): string {
  const fields = Object.entries(shape as Readonly<Record<string, unknown>>);
  return fields
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

/** What a set of measured rows is known by: the least hash of its rows, which survives the loss of others. */
export function markOf(rows: readonly { readonly shape: unknown; readonly time: number }[]): string {
  let least = Infinity;
  for (const { shape, time } of rows) least = Math.min(least, hashOf(`${shapeKey(shape)} ${time}`));
  return least.toString(36);
}

/** At most `limit` items, spread evenly over all by a hash of their index: the same for the same list. */
export function thinned<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  const order = items.map((_, i) => ({ i, hash: hashOf(String(i)) })).sort((a, b) => a.hash - b.hash || a.i - b.i);
  return order
    .slice(0, limit)
    .sort((a, b) => a.i - b.i)
    .map(({ i }) => items[i] as T);
}
