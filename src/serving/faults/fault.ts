import type { Seconds } from '../../base/units.ts';
import type { NamedFault } from '../../network/topology/end.ts';

/** What a fault strikes: dies, the sockets of nodes, or links and switch chips of planes. Dies and CPUs are numbered over the machine. */
export interface Struck {
  /** As it was named. */
  readonly text: string;
  readonly dies: readonly number[];
  readonly cpus: readonly number[];
  readonly links: readonly NamedFault[];
}

/**
 * - `kill`: what it was doing and what its memory held is lost.
 * - `hang`: it does nothing for a while and goes on, unless that is noticed before: then it is as if killed.
 * - `slow`: it works at a share of its speed.
 * - `jitter`: now and then an iteration waits for it, as for a host that does something else.
 * - `cut`: links that carry nothing; what uses them hangs until they are routed around.
 * - `choke`: links at a share of their rate.
 */
export const faultKinds = ['kill', 'hang', 'slow', 'jitter', 'cut', 'choke'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** How often an iteration waits, and how long. */
export interface Jitter {
  /** Of the iterations that begin. */
  readonly share: number;
  readonly by: Seconds;
}

/** A fault of a timetable. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly at: Seconds;
  /** Infinity: for good. */
  readonly duration: Seconds;
  readonly struck: Struck;
  /** Share of the speed or rate that is left; 0 for `kill`, `hang` and `cut`, 1 for `jitter`. */
  readonly left: number;
  readonly jitter?: Jitter | undefined;
}

/** Faults of parts of one kind that come at random, each part on its own. */
export interface RandomFaults {
  readonly kind: FaultKind;
  /** Mean time between failures of one part. */
  readonly mtbf: Seconds;
  readonly duration: Seconds;
  readonly parts: readonly Struck[];
  readonly left: number;
  readonly jitter?: Jitter | undefined;
}

/**
 * What an instance whose experts are spread over its dies does when it loses some.
 * - `restart`: it comes back whole or not at all.
 * - `replace`: it goes on without their ranks; experts that have no copy any more are placed anew on those that are left.
 */
export const expertRecoveries = ['restart', 'replace'] as const;
export type ExpertRecovery = (typeof expertRecoveries)[number];

/** Where experts without a live copy come from: host memory, or another instance that has them, where one serves. */
export const expertSources = ['memory', 'peers'] as const;
export type ExpertsFrom = (typeof expertSources)[number];

/** How a deployment gets over faults. */
export interface Recovery {
  /** From a fault until somebody knows: until then requests are still sent there. */
  readonly detection: Seconds;
  /** From then, or from when its parts are whole, until an instance serves again: processes, groups, weights. */
  readonly restart: Seconds;
  /** How often a request whose KV was lost is computed anew before it fails. */
  readonly retries: number;
  /** Whether dies that nothing is deployed on take the place of dead ones. */
  readonly spares: boolean;
  readonly experts: ExpertRecovery;
  /** Under `replace`: what groups and graphs of other ranks than before take, each time, while all stand still. */
  readonly regroup: Seconds;
}

/**
 * Assumed where nothing is said: how a deployment is run is not published. What regrouping takes is: 10.2 to 12.8 s from a fault until 80 NPUs
 * served on, where no weights were loaded (ReviveMoE, arXiv 2602.21140).
 */
export const assumedRecovery: Recovery = { detection: 5, restart: 60, retries: 3, spares: true, experts: 'restart', regroup: 10 };

/** What became of a fault. */
export interface FaultRecord {
  readonly text: string;
  readonly kind: FaultKind;
  readonly at: Seconds;
  /** When it was over, and when the last instance that it took served again; undefined while they have not. */
  healedAt?: Seconds | undefined;
  restoredAt?: Seconds | undefined;
  /** When the ranks that were left went on without the others, of the last instance, and how many ranks went for it; absent where instances come back whole. */
  wentOnAt?: Seconds | undefined;
  ranks?: number | undefined;
  /** Experts that had no copy left and were placed anew, in all layers, and the bytes of their weights. */
  experts?: number | undefined;
  bytes?: number | undefined;
  /** Why an instance could not go on without what it had lost. */
  refused?: string | undefined;
  /** Instances that it stopped or slowed. */
  instances: number;
  /** Requests that lost what they held, those of them that failed, and tokens that have to be computed again. */
  interrupted: number;
  failed: number;
  tokens: number;
}
