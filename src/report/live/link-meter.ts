import type { Run } from '../../serving/deploy.ts';
import type { Series } from './frame.ts';

/** What the links of a run carry, between one look and the next. */
export class LinkMeter {
  readonly #run: Run;
  readonly #planes: readonly { readonly name: string; readonly out: readonly number[]; readonly in: readonly number[] }[];
  #carried: Float64Array;
  #at = 0;
  /** By interval of the run's metrics: use of each plane, and how long it was looked at. */
  #width: number;
  #uses: { readonly use: number[]; time: number }[] = [];

  constructor(run: Run) {
    this.#run = run;
    this.#carried = new Float64Array(run.deployed.plant.links.length);
    this.#width = run.simulation.metrics.width;
    const links = run.deployed.wiring?.links ?? [];
    const owned = (plane: string, way: 'out' | 'in'): readonly number[] =>
      links.flatMap((link, i) => (link.plane === plane && link.direction === way && !link.name.endsWith('up') && !link.name.endsWith('down') ? [i] : []));
    this.#planes = [...new Set(links.map(({ plane }) => plane))].map((name) => ({ name, out: owned(name, 'out'), in: owned(name, 'in') }));
  }

  /**
   * Shares of their own rates that links carried since the last look, and what faults leave of the rates.
   * @param width of the run's intervals [s]
   */
  look(width: number): { readonly links: Float32Array; readonly left: Float32Array } {
    const { simulation, deployed } = this.#run;
    const { now, transfers } = simulation;
    const rates = deployed.plant.links;
    const carried = transfers.carriedBy(now);
    const time = now - this.#at;
    const used = (link: number): number => (time > 0 ? ((carried[link] ?? 0) - (this.#carried[link] ?? 0)) / ((rates[link]?.rate ?? 1) * time) : 0);
    const links = Float32Array.from(rates, (_, link) => used(link));
    this.#count(links, now, time, width);
    this.#carried = carried;
    this.#at = now;
    return { links, left: Float32Array.from(rates, ({ rate }, link) => (transfers.capacity[link] ?? 0) / rate) };
  }

  /** Use of planes over time, in the run's own intervals. */
  planes(count: number): Series['planes'] {
    return this.#planes.map(({ name }, p) => ({ name, use: Float64Array.from({ length: count }, (_, i) => this.#uses[i]?.use[p] ?? NaN) }));
  }

  #count(links: Float32Array, now: number, time: number, width: number): void {
    for (; this.#width < width; this.#width *= 2) this.#uses = halved(this.#uses);
    if (time <= 0) return;
    const shares = this.#planes.map(({ out, in: into }) => Math.max(this.#mean(links, out), this.#mean(links, into)));
    // What lies between two looks is spread over the intervals that it touches.
    for (let i = Math.floor(this.#at / width); i * width < now; i++) {
      const part = Math.min(now, (i + 1) * width) - Math.max(this.#at, i * width);
      const here = (this.#uses[i] ??= { use: shares.map(() => 0), time: 0 });
      const whole = here.time + part;
      shares.forEach((share, p) => (here.use[p] = whole > 0 ? ((here.use[p] ?? 0) * here.time + share * part) / whole : 0));
      here.time = whole;
    }
  }

  /** Of links by their rates. */
  #mean(links: Float32Array, of: readonly number[]): number {
    const rates = this.#run.deployed.plant.links;
    const sum = (value: (link: number) => number): number => of.reduce((total, link) => total + value(link), 0);
    const all = sum((link) => rates[link]?.rate ?? 0);
    return all > 0 ? sum((link) => (links[link] ?? 0) * (rates[link]?.rate ?? 0)) / all : 0;
  }
}

type Uses = { readonly use: number[]; time: number }[];

function halved(uses: Uses): Uses {
  return Array.from({ length: Math.ceil(uses.length / 2) }, (_, i) => {
    const [a, b] = [uses[2 * i], uses[2 * i + 1]];
    if (a === undefined || b === undefined) return a ?? b ?? { use: [], time: 0 };
    const time = a.time + b.time;
    return { use: a.use.map((use, p) => (time > 0 ? (use * a.time + (b.use[p] ?? 0) * b.time) / time : 0)), time };
  });
}
