import type { Bytes, BytesPerSecond, Seconds } from '../../base/units.ts';
import { planeOf, type Machine, type Plane } from '../../catalogue/machine.ts';
import { domainDies } from '../../network/reach.ts';
import type { NamedFault } from '../../network/topology/end.ts';
import { Transfers } from '../../network/transfers.ts';
import { Wiring } from '../../network/wiring.ts';
import { memoryPlane } from '../control/weights.ts';
import { joined, linksBetween } from '../links.ts';
import { MemoryPorts } from '../memory-ports.ts';
import type { EndPlant } from '../plant.ts';

/** Weights that a die needs, from another die that has them or from host memory. */
export interface WeightMove {
  readonly to: number;
  readonly from?: number | undefined;
  readonly bytes: Bytes;
}

/** Where weights that no die holds come from. */
export interface WeightSource {
  /** Whether host memory keeps them: else they come from the store, whose rate all share. */
  readonly kept: boolean;
  readonly store: BytesPerSecond;
  /** What one die takes in from host memory: read, converted, placed. */
  readonly perDie: BytesPerSecond;
}

/**
 * Times of weights on their way to dies over the explicit links of a machine, shared by max-min fairness among all that move at once. What else these links
 * carry meanwhile is not counted: the instance that waits exchanges nothing.
 */
export class WeightMoves {
  readonly #machine: Machine;
  readonly #source: WeightSource;
  readonly #wiring: Wiring;

  constructor(machine: Machine, source: WeightSource) {
    this.#machine = machine;
    this.#source = source;
    this.#wiring = new Wiring(machine);
  }

  /** Until the last of them is there; Infinity where no way leads to one. */
  time(moves: readonly WeightMove[], faults: readonly Omit<NamedFault, 'text'>[]): Seconds {
    const flows = moves.filter(({ bytes }) => bytes > 0).map((move) => ({ move, links: this.#linksOf(move) }));
    if (flows.some(({ links }) => links === undefined)) return Infinity;
    const rates = [...this.#wiring.rates(faults)];
    // Behind the links of the machine: the store, and what the software of each die takes in.
    const store = rates.push(this.#source.store) - 1;
    const ownOf = new Map<number, number>();
    for (const { move } of flows) if (move.from === undefined && !ownOf.has(move.to)) ownOf.set(move.to, rates.push(this.#source.perDie) - 1);
    const transfers = new Transfers(rates);
    flows.forEach(({ move, links = [] }, i) => {
      const own = ownOf.get(move.to);
      transfers.start(0, i, move.bytes, [...links, ...(own === undefined ? [] : [own]), ...(move.from === undefined && !this.#source.kept ? [store] : [])]);
    });
    let now = 0;
    while (transfers.active > 0) {
      transfers.share(now);
      now = transfers.nextEndAt();
      if (now === Infinity) return Infinity;
      transfers.finish(now);
    }
    return now;
  }

  #linksOf({ to, from }: WeightMove): readonly number[] | undefined {
    const machine = this.#machine;
    if (from !== undefined) return this.#between(from, to);
    const plane = memoryPlane(machine);
    if (plane === undefined) return [];
    const ports = new MemoryPorts(machine, plane, this.#wiring);
    const pool = ports.memory(Array.from({ length: machine.nodes }, (_, node) => node));
    return [pool.out, ports.dies([to]).in];
  }

  /** From die to die, over the nearest plane that joins both. */
  #between(from: number, to: number): readonly number[] | undefined {
    const machine = this.#machine;
    const plane = (['scale-up', 'scale-out', 'host'] as const)
      .flatMap((role) => planeOf(machine, role) ?? [])
      .find((one) => Math.floor(from / domainDies(machine, one)) === Math.floor(to / domainDies(machine, one)));
    if (plane === undefined) return undefined;
    const [source, sink] = [this.#end(plane, from, 'out'), this.#end(plane, to, 'in')];
    return joined(source, sink) ? linksBetween(source, sink) : undefined;
  }

  #end(plane: Plane, index: number, direction: 'out' | 'in'): EndPlant {
    const port = this.#wiring.ports(plane, [{ kind: 'die', index }], direction, plane.efficiency.value, false);
    return { ports: [port], levels: this.#wiring.levels(port) };
  }
}
