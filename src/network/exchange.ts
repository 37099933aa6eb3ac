import type { Doubt } from '../base/doubt.ts';
import { bytesPerElement } from '../catalogue/format.ts';
import type { Exchange, ExchangeKernel, ExchangeOperation } from '../catalogue/library.ts';
import type { CollectiveOperation } from '../catalogue/library.ts';
import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import { collectiveModel } from './collective.ts';
import { partsOf, rowBytes, rowsOf, workOf, type ExchangeGroup, type ExchangeLoad, type ExchangeParts } from './exchange-load.ts';

export type { ExchangeLoad } from './exchange-load.ts';
import { apart, dieBandwidth, domainDies, planeFor } from './reach.ts';

/** Dispatch and combine over a group of dies. */
export interface ExchangeModel {
  readonly plane: 'scale-up' | 'scale-out';
  /** The kernel that runs; absent where none was measured. */
  readonly kernel?: Exchange | undefined;
  /** [s] */
  time(operation: ExchangeOperation, load: ExchangeLoad): number;
  /** What a call takes of the cores beside moving rows: as the same kernels take it where links are shortest, and the share `held` of the rest. [s] */
  onCores(operation: ExchangeOperation, load: ExchangeLoad): number;
  /** Where it goes. */
  parts(operation: ExchangeOperation, load: ExchangeLoad): ExchangeParts;
  /** Bytes that one die sends. [B] */
  bytes(operation: ExchangeOperation, load: ExchangeLoad): number;
  /** What had to be assumed of this group. */
  readonly doubts: readonly Doubt[];
  /** What has to be assumed of one load. */
  loadDoubts(operation: ExchangeOperation, load: ExchangeLoad): readonly Doubt[];
}

/**
 * The model of a group of `ranks` dies by the stack's kernels: a start, a cost of each rank and expert, of each token on its core, and bytes over the ports in the node and
 * beyond. Without any kernel for the chip and plane it is what the stack does without one. `left`: share of each port of a plane that faults leave (all of it).
 * @throws InputError when no plane joins them
 */
export function exchangeModel(machine: Machine, stack: Stack, kernel: ExchangeKernel, ranks: number, left: (plane: Plane) => number = () => 1): ExchangeModel {
  const scaleUp = planeOf(machine, 'scale-up');
  const role = scaleUp !== undefined && ranks <= domainDies(machine, scaleUp) ? 'scale-up' : 'scale-out';
  const plane = planeOf(machine, role) ?? planeFor(machine, ranks);
  if (plane === undefined || ranks > domainDies(machine, plane)) throw apart(machine, ranks);
  const found = plane.peerAccess ? pick(stack, machine.chip.generation, kernel, role) : undefined;
  if (found === undefined && stack.exchangeElsewhere?.way === 'all-gather') return gathered(machine, stack, plane, role, ranks, left);
  if (found === undefined) return unmeasured(machine, plane, stack, role, ranks, left);
  const port = (of: Plane): number => dieBandwidth(machine, of) * left(of);
  const near = role === 'scale-out' && scaleUp !== undefined ? scaleUp : plane;
  const inNode = machine.node.chips * machine.chip.dies;
  const group: ExchangeGroup = {
    ranks,
    // Without a plane inside the node, everything leaves the die over the one that there is.
    perNode: role !== 'scale-out' ? inNode : scaleUp === undefined ? 1 : domainDies(machine, scaleUp),
    nearPort: port(near),
    farPort: port(plane),
    cores: Math.min(found.cores ?? Infinity, machine.chip.die.vector.cores.value),
  };
  return measured(found, group, role, kernel, stack.exchanges.find((entry) => sameKernels(entry, found, machine.chip.generation)) ?? found);
}

/** The kernels of a library inside a node. */
function sameKernels(entry: Exchange, { library, kernel }: Exchange, generation: string): boolean {
  return entry.library === library && entry.kernel === kernel && entry.plane === 'scale-up' && (entry.generations?.includes(generation) ?? true);
}

function pick(stack: Stack, generation: string, kernel: ExchangeKernel, role: 'scale-up' | 'scale-out'): Exchange | undefined {
  const fits = stack.exchanges.filter((entry) => entry.plane === role && (entry.generations === undefined || entry.generations.includes(generation)));
  return fits.find((entry) => entry.kernel === kernel) ?? fits[0];
}

