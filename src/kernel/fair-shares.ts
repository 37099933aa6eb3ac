import { enlarged } from './enlarged.ts';
import type { FlowsOnLinks } from './flows-on-links.ts';
import { MaxMin } from './max-min.ts';

/**
 * Max-min fair rates of flows that come and go: those of flows that are joined by links, directly or through others, apart from all else. Links that are
 * equally tight fill in order of their numbers. What it is made of belongs to its owner, who keeps it up to date.
 */
export class FairShares {
  readonly #capacity: Float64Array;
  readonly #over: FlowsOnLinks;
  readonly #few: number;
  /** Flows of the last division, and rates by flow. */
  flows: Int32Array<ArrayBuffer> = new Int32Array(64);
  rates: Float64Array<ArrayBuffer> = new Float64Array(64);
  #count = 0;
  #linkCount = 0;
  /** Links of a division: a list, and by link what is left of it, how many of its flows have no rate yet, and what is left for each of these. */
  readonly #links: Int32Array;
  readonly #left: Float64Array;
  readonly #open: Int32Array;
  readonly #share: Float64Array;
  /** Round that a link was last part of, or one more. */
  readonly #roundOf: Int32Array;
  #round = 0;
  /** Number of the last division that filled links, and of the one that a link was last part of. */
  #filling = 1;
  readonly #fillingOf: Int32Array;
  /** Its flows in the order in which they were settled, the slowest first, and the rate below which nothing that has gone since changes any. */
  #settled: Int32Array<ArrayBuffer> = new Int32Array(64);
  #settledCount = 0;
  #level = Infinity;
  /** For many links: columns of the general solution, with room for as many flows as it has had. */
  readonly #maxMin = new MaxMin();
  #start = new Int32Array(0);
  #entries = new Int32Array(0);
  #solved = new Float64Array(0);

  /**
   * @param capacity [link]
   * @param over flows, each over one link at least
   * @param few links up to which the tightest one is found by looking at each
   */
  constructor(capacity: Float64Array, over: FlowsOnLinks, few: number = 48) {
    this.#capacity = capacity;
    this.#few = few;
    this.#over = over;
    this.#links = new Int32Array(capacity.length);
    this.#left = new Float64Array(capacity.length);
    this.#open = new Int32Array(capacity.length);
    this.#share = new Float64Array(capacity.length);
    this.#roundOf = new Int32Array(capacity.length);
    this.#fillingOf = new Int32Array(capacity.length);
  }

  /** Begins a round, in which every flow is part of one division at most. Numbers of flows are below `flowCount`. */
  begin(flowCount: number): void {
    this.#round += 2;
    if (flowCount <= this.flows.length) return;
    this.flows = enlarged(this.flows, new Int32Array(2 * flowCount));
    this.rates = enlarged(this.rates, new Float64Array(2 * flowCount));
    this.#settled = enlarged(this.#settled, new Int32Array(2 * flowCount));
  }

