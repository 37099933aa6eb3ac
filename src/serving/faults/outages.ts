import type { Seconds } from '../../base/units.ts';
import type { Dies } from '../dies.ts';
import type { Instance } from '../instance.ts';
import type { Prices } from '../prices.ts';
import type { Services } from '../services.ts';
import type { Simulation } from '../simulation.ts';
import type { FaultRecord, Recovery } from './fault.ts';
import type { Narrowed, Narrowing } from './narrowing.ts';
import type { Strain } from './strain.ts';

/** An instance that faults have stopped. */
interface Outage {
  /** The faults that it waits for. */
  readonly records: Set<FaultRecord>;
  /** When the last of them struck. */
  struckAt: Seconds;
  /** Nobody knows; what it needs is not there; something will bring it back at a time that is known. */
  stage: 'unknown' | 'waiting' | 'coming';
  /** What routers saw of it before. */
  readonly before: Instance['state'];
}

/** An instance that goes on without some of its dies. */
interface Narrow extends Narrowed {
  readonly records: Set<FaultRecord>;
  /** Whether the dies that take the place of the lost ones are being started. */
  widening: boolean;
}

/** What outages work on. */
export interface OutagesOf {
  readonly service: Services;
  readonly recovery: Recovery;
  readonly dies: Dies;
  readonly prices: Prices;
  readonly strain: Strain;
  /** Absent: instances come back whole or not at all. */
  readonly narrowing?: Narrowing | undefined;
  /** Lets something happen at a time. */
  readonly at: (at: Seconds, happen: (simulation: Simulation) => void) => void;
}

/** How instances get over faults that stop them (FLT-1 to FLT-4, FLT-6, FLT-10 to FLT-12). */
export class Outages {
  readonly #of: OutagesOf;
  readonly #outages = new Map<Instance, Outage>();
  readonly #narrow = new Map<Instance, Narrow>();

  readonly #moved = (instance: Instance): void => {
    // One that has given its dies back starts anew with others.
    if (this.#of.dies.of(instance).length === 0) this.#forget(instance);
    this.#of.strain.moved(instance);
  };

  constructor(of: OutagesOf) {
    this.#of = of;
    of.dies.onMoved = this.#moved;
  }

  /** An instance stands still, and nobody knows. */
  stop(simulation: Simulation, instance: Instance, record: FaultRecord): void {
    const known = this.#outages.get(instance);
    if (known !== undefined) {
      known.records.add(record);
      known.struckAt = simulation.now;
      return;
    }
    const outage: Outage = { records: new Set([record]), struckAt: simulation.now, stage: 'unknown', before: instance.state };
    this.#outages.set(instance, outage);
    simulation.service.pause(instance);
    this.#of.at(simulation.now + this.#of.recovery.detection, (later) => this.#notice(later, instance, outage));
  }

  /** A fault is over: what waited for it may go on. */
  healed(simulation: Simulation, record: FaultRecord): void {
    for (const [instance, outage] of this.#outages) {
      if (!outage.records.has(record)) continue;
      // A hang that nobody has noticed is over.
      if (record.kind === 'hang' && outage.stage === 'unknown' && this.#sound(instance)) this.#resume(simulation, instance, outage);
      else if (outage.stage === 'waiting') this.#restart(simulation, instance, outage);
    }
    for (const instance of this.#narrow.keys()) this.#widen(simulation, instance);
  }

  /** Whether nothing keeps an instance from running on the dies that it uses. */
  #sound(instance: Instance): boolean {
    const { dies, strain } = this.#of;
    return dies.runs(instance) && strain.joins(instance, dies.used(instance));
  }

  /** The same of all its dies. */
  #whole(instance: Instance): boolean {
    const { dies, strain } = this.#of;
    return dies.whole(instance) && strain.joins(instance, dies.of(instance));
  }

  #notice(simulation: Simulation, instance: Instance, outage: Outage): void {
    if (this.#outages.get(instance) !== outage) return;
    const cutOnly = [...outage.records].every(({ kind }) => kind === 'cut');
    if (cutOnly && this.#sound(instance)) {
      // Routed around: it goes on with what it had.
      this.#resume(simulation, instance, outage);
      return;
    }
    if (this.#narrowed(simulation, instance, outage)) return;
    const { service } = simulation;
    this.#forget(instance, outage);
    outage.stage = 'waiting';
    service.setState(instance, 'off');
    service.wipe(instance, (slot) => this.#interrupted(simulation, slot, outage.records));
    this.#restart(simulation, instance, outage);
  }

  #interrupted({ service, world }: Simulation, slot: number, records: ReadonlySet<FaultRecord>): void {
    const { table } = world;
    const { retries } = this.#of.recovery;
    const lost = table.inputTokens[slot] + table.emitted[slot];
    for (const record of records) {
      record.interrupted++;
      record.tokens += lost;
    }
    if (table.rare.of(slot).interruptions <= retries) service.retry(slot);
    else {
      for (const record of records) record.failed++;
      world.fail(slot, `lost its KV ${table.rare.of(slot).interruptions} times`);
    }
  }

  /** Starts an instance anew, if its parts are whole or spare ones take their place. */
  #restart(simulation: Simulation, instance: Instance, outage: Outage): void {
    if (!this.#replaced(instance)) return;
    outage.stage = 'coming';
    this.#of.at(simulation.now + this.#of.recovery.restart, (later) => {
      outage.stage = 'waiting';
      if (this.#whole(instance)) this.#resume(later, instance, outage);
      else this.#restart(later, instance, outage);
    });
  }

