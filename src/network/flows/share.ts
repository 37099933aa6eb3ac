import { enlarged } from '../../kernel/enlarged.ts';
import { MaxMin } from '../../kernel/max-min.ts';
import type { Fabric } from '../topology/fabric.ts';
import { routeOf } from '../topology/route.ts';
import { Classes } from './classes.ts';
import type { Structure } from './structure.ts';
import type { FlowClass, LinkClass, Shares, Traffic } from './traffic.ts';

/**
 * Shares the links of a plane among all traffic by max-min fairness, one variable for each class of flows that are alike. Exact: the same rates as
 * with every flow on its own.
 */
export function shareOf(structure: Structure, traffic: readonly Traffic[]): Shares {
  const classes = new Classes(structure, traffic);
  const problem = new Problem();
  const found: (Omit<FlowClass, 'rate'> & { readonly column: number })[] = [];
  const put = (at: number, flows: number, from: number, to: number, top: number, efficiency: number): void => {
    const uses = classes.uses(from, to, top);
    if (uses === undefined) {
      found.push({ traffic: at, flows, from, to, column: -1 });
      return;
    }
    problem.begin();
    for (const { links, shares } of uses)
      for (let i = 0; i < links.length; i++) {
        const link = links[i] as number;
        problem.use(link, (flows * (shares[i] as number)) / (classes.countOf(link) * efficiency));
      }
    found.push({ traffic: at, flows, from, to, column: problem.flows - 1 });
  };
  traffic.forEach((entry, at) => {
    const efficiency = entry.efficiency ?? 1;
    if (entry.kind === 'stream') put(at, 1, entry.from, entry.to, classes.topOf(entry.from, entry.to), efficiency);
    else for (const { flows, from, to, top } of classes.pairs(entry.members)) put(at, flows, from, to, top, efficiency);
  });
  const rates = problem.solve(classes.capacities());
  const links = classes.links();
  const loads = problem.loads(rates, links.length);
  return {
    flows: found.map(({ column, ...flow }) => ({ ...flow, rate: column < 0 ? 0 : (rates[column] as number) })),
    links: links.map((link, i): LinkClass => ({ ...link, load: loads[i] as number })),
  };
}

/** Every flow on its own, which the classes must agree with: small cases only. */
export function shareEach(fabric: Fabric, capacity: Float64Array, traffic: readonly Traffic[]): readonly Omit<FlowClass, 'flows'>[] {
  const problem = new Problem();
  const flows = traffic.flatMap((entry, at) => {
    const pairs =
      entry.kind === 'stream'
        ? [[entry.from, entry.to] as const]
        : entry.members.flatMap((from) => entry.members.filter((to) => to !== from).map((to) => [from, to] as const));
    return pairs.map(([from, to]) => {
      const route = routeOf(fabric, capacity, from, to);
      if (route === undefined) return { traffic: at, from, to, column: -1 };
      problem.begin();
      for (const { cable, upward, share } of route.uses) problem.use(2 * cable + (upward ? 1 : 0), share / (entry.efficiency ?? 1));
      return { traffic: at, from, to, column: problem.flows - 1 };
    });
  });
  const rates = problem.solve(Float64Array.from({ length: 2 * capacity.length }, (_, i) => capacity[i >> 1] as number));
  return flows.map(({ column, ...flow }) => ({ ...flow, rate: column < 0 ? 0 : (rates[column] as number) }));
}

/** Weighted flows over links, as columns for the kernel. */
class Problem {
  #start = new Int32Array(1024);
  #links = new Int32Array(4096);
  #weights = new Float64Array(4096);
  #flows = 0;
  #entries = 0;

  get flows(): number {
    return this.#flows;
  }

  begin(): void {
    this.#flows++;
    if (this.#flows + 1 > this.#start.length) this.#start = enlarged(this.#start, new Int32Array(2 * this.#start.length));
    this.#start[this.#flows] = this.#entries;
  }

  use(link: number, weight: number): void {
    if (this.#entries === this.#links.length) {
      this.#links = enlarged(this.#links, new Int32Array(2 * this.#entries));
      this.#weights = enlarged(this.#weights, new Float64Array(2 * this.#entries));
    }
    this.#links[this.#entries] = link;
    this.#weights[this.#entries] = weight;
    this.#start[this.#flows] = this.#entries += 1;
  }

  solve(capacity: Float64Array): Float64Array {
    const rates = new Float64Array(this.#flows);
    new MaxMin().solve(capacity, this.#start.subarray(0, this.#flows + 1), this.#links, rates, this.#weights);
    return rates;
  }

  /** What is on each of so many links. */
  loads(rates: Float64Array, count: number): Float64Array {
    const loads = new Float64Array(count);
    for (let flow = 0; flow < this.#flows; flow++)
      for (let i = this.#start[flow] as number; i < (this.#start[flow + 1] as number); i++) {
        const link = this.#links[i] as number;
        loads[link] = (loads[link] as number) + (rates[flow] as number) * (this.#weights[i] as number);
      }
    return loads;
  }
}
