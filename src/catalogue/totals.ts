import { unreachable } from '../base/errors.ts';
import type { Bytes, BytesPerSecond, FlopPerSecond, Watts } from '../base/units.ts';
import type { Figure } from './figure.ts';
import { numberFormats, type NumberFormat } from './format.ts';
import { chipCount, dieCount, ownersOf, type Machine, type Plane, type PlaneRole, type SwitchLevel } from './machine.ts';

/** Switch chips of one level of a plane in the whole machine and the links that go up from them. */
export interface LevelTotals {
  readonly name: string;
  readonly chips: number;
  readonly uplinks: number;
  /** One way. [B/s] */
  readonly linkBandwidth: BytesPerSecond;
  /** Bandwidth up, all links, one way. [B/s] */
  readonly uplinkBandwidth: BytesPerSecond;
}

/** One plane of the whole machine. */
export interface PlaneTotals {
  readonly name: string;
  readonly role: PlaneRole;
  readonly domains: number;
  /** Injection bandwidth of all owners of a port, CPUs apart. [B/s] */
  readonly oneWay: BytesPerSecond;
  readonly bothWays: BytesPerSecond;
  /** The same for CPU sockets, where they have ports of their own. [B/s] */
  readonly cpuOneWay: BytesPerSecond;
  readonly levels: readonly LevelTotals[];
  /** Optical modules, both ends of every cable counted; 0 where no optics are stated. */
  readonly opticalModules: number;
}

/** Peak of all dies in one format by one published value of a die's peak. */
export interface PeakTotal {
  readonly format: NumberFormat;
  readonly perDie: Figure;
  readonly total: FlopPerSecond;
  /** Totals by the other published values of the same peak, in the order of the file. */
  readonly alternatives: readonly FlopPerSecond[];
}

/** What a machine adds up to. Every entry is worked out from its parts. */
export interface Totals {
  readonly chips: number;
  readonly dies: number;
  readonly cpus: number;
  readonly memory: { readonly capacity: Bytes; readonly bandwidth: BytesPerSecond };
  readonly dram: Bytes;
  readonly peaks: readonly PeakTotal[];
  readonly planes: readonly PlaneTotals[];
  readonly switchChips: number;
  readonly opticalModules: number;
  /** Thermal design power of all chips, hosts and fabric not counted. */
  readonly chipPower: Watts;
}

/** Domains of a plane in the machine; a domain that is larger than the machine counts as one. */
export function domainsOf(machine: Machine, plane: Plane): number {
  return Math.max(1, Math.ceil(chipCount(machine) / plane.domainChips));
}

/** Switch chips of a level in the whole machine. */
export function chipsOfLevel(machine: Machine, plane: Plane, level: SwitchLevel): number {
  switch (level.per) {
    case 'node':
      return level.chips * machine.nodes;
    case 'sub-plane':
      return level.chips * plane.subPlanes * domainsOf(machine, plane);
    case 'rail':
      return level.chips * plane.rails;
    case 'machine':
      return level.chips;
    default:
      return unreachable(level.per);
  }
}

/** Links that come up to a level from the one below it, or from the ports. */
export function linksInto(machine: Machine, plane: Plane, at: number): number {
  const below = plane.levels[at - 1];
  if (below !== undefined) return chipsOfLevel(machine, plane, below) * below.uplinks;
  const [first] = plane.levels;
  return first === undefined ? 0 : ownersOf(machine, plane.port.owner) * Math.round(plane.port.bandwidth.value / first.linkBandwidth.value);
}

function levelTotals(machine: Machine, plane: Plane, level: SwitchLevel): LevelTotals {
  const chips = chipsOfLevel(machine, plane, level);
  const uplinks = chips * level.uplinks;
  const linkBandwidth = level.linkBandwidth.value;
  return { name: level.name, chips, uplinks, linkBandwidth, uplinkBandwidth: uplinks * linkBandwidth };
}

function planeTotals(machine: Machine, plane: Plane): PlaneTotals {
  const owners = ownersOf(machine, plane.port.owner);
  const oneWay = owners * plane.port.bandwidth.value;
  const uplinkModules = plane.levels.map((level) =>
    level.linksPerModule === undefined ? 0 : (2 * chipsOfLevel(machine, plane, level) * level.uplinks) / level.linksPerModule,
  );
  return {
    name: plane.name,
    role: plane.role,
    domains: domainsOf(machine, plane),
    oneWay,
    bothWays: 2 * oneWay,
    cpuOneWay: plane.cpuPort === undefined ? 0 : machine.nodes * machine.node.cpus * plane.cpuPort.value,
    levels: plane.levels.map((level) => levelTotals(machine, plane, level)),
    opticalModules: 2 * owners * (plane.port.opticalCables ?? 0) + uplinkModules.reduce((sum, modules) => sum + modules, 0),
  };
}

/** Adds up the parts of a machine. */
export function totalsOf(machine: Machine): Totals {
  const { die, power } = machine.chip;
  const chips = chipCount(machine);
  const dies = dieCount(machine);
  const planes = machine.planes.map((plane) => planeTotals(machine, plane));
  return {
    chips,
    dies,
    cpus: machine.nodes * machine.node.cpus,
    memory: { capacity: dies * die.memory.capacity.value, bandwidth: dies * die.memory.bandwidth.value },
    dram: machine.nodes * machine.node.dram.value,
    peaks: numberFormats.flatMap((format): PeakTotal[] => {
      const peak = die.matrix.peaks[format]?.peak;
      if (peak === undefined) return [];
      return [{ format, perDie: peak, total: dies * peak.value, alternatives: (peak.alternatives ?? []).map(({ value }) => dies * value) }];
    }),
    planes,
    switchChips: planes.reduce((sum, plane) => sum + plane.levels.reduce((all, level) => all + level.chips, 0), 0),
    opticalModules: planes.reduce((sum, plane) => sum + plane.opticalModules, 0),
    chipPower: chips * power.max.value,
  };
}
