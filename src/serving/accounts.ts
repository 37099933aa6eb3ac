import type { Seconds } from '../base/units.ts';
import type { InstanceListener } from './instance-listener.ts';
import { addLifetime } from './lifetime.ts';
import type { Plant, PoolPlant } from './plant.ts';
import type { Shares } from './policies/fair-queue.ts';
import type { ServiceLevel } from './scenario.ts';
import type { World } from './world.ts';

/** What comes out of the pools that serve a model, as meters and logs have it. */
export class Accounts {
  readonly #world: World;
  readonly #plant: Plant;
  readonly #shares: Shares;
  readonly #emittedPerStep: number;
  readonly #disaggregated: boolean;

  /** @param emittedPerStep tokens that a decode step of a sequence puts out in the mean */
  constructor(world: World, plant: Plant, shares: Shares, emittedPerStep: number) {
    this.#world = world;
    this.#plant = plant;
    this.#shares = shares;
    this.#emittedPerStep = emittedPerStep;
    this.#disaggregated = plant.pools.length > 1;
  }

  /** What instances of a pool tell, `index` being its number over all services. */
  of(pool: PoolPlant, index: number): Omit<InstanceListener, 'finished' | 'stepped' | 'missed'> {
    const world = this.#world;
    const { table } = world;
    return {
      scheduled: (slot, at) => {
        world.metrics.change(at, -1, 1);
        const cachedTokens = table.progress[slot];
        world.sink?.({ kind: 'scheduled', at, request: table.ordinal[slot], pool: pool.name, instance: table.instance[slot], cachedTokens });
      },
      prefilled: (slot, at) => {
        const interval = world.metrics.at(at);
        if (table.prefilledAt[slot] === -1) interval.inputServed += table.prompt[slot];
        if (pool.role === 'merged') interval.outputServed++;
        // Where it is computed again and has not decoded since, its last token came with it.
        if (table.firstTokenAt[slot] !== -1 && table.rare.of(slot).pausedAt < 0) table.rare.own(slot).pausedAt = table.prefilledAt[slot];
        table.prefilledAt[slot] = at;
        world.sink?.({ kind: 'prefilled', at, request: table.ordinal[slot], instance: table.instance[slot] });
      },
      firstToken: (slot, at) => {
        world.listener?.firstToken(table.model[slot], at - table.arrivedAt[slot]);
        world.sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
      },
      resumed: (slot, at) => {
        this.#resumed(slot, at);
      },
      preempted: (slot, at) => {
        world.metrics.at(at).pools[index].preemptions++;
        world.metrics.change(at, 1, -1);
        world.sink?.({ kind: 'preempted', at, request: table.ordinal[slot], instance: table.instance[slot] });
      },
    };
  }

  /** A prefill instance puts out a token itself. Returns whether it was the last: then nothing of the request moves. */
  fromPrefill(slot: number, at: Seconds): boolean {
    const { table, metrics, sink } = this.#world;
    table.emitted[slot]++;
    table.fromPrompts[slot]++;
    metrics.at(at).outputServed++;
    if (table.firstTokenAt[slot] === -1) {
      table.firstTokenAt[slot] = at;
      this.#world.listener?.firstToken(table.model[slot], at - table.arrivedAt[slot]);
      sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
    } else {
      this.#resumed(slot, at);
    }
    this.#world.emissions?.prompted(slot, at);
    if (table.emitted[slot] !== table.outputTokens[slot]) return false;
    table.reservedAt[slot] = at;
    table.movedAt[slot] = at;
    table.joinedAt[slot] = at;
    return true;
  }

  /** A request is given up with what it has put out: its slot is free. */
  giveUp(slot: number, cause: string): void {
    const { table, metrics, now } = this.#world;
    metrics.at(now).outputServed += table.emitted[slot] - table.fromPrompts[slot] - table.stepsBefore[slot] * this.#emittedPerStep;
    this.#shares.answered(table.tenant[slot], table.emitted[slot]);
    this.#world.fail(slot, cause);
  }

  /** A request has its whole answer: its slot is free. */
  finish(slot: number): void {
    const world = this.#world;
    const { table, now, metrics } = world;
    world.finished++;
    const arrivedAt = table.arrivedAt[slot];
    const output = table.outputTokens[slot];
    const interval = metrics.at(now);
    interval.finish(
      table.inputTokens[slot],
      table.cachedTokens[slot],
      output,
      table.firstTokenAt[slot] - arrivedAt,
      now - arrivedAt,
      this.#objectives(table.tenant[slot]),
      table.tenant[slot],
    );
    world.listener?.ended(table.model[slot], table.firstTokenAt[slot] - arrivedAt, now - arrivedAt, output);
    this.#shares.answered(table.tenant[slot], output);
    // Steps were credited with the tokens that they put out on average; what this request really got makes up the difference.
    interval.decodeSteps += table.stepsBefore[slot];
    interval.decodeEmitted += output - table.fromPrompts[slot];
    interval.outputServed += output - table.fromPrompts[slot] - table.stepsBefore[slot] * this.#emittedPerStep;
    addLifetime(table, slot, now, this.#disaggregated, interval.phases);
    metrics.change(now, 0, -1);
    world.sink?.({ kind: 'finished', at: now, request: table.ordinal[slot], outputTokens: output });
    world.release(slot);
  }

  /** A token comes out after a pause: behind the last one before its KV was lost, or behind that of its prompt. */
  #resumed(slot: number, at: Seconds): void {
    const { table, metrics } = this.#world;
    const { pausedAt } = table.rare.of(slot);
    metrics.at(at).itl.add(at - (pausedAt < 0 ? table.prefilledAt[slot] : pausedAt));
    if (pausedAt >= 0) table.rare.own(slot).pausedAt = -1;
  }

  #objectives(tenant: number): ServiceLevel {
    const { slo, tenants } = this.#plant;
    const own = tenants?.[tenant]?.slo;
    return own === undefined ? slo : { ...slo, ...own };
  }
}
