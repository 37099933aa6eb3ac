import type { Seconds } from '../base/units.ts';
import { stepEvent } from './events.ts';
import type { Instance } from './instance.ts';
import { pending } from './pending.ts';
import type { Pipeline } from './pipeline.ts';
import type { Pool } from './pools.ts';
import type { Services } from './services.ts';
import type { World } from './world.ts';

/** Ends of iterations, and the begins of those behind them: what instances do in turn. */
export class Turns {
  readonly #world: World;
  readonly #service: Services;
  readonly #instances: readonly Instance[];

  /** @param instances of all pools, by number */
  constructor(world: World, service: Services, instances: readonly Instance[]) {
    this.#world = world;
    this.#service = service;
    this.#instances = instances;
  }

  /** An end of an iteration is due: it ends, and the next one begins. `until`: nothing that ends later is gone through. */
  ended(instance: Instance, until: Seconds): void {
    if (instance.coast.until === this.#world.now) this.#world.run(instance, this.#world.now, false, this.#service.poolOf(instance));
    // The end of an iteration that a fault has taken away, or that was laid out and came to nothing.
    if (!instance.running || instance.stuck || instance.coast.until > 0 || instance.endsAt !== this.#world.now) {
      const at = instance.voided.indexOf(this.#world.now);
      if (at < 0) return;
      instance.voided.splice(at, 1);
      this.#world.voided--;
      return;
    }
    if (instance.pipeline === undefined) {
      if (instance.coast.goesOn || this.#turn(instance)) this.#run(instance, until);
      return;
    }
    this.#end(instance);
    instance.running = false;
    instance.pipeline.wait(instance.index);
    // What it has given back may be what another batch waits for.
    this.#waitBehind(instance, instance.pipeline);
    this.#enter(instance.pipeline);
  }

  /** Batches of the same pipeline that have prompts and stand still look again: what this one pushed out may have made room. */
  #waitBehind(instance: Instance, pipeline: Pipeline): void {
    for (const other of instance.batches) if (!other.running && other.hungry) pipeline.wait(other.index);
  }

  /** An instance looks for work, or begins what it held. */
  begin(instance: Instance, until: Seconds): void {
    instance.wokenAt = -1;
    if (instance.held && instance.reads === 0 && !instance.stuck) {
      instance.begin(this.#world.now);
      this.#count(instance, this.#world.now);
      this.#run(instance, until);
      return;
    }
    if (instance.running || instance.stuck) return;
    const { pipeline } = instance;
    if (pipeline !== undefined) {
      pipeline.wait(instance.index);
      this.#enter(pipeline);
    } else if (this.#start(instance, this.#world.now)) this.#run(instance, until);
  }

  /** Lets batches into a pipeline whose first stage is free, in the order in which they came to wait; the others look again when it is. */
  #enter(pipeline: Pipeline): void {
    const { waiting } = pipeline;
    const { queue } = this.#world;
    while (waiting.length > 0 && pipeline.freeAt <= this.#world.now) {
      const first = this.#instances[waiting.shift() as number];
      if (!this.#start(first, this.#world.now)) continue;
      queue.push(first.endsAt, pending.stepEnd, pending.stepEnd, first.index);
      this.#waitBehind(first, pipeline);
    }
    if (waiting.length === 0 || pipeline.toldFor === pipeline.freeAt) return;
    pipeline.toldFor = pipeline.freeAt;
    queue.push(pipeline.freeAt, pending.stepStart, pending.stepStart, waiting[0]);
  }

  /** Runs a formed iteration, and those behind it, past the queue while nothing else is due before the next one ends. */
  #run(instance: Instance, until: Seconds): void {
    const world = this.#world;
    const pool = this.#service.poolOf(instance);
    // Where somebody is told of each iteration or token, or it takes part in what other instances do, they are gone through one by one.
    const ahead = world.sink === undefined && world.emissions === undefined && pool.plant.role === 'merged';
    for (;;) {
      // What comes next comes to this instance where there is no other.
      const endsAt = ahead ? instance.coast.plan(this.#instances.length === 1 ? world.queue.peekTime() : Infinity) : instance.endsAt;
      if (world.queue.peekTime() <= endsAt || endsAt > until) {
        world.queue.push(endsAt, pending.stepEnd, pending.stepEnd, instance.index);
        return;
      }
      if (ahead) world.run(instance, endsAt, false, pool);
      world.now = endsAt;
      if (!instance.coast.goesOn && !this.#turn(instance)) return;
    }
  }

  /** Ends an iteration and forms the next one. Returns whether it has begun. */
  #turn(instance: Instance): boolean {
    this.#end(instance);
    return this.#start(instance, this.#world.now);
  }

  #end(instance: Instance): void {
    instance.end();
    if (instance.gaps > 0) this.#world.metrics.at(this.#world.now).itl.add(instance.endsAt - instance.decoding.before, instance.gaps);
  }

  #start(instance: Instance, at: Seconds): boolean {
    const formed = instance.start(at);
    this.#service.settle();
    this.#world.share();
    if (!formed || instance.held) return false;
    this.#count(instance, at);
    return true;
  }

  /** Counts an iteration that begins. */
  #count(instance: Instance, at: Seconds): void {
    const world = this.#world;
    const pool = this.#service.poolOf(instance);
    const duration = instance.endsAt - at;
    const { iteration } = instance;
    const interval = world.metrics.at(at);
    const ranks = instance.serving.length;
    const kv = iteration.usedBlocks / (pool.plant.kvBlocks * ranks);
    interval.pools[pool.index].step(duration, iteration, occupied(pool, instance), kv, ranks / pool.plant.ranks, pool.plant.activity);
    const emitted = iteration.decoding * instance.options.acceptance.mean;
    interval.pools[pool.index].decodeTokens += emitted;
    interval.outputServed += emitted;
    world.steps++;
    if (world.sink !== undefined) world.sink(stepEvent(at, duration, pool.plant.name, instance.index, iteration, kv));
  }
}

/** Share of a pool's places, or of its token budget, that an iteration takes up on one instance. */
function occupied({ plant }: Pool, { iteration, serving: { length: ranks } }: Instance): number {
  return plant.role === 'prefill' ? iteration.prefillTokens / (plant.tokenBudget * ranks) : iteration.decoding / (plant.maxSequences * ranks);
}
