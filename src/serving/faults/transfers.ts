import type { NamedFault } from '../../network/topology/end.ts';
import { verticesOf } from '../../network/topology/end.ts';
import type { Wiring } from '../../network/wiring.ts';
import type { Simulation } from '../simulation.ts';
import type { PlannedFault } from './fault.ts';

/** What faults do to KV on its way and to the memory that it is cached in: links carry what their cables have left, and a killed socket takes its node out of the cache (FLT-9). */
export class TransferDamage {
  readonly #wiring: Wiring | undefined;
  readonly #cpusPerNode: number;
  readonly #active: Set<PlannedFault> = new Set();

  /** @param wiring of the plant's links, in their order; without, nothing moves */
  constructor(wiring: Wiring | undefined, cpusPerNode: number) {
    this.#wiring = wiring;
    this.#cpusPerNode = cpusPerNode;
  }

  strike(simulation: Simulation, fault: PlannedFault): void {
    this.#active.add(fault);
    this.#apply(simulation);
  }

  heal(simulation: Simulation, fault: PlannedFault): void {
    this.#active.delete(fault);
    this.#apply(simulation);
  }

  #apply({ transport, prefixes }: Simulation): void {
    const wiring = this.#wiring;
    if (wiring === undefined) return;
    const faults = [...this.#active].flatMap((fault) => [...struckLinks(fault), ...slowSockets(fault, wiring)]);
    wiring.rates(faults).forEach((rate, link) => {
      transport.setCapacity(link, rate);
    });
    const dark = new Set(
      [...this.#active].flatMap(({ kind, struck }) => (kind === 'kill' ? struck.cpus.map((cpu) => Math.floor(cpu / this.#cpusPerNode)) : [])),
    );
    for (let node = 0; node < (prefixes?.found.length ?? 0); node++) prefixes?.setNode(node, !dark.has(node));
  }
}

function struckLinks({ struck, left }: PlannedFault): readonly Omit<NamedFault, 'text'>[] {
  return struck.links.map(({ fabric, fault }) => ({ fabric, fault: { ...fault, left } }));
}

/** A socket that works at a share of its speed moves bytes at that share. */
function slowSockets({ kind, struck, left }: PlannedFault, { fabrics }: Wiring): readonly Omit<NamedFault, 'text'>[] {
  if (kind !== 'slow' || struck.cpus.length === 0) return [];
  return fabrics.flatMap((fabric) => {
    const at = fabric.first.cpu === undefined ? [] : struck.cpus.flatMap((index) => verticesOf(fabric, { kind: 'cpu', index, text: '' }));
    return at.length === 0 ? [] : [{ fabric, fault: { at, left } }];
  });
}
