/** Numbers of equal values, in the order in which they are first seen. */
export function numbered<T>(values: Iterable<T>): Int32Array {
  const numbers = new Map<T, number>();
  const found: number[] = [];
  for (const value of values) {
    const known = numbers.get(value);
    if (known === undefined) numbers.set(value, numbers.size);
    found.push(known ?? numbers.size - 1);
  }
  return Int32Array.from(found);
}

/** Something that one vertex does to another. */
export interface Arc {
  readonly from: number;
  readonly to: number;
  readonly label: number;
}

/** A well-spread word of three (the finaliser of MurmurHash3 after a sum of odd multiples). */
function mixed(a: number, b: number, c: number): number {
  let h = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77) ^ Math.imul(c + 1, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Cables as columns: their ends, and a label for what else tells them apart. */
export interface CableColumns {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly label: Int32Array;
}

/**
 * The coarsest partition of the vertices, finer than `initial`, in which equal vertices have equally many cables of each label to each class: colour
 * refinement (Weisfeiler and Leman 1968). What is equal at the start and so connected carries the same load. `arcs` are further directed relations, with
 * labels of their own. Neighbourhoods are compared by two 32-bit sums of hashes.
 */
export function refined({ lower, upper, label }: CableColumns, initial: Int32Array, arcs: readonly Arc[] = []): Int32Array {
  let colour = initial;
  let count = new Set(colour).size;
  const first = new Int32Array(colour.length);
  const second = new Int32Array(colour.length);
  const meet = (vertex: number, hash: number): void => {
    first[vertex] = ((first[vertex] as number) + hash) | 0;
    second[vertex] = ((second[vertex] as number) + Math.imul(hash, hash | 1)) | 0;
  };
  for (;;) {
    first.fill(0);
    second.fill(0);
    for (let i = 0; i < lower.length; i++) {
      const a = lower[i] as number;
      const b = upper[i] as number;
      const tag = label[i] as number;
      meet(a, mixed(colour[b] as number, tag, 1));
      meet(b, mixed(colour[a] as number, tag, 2));
    }
    for (const { from, to, label: tag } of arcs) {
      meet(from, mixed(colour[to] as number, tag, 3));
      meet(to, mixed(colour[from] as number, tag, 4));
    }
    const next = numbered(Array.from(colour, (own, v) => `${own} ${first[v]} ${second[v]}`));
    const now = next.reduce((most, value) => Math.max(most, value), -1) + 1;
    if (now === count) return next;
    colour = next;
    count = now;
  }
}
