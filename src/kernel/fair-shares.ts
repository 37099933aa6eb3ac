import { enlarged } from './enlarged.ts';
import { MaxMin } from './max-min.ts';

/**
 * Max-min fair rates of flows that come and go: those of flows that are joined by links, directly or through others, apart from all else. Links that are
 * equally tight fill in order of their numbers. What it is made of belongs to its owner, who keeps it up to date.
 */
export class FairShares {
  readonly #capacity: Float64Array;
  readonly #flowsOf: readonly (readonly number[])[];
  readonly #linksOf: readonly (readonly number[])[];
  readonly #few: number;
  /** Flows of the last division, and their rates. */
  flows: Int32Array<ArrayBuffer> = new Int32Array(64);
  rates: Float64Array<ArrayBuffer> = new Float64Array(64);
  #count = 0;
  /** Links of a division: a list, and by link what is left of it and how many of its flows have no rate yet. */
  readonly #links: Int32Array;
  readonly #left: Float64Array;
  readonly #open: Int32Array;
  /** Round that a link and a flow were last part of, and place of a flow in its division. */
  readonly #roundOf: Int32Array;
  #flowRoundOf = new Int32Array(64);
  #placeOf = new Int32Array(64);
  #round = 0;
  /** For many links: columns of the general solution. */
  readonly #maxMin = new MaxMin();
  readonly #columns: { place: Int32Array; capacity: Float64Array; start: Int32Array; entries: Int32Array<ArrayBuffer> };

  /**
   * @param capacity [link]
   * @param flowsOf [link] numbers of the flows over a link, in any order
   * @param linksOf [flow] links of a flow, distinct, at least one
   * @param few links up to which the tightest one is found by looking at each
   */
  constructor(capacity: Float64Array, flowsOf: readonly (readonly number[])[], linksOf: readonly (readonly number[])[], few: number = 48) {
    this.#capacity = capacity;
    this.#few = few;
    this.#flowsOf = flowsOf;
    this.#linksOf = linksOf;
    this.#links = new Int32Array(capacity.length);
    this.#left = new Float64Array(capacity.length);
    this.#open = new Int32Array(capacity.length);
    this.#roundOf = new Int32Array(capacity.length);
    this.#columns = {
      place: new Int32Array(capacity.length),
      capacity: new Float64Array(capacity.length),
      start: new Int32Array(64),
      entries: new Int32Array(256),
    };
  }

  /** Begins a round, in which every flow is part of one division at most. Numbers of flows are below `flowCount`. */
  begin(flowCount: number): void {
    this.#round++;
    if (flowCount <= this.#placeOf.length) return;
    this.#flowRoundOf = enlarged(this.#flowRoundOf, new Int32Array(2 * flowCount));
    this.#placeOf = enlarged(this.#placeOf, new Int32Array(2 * flowCount));
    this.flows = enlarged(this.flows, new Int32Array(2 * flowCount));
    this.rates = enlarged(this.rates, new Float64Array(2 * flowCount));
  }

  /**
   * Divides links among the flows over a link and those that are joined to them. Returns how many these are, in `flows` and `rates`; 0 where this
   * round has had the link before.
   */
  divide(link: number): number {
    if (this.#roundOf[link] === this.#round) return 0;
    const links = this.#joinedTo(link);
    const count = this.#count;
    if (count === 1) this.rates[0] = this.#slowest(links);
    else if (links <= this.#few) this.#fill(links);
    else if (count > 0) this.#solve(links);
    return count;
  }

  /** Lists flows and links that are joined to a link. Returns how many links these are. */
  #joinedTo(first: number): number {
    const round = this.#round;
    const links = this.#links;
    const roundOf = this.#roundOf;
    const flowRoundOf = this.#flowRoundOf;
    const { flows } = this;
    let linkCount = 1;
    let count = 0;
    links[0] = first;
    roundOf[first] = round;
    for (let l = 0; l < linkCount; l++) {
      const link = links[l];
      const over = this.#flowsOf[link];
      this.#left[link] = this.#capacity[link];
      this.#open[link] = over.length;
      for (let i = 0; i < over.length; i++) {
        const flow = over[i];
        if (flowRoundOf[flow] === round) continue;
        flowRoundOf[flow] = round;
        this.#placeOf[flow] = count;
        flows[count++] = flow;
        const others = this.#linksOf[flow];
        for (let j = 0; j < others.length; j++) {
          const other = others[j];
          if (roundOf[other] === round) continue;
          roundOf[other] = round;
          links[linkCount++] = other;
        }
      }
    }
    this.#count = count;
    return linkCount;
  }

  #slowest(linkCount: number): number {
    let rate = Infinity;
    for (let l = 0; l < linkCount; l++) rate = Math.min(rate, this.#left[this.#links[l]]);
    return rate;
  }

  /** Fills the tightest link again and again: its flows are settled and leave what they do not use to others. */
  #fill(linkCount: number): void {
    const links = this.#links;
    const left = this.#left;
    const open = this.#open;
    const { rates } = this;
    const placeOf = this.#placeOf;
    rates.fill(-1, 0, this.#count);
    let size = linkCount;
    for (let settled = 0; settled < this.#count;) {
      let share = Infinity;
      let tightest = -1;
      let kept = 0;
      for (let l = 0; l < size; l++) {
        const link = links[l];
        if (open[link] === 0) continue;
        links[kept++] = link;
        const own = left[link] / open[link];
        if (tightest < 0 || own < share || (own === share && link < tightest)) {
          share = own;
          tightest = link;
        }
      }
      size = kept;
      const over = this.#flowsOf[tightest];
      for (let i = 0; i < over.length; i++) {
        const flow = over[i];
        const place = placeOf[flow];
        if (rates[place] >= 0) continue;
        rates[place] = share;
        settled++;
        const others = this.#linksOf[flow];
        for (let j = 0; j < others.length; j++) {
          const other = others[j];
          open[other]--;
          left[other] = Math.max(0, left[other] - share);
        }
      }
    }
  }

  /** The same by the general solution, which finds the tightest of many links sooner. */
  #solve(linkCount: number): void {
    const columns = this.#columns;
    const { place, capacity } = columns;
    // In order of their numbers, by which equally tight ones go.
    this.#links.subarray(0, linkCount).sort();
    for (let l = 0; l < linkCount; l++) {
      place[this.#links[l]] = l;
      capacity[l] = this.#left[this.#links[l]];
    }
    if (columns.start.length <= this.#count) columns.start = new Int32Array(2 * this.#count);
    let entries = 0;
    for (let f = 0; f < this.#count; f++) {
      const over = this.#linksOf[this.flows[f]];
      if (columns.entries.length < entries + over.length) columns.entries = enlarged(columns.entries, new Int32Array(2 * (entries + over.length)));
      for (let j = 0; j < over.length; j++) columns.entries[entries++] = place[over[j]];
      columns.start[f + 1] = entries;
    }
    this.#maxMin.solve(capacity, columns.start, columns.entries, this.rates, undefined, linkCount, this.#count);
  }
}
