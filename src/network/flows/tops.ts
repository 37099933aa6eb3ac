import { routeOf } from '../topology/route.ts';
import type { Structure } from './structure.ts';

/** Levels at which flows turn, from one vertex to many. */
export class Tops {
  readonly #structure: Structure;
  #from = 0;
  /** Stamp of the last vertex from which one was reached by going up. */
  readonly #mark: Int32Array;
  #stamp = 0;
  /** Level of flows to what lies below a vertex, with the stamp and the class that it holds for. */
  readonly #below: Int32Array;
  readonly #belowStamp: Int32Array;
  readonly #belowClass: Int32Array;

  constructor(structure: Structure) {
    this.#structure = structure;
    const count = structure.classOf.length;
    this.#mark = new Int32Array(count);
    this.#below = new Int32Array(count);
    this.#belowStamp = new Int32Array(count);
    this.#belowClass = new Int32Array(count);
  }

  /** Marks what can be reached from a vertex by going up. */
  from(vertex: number): void {
    const { fabric, capacity, cables } = this.#structure;
    const stamp = (this.#stamp += 1);
    this.#from = vertex;
    let open = [vertex];
    this.#mark[vertex] = stamp;
    while (open.length > 0) {
      const next: number[] = [];
      for (const lower of open)
        for (const cable of fabric.up[lower] ?? []) {
          const upper = cables.upper[cable] as number;
          if (this.#mark[upper] === stamp || !((capacity[cable] as number) > 0)) continue;
          this.#mark[upper] = stamp;
          next.push(upper);
        }
      open = next;
    }
  }

  /** Lowest level at which what is above `to` is marked, or -1. Vertices of one class below the same vertex share it. */
  to(vertex: number): number {
    const { fabric, capacity, cables, classOf } = this.#structure;
    if (fabric.vertices[vertex]?.level !== fabric.vertices[this.#from]?.level) return routeOf(fabric, capacity, this.#from, vertex)?.top ?? -1;
    const first = (fabric.up[vertex] ?? []).find((cable) => (capacity[cable] as number) > 0);
    if (first === undefined) return -1;
    const key = cables.upper[first] as number;
    if (this.#belowStamp[key] === this.#stamp && this.#belowClass[key] === classOf[vertex]) return this.#below[key] as number;
    const top = this.#climb(vertex);
    this.#belowStamp[key] = this.#stamp;
    this.#belowClass[key] = classOf[vertex] as number;
    this.#below[key] = top;
    return top;
  }

  #climb(vertex: number): number {
    const { fabric, capacity, cables } = this.#structure;
    let open: readonly number[] = [vertex];
    for (let level = (fabric.vertices[vertex]?.level ?? 0) + 1; open.length > 0; level++) {
      const next = new Set<number>();
      for (const lower of open) {
        for (const cable of fabric.up[lower] ?? []) {
          if (!((capacity[cable] as number) > 0)) continue;
          const upper = cables.upper[cable] as number;
          if (this.#mark[upper] === this.#stamp) return level;
          next.add(upper);
        }
      }
      open = [...next];
    }
    return -1;
  }
}
