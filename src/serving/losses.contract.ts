import * as fc from 'fast-check';
import type { Actor } from './actor.ts';
import type { Simulation } from './simulation.ts';

/** An instance that is lost, and what becomes of its requests. */
export interface Loss {
  readonly at: number;
  readonly instance: number;
  readonly back: number;
  readonly stuckFor: number;
  readonly retries: boolean;
}

export const loss: fc.Arbitrary<Loss> = fc.record({
  at: fc.integer({ min: 0, max: 400 }).map((ticks) => ticks * 2 ** -13),
  instance: fc.nat(11),
  back: fc.integer({ min: 1, max: 100 }).map((ticks) => ticks * 2 ** -13),
  stuckFor: fc.nat(40).map((ticks) => ticks * 2 ** -13),
  retries: fc.boolean(),
});

/** Stops an instance, notices some time later that all it held is lost, and brings it back. */
export class Breaker implements Actor {
  nextAt: number;
  readonly #loss: Loss;
  #stage = 0;

  constructor(of: Loss) {
    this.#loss = of;
    this.nextAt = of.at;
  }

  act({ service, pools, world }: Simulation): void {
    const all = pools.flatMap(({ instances }) => instances);
    const instance = all[this.#loss.instance % all.length] as (typeof all)[number];
    if (this.#stage === 0) {
      service.pause(instance);
      this.nextAt += this.#loss.stuckFor;
    } else if (this.#stage === 1) {
      service.setState(instance, 'off');
      service.wipe(instance, (slot) => (this.#loss.retries ? service.retry(slot) : world.fail(slot, 'its instance was lost')));
      this.nextAt += this.#loss.back;
    } else {
      service.resume(instance);
      service.setState(instance, 'active');
      this.nextAt = Infinity;
    }
    this.#stage++;
  }
}