  /** A flow is about to go: no link is filled below its share of before, and what is settled up to there stays. */
  goes(flow: number): void {
    const { shift, size, link, count } = this.#over;
    const start = flow << shift;
    const end = start + size[flow];
    if (this.#fillingOf[link[start]] !== this.#filling) return;
    for (let at = start; at < end; at++) {
      const own = count[link[at]];
      // A little less: shares round.
      if (own > 1) this.#level = Math.min(this.#level, (this.#capacity[link[at]] / own) * (1 - 1e-9));
    }
  }

  /** Flows have come, or capacities have changed: nothing of the last filling holds. */
  forget(): void {
    this.#filling++;
  }

  /**
   * Divides links among the flows over a link and those that are joined to them. Returns how many of these may have other rates than before: they are listed in
   * `flows`; 0 where this round has had the link before.
   */
  divide(link: number): number {
    if (this.#over.count[link] === 0 || this.#roundOf[link] >= this.#round) return 0;
    if (this.#fillingOf[link] === this.#filling) {
      if (this.#level === Infinity) return 0;
      this.#keepSlowest();
    } else {
      if (this.#heldByOne(link)) return this.#count;
      this.#joinedTo(link);
      if (this.#linkCount > this.#few) {
        this.#solve();
        return this.#count;
      }
      this.#filling++;
      this.#settledCount = 0;
      for (let l = 0; l < this.#linkCount; l++) this.#fillingOf[this.#links[l]] = this.#filling;
    }
    this.#level = Infinity;
    this.#fill();
    return this.#count;
  }

  /**
   * Whether one link holds all flows that are joined to a link: they go over it, and none of their other links is as tight. Each gets its share then, and they
   * are listed; else nothing is done. It can only be the tightest link of any one of them.
   */
  #heldByOne(link: number): boolean {
    const { shift, size, link: linkAt, first, after, count: countOf } = this.#over;
    const capacity = this.#capacity;
    const roundOf = this.#roundOf;
    const { flows, rates } = this;
    const round = this.#round;
    const one = (first[link] >> shift) << shift;
    let hub = linkAt[one];
    let rate = capacity[hub] / countOf[hub];
    for (let at = one + 1, end = one + size[one >> shift]; at < end; at++) {
      const share = capacity[linkAt[at]] / countOf[linkAt[at]];
      if (share >= rate) continue;
      hub = linkAt[at];
      rate = share;
    }
    roundOf[hub] = round;
    let count = 0;
    // Places of other links in the rows of its flows, less as many as these links have.
    let unseen = 0;
    for (let place = first[hub]; place >= 0; place = after[place]) {
      const flow = place >> shift;
      flows[count++] = flow;
      const start = flow << shift;
      const end = start + size[flow];
      unseen -= end - start - 1;
      for (let at = start; at < end; at++) {
        const other = linkAt[at];
        if (roundOf[other] === round) continue;
        const own = countOf[other];
        const share = capacity[other] / own;
        if (share < rate || (share === rate && other < hub)) return false;
        roundOf[other] = round;
        unseen += own;
      }
    }
    if (unseen > 0) return false;
    for (let f = 0; f < count; f++) rates[flows[f]] = rate;
    this.#count = count;
    return true;
  }

  /** Lists flows that are joined to a link, with all that they go over. */
  #joinedTo(first: number): void {
    const links = this.#links;
    const { shift, first: firstOf, after, count: countOf } = this.#over;
    links[0] = first;
    this.#linkCount = 1;
    this.#roundOf[first] = this.#round + 1;
    this.#left[first] = this.#capacity[first];
    this.#open[first] = 0;
    this.#count = 0;
    for (let l = 0; l < this.#linkCount; l++) {
      const link = links[l];
      // Where all flows of a link were found by other links, there is nothing to look for.
      if (this.#open[link] === countOf[link]) continue;
      // Behind a division all rates are at least 0.
      for (let place = firstOf[link]; place >= 0; place = after[place]) if (this.rates[place >> shift] >= 0) this.#list(place >> shift);
    }
  }

  /** Lists flows of the last filling that may get other rates: those that were settled below the level keep theirs, and what they leave of links is the others'. */
  #keepSlowest(): void {
    const left = this.#left;
    const settled = this.#settled;
    const { rates } = this;
    const { shift, size, link: linkAt } = this.#over;
    let kept = 0;
    this.#linkCount = 0;
    this.#count = 0;
    for (let f = 0; f < this.#settledCount; f++) {
      const flow = settled[f];
      if (size[flow] === 0) continue;
      if (this.#count === 0 && rates[flow] < this.#level) settled[kept++] = flow;
      else this.#list(flow);
    }
    this.#settledCount = kept;
    for (let f = 0; f < kept; f++) {
      const start = settled[f] << shift;
      const end = start + size[settled[f]];
      for (let at = start; at < end; at++) {
        const link = linkAt[at];
        if (this.#roundOf[link] > this.#round) left[link] = Math.max(0, left[link] - rates[settled[f]]);
      }
    }
  }

  /** Lists a flow and those of its links that are not listed. */
  #list(flow: number): void {
    const round = this.#round + 1;
    const links = this.#links;
    const roundOf = this.#roundOf;
    const open = this.#open;
    const { shift, size, link: linkAt } = this.#over;
    const start = flow << shift;
    const end = start + size[flow];
    this.rates[flow] = -1;
    this.flows[this.#count++] = flow;
    for (let at = start; at < end; at++) {
      const link = linkAt[at];
      if (roundOf[link] === round) {
        open[link]++;
        continue;
      }
      roundOf[link] = round;
      open[link] = 1;
      this.#left[link] = this.#capacity[link];
      links[this.#linkCount++] = link;
    }
  }

  /** Fills the tightest link again and again: its flows are settled and leave what they do not use to others. */
  #fill(): void {
    const { flows, rates } = this;
    const share = this.#share;
    const settled = this.#settled;
    for (let l = 0; l < this.#linkCount; l++) share[this.#links[l]] = this.#left[this.#links[l]] / this.#open[this.#links[l]];
    for (let unsettled = this.#count; unsettled > 0;) {
      const link = this.#tightest();
      const open = this.#open[link];
      if (open === unsettled) {
        // The last ones leave nothing to others.
        for (let f = 0; f < this.#count; f++) {
          if (rates[flows[f]] >= 0) continue;
          rates[flows[f]] = share[link];
          settled[this.#settledCount++] = flows[f];
        }
        return;
      }
      unsettled -= open;
      this.#settle(link, share[link]);
    }
  }

  /** The tightest of the listed links that have flows without a rate, the first by number where several are; others are listed no more. */
  #tightest(): number {
    const links = this.#links;
    const open = this.#open;
    const share = this.#share;
    const count = this.#linkCount;
    let tightest = -1;
    let least = Infinity;
    let kept = 0;
    for (let l = 0; l < count; l++) {
      const link = links[l];
      if (open[link] === 0) continue;
      const own = share[link];
      if (kept === 0 || own < least || (own === least && link < tightest)) {
        tightest = link;
        least = own;
      }
      links[kept++] = link;
    }
    this.#linkCount = kept;
    return tightest;
  }

  /** Gives the flows of a link that have no rate this one. */
  #settle(link: number, rate: number): void {
    const { rates } = this;
    const left = this.#left;
    const open = this.#open;
    const share = this.#share;
    const settled = this.#settled;
    const { shift, size, link: linkAt, first, after } = this.#over;
    let count = this.#settledCount;
    for (let place = first[link]; place >= 0; place = after[place]) {
      const flow = place >> shift;
      if (rates[flow] >= 0) continue;
      rates[flow] = rate;
      settled[count++] = flow;
      const start = flow << shift;
      const end = start + size[flow];
      for (let at = start; at < end; at++) {
        const other = linkAt[at];
        left[other] = Math.max(0, left[other] - rate);
        if (--open[other] > 0) share[other] = left[other] / open[other];
      }
    }
    this.#settledCount = count;
  }

  /** The same by the general solution, which finds the tightest of many links sooner. */
  #solve(): void {
    const { flows } = this;
    const { shift, size, link: linkAt } = this.#over;
    // Nothing else is kept of links now.
    const [place, capacity] = [this.#open, this.#share];
    const room = 2 * this.#count;
    if (this.#entries.length < this.#count << shift) {
      this.#start = new Int32Array(room + 1);
      this.#entries = new Int32Array(room << shift);
      this.#solved = new Float64Array(room);
    }
    // In order of their numbers, by which equally tight ones go.
    this.#links.subarray(0, this.#linkCount).sort();
    for (let l = 0; l < this.#linkCount; l++) {
      place[this.#links[l]] = l;
      capacity[l] = this.#capacity[this.#links[l]];
    }
    let entries = 0;
    for (let f = 0; f < this.#count; f++) {
      const start = flows[f] << shift;
      const end = start + size[flows[f]];
      for (let at = start; at < end; at++) this.#entries[entries++] = place[linkAt[at]];
      this.#start[f + 1] = entries;
    }
    this.#maxMin.solve(capacity, this.#start, this.#entries, this.#solved, undefined, this.#linkCount, this.#count);
    for (let f = 0; f < this.#count; f++) this.rates[flows[f]] = this.#solved[f];
  }
}
