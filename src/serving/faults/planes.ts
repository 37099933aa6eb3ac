import type { Machine } from '../../catalogue/machine.ts';
import { shareLeft } from '../../network/flows/left.ts';
import type { Fabric } from '../../network/topology/fabric.ts';
import { capacitiesOf } from '../../network/topology/faults.ts';
import type { NamedFault } from '../../network/topology/end.ts';
import type { Instance } from '../instance.ts';
import type { PlannedFault } from './fault.ts';
import type { PlaneDamage } from './strain.ts';

/**
 * What faults of links leave of a machine's planes. Exchanges and collectives of an instance run at the share that the slowest flow of an
 * all-to-all among its dies has left: traffic is spread over what works, and the slowest sets the step. Planes that none of them uses do not matter to it.
 */
export class Planes implements PlaneDamage {
  readonly #machine: Machine;
  readonly #usedBy: (instance: Instance) => ReadonlySet<string>;
  readonly #active = new Set<PlannedFault>();
  readonly #known = new Map<string, readonly number[]>();

  /** @param usedBy names of the planes that exchanges and collectives of an instance use */
  constructor(machine: Machine, usedBy: (instance: Instance) => ReadonlySet<string>) {
    this.#machine = machine;
    this.#usedBy = usedBy;
  }

  add(fault: PlannedFault): void {
    this.#active.add(fault);
    this.#known.clear();
  }

  remove(fault: PlannedFault): void {
    this.#active.delete(fault);
    this.#known.clear();
  }

  left(instance: Instance, dies: readonly number[]): readonly number[] {
    if (this.#active.size === 0) return this.#machine.planes.map(() => 1);
    const used = this.#usedBy(instance);
    const key = [...used, ...dies].join(' ');
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#machine.planes.map(({ name }) => (used.has(name) ? this.#leftOn(name, dies) : 1));
      this.#known.set(key, known);
    }
    return known;
  }

  /** Faults of links as they are. */
  get faults(): readonly Omit<NamedFault, 'text'>[] {
    return [...this.#active].flatMap(({ struck, left }) => struck.links.map(({ fabric, fault }) => ({ fabric, fault: { ...fault, left } })));
  }

  #leftOn(plane: string, dies: readonly number[]): number {
    const faults = this.faults.filter(({ fabric }) => fabric.plane.name === plane);
    const fabric: Fabric | undefined = faults[0]?.fabric;
    if (fabric === undefined) return 1;
    const capacity = capacitiesOf(
      fabric,
      faults.map(({ fault }) => fault),
    );
    return shareLeft(fabric, capacity, dies);
  }
}