  /** Whether an instance has all its parts, spare ones included that take the place of dead ones. */
  #replaced(instance: Instance): boolean {
    const { dies, recovery } = this.#of;
    return (dies.whole(instance) || (recovery.spares && dies.replace(instance))) && this.#whole(instance);
  }

  #resume(simulation: Simulation, instance: Instance, outage: Outage): void {
    const { service } = simulation;
    this.#outages.delete(instance);
    this.#of.strain.moved(instance);
    service.resume(instance);
    // What was taken out of the routers' sight comes back into it.
    if (instance.state === 'off') service.setState(instance, outage.before === 'draining' ? 'draining' : 'active');
    const narrow = this.#narrow.get(instance);
    for (const record of outage.records) if (narrow?.records.has(record) !== true) record.restoredAt = simulation.now;
  }

  /** Lets an instance go on without its dead dies. Returns whether it can. */
  #narrowed(simulation: Simulation, instance: Instance, outage: Outage): boolean {
    const { narrowing, recovery, dies, strain, at } = this.#of;
    if (recovery.experts === 'restart' || narrowing === undefined) return false;
    const before = this.#narrow.get(instance);
    const places = new Set([...(before?.places ?? []), ...dies.deadPlaces(instance)]);
    if (places.size === 0 || outage.before === 'starting') return false;
    const how = narrowing.without(instance, places, before);
    const refused = typeof how === 'string' ? how : refusedBy(strain, instance, dies.of(instance), how);
    if (typeof how === 'string' || refused !== undefined) {
      for (const record of outage.records) record.refused = refused;
      return false;
    }
    for (const record of outage.records) {
      record.ranks = (record.ranks ?? 0) + how.ranks.size - (before?.ranks.size ?? 0);
      record.experts = (record.experts ?? 0) + how.experts;
      record.bytes = (record.bytes ?? 0) + how.bytes;
    }
    const records = new Set([...outage.records, ...(before?.records ?? [])]);
    this.#narrow.set(instance, { ...how, records, widening: before?.widening ?? false });
    dies.leave(instance, how.places);
    outage.stage = 'coming';
    simulation.service.setState(instance, 'off');
    simulation.service.lose(instance, how.ranks, (slot) => this.#interrupted(simulation, slot, outage.records));
    at(simulation.now + recovery.regroup + how.moving, (later) => this.#goOn(later, instance, outage, how));
    return true;
  }

  /** The ranks that are left have all experts and go on. */
  #goOn(simulation: Simulation, instance: Instance, outage: Outage, how: Narrowed): void {
    if (!this.#sound(instance)) {
      this.#noticeLater(simulation, instance, outage);
      return;
    }
    for (const record of outage.records) record.wentOnAt = simulation.now;
    this.#of.prices.lost(instance, how.lost);
    this.#resume(simulation, instance, outage);
    this.#widen(simulation, instance);
  }

  /** More was lost while it was brought back: that is noticed as everything is. */
  #noticeLater({ now }: Simulation, instance: Instance, outage: Outage): void {
    this.#of.at(Math.max(now, outage.struckAt + this.#of.recovery.detection), (later) => this.#notice(later, instance, outage));
  }

  /** Brings an instance back to its full width, if its parts are whole or spare ones take their place: they start beside it, then all ranks join in one pause. */
  #widen(simulation: Simulation, instance: Instance): void {
    const { recovery, at } = this.#of;
    const narrow = this.#narrow.get(instance);
    if (narrow === undefined || narrow.widening || this.#outages.has(instance) || !this.#replaced(instance)) return;
    narrow.widening = true;
    at(simulation.now + recovery.restart, (later) => {
      const now = this.#narrow.get(instance);
      if (now === undefined) return;
      now.widening = false;
      if (this.#outages.has(instance)) return;
      if (!this.#whole(instance)) {
        this.#widen(later, instance);
        return;
      }
      const outage: Outage = { records: new Set(now.records), struckAt: -Infinity, stage: 'coming', before: instance.state };
      this.#outages.set(instance, outage);
      later.service.pause(instance);
      later.service.setState(instance, 'off');
      at(later.now + recovery.regroup, (end) => this.#widened(end, instance, outage));
    });
  }

  #widened(simulation: Simulation, instance: Instance, outage: Outage): void {
    if (!this.#whole(instance)) {
      this.#noticeLater(simulation, instance, outage);
      return;
    }
    this.#forget(instance, outage);
    this.#resume(simulation, instance, outage);
  }

  /** An instance has all its ranks again, or will when it comes back. */
  #forget(instance: Instance, outage?: Outage): void {
    const narrow = this.#narrow.get(instance);
    if (narrow === undefined) return;
    this.#narrow.delete(instance);
    this.#of.dies.leave(instance, new Set());
    this.#of.prices.lost(instance, undefined);
    this.#of.service.regain(instance);
    for (const record of narrow.records) outage?.records.add(record);
  }
}

function refusedBy(strain: Strain, instance: Instance, dies: readonly number[], { places }: Narrowed): string | undefined {
  return strain.joins(
    instance,
    dies.filter((_, place) => !places.has(place)),
  )
    ? undefined
    : 'the dies that are left do not reach each other';
}
