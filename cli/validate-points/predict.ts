import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../src/base/errors.ts';
import { type PricerSource, sharedPricers } from '../../src/cost/shared-pricers.ts';
import { Sketch } from '../../src/kernel/sketch.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** Distributions of the requests of a run. [s] */
export interface Predicted {
  readonly ttft: Sketch;
  readonly tpot: Sketch;
  readonly e2e: Sketch;
  readonly requests: number;
  readonly steps: number;
  readonly run: Run;
}

/** Settings whose compiled costs are kept: rows come sorted by setting. */
const kept = 2;
const burst = 4096;

/** Runs scenarios one after another over shared pricers. */
export class Predictor {
  readonly #pricers: PricerSource = sharedPricers(kept);

  /**
   * Every request of a run, from the first one on: a benchmark client counts them all.
   * @throws InputError when the model does not fit, or every request was refused
   */
  async run(scenario: Scenario): Promise<Predicted> {
    const run = createSimulation(scenario, undefined, this.#pricers);
    const { simulation } = run;
    while (!simulation.done) {
      for (let i = 0; i < burst && simulation.step(); i++);
      await setImmediate();
    }
    const ttft = new Sketch();
    const tpot = new Sketch();
    const e2e = new Sketch();
    for (const interval of simulation.metrics.intervals) {
      ttft.merge(interval.ttft);
      tpot.merge(interval.tpot);
      e2e.merge(interval.e2e);
    }
    const { finished } = simulation.snapshot();
    if (finished === 0) throw new InputError([{ path: '', message: [...simulation.causes.keys()].join('; ') || 'no request finished' }]);
    return { ttft, tpot, e2e, requests: finished, steps: simulation.steps, run };
  }
}
