import type { Seconds } from '../../base/units.ts';
import { quickExponential } from '../../kernel/ziggurat.ts';
import { stream, type RandomStream } from '../../kernel/random.ts';
import type { Actor } from '../actor.ts';
import type { Dies } from '../dies.ts';
import type { Prices } from '../prices.ts';
import type { Simulation } from '../simulation.ts';
import type { FaultRecord, PlannedFault, RandomFaults, Recovery } from './fault.ts';
import type { Narrowing } from './narrowing.ts';
import { Outages } from './outages.ts';
import { Strain, type PlaneDamage } from './strain.ts';
import type { TransferDamage } from './transfers.ts';

/** A fault that is planned or has struck and is not over: what happens to it next. */
interface Pending {
  readonly fault: PlannedFault;
  next: Moment | undefined;
  record: FaultRecord | undefined;
}

interface Moment {
  readonly at: Seconds;
  readonly order: number;
  readonly happen: (simulation: Simulation) => void;
}

/** What faults come over. */
export interface Struck {
  readonly dies: Dies;
  readonly prices: Prices;
  /** Absent: nothing takes links. */
  readonly planes?: PlaneDamage | undefined;
  readonly transfers?: TransferDamage | undefined;
  readonly narrowing?: Narrowing | undefined;
}

/** Faults as they come, and how the deployment gets over them (FLT). */
export class Timetable implements Actor {
  readonly records: FaultRecord[] = [];
  readonly #dies: Dies;
  readonly #transfers: TransferDamage | undefined;
  readonly #strain: Strain;
  readonly #outages: Outages;
  readonly #moments: Moment[] = [];
  #order = 0;
  /** By their numbers, in order of planning. */
  readonly #pending = new Map<number, Pending>();
  #planned = 0;

  constructor(
    simulation: Simulation,
    planned: readonly PlannedFault[],
    random: readonly RandomFaults[],
    recovery: Recovery,
    { dies, prices, planes, transfers, narrowing }: Struck,
    seed: number,
  ) {
    this.#dies = dies;
    this.#transfers = transfers;
    this.#strain = new Strain(dies, prices, planes, seed);
    this.#outages = new Outages({
      service: simulation.service,
      recovery,
      dies,
      prices,
      strain: this.#strain,
      narrowing,
      at: (at, happen) => this.#at(at, happen),
    });
    for (const fault of planned) this.#plan(fault);
    random.forEach((faults, i) => this.#draw(faults, stream(seed, `faults ${i}`), 0));
  }

  /** Plans a fault while the simulation goes on, not before its time. Returns its number. */
  plan(simulation: Simulation, fault: PlannedFault): number {
    const number = this.#plan(fault);
    simulation.wake(this);
    return number;
  }

  /** Faults that are planned, or have struck and are not over, by number. */
  get pending(): readonly { readonly number: number; readonly fault: PlannedFault; readonly struck: boolean }[] {
    return [...this.#pending].map(([number, { fault, record }]) => ({ number, fault, struck: record !== undefined }));
  }

  /** A fault is over from now on, or does not come, by its number. Returns whether it was there. */
  heal(simulation: Simulation, number: number): boolean {
    const pending = this.#pending.get(number);
    if (pending === undefined) return false;
    const { fault, next, record } = pending;
    if (next !== undefined) this.#moments.splice(this.#moments.indexOf(next), 1);
    if (record === undefined) this.#pending.delete(number);
    else pending.next = this.#at(simulation.now, (later) => this.#heal(later, number, fault, record));
    simulation.wake(this);
    return true;
  }

  get nextAt(): Seconds {
    return this.#moments[0]?.at ?? Infinity;
  }

  act(simulation: Simulation): void {
    (this.#moments.shift() as Moment).happen(simulation);
  }

  #plan(fault: PlannedFault): number {
    const number = this.#planned++;
    this.#pending.set(number, { fault, record: undefined, next: this.#at(fault.at, (later) => this.#strike(later, number, fault)) });
    return number;
  }

  #at(at: Seconds, happen: Moment['happen']): Moment {
    const moment = { at, order: this.#order++, happen };
    const after = this.#moments.findIndex((other) => other.at > at);
    this.#moments.splice(after < 0 ? this.#moments.length : after, 0, moment);
    return moment;
  }

  #draw(faults: RandomFaults, random: RandomStream, from: Seconds): void {
    const at = from + (quickExponential(random) * faults.mtbf) / faults.parts.length;
    const struck = faults.parts[Math.floor(random.uniform() * faults.parts.length)];
    this.#at(at, (simulation) => {
      const { kind, duration, left, jitter } = faults;
      this.#draw(faults, random, at);
      this.#strike(simulation, this.#planned++, { kind, at, duration, struck, left, jitter });
    });
  }

  #strike(simulation: Simulation, number: number, fault: PlannedFault): void {
    const { kind, at, duration, struck } = fault;
    const record: FaultRecord = { text: struck.text, kind, at, instances: 0, interrupted: 0, failed: 0, tokens: 0 };
    this.records.push(record);
    simulation.world.sink?.({ kind: 'fault', at, fault: kind, what: struck.text });
    const next = duration < Infinity ? this.#at(at + duration, (later) => this.#heal(later, number, fault, record)) : undefined;
    this.#pending.set(number, { fault, record, next });
    this.#transfers?.strike(simulation, fault);
    if (kind === 'slow' || kind === 'jitter') {
      record.instances = this.#dies.on(struck.dies).length;
      this.#strain.slow(fault);
      return;
    }
    if (struck.links.length > 0) {
      // Until it is known, what goes over a dead link goes nowhere; a slow one is only slow.
      const hit = this.#strain.links(fault);
      record.instances = hit.length;
      if (kind === 'cut') for (const instance of hit) this.#outages.stop(simulation, instance, record);
    }
    if (kind === 'kill' || kind === 'hang') {
      this.#dies.strike(struck.dies);
      const hit = this.#dies.on(struck.dies);
      record.instances = Math.max(record.instances, hit.length);
      for (const instance of hit) this.#outages.stop(simulation, instance, record);
    }
  }

  #heal(simulation: Simulation, number: number, fault: PlannedFault, record: FaultRecord): void {
    this.#pending.delete(number);
    const { kind, struck } = fault;
    record.healedAt = simulation.now;
    simulation.world.sink?.({ kind: 'healed', at: simulation.now, fault: kind, what: struck.text });
    this.#transfers?.heal(simulation, fault);
    this.#strain.over(fault);
    if (kind === 'kill' || kind === 'hang') this.#dies.heal(struck.dies);
    if (kind === 'slow' || kind === 'jitter' || kind === 'choke') record.restoredAt = simulation.now;
    this.#outages.healed(simulation, record);
  }
}
