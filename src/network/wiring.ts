import type { BytesPerSecond } from '../base/units.ts';
import type { Machine, Plane } from '../catalogue/machine.ts';
import { fabricOf } from './topology/build.ts';
import { verticesOf, type End, type NamedFault } from './topology/end.ts';
import { vertexName, type Fabric } from './topology/fabric.ts';
import { capacitiesOf } from './topology/faults.ts';

/** Which way bytes go over a link: away from the end that owns it, or to it. */
export type Direction = 'out' | 'in';

/** Cables of one plane in one direction that transfers see as one link: bytes spread themselves over the cables by what each carries. */
export interface Link {
  readonly name: string;
  readonly plane: string;
  readonly direction: Direction;
  /** Of payload, without faults. */
  readonly rate: BytesPerSecond;
}

interface Wired extends Link {
  readonly fabric: Fabric;
  readonly cables: readonly number[];
  /** Cables further up that all of it passes. */
  readonly above: readonly number[];
  /** Of a cable's rate that payload reaches. */
  readonly share: number;
  /** Ports that it stands for; none for links between switches. */
  readonly ports: ReadonlySet<number>;
}

/** The switches that an end reaches at one level, by a number that all ends with the same ones share, and the link from there on to the next level. */
export interface Reached {
  readonly group: number;
  /** -1 at the top. */
  readonly link: number;
}

/**
 * The links of a machine that ends of transfers take, made as they are asked for and numbered in that order. Rates follow from the explicit fabric, so that a
 * fault there is a fault here.
 */
export class Wiring {
  readonly #machine: Machine;
  readonly #fabrics: Map<string, Fabric> = new Map();
  readonly #healthy: Map<Fabric, Float64Array> = new Map();
  readonly #links: Wired[] = [];
  readonly #numbers: Map<string, number> = new Map();
  readonly #groups: Map<string, number> = new Map();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get links(): readonly Link[] {
    return this.#links.map(({ name, plane, direction, rate }) => ({ name, plane, direction, rate }));
  }

  /** How many links there are. */
  get size(): number {
    return this.#links.length;
  }

  fabric(plane: Plane): Fabric {
    let fabric = this.#fabrics.get(plane.name);
    if (fabric === undefined) {
      fabric = fabricOf(this.#machine, plane);
      this.#fabrics.set(plane.name, fabric);
      this.#healthy.set(fabric, capacitiesOf(fabric, []));
    }
    return fabric;
  }

  /**
   * The link of the ports that some dies, CPUs or nodes have on a plane, all together. Where they have none of their own, it is of their chips' or their node's.
   * @param share of the ports' rate that payload reaches
   * @param whole whether what the switches above pass on bounds it too
   */
  ports(plane: Plane, ends: readonly Omit<End, 'text'>[], direction: Direction, share: number, whole: boolean): number {
    const fabric = this.fabric(plane);
    const vertices = distinct(ends.flatMap((end) => verticesOf(fabric, { ...end, text: '' })));
    const key = `${plane.name} ${direction} ${vertices.join(' ')}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const above = whole ? upFrom(fabric, reach(fabric, vertices)) : [];
    return this.#add(key, fabric, vertices, direction, { cables: upFrom(fabric, vertices), above, share, ports: new Set(vertices) });
  }

  /** A link of ports, and all other ones so far that contain these ports. */
  over(port: number): readonly number[] {
    const own = this.#links[port] as Wired;
    const vertices = [...own.ports];
    const over = [port];
    for (const [i, { fabric, direction, ports }] of this.#links.entries())
      if (fabric === own.fabric && direction === own.direction && ports.size > vertices.length && vertices.every((vertex) => ports.has(vertex))) over.push(i);
    return over;
  }

  /** The switches above a link of ports, level by level, with the links that lead on from each. */
  levels(port: number): readonly Reached[] {
    const { fabric, direction, ports } = this.#links[port] as Wired;
    const { plane } = fabric;
    const levels: Reached[] = [];
    for (let at = reach(fabric, [...ports]); at.length > 0; at = reach(fabric, at)) {
      const name = `${plane.name} ${at.join(' ')}`;
      const group = this.#groups.get(name) ?? this.#groups.size;
      this.#groups.set(name, group);
      const key = `${direction} above ${name}`;
      const cables = upFrom(fabric, at);
      const parts = { cables, above: [], share: plane.efficiency.value, ports: new Set<number>() };
      levels.push({ group, link: cables.length === 0 ? -1 : (this.#numbers.get(key) ?? this.#add(key, fabric, at, direction, parts)) });
    }
    return levels;
  }

  /** The planes that links are on so far: what names of faults are looked up in. */
  get fabrics(): readonly Fabric[] {
    return [...this.#fabrics.values()];
  }

  /** What every link carries under faults, such as `parseFault` finds; those of other planes leave it as it is. [B/s] */
  rates(faults: readonly Omit<NamedFault, 'text'>[] = []): Float64Array {
    const capacities = new Map(
      this.fabrics.map((fabric) => [
        fabric,
        capacitiesOf(
          fabric,
          faults.filter((one) => one.fabric.plane.name === fabric.plane.name).map(({ fault }) => fault),
        ),
      ]),
    );
    return Float64Array.from(this.#links, ({ fabric, cables, above, share }) => rateOf(capacities.get(fabric) as Float64Array, cables, above, share));
  }

  #add(key: string, fabric: Fabric, vertices: readonly number[], direction: Direction, parts: Pick<Wired, 'cables' | 'above' | 'share' | 'ports'>): number {
    const rate = rateOf(this.#healthy.get(fabric) as Float64Array, parts.cables, parts.above, parts.share);
    const onward = parts.ports.size > 0 ? direction : direction === 'out' ? 'up' : 'down';
    const name = `${fabric.plane.name}: ${namesOf(fabric, vertices)} ${onward}`;
    this.#links.push({ name, plane: fabric.plane.name, direction, rate, fabric, ...parts });
    this.#numbers.set(key, this.#links.length - 1);
    return this.#links.length - 1;
  }
}

function rateOf(capacity: Float64Array, cables: readonly number[], above: readonly number[], share: number): BytesPerSecond {
  const sum = (of: readonly number[]): number => of.reduce((total, cable) => total + (capacity[cable] as number), 0);
  return share * (above.length === 0 ? sum(cables) : Math.min(sum(cables), sum(above)));
}

function distinct(vertices: readonly number[]): readonly number[] {
  return [...new Set(vertices)].toSorted((a, b) => a - b);
}

function upFrom({ up }: Fabric, vertices: readonly number[]): readonly number[] {
  return vertices.flatMap((vertex) => up[vertex] ?? []);
}

/** Vertices right above some. */
function reach(fabric: Fabric, vertices: readonly number[]): readonly number[] {
  return distinct(upFrom(fabric, vertices).map((cable) => (fabric.cables[cable] as { upper: number }).upper));
}

/** `die 0`, or `die 0 to die 31`. */
function namesOf(fabric: Fabric, vertices: readonly number[]): string {
  const [first, last] = [vertices[0], vertices.at(-1)].map((vertex) => {
    const at = fabric.vertices[vertex ?? -1];
    return at === undefined ? '' : vertexName(fabric, at);
  });
  return first === last ? `${first}` : `${first} to ${last}`;
}
