import type { Fabric } from '../topology/fabric.ts';
import { routeOf } from '../topology/route.ts';
import { numbered, refined, type CableColumns } from './colour.ts';

/** Cables of a route that are alike, from one level to the next. */
export interface Step {
  /** Classes of its ends, and the label of its cables. */
  readonly lower: number;
  readonly upper: number;
  readonly label: number;
  /** Of the flow's bytes, over all of them. */
  readonly share: number;
}

/** How flows between two classes that turn at one level are spread, from the ends up, on both halves. */
export interface Shape {
  readonly up: readonly Step[];
  readonly down: readonly Step[];
}

/**
 * A plane with its faults, before any traffic: which vertices are alike, and how flows between them are spread. What a fault touches is a class of its own. It
 * serves every traffic on the same links.
 */
export class Structure {
  readonly fabric: Fabric;
  /** By cable, after faults. [B/s] */
  readonly capacity: Float64Array;
  readonly cables: CableColumns;
  /** Class of each vertex. */
  readonly classOf: Int32Array;
  readonly labels: number;
  readonly levels: number;
  readonly #shapes: Map<number, Shape> = new Map();

  constructor(fabric: Fabric, capacity: Float64Array) {
    this.fabric = fabric;
    this.capacity = capacity;
    this.cables = {
      lower: Int32Array.from(fabric.cables, ({ lower }) => lower),
      upper: Int32Array.from(fabric.cables, ({ upper }) => upper),
      label: numbered(capacity),
    };
    this.labels = this.cables.label.reduce((most, value) => Math.max(most, value), 0) + 1;
    this.levels = 2 + Math.max(...fabric.vertices.map(({ level }) => level));
    const touched = touchedBy(fabric, capacity);
    const even = evenLanes(fabric, capacity);
    const kinds = fabric.vertices.map(({ kind, name, level, lane = -1 }, v) =>
      even.has(lane) ? `${kind} ${name} ${level} of ${lane}` : touched.has(v) ? `${v}` : `${kind} ${name} ${level}`,
    );
    this.classOf = refined(this.cables, numbered(kinds));
  }

  /** The shape of flows between the classes of two vertices; `undefined` where no way is left. */
  shapeOf(from: number, to: number, top: number): Shape | undefined {
    if (top < 0) return undefined;
    const key = ((this.classOf[from] as number) * this.classOf.length + (this.classOf[to] as number)) * this.levels + top;
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const route = routeOf(this.fabric, this.capacity, from, to);
    if (route === undefined) return undefined;
    const { lower, upper, label } = this.cables;
    const half = (side: boolean): readonly Step[] => {
      const steps = new Map<string, Step & { readonly level: number }>();
      for (const { cable, upward, share } of route.uses) {
        if (upward !== side) continue;
        const [a, b, tag] = [lower[cable] as number, upper[cable] as number, label[cable] as number];
        const step = { lower: this.classOf[a] as number, upper: this.classOf[b] as number, label: tag };
        const name = `${step.lower} ${step.upper} ${tag}`;
        steps.set(name, { ...step, level: this.fabric.vertices[a]?.level ?? 0, share: share + (steps.get(name)?.share ?? 0) });
      }
      return [...steps.values()].toSorted((a, b) => a.level - b.level);
    };
    const shape = { up: half(true), down: half(false) };
    this.#shapes.set(key, shape);
    return shape;
  }
}

/**
 * Sub-planes or rails whose cables have all lost the same share: they are still alike within, and unlike all others. Each of their switches on its own
 * would tell apart all that is connected to it.
 */
function evenLanes({ vertices, cables }: Fabric, capacity: Float64Array): ReadonlySet<number> {
  const left = new Map<number, number>();
  const uneven = new Set<number>();
  cables.forEach(({ lower, upper, links, rate }, i) => {
    const share = (capacity[i] as number) / (links * rate);
    for (const vertex of [lower, upper]) {
      const lane = vertices[vertex]?.lane;
      if (lane === undefined) continue;
      if ((left.get(lane) ?? share) !== share) uneven.add(lane);
      left.set(lane, share);
    }
  });
  return new Set([...left].flatMap(([lane, share]) => (share === 1 || uneven.has(lane) ? [] : [lane])));
}

/** Vertices whose cables have changed: one whose cables have all changed stands for its neighbours. */
function touchedBy({ vertices, cables, up, down }: Fabric, capacity: Float64Array): ReadonlySet<number> {
  const changed = cables.map(({ links, rate }, i) => capacity[i] !== links * rate);
  if (!changed.includes(true)) return new Set();
  const whole = new Set(
    vertices.flatMap((_, v) => {
      const own = [...(up[v] ?? []), ...(down[v] ?? [])];
      return own.length > 0 && own.every((cable) => changed[cable]) ? [v] : [];
    }),
  );
  const touched = new Set(whole);
  cables.forEach(({ lower, upper }, i) => {
    if (changed[i] !== true || whole.has(lower) || whole.has(upper)) return;
    touched.add(lower);
    touched.add(upper);
  });
  return touched;
}
