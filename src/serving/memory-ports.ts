import type { Machine, Plane } from '../catalogue/machine.ts';
import { dieBandwidth, pathOf } from '../network/reach.ts';
import type { Direction, Wiring } from '../network/wiring.ts';

/** Links of each way, by number. */
export type WaysOf = Readonly<Record<Direction, number>>;

/**
 * Ports between dies and the host memory of nodes on a plane: what is read leaves through the ports of CPUs, or those that a node has instead, and enters
 * through those of dies. Payload reaches what a die measures to and from a CPU.
 */
export class MemoryPorts {
  readonly #machine: Machine;
  readonly #plane: Plane;
  readonly #wiring: Wiring;

  constructor(machine: Machine, plane: Plane, wiring: Wiring) {
    this.#machine = machine;
    this.#plane = plane;
    this.#wiring = wiring;
  }

  /** The memory of some nodes together. */
  memory(nodes: readonly number[]): WaysOf {
    const { read, write } = this.#paths;
    const general = this.#plane.efficiency.value;
    const cpu = this.#plane.cpuPort?.value;
    // What leaves a CPU is read by dies, what enters it is written by them.
    const share = { out: cpu === undefined ? general : this.#share(cpu, read), in: cpu === undefined ? general : this.#share(cpu, write) };
    const ends = nodes.flatMap((node) => hostEnds(this.#machine, this.#plane, node));
    return both((direction) => this.#wiring.ports(this.#plane, ends, direction, share[direction], true));
  }

  /** Some dies together. */
  dies(dies: readonly number[]): WaysOf {
    const { read, write } = this.#paths;
    const die = dieBandwidth(this.#machine, this.#plane);
    const share = { out: this.#share(die, write), in: this.#share(die, read) };
    const ends = dies.map((index) => ({ kind: 'die' as const, index }));
    return both((direction) => this.#wiring.ports(this.#plane, ends, direction, share[direction], true));
  }

  /** Rates that dies measure, where ports are not of whole nodes. */
  get #paths(): { readonly read: number | undefined; readonly write: number | undefined } {
    if (this.#plane.port.owner === 'node') return { read: undefined, write: undefined };
    const of = (operation: 'read' | 'write'): number | undefined => pathOf(this.#plane, 'machine', operation, 'cpu')?.bandwidth.value;
    return { read: of('read'), write: of('write') };
  }

  #share(port: number, rate: number | undefined): number {
    return rate === undefined ? this.#plane.efficiency.value : Math.min(1, rate / port);
  }
}

function both(make: (direction: Direction) => number): WaysOf {
  return { out: make('out'), in: make('in') };
}

/** What stands for the memory of a node on a plane: its CPUs where they have ports, else its own ports. */
function hostEnds(machine: Machine, plane: Plane, node: number): readonly { readonly kind: 'cpu' | 'node'; readonly index: number }[] {
  const { cpus } = machine.node;
  const onPlane = cpus > 0 && (plane.cpuPort !== undefined || plane.role === 'host');
  return onPlane ? Array.from({ length: cpus }, (_, cpu) => ({ kind: 'cpu', index: node * cpus + cpu })) : [{ kind: 'node', index: node }];
}
