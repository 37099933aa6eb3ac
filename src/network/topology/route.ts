import type { BytesPerSecond } from '../../base/units.ts';
import type { Fabric } from './fabric.ts';

/** Part of a stream on one cable in one direction. */
export interface Use {
  readonly cable: number;
  readonly upward: boolean;
  /** Of the stream's bytes. */
  readonly share: number;
}

/** How one stream between two vertices is spread over parallel ways. */
export interface Route {
  /** What all ways carry together if nothing else is on them. [B/s] */
  readonly capacity: BytesPerSecond;
  readonly uses: readonly Use[];
  /** Level at which it turns down again. */
  readonly top: number;
}

/** Vertices that can be reached by going up only, level by level, each with the cables that lead to it. */
function above(fabric: Fabric, capacity: Float64Array, from: number): readonly ReadonlyMap<number, readonly number[]>[] {
  const levels: Map<number, number[]>[] = [new Map([[from, []]])];
  for (;;) {
    const next = new Map<number, number[]>();
    for (const vertex of (levels.at(-1) as Map<number, number[]>).keys()) {
      for (const cable of fabric.up[vertex] ?? []) {
        if (!((capacity[cable] as number) > 0)) continue;
        const { upper } = fabric.cables[cable] as { upper: number };
        const known = next.get(upper);
        if (known === undefined) next.set(upper, [cable]);
        else known.push(cable);
      }
    }
    if (next.size === 0) return levels;
    levels.push(next);
  }
}

/**
 * Spreads a stream over all shortest ways: up to the lowest level that both ends reach, and down. Ways that share no vertex but the ends (sub-planes,
 * parallel switches) are lanes, and each lane gets what it can carry. Within a lane each meeting vertex gets by what leads to and from it, so
 * that what comes to a switch is what leaves it. `undefined` where no way is left.
 */
export function routeOf(fabric: Fabric, capacity: Float64Array, from: number, to: number): Route | undefined {
  const rising = above(fabric, capacity, from);
  const falling = above(fabric, capacity, to);
  const base = { from: (fabric.vertices[from] as { level: number }).level, to: (fabric.vertices[to] as { level: number }).level };
  const highest = Math.min(base.from + rising.length, base.to + falling.length) - 1;
  for (let top = Math.max(base.from, base.to); top <= highest; top++) {
    const up = rising.slice(0, top - base.from + 1);
    const down = falling.slice(0, top - base.to + 1);
    const meeting = [...(up.at(-1) as Levels[number]).keys()].filter((vertex) => down.at(-1)?.has(vertex));
    if (meeting.length > 0) return spread(fabric, capacity, { up, down, meeting, top });
  }
  return undefined;
}

type Levels = readonly ReadonlyMap<number, readonly number[]>[];

interface Ways {
  readonly up: Levels;
  readonly down: Levels;
  /** Vertices where both halves meet. */
  readonly meeting: readonly number[];
  readonly top: number;
}

function spread(fabric: Fabric, capacity: Float64Array, { up, down, meeting, top }: Ways): Route {
  const halves = [up, down].map((levels) => ({ levels, room: roomOf(fabric, capacity, levels) }));
  const lanes = lanesOf(fabric, [up, down], meeting);
  const weight = (vertex: number): number => Math.min(...halves.map(({ room }) => room.get(vertex) ?? 0));
  const parts = lanes.map((members) => {
    const total = members.reduce((sum, vertex) => sum + weight(vertex), 0);
    const at = new Map(members.map((vertex) => [vertex, weight(vertex) / total]));
    const uses = halves.flatMap(({ levels, room }, half) => loadsOf(fabric, capacity, levels, room, at).map((load) => ({ ...load, upward: half === 0 })));
    return { uses, room: Math.min(...uses.map(({ cable, share }) => (capacity[cable] as number) / share)) };
  });
  const whole = parts.reduce((sum, { room }) => sum + room, 0);
  return { capacity: whole, top, uses: parts.flatMap(({ uses, room }) => uses.map((use) => ({ ...use, share: use.share * (room / whole) }))) };
}

/** What each vertex can get from the end of its half. */
function roomOf(fabric: Fabric, capacity: Float64Array, levels: Levels): ReadonlyMap<number, number> {
  const room = new Map<number, number>();
  levels.forEach((vertices, level) => {
    for (const [vertex, cables] of vertices) {
      const got = cables.reduce((sum, cable) => sum + Math.min(capacity[cable] as number, room.get(lowerOf(fabric, cable)) ?? 0), 0);
      room.set(vertex, level === 0 ? Infinity : got);
    }
  });
  return room;
}

/** Meeting vertices by lane: those whose ways share a vertex on either half, the ends apart. */
function lanesOf(fabric: Fabric, halves: readonly Levels[], meeting: readonly number[]): readonly (readonly number[])[] {
  const parent = new Map<number, number>();
  const root = (vertex: number): number => {
    const above = parent.get(vertex) ?? vertex;
    return above === vertex ? vertex : root(above);
  };
  for (const levels of halves) {
    let open = new Set(meeting);
    for (let level = levels.length - 1; level > 1; level--) {
      const next = new Set<number>();
      for (const vertex of open) {
        for (const cable of levels[level]?.get(vertex) ?? []) {
          const lower = lowerOf(fabric, cable);
          parent.set(root(lower), root(vertex));
          next.add(lower);
        }
      }
      open = next;
    }
  }
  const lanes = new Map<number, number[]>();
  for (const vertex of meeting) {
    const lane = lanes.get(root(vertex));
    if (lane === undefined) lanes.set(root(vertex), [vertex]);
    else lane.push(vertex);
  }
  return [...lanes.values()];
}

/** Shares of the cables of one half when the vertices at its top get these shares. */
function loadsOf(
  fabric: Fabric,
  capacity: Float64Array,
  levels: Levels,
  room: ReadonlyMap<number, number>,
  top: ReadonlyMap<number, number>,
): readonly { readonly cable: number; readonly share: number }[] {
  const loads: { cable: number; share: number }[] = [];
  let wanted: ReadonlyMap<number, number> = top;
  for (let level = levels.length - 1; level > 0; level--) {
    const next = new Map<number, number>();
    for (const [vertex, share] of wanted) {
      for (const cable of levels[level]?.get(vertex) ?? []) {
        const lower = lowerOf(fabric, cable);
        const part = (share * Math.min(capacity[cable] as number, room.get(lower) ?? 0)) / (room.get(vertex) as number);
        if (!(part > 0)) continue;
        loads.push({ cable, share: part });
        next.set(lower, (next.get(lower) ?? 0) + part);
      }
    }
    wanted = next;
  }
  return loads;
}

function lowerOf(fabric: Fabric, cable: number): number {
  return (fabric.cables[cable] as { lower: number }).lower;
}
