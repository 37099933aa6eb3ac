import { assert } from '../base/errors.ts';
import { none, prepare, released, rounding, waiting, type Contention, type Laid } from './contention.ts';
import type { Interleaving } from './interleave.ts';

/** `ManyStreams` of two, the same to the last bit: what there is of each stream is at hand, not in rows. */
export class TwoStreams implements Contention {
  readonly #laid: Laid;
  readonly #rates: Float64Array;

  constructor(laid: Laid, runs: number) {
    this.#laid = laid;
    this.#rates = new Float64Array(runs);
  }

  lay({ runOf, layerOf, own, queues, bounds }: Interleaving, times: Float64Array, memory: Float64Array): number {
    const { end, before, layerEnd } = this.#laid;
    const rates = this.#rates;
    const count = runOf.length;
    prepare(this.#laid, rates, times, memory);
    const half = bounds[1] as number;
    let headA = 0;
    let headB = half;
    let placeA = none;
    let placeB = none;
    let leftA = Infinity;
    let leftB = Infinity;
    let demandA = 0;
    let demandB = 0;
    let now = 0;
    let latest = none;
    for (let open = count; open > 0;) {
      if (leftA === Infinity && headA < half) {
        const place = queues[headA] as number;
        const by = released(end, own, place, now, placeA);
        if (by !== waiting) {
          before[(placeA = place)] = by;
          leftA = times[runOf[place] as number] as number;
          demandA = rates[runOf[place] as number] as number;
        }
      }
      if (leftB === Infinity && headB < count) {
        const place = queues[headB] as number;
        const by = released(end, own, place, now, placeB);
        if (by !== waiting) {
          before[(placeB = place)] = by;
          leftB = times[runOf[place] as number] as number;
          demandB = rates[runOf[place] as number] as number;
        }
      }
      // How much longer what runs takes while it shares the bandwidth.
      let slowA = 1;
      let slowB = 1;
      if (demandA + demandB > 1) {
        // One that needs less than half of it leaves the rest to the other.
        const least = demandA < demandB ? demandA : demandB;
        const fair = least < 0.5 ? 1 - least : 0.5;
        if (demandA > fair) slowA = demandA / fair;
        if (demandB > fair) slowB = demandB / fair;
      }
      const needsA = leftA * slowA;
      const needsB = leftB * slowB;
      const step = needsA < needsB ? needsA : needsB;
      assert(step < Infinity, 'streams that wait for each other');
      now += step;
      const over = rounding * now;
      if (needsA - step > over) leftA = slowA === 1 ? needsA - step : (needsA - step) / slowA;
      else {
        end[placeA] = now;
        layerEnd[layerOf[placeA] as number] = now;
        latest = placeA;
        headA++;
        leftA = Infinity;
        demandA = 0;
        open--;
      }
      if (needsB - step > over) leftB = slowB === 1 ? needsB - step : (needsB - step) / slowB;
      else {
        end[placeB] = now;
        layerEnd[layerOf[placeB] as number] = now;
        latest = placeB;
        headB++;
        leftB = Infinity;
        demandB = 0;
        open--;
      }
    }
    return latest;
  }
}