function measured(found: Exchange, group: ExchangeGroup, role: 'scale-up' | 'scale-out', kernel: ExchangeKernel, inside: Exchange): ExchangeModel {
  const twoPlanes = role === 'scale-out';
  const ranks = Math.min(group.ranks, inside.measured.ranks[1]);
  const parts = (operation: ExchangeOperation, load: ExchangeLoad): ExchangeParts =>
    partsOf(found[operation], workOf(found, operation, group, load), twoPlanes);
  return {
    plane: role,
    kernel: found,
    doubts: groupDoubts(found, group, kernel),
    bytes: (operation, load) => rowsOf(found, group.ranks, load) * rowBytes(found, operation, load.hidden, load.format),
    parts,
    time: (operation, load) => (load.tokens <= 0 ? 0 : parts(operation, load).time),
    onCores(operation, load) {
      // As many ranks as were measured, with as many experts in all as here.
      const localExperts = ((load.localExperts ?? found.measured.experts / group.ranks) * group.ranks) / ranks;
      const work = workOf(inside, operation, { ...group, ranks }, { ...load, localExperts });
      const near = fixedOf(partsOf(inside[operation], work, false));
      return found.held === undefined ? near : near + found.held * Math.max(0, fixedOf(parts(operation, load)) - near);
    },
    loadDoubts(operation, load) {
      const [least, most] = found.measured.tokens;
      if (load.tokens <= most * 1.5 && load.tokens >= least / 1.5) return [];
      return [
        {
          rule: 'exchange-tokens',
          where: `${operation} over EP${group.ranks}`,
          message: `${found.library}, ${found.name}: measured with ${least === most ? most : `${least} to ${most}`} tokens a rank; ${load.tokens.toFixed(0)} are extrapolated`,
        },
      ];
    },
  };
}

/** What does not grow with rows. [s] */
function fixedOf({ start, ranks, experts }: ExchangeParts): number {
  return start + ranks + experts;
}

function groupDoubts(found: Exchange, { ranks, farPort }: ExchangeGroup, kernel: ExchangeKernel): readonly Doubt[] {
  const doubts: Doubt[] = [];
  const [first, last] = found.measured.ranks;
  const name = `${found.library}, ${found.name}`;
  if (ranks > last || ranks < first)
    doubts.push({
      rule: 'exchange-degree',
      where: `EP${ranks}`,
      message: `${name} was measured from EP${first} to EP${last}; EP${ranks} is extrapolated`,
    });
  if (found.kernel !== kernel)
    doubts.push({ rule: 'exchange-kernel', where: name, message: `no ${kernel} kernel was measured for this chip: the ${found.kernel} one stands in` });
  const pace = found.measured.port / farPort;
  if (pace < 0.99 || pace > 1.01)
    doubts.push({
      rule: 'exchange-bandwidth',
      where: name,
      message: `${name}: measured with ${(found.measured.port / 1e9).toFixed(0)} GB/s a die, ${(farPort / 1e9).toFixed(0)} GB/s here: bytes run at the same share of the port`,
    });
  return doubts;
}

/** Without a kernel of its own: every die gathers the tokens of all, and what its experts add to them is reduced and scattered. */
function gathered(machine: Machine, stack: Stack, plane: Plane, role: 'scale-up' | 'scale-out', ranks: number, left: (plane: Plane) => number): ExchangeModel {
  const model = collectiveModel(machine, stack, ranks, left);
  const operations: Readonly<Record<ExchangeOperation, CollectiveOperation>> = { dispatch: 'all-gather', combine: 'reduce-scatter' };
  const rows = (operation: ExchangeOperation, load: ExchangeLoad): number =>
    load.tokens * load.hidden * bytesPerElement[operation === 'combine' ? 'bf16' : load.format];
  const parts = (operation: ExchangeOperation, load: ExchangeLoad): ExchangeParts => {
    const { time, start } = model.price(operations[operation], ranks * rows(operation, load));
    return { start, ranks: 0, experts: 0, cores: 0, near: 0, far: time - start, time };
  };
  return {
    plane: role,
    bytes: (operation, load) => (ranks - 1) * rows(operation, load),
    parts,
    time: (operation, load) => (load.tokens <= 0 ? 0 : parts(operation, load).time),
    onCores: () => 0,
    doubts: [
      ...model.doubts,
      {
        rule: 'exchange-unmeasured',
        where: `EP${ranks} over ${plane.name}`,
        message: 'no dispatch or combine runs on this chip and plane: tokens are gathered by all, and what experts add is reduced and scattered',
      },
    ],
    loadDoubts: () => [],
  };
}

function unmeasured(
  machine: Machine,
  plane: Plane,
  stack: Stack,
  role: 'scale-up' | 'scale-out',
  ranks: number,
  left: (plane: Plane) => number,
): ExchangeModel {
  const start = (stack.collectives[0]?.start.value ?? 0) + plane.port.latency.value;
  const bandwidth = dieBandwidth(machine, plane) * plane.efficiency.value * left(plane);
  const bytes = (operation: ExchangeOperation, load: ExchangeLoad): number =>
    load.tokens * load.fanout * load.hidden * bytesPerElement[operation === 'combine' ? 'bf16' : load.format];
  const parts = (operation: ExchangeOperation, load: ExchangeLoad): ExchangeParts => {
    const far = (bytes(operation, load) * (ranks - 1)) / ranks / bandwidth;
    return { start, ranks: 0, experts: 0, cores: 0, near: 0, far, time: start + far };
  };
  return {
    plane: role,
    bytes,
    parts,
    time: (operation, load) => (load.tokens <= 0 ? 0 : parts(operation, load).time),
    onCores: () => 0,
    doubts: [
      {
        rule: 'exchange-unmeasured',
        where: `EP${ranks} over ${plane.name}`,
        message: 'no dispatch or combine was measured for this chip and plane: start of a collective plus bytes over the port',
      },
    ],
    loadDoubts: () => [],
  };
}
