import { routeOf } from '../topology/route.ts';
import { numbered, refined } from './colour.ts';
import type { Step, Structure } from './structure.ts';
import { Tops } from './tops.ts';
import type { LinkClass, Traffic } from './traffic.ts';

/** Half of a flow: classes of links with its share on all links of each. */
export interface HalfUse {
  readonly links: readonly number[];
  /** Of its bytes, over all links of the class. */
  readonly shares: readonly number[];
}

/** Pairs of an all-to-all that are alike. */
export interface PairClass {
  readonly flows: number;
  readonly from: number;
  readonly to: number;
  readonly top: number;
}

/**
 * Classes of vertices and links under some traffic: what is alike in the structure of the plane and also in who sends to whom carries the same load.
 */
export class Classes {
  readonly #structure: Structure;
  readonly #colour: Int32Array;
  readonly #colours: number;
  /** What a sender or receiver loads in a shape. */
  readonly #halves: Map<readonly Step[], Map<number, HalfUse | undefined>> = new Map();
  readonly #number: Map<number, number> = new Map();
  readonly #links: Omit<LinkClass, 'load'>[] = [];
  /** Cables of each pair of colours and label. */
  readonly #counts: Map<number, number> = new Map();
  readonly #tops: Tops;

  constructor(structure: Structure, traffic: readonly Traffic[]) {
    this.#structure = structure;
    this.#tops = new Tops(structure);
    const member = new Map<number, string>();
    traffic.forEach((entry, at) => {
      if (entry.kind === 'all-to-all') for (const vertex of entry.members) member.set(vertex, `${member.get(vertex) ?? ''} ${at}`);
    });
    const streams = traffic.filter((entry) => entry.kind === 'stream');
    const tags = numbered(streams.map(({ from, to, efficiency }) => `${this.topOf(from, to)} ${efficiency}`));
    const arcs = streams.map(({ from, to }, i) => ({ from, to, label: tags[i] as number }));
    const initial = numbered(Array.from(structure.classOf, (own, v) => `${own}${member.get(v) ?? ''}`));
    this.#colour = refined(structure.cables, initial, arcs);
    this.#colours = this.#colour.reduce((most, value) => Math.max(most, value), 0) + 1;
    const { lower, upper, label } = structure.cables;
    for (let i = 0; i < label.length; i++) {
      const key = this.#cableKey(lower[i] as number, upper[i] as number, label[i] as number);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  countOf(link: number): number {
    return (this.#links[link] as { cables: number }).cables;
  }

  links(): readonly Omit<LinkClass, 'load'>[] {
    return this.#links;
  }

  capacities(): Float64Array {
    return Float64Array.from(this.#links, ({ capacity }) => capacity);
  }

  /** Level at which flows between two vertices turn, or -1 where no way is left. */
  topOf(from: number, to: number): number {
    this.#tops.from(from);
    return this.#tops.to(to);
  }

  /** Every class of pairs among members, with one pair of it. */
  *pairs(members: readonly number[]): Generator<PairClass> {
    const senders = new Map<number, number[]>();
    for (const vertex of members) {
      const colour = this.#colour[vertex] as number;
      const known = senders.get(colour);
      if (known === undefined) senders.set(colour, [vertex]);
      else known.push(vertex);
    }
    const { levels } = this.#structure;
    const counts = new Int32Array(this.#colours * levels);
    const shown = new Int32Array(this.#colours * levels);
    for (const alike of senders.values()) {
      const from = alike[0] as number;
      this.#tops.from(from);
      const found: number[] = [];
      for (const to of members) {
        if (to === from) continue;
        const key = (this.#colour[to] as number) * levels + this.#tops.to(to) + 1;
        if (counts[key] === 0) {
          found.push(key);
          shown[key] = to;
        }
        counts[key] = (counts[key] as number) + 1;
      }
      for (const key of found) {
        yield { flows: (counts[key] as number) * alike.length, from, to: shown[key] as number, top: (key % levels) - 1 };
        counts[key] = 0;
      }
    }
  }

  /** How a flow between two vertices loads classes of links, on its way up and down; `undefined` where no way is left. */
  uses(from: number, to: number, top: number): readonly HalfUse[] | undefined {
    const shape = this.#structure.shapeOf(from, to, top);
    if (shape === undefined) return undefined;
    const up = this.#halfOf(shape.up, from, true);
    const down = this.#halfOf(shape.down, to, false);
    return up === undefined || down === undefined ? this.#exact(from, to) : [up, down];
  }

  #halfOf(steps: readonly Step[], end: number, upward: boolean): HalfUse | undefined {
    let known = this.#halves.get(steps);
    if (known === undefined) {
      known = new Map();
      this.#halves.set(steps, known);
    }
    if (known.has(end)) return known.get(end);
    const made = this.#climb(steps, end, upward);
    known.set(end, made);
    return made;
  }

  /** Links of one half by the structure of its steps; `undefined` where vertices that are alike in the fabric differ under the traffic. */
  #climb(steps: readonly Step[], end: number, upward: boolean): HalfUse | undefined {
    const at = new Map([[this.#structure.classOf[end] as number, end]]);
    const links: number[] = [];
    for (const { lower, upper, label } of steps) {
      const from = at.get(lower);
      const to = from === undefined ? -1 : this.#aboveOf(from, upper, label);
      if (from === undefined || to < 0) return undefined;
      at.set(upper, to);
      links.push(this.#linkOf(from, to, label, upward));
    }
    return { links, shares: steps.map(({ share }) => share) };
  }

  /** By its own route. */
  #exact(from: number, to: number): readonly HalfUse[] | undefined {
    const route = routeOf(this.#structure.fabric, this.#structure.capacity, from, to);
    if (route === undefined) return undefined;
    const links = route.uses.map(({ cable, upward }) => {
      const { lower, upper } = this.#structure.fabric.cables[cable] as { lower: number; upper: number };
      return this.#linkOf(lower, upper, this.#structure.cables.label[cable] as number, upward);
    });
    return [{ links, shares: route.uses.map(({ share }) => share) }];
  }

  /** The first vertex above one with a structure and label of its cable, or -1 where such vertices differ in colour. */
  #aboveOf(lower: number, structure: number, label: number): number {
    let found = -1;
    for (const cable of this.#structure.fabric.up[lower] ?? []) {
      const vertex = (this.#structure.fabric.cables[cable] as { upper: number }).upper;
      if (this.#structure.classOf[vertex] !== structure || this.#structure.cables.label[cable] !== label) continue;
      if (found < 0) found = vertex;
      else if (this.#colour[found] !== this.#colour[vertex]) return -1;
    }
    return found;
  }

  #cableKey(lower: number, upper: number, label: number): number {
    return ((this.#colour[lower] as number) * this.#colours + (this.#colour[upper] as number)) * this.#structure.labels + label;
  }

  #linkOf(lower: number, upper: number, label: number, upward: boolean): number {
    const cable = this.#cableKey(lower, upper, label);
    const key = 2 * cable + (upward ? 1 : 0);
    const known = this.#number.get(key);
    if (known !== undefined) return known;
    const place = (this.#structure.fabric.up[lower] ?? []).find((i) => this.#structure.cables.label[i] === label) ?? 0;
    this.#links.push({ lower, upper, upward, cables: this.#counts.get(cable) ?? 1, capacity: this.#structure.capacity[place] as number });
    this.#number.set(key, this.#links.length - 1);
    return this.#links.length - 1;
  }
}
