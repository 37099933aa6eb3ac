import type { Seconds } from '../../base/units.ts';
import type { StepPricer } from '../../cost/batch.ts';
import { exponential } from '../../kernel/variates.ts';
import { counterUniform, stream, type RandomStream } from '../../kernel/random.ts';
import type { Actor } from '../actor.ts';
import type { Instance } from '../instance.ts';
import type { Simulation } from '../simulation.ts';
import type { Dies } from '../dies.ts';
import type { FaultRecord, Jitter, PlannedFault, RandomFaults, Recovery } from './fault.ts';
import type { TransferDamage } from './transfers.ts';

/** What a fault does to the planes: the links it holds down, and what it leaves an instance with. */
export interface PlaneDamage {
  add(fault: PlannedFault): void;
  remove(fault: PlannedFault): void;
  /** Shares of the rates of exchanges that dies have left, by plane; 0 where they are cut off. */
  left(dies: readonly number[]): readonly number[];
  /** What the iterations of a pool cost with such shares, none of them 0. */
  pricer(pool: number, left: readonly number[]): StepPricer;
}

interface Moment {
  readonly at: Seconds;
  readonly order: number;
  readonly happen: (simulation: Simulation) => void;
}

/** An instance that faults have stopped: since when its state is known, and which of them it waits for. */
interface Outage {
  readonly records: Set<FaultRecord>;
  known: boolean;
  restarting: boolean;
}

/** Faults as they come, and how the deployment gets over them (FLT). */
export class Timetable implements Actor {
  readonly records: FaultRecord[] = [];
  readonly #recovery: Recovery;
  readonly #dies: Dies;
  readonly #planes: PlaneDamage | undefined;
  readonly #transfers: TransferDamage | undefined;
  readonly #moments: Moment[] = [];
  readonly #outages = new Map<Instance, Outage>();
  /** Shares of the planes' rates that instances had left when they were last priced. */
  readonly #left = new Map<Instance, readonly number[]>();
  /** Faults that make dies slow or wait. */
  readonly #slow = new Set<PlannedFault>();
  readonly #seed: number;
  #order = 0;

