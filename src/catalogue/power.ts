import type { Figure } from './figure.ts';

/** Parts of a machine beside its chips, by what their power goes with: steps of the hosts, traffic of a plane, the heat of the chips. */
export const drawGroups = ['host', 'fabric', 'cooling'] as const;
export type DrawGroup = (typeof drawGroups)[number];

/** What moves a draw from its idle power to its maximum, where not what its group says: steps that run, or what the chips draw. */
export const drawDrivers = ['steps', 'chips'] as const;
export type DrawDriver = (typeof drawDrivers)[number];

/** What there is one of for each draw; switches and modules are those of a plane. */
export const drawOwners = ['chip', 'cpu', 'node', 'switch', 'module'] as const;
export type DrawOwner = (typeof drawOwners)[number];

/** What one kind of part draws beside the chips. [W each] */
export interface Draw {
  readonly name: string;
  readonly group: DrawGroup;
  readonly per: DrawOwner;
  /** Of switches and modules; of other fabric the one whose traffic it follows, where it follows any. */
  readonly plane?: string | undefined;
  readonly follows?: DrawDriver | undefined;
  /** Absent: the part always draws its maximum. */
  readonly idle?: Figure | undefined;
  readonly max: Figure;
}

/** What activity of a chip draws, whatever the chip. Shares are of the range between its idle power and its maximum. */
export interface ActivityFigures {
  /** While any kernel runs: clocks, issue, leakage of what is awake. [share] */
  readonly running: Figure;
  /** What the engine adds at its full rate. [share] */
  readonly matrix: Figure;
  readonly vector: Figure;
  /** Of a byte between the memory and the cores, and of one through a port. [J/B] */
  readonly memory: Figure;
  readonly link: Figure;
}

/** What it takes to own a machine, where only its purchase is known. */
export interface OwnershipFigures {
  /** Time over which the purchase is spread. [s] */
  readonly life: Figure;
  /** [$/J] */
  readonly electricity: Figure;
}

/** Facts about power that hold for any machine, read from data/power.yaml. */
export interface PowerFacts {
  readonly activity: ActivityFigures;
  readonly ownership: OwnershipFigures;
}
