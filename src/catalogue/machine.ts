import { unreachable } from '../base/errors.ts';
import type { Chip } from './chip.ts';
import type { Figure } from './figure.ts';
import type { Draw, PowerFacts } from './power.ts';

/**
 * What a plane is for. `package` joins the dies of one chip, `host` joins chips with the CPUs of their node, `scale-up` is the load-store
 * fabric, `scale-out` is RDMA, `front-end` is the ordinary network.
 */
export const planeRoles = ['package', 'host', 'scale-up', 'scale-out', 'front-end'] as const;
export type PlaneRole = (typeof planeRoles)[number];

/** What owns a port of the plane. */
export const portOwners = ['die', 'chip', 'cpu', 'node'] as const;
export type PortOwner = (typeof portOwners)[number];

export const pathEnds = ['die', 'cpu'] as const;
export type PathEnd = (typeof pathEnds)[number];
export const pathScopes = ['package', 'node', 'machine'] as const;
export type PathScope = (typeof pathScopes)[number];
export const pathOperations = ['read', 'write'] as const;
export type PathOperation = (typeof pathOperations)[number];

/** What the chips of a switch level are counted by: each node, each sub-plane of each domain, each rail, or the whole machine. */
export const switchUnits = ['node', 'sub-plane', 'rail', 'machine'] as const;
export type SwitchUnit = (typeof switchUnits)[number];

/** A measured or stated point-to-point path: streaming rate of one way and latency of a small message. */
export interface Path {
  readonly from: PathEnd;
  readonly to: PathEnd;
  readonly operation: PathOperation;
  /** How far apart the two ends are. */
  readonly scope: PathScope;
  readonly bandwidth: Figure;
  readonly latency: Figure;
}

/** One level of switch chips of a plane. */
export interface SwitchLevel {
  readonly name: string;
  /** How many chips there are in each unit of `per`. */
  readonly chips: number;
  readonly per: SwitchUnit;
  /** Whether the chips were counted from the links that come up, as nobody stated them. */
  readonly counted?: boolean | undefined;
  /** Ports of one chip towards the level below, where known. */
  readonly ports?: number | undefined;
  /** Links from one chip of this level to the next level: 0 at the top, unless the plane goes on beyond the machine. */
  readonly uplinks: number;
  /** Rate of one link of this level, one way. [B/s] */
  readonly linkBandwidth: Figure;
  /** Links that one optical module carries, where the uplinks are optical. */
  readonly linksPerModule?: number | undefined;
}

/** A set of links of its own: nothing on one plane slows another. Bandwidths are one way. */
export interface Plane {
  readonly name: string;
  readonly role: PlaneRole;
  /** Injection bandwidth of one port owner. [B/s] */
  readonly port: {
    readonly owner: PortOwner;
    readonly bandwidth: Figure;
    /** One way, of a small message. [s] */
    readonly latency: Figure;
    /** Optical cables (a module at either end) of one port, where it leaves its node by light. */
    readonly opticalCables?: number | undefined;
  };
  /** Injection bandwidth of one CPU socket, where CPUs sit on the plane too. [B/s] */
  readonly cpuPort?: Figure | undefined;
  /** Share of the port that one stream reaches where no path is measured. */
  readonly efficiency: Figure;
  /**
   * Whether a die reads and writes the memory of the others. Where not, what it sends goes through the memory of the host: the latency is that of
   * one such step, the efficiency what it reaches, and no kernel runs that stores into the memory of a peer.
   */
  readonly peerAccess: boolean;
  /** How many chips one domain of the plane holds; beyond it, traffic takes another plane. */
  readonly domainChips: number;
  /** Equal parts with switches of their own over which every port is spread. */
  readonly subPlanes: number;
  /** Rails with switches of their own: chip k of every node is on rail k, counted round. */
  readonly rails: number;
  /** Switch levels from the ports up; none where ports join directly. */
  readonly levels: readonly SwitchLevel[];
  /** Measured point-to-point paths; the first that fits is used. */
  readonly paths: readonly Path[];
}

export interface Node {
  readonly chips: number;
  readonly cpus: number;
  readonly cpu: string;
  /** Host memory. [B per node] */
  readonly dram: Figure;
  /** Network or local storage that a node reaches: one way [B/s], and the latency of a read [s]. */
  readonly storage?: { readonly bandwidth: Figure; readonly latency: Figure } | undefined;
}

export interface Racks {
  readonly compute: number;
  readonly communication: number;
  readonly nodesPerRack: number;
}

/** A machine: nodes of chips and CPUs on planes. */
export interface Machine {
  readonly name: string;
  readonly title: string;
  readonly chip: Chip;
  readonly nodes: number;
  /** Whether its users may ask for another number of nodes: what is stated for the machine as a whole grows with them. */
  readonly scalable: boolean;
  readonly node: Node;
  readonly racks?: Racks | undefined;
  readonly planes: readonly Plane[];
  /** All-in power of the machine at full load, fabric and hosts included. [W] */
  readonly power?: Figure | undefined;
  /** What draws power beside the chips; absent: the rest of the all-in power does, always. */
  readonly draws?: readonly Draw[] | undefined;
  /** Share of the power taken in that supplies turn into heat, and what the facility takes in over what the machine does. */
  readonly losses?: Figure | undefined;
  readonly pue?: Figure | undefined;
  /** What activity draws; absent: a chip that runs anything draws its maximum. */
  readonly powerFacts?: PowerFacts | undefined;
  /** Purchase price. [$] */
  readonly price?: Figure | undefined;
  /** Cost of ownership or rent. [$/s per chip] */
  readonly hourly?: Figure | undefined;
  /** Software stack that its users run by default (a name in data/stacks). */
  readonly stack: string;
  readonly notes: readonly string[];
}

/** Chips in the whole machine. */
export function chipCount(machine: Machine): number {
  return machine.nodes * machine.node.chips;
}

/** Dies in the whole machine. */
export function dieCount(machine: Machine): number {
  return chipCount(machine) * machine.chip.dies;
}

/** The plane of a role, or undefined where the machine has none. */
export function planeOf(machine: Machine, role: PlaneRole): Plane | undefined {
  return machine.planes.find((plane) => plane.role === role);
}

/** Parts of one kind, each of which may own a port, in the whole machine. */
export function ownersOf(machine: Machine, kind: PortOwner): number {
  switch (kind) {
    case 'die':
      return dieCount(machine);
    case 'chip':
      return chipCount(machine);
    case 'cpu':
      return machine.nodes * machine.node.cpus;
    case 'node':
      return machine.nodes;
    default:
      return unreachable(kind);
  }
}
