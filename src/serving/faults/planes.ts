import { times } from '../../catalogue/figure.ts';
import type { Machine } from '../../catalogue/machine.ts';
import type { StepPricer } from '../../cost/batch.ts';
import type { StepSetting } from '../../cost/check.ts';
import type { PricerSource } from '../../cost/shared-pricers.ts';
import { shareLeft } from '../../network/flows/left.ts';
import type { Fabric } from '../../network/topology/fabric.ts';
import { capacitiesOf } from '../../network/topology/faults.ts';
import type { PlannedFault } from './fault.ts';
import type { PlaneDamage } from './timetable.ts';

/**
 * What faults of links leave of a machine's planes. Exchanges and collectives of an instance run at the share that the slowest flow of an
 * all-to-all among its dies has left: traffic is spread over what works, and the slowest sets the step.
 */
export class Planes implements PlaneDamage {
  readonly #machine: Machine;
  readonly #settings: readonly StepSetting[];
  readonly #pricers: PricerSource;
  readonly #whole: readonly StepPricer[];
  readonly #active = new Set<PlannedFault>();
  readonly #known = new Map<string, readonly number[]>();
  readonly #priced = new Map<string, StepPricer>();

  /** @param settings of pools, and @param whole what their iterations cost without faults */
  constructor(machine: Machine, settings: readonly StepSetting[], whole: readonly StepPricer[], pricers: PricerSource) {
    this.#machine = machine;
    this.#settings = settings;
    this.#whole = whole;
    this.#pricers = pricers;
  }

  add(fault: PlannedFault): void {
    this.#active.add(fault);
    this.#known.clear();
  }

  remove(fault: PlannedFault): void {
    this.#active.delete(fault);
    this.#known.clear();
  }

  left(dies: readonly number[]): readonly number[] {
    if (this.#active.size === 0) return this.#machine.planes.map(() => 1);
    const key = dies.join(' ');
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#machine.planes.map(({ name }) => this.#leftOn(name, dies));
      this.#known.set(key, known);
    }
    return known;
  }

  pricer(pool: number, left: readonly number[]): StepPricer {
    if (left.every((share) => share === 1)) return this.#whole[pool];
    const key = `${pool} ${left.join(' ')}`;
    let priced = this.#priced.get(key);
    if (priced === undefined) {
      priced = this.#pricers({ ...this.#settings[pool], machine: slowed(this.#machine, left) }).compiled;
      this.#priced.set(key, priced);
    }
    return priced;
  }

  #leftOn(plane: string, dies: readonly number[]): number {
    const faults = [...this.#active].flatMap(({ struck, left }) =>
      struck.links.flatMap(({ fabric, fault }) => (fabric.plane.name === plane ? [{ fabric, fault: { ...fault, left } }] : [])),
    );
    const fabric: Fabric | undefined = faults[0]?.fabric;
    if (fabric === undefined) return 1;
    const capacity = capacitiesOf(
      fabric,
      faults.map(({ fault }) => fault),
    );
    return shareLeft(fabric, capacity, dies);
  }
}

/** A machine whose planes reach a share of what they do. */
function slowed(machine: Machine, left: readonly number[]): Machine {
  return {
    ...machine,
    planes: machine.planes.map((plane, p) => ({
      ...plane,
      port: { ...plane.port, bandwidth: times(plane.port.bandwidth, left[p]) },
      paths: plane.paths.map((path) => ({ ...path, bandwidth: times(path.bandwidth, left[p]) })),
    })),
  };
}
