/**
 * Max-min fair rates: flows share links, every flow is held by one full link on which no other flow is faster.
 *
 * Progressive filling, link by link in order of fair share. The share of a link only rises while others fill, so that a heap of
 * outdated shares finds the next link, and every flow is visited once: O(entries + links log links). Scratch space is kept between calls.
 */
export class MaxMin {
  #left = new Float64Array(0);
  #open = new Int32Array(0);
  #flowsStart = new Int32Array(0);
  #flows = new Int32Array(0);
  #heap = new Int32Array(0);
  #key = new Float64Array(0);
  #load = new Float64Array(0);
  #weights = new Float64Array(0);

  /**
   * Writes `rate` [flow] for links of `capacity` [link] (at least 0). Links of flow f are `links[start[f] .. start[f + 1]]`; a link
   * listed twice is used twice. Each entry takes `weight` [entry] of the flow's rate of its link (> 0; 1 where absent). A flow without links is
   * unbounded: Infinity. Only the first `linkCount` links and `flowCount` flows are looked at.
   */
  solve(
    capacity: Float64Array,
    start: Int32Array,
    links: Int32Array,
    rate: Float64Array,
    weight?: Float64Array,
    linkCount: number = capacity.length,
    flowCount: number = start.length - 1,
  ): void {
    this.#reserve(linkCount, start[flowCount]);
    const left = this.#left;
    const open = this.#open;
    const flowsStart = this.#flowsStart;
    const flows = this.#flows;
    const heap = this.#heap;
    const key = this.#key;
    const load = this.#load;
    const weights = this.#weights;

    // 1. Invert: flows of link l are flows[flowsStart[l] .. flowsStart[l + 1]].
    open.fill(0, 0, linkCount);
    for (let i = 0; i < start[flowCount]; i++) open[links[i]]++;
    flowsStart[0] = 0;
    for (let l = 0; l < linkCount; l++) flowsStart[l + 1] = flowsStart[l] + open[l];
    open.fill(0, 0, linkCount);
    for (let f = 0; f < flowCount; f++) {
      rate[f] = start[f] === start[f + 1] ? Infinity : -1;
      for (let i = start[f]; i < start[f + 1]; i++) {
        const at = flowsStart[links[i]] + open[links[i]]++;
        flows[at] = f;
        if (weight !== undefined) weights[at] = weight[i];
      }
    }

    // 2. A heap of used links by fair share.
    load.fill(0, 0, linkCount);
    for (let i = 0; i < start[flowCount]; i++) load[links[i]] += weight === undefined ? 1 : weight[i];
    let size = 0;
    for (let l = 0; l < linkCount; l++) {
      if (open[l] === 0) continue;
      left[l] = capacity[l];
      key[l] = capacity[l] / load[l];
      heap[size++] = l;
    }
    for (let i = (size >> 1) - 1; i >= 0; i--) sink(heap, key, size, i);

    // 3. Fill the tightest link; its flows are settled and leave what they do not use to others.
    while (size > 0) {
      const link = heap[0];
      if (open[link] === 0) {
        heap[0] = heap[--size];
        sink(heap, key, size, 0);
        continue;
      }
      let share = left[link] / load[link];
      if (!(share > key[link]) && weight !== undefined) {
        // Differences of weights round: the load of the link whose turn it is is added up anew.
        load[link] = 0;
        for (let i = flowsStart[link]; i < flowsStart[link + 1]; i++) if (rate[flows[i]] < 0) load[link] += weights[i];
        share = left[link] / load[link];
      }
      if (share > key[link]) {
        key[link] = share;
        sink(heap, key, size, 0);
        if (heap[0] !== link) continue;
      }
      for (let i = flowsStart[link]; i < flowsStart[link + 1]; i++) {
        const flow = flows[i];
        if (rate[flow] >= 0) continue;
        rate[flow] = share;
        for (let j = start[flow]; j < start[flow + 1]; j++) {
          const other = links[j];
          const part = weight === undefined ? 1 : weight[j];
          open[other]--;
          load[other] -= part;
          left[other] = Math.max(0, left[other] - share * part);
        }
      }
    }
  }

  #reserve(linkCount: number, entries: number): void {
    if (this.#left.length <= linkCount) {
      const length = 2 * linkCount + 1;
      this.#left = new Float64Array(length);
      this.#key = new Float64Array(length);
      this.#load = new Float64Array(length);
      this.#open = new Int32Array(length);
      this.#heap = new Int32Array(length);
      this.#flowsStart = new Int32Array(length);
    }
    if (this.#flows.length >= entries) return;
    this.#flows = new Int32Array(2 * entries);
    this.#weights = new Float64Array(2 * entries);
  }
}

/** Moves the item at `at` down to its place. Ties go by link, so that the order does not depend on history. */
function sink(heap: Int32Array, key: Float64Array, size: number, at: number): void {
  const link = heap[at];
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && before(key, heap[child + 1], heap[child])) child++;
    if (!before(key, heap[child], link)) break;
    heap[at] = heap[child];
    at = child;
  }
  if (at < size) heap[at] = link;
}

function before(key: Float64Array, a: number, b: number): boolean {
  return key[a] < key[b] || (key[a] === key[b] && a < b);
}

/**
 * The first flow that breaks max-min fairness within a relative `tolerance`, or -1: no link is over capacity, and each flow has a
 * full link on which none is faster.
 */
export function unfairFlow(capacity: Float64Array, start: Int32Array, links: Int32Array, rate: Float64Array, tolerance = 1e-9, weight?: Float64Array): number {
  const load = new Float64Array(capacity.length);
  const fastest = new Float64Array(capacity.length);
  for (let f = 0; f < start.length - 1; f++) {
    for (let i = start[f]; i < start[f + 1]; i++) {
      load[links[i]] += rate[f] * (weight === undefined ? 1 : weight[i]);
      fastest[links[i]] = Math.max(fastest[links[i]], rate[f]);
    }
  }
  for (let f = 0; f < start.length - 1; f++) {
    let held = start[f] === start[f + 1] && rate[f] === Infinity;
    for (let i = start[f]; i < start[f + 1]; i++) {
      const link = links[i];
      if (load[link] > capacity[link] * (1 + tolerance)) return f;
      if (load[link] >= capacity[link] * (1 - tolerance) && rate[f] >= fastest[link] * (1 - tolerance)) held = true;
    }
    if (!held) return f;
  }
  return -1;
}
