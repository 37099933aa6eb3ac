import type { Seconds } from '../base/units.ts';
import { arrivedEvent } from './events.ts';
import { pending } from './pending.ts';
import { place } from './place.ts';
import type { Services } from './services.ts';
import type { World } from './world.ts';

/** Where requests come in: one front end for each instance that prompts go to, each of which takes in one request at a time. */
export class FrontEnds {
  arrived = 0;
  lastArrivalAt: Seconds = 0;
  readonly #world: World;
  readonly #service: Services;
  /** When each is free. */
  readonly #free: Float64Array;
  /** Slots that are given up as soon as a front end is through with them, and why. */
  readonly #withdrawn = new Map<number, string>();

  constructor(world: World, service: Services) {
    this.#world = world;
    this.#service = service;
    this.#free = new Float64Array(world.plant.pools[0].instances);
  }

  /** A request arrives: it is turned away, or taken in, which takes its time. */
  arrive(slot: number): void {
    const world = this.#world;
    const { table, now } = world;
    table.ordinal[slot] = this.arrived++;
    table.arrivedAt[slot] = now;
    table.place[slot] = place.outside;
    this.lastArrivalAt = now;
    const interval = world.metrics.at(now);
    interval.arrived++;
    const tenant = interval.tenants.of(table.tenant[slot]);
    if (tenant !== undefined) tenant.arrived++;
    const input = table.inputTokens[slot];
    world.sink?.(arrivedEvent(now, table.ordinal[slot], input, table.labels(slot)));
    const { intake } = world.plant;
    const { maxContext, maxContextOf } = this.#service.limits(slot);
    if (input >= maxContext) {
      world.reject(slot, `prompt and answer longer than the ${maxContext} tokens of ${maxContextOf}`);
      return;
    }
    table.outputTokens[slot] = Math.min(table.outputTokens[slot], maxContext - input);
    table.prompt[slot] = input;
    const refused = this.#service.refusal(slot);
    if (refused !== undefined) {
      world.reject(slot, refused);
      return;
    }
    world.metrics.change(now, 1, 0);
    const taken = intake === undefined ? 0 : intake.request + intake.token * input;
    if (taken > 0) world.queue.push(this.#takenBy(taken), pending.intake, pending.intake, slot);
    else this.#service.dispatch(slot);
  }

  /** Nobody waits any more for a request that a front end has in its hands: it is given up when that is through with it. */
  withdraw(slot: number, cause: string): void {
    this.#withdrawn.set(slot, cause);
  }

  /** When the front end that is free first has taken a request in that arrives now. */
  #takenBy(taken: Seconds): Seconds {
    const free = this.#free;
    let first = 0;
    for (let i = 1; i < free.length; i++) if (free[i] < free[first]) first = i;
    free[first] = Math.max(free[first], this.#world.now) + taken;
    return free[first];
  }

  /** The front end is through with a request. */
  taken(slot: number): void {
    const withdrawn = this.#withdrawn.get(slot);
    this.#withdrawn.delete(slot);
    if (withdrawn === undefined) this.#service.dispatch(slot);
    else this.#world.fail(slot, withdrawn);
  }
}