  constructor(
    planned: readonly PlannedFault[],
    random: readonly RandomFaults[],
    recovery: Recovery,
    dies: Dies,
    planes: PlaneDamage | undefined,
    seed: number,
    transfers?: TransferDamage,
  ) {
    this.#recovery = recovery;
    this.#dies = dies;
    this.#planes = planes;
    this.#transfers = transfers;
    this.#seed = seed;
    for (const fault of planned) this.#at(fault.at, (simulation) => this.#strike(simulation, fault));
    random.forEach((faults, i) => this.#draw(faults, stream(seed, `faults ${i}`), 0));
  }

  /** Plans a fault while the simulation goes on, not before its time. */
  plan(simulation: Simulation, fault: PlannedFault): void {
    this.#at(fault.at, (at) => this.#strike(at, fault));
    simulation.wake(this);
  }

  get nextAt(): Seconds {
    return this.#moments[0]?.at ?? Infinity;
  }

  act(simulation: Simulation): void {
    (this.#moments.shift() as Moment).happen(simulation);
  }

  #at(at: Seconds, happen: Moment['happen']): void {
    const moment = { at, order: this.#order++, happen };
    const after = this.#moments.findIndex((other) => other.at > at);
    this.#moments.splice(after < 0 ? this.#moments.length : after, 0, moment);
  }

  #draw(faults: RandomFaults, random: RandomStream, from: Seconds): void {
    const at = from + (exponential(random) * faults.mtbf) / faults.parts.length;
    const struck = faults.parts[Math.floor(random.uniform() * faults.parts.length)];
    this.#at(at, (simulation) => {
      const { kind, duration, left, jitter } = faults;
      this.#draw(faults, random, at);
      this.#strike(simulation, { kind, at, duration, struck, left, jitter });
    });
  }

  #strike(simulation: Simulation, fault: PlannedFault): void {
    const { kind, at, duration, struck } = fault;
    const record: FaultRecord = { text: struck.text, kind, at, instances: 0, interrupted: 0, failed: 0, tokens: 0 };
    this.records.push(record);
    simulation.world.sink?.({ kind: 'fault', at, fault: kind, what: struck.text });
    if (duration < Infinity) this.#at(at + duration, () => this.#heal(simulation, fault, record));
    this.#transfers?.strike(simulation, fault);
    if (kind === 'slow' || kind === 'jitter') {
      this.#slow.add(fault);
      record.instances = this.#dies.on(struck.dies).length;
      this.#pace(simulation, struck.dies);
      return;
    }
    if (struck.links.length > 0) {
      this.#planes?.add(fault);
      // Until it is known, what goes over a dead link goes nowhere; a slow one is only slow.
      const hit = this.#reprice(simulation);
      record.instances = hit.length;
      if (kind === 'cut') for (const instance of hit) this.#stop(simulation, instance, record);
    }
    if (kind === 'kill' || kind === 'hang') {
      this.#dies.strike(struck.dies);
      const hit = this.#dies.on(struck.dies);
      record.instances = Math.max(record.instances, hit.length);
      for (const instance of hit) this.#stop(simulation, instance, record);
    }
  }

  #heal(simulation: Simulation, fault: PlannedFault, record: FaultRecord): void {
    const { kind, struck } = fault;
    record.healedAt = simulation.now;
    simulation.world.sink?.({ kind: 'healed', at: simulation.now, fault: kind, what: struck.text });
    this.#transfers?.heal(simulation, fault);
    if (kind === 'slow' || kind === 'jitter') {
      this.#slow.delete(fault);
      this.#pace(simulation, struck.dies);
    }
    if (struck.links.length > 0) {
      this.#planes?.remove(fault);
      this.#reprice(simulation);
    }
    if (kind === 'kill' || kind === 'hang') {
      this.#dies.heal(struck.dies);
    }
    if (kind === 'slow' || kind === 'jitter' || kind === 'choke') record.restoredAt = simulation.now;
    for (const [instance, outage] of this.#outages) {
      if (!outage.records.has(record)) continue;
      // A hang that nobody has noticed is over.
      if (kind === 'hang' && !outage.known && this.#sound(instance)) this.#resume(simulation, instance, outage);
      else if (outage.known) this.#restart(instance, outage, simulation);
    }
  }

  /** Whether nothing keeps an instance from running. */
  #sound(instance: Instance): boolean {
    return this.#dies.whole(instance) && (this.#planes?.left(this.#dies.of(instance)) ?? []).every((share) => share > 0);
  }

  #stop(simulation: Simulation, instance: Instance, record: FaultRecord): void {
    const known = this.#outages.get(instance);
    if (known !== undefined) {
      known.records.add(record);
      return;
    }
    const outage: Outage = { records: new Set([record]), known: false, restarting: false };
    this.#outages.set(instance, outage);
    simulation.service.pause(instance);
    this.#at(simulation.now + this.#recovery.detection, () => this.#notice(simulation, instance, outage));
  }

  #notice(simulation: Simulation, instance: Instance, outage: Outage): void {
    if (this.#outages.get(instance) !== outage) return;
    outage.known = true;
    const cutOnly = [...outage.records].every(({ kind }) => kind === 'cut');
    if (cutOnly && this.#sound(instance)) {
      // Routed around: it goes on with what it had.
      this.#resume(simulation, instance, outage);
      return;
    }
    const { service, world } = simulation;
    const records = [...outage.records];
    service.setState(instance, 'off');
    service.wipe(instance, (slot) => {
      const { table } = world;
      const lost = table.inputTokens[slot] + table.emitted[slot];
      for (const record of records) {
        record.interrupted++;
        record.tokens += lost;
      }
      if (table.interruptions[slot] <= this.#recovery.retries) service.retry(slot);
      else {
        for (const record of records) record.failed++;
        world.fail(slot, `lost its KV ${table.interruptions[slot]} times`);
      }
    });
    this.#restart(instance, outage, simulation);
  }

  /** Starts an instance anew, if its parts are whole or spare ones take their place. */
  #restart(instance: Instance, outage: Outage, simulation: Simulation): void {
    if (outage.restarting) return;
    if (!this.#dies.whole(instance) && !(this.#recovery.spares && this.#dies.replace(instance))) return;
    if (!this.#sound(instance)) return;
    outage.restarting = true;
    this.#at(simulation.now + this.#recovery.restart, () => {
      outage.restarting = false;
      if (!this.#sound(instance)) {
        this.#restart(instance, outage, simulation);
        return;
      }
      this.#resume(simulation, instance, outage);
    });
  }

  #resume(simulation: Simulation, instance: Instance, outage: Outage): void {
    this.#outages.delete(instance);
    this.#reprice(simulation);
    this.#pace(simulation, this.#dies.of(instance));
    simulation.service.resume(instance);
    for (const record of outage.records) record.restoredAt = simulation.now;
  }

  /** What iterations of instances cost with the planes as they are. Returns those for which that has changed. */
  #reprice({ service }: Simulation): readonly Instance[] {
    const planes = this.#planes;
    if (planes === undefined) return [];
    return this.#dies.instances.filter((instance) => {
      const left = planes.left(this.#dies.of(instance));
      const before = this.#left.get(instance) ?? [];
      if (left.every((share, p) => share === (before[p] ?? 1))) return false;
      this.#left.set(instance, left);
      if (left.some((share) => share === 0)) return true;
      const pricer = planes.pricer(service.poolOf(instance).index, left);
      for (const batch of service.batchesOf(instance)) batch.pricer = pricer;
      return true;
    });
  }

  /** Draws of an iteration depend on its instance and number alone; where several make it wait, it waits for the longest. */
  #late(jitters: readonly Jitter[], instance: number, iteration: number): Seconds {
    let longest = 0;
    jitters.forEach(({ share, by }, j) => {
      const draw = counterUniform(Math.floor(this.#seed / 2 ** 32), this.#seed >>> 0, instance * 64 + j, iteration);
      if (draw < share) longest = Math.max(longest, by);
    });
    return longest;
  }

  /** The slowest of its dies sets the pace of an instance; it waits for those that jitter. */
  #pace(simulation: Simulation, dies: readonly number[]): void {
    for (const instance of this.#dies.on(dies)) {
      const own = new Set(this.#dies.of(instance));
      const here = [...this.#slow].filter(({ struck }) => struck.dies.some((die) => own.has(die)));
      const least = here.reduce((slowest, { left }) => Math.min(slowest, left), 1);
      const jitters = here.flatMap(({ jitter }) => jitter ?? []);
      for (const batch of simulation.service.batchesOf(instance)) {
        batch.slowdown = 1 / least;
        batch.delay = jitters.length === 0 ? undefined : (iteration) => this.#late(jitters, batch.index, iteration);
      }
    }
  }
}
