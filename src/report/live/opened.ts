import type { Machine } from '../../catalogue/machine.ts';
import { trafficText } from '../traffic.ts';
import type { Run } from '../../serving/deploy.ts';
import type { InstanceRole } from '../../serving/plant.ts';
import { placement, type RankDies } from '../../serving/placement.ts';
import type { ServiceLevel } from '../../serving/scenario.ts';

/** A pool as a page draws it. Instances and ranks of all pools are numbered one behind the other. */
export interface OpenedPool {
  readonly name: string;
  readonly role: InstanceRole;
  readonly instances: number;
  readonly firstInstance: number;
  /** Of one instance. */
  readonly ranks: number;
  readonly firstRank: number;
  /** By rank over all instances: its dies, stage by stage. */
  readonly dies: readonly RankDies[];
  /** Of all instances. */
  readonly chips: number;
  readonly maxSequences: number;
  readonly kvTokens: number;
}

/** A link that transfers take, as a page draws it. */
export interface OpenedLink {
  readonly name: string;
  /** Absent for storage, which is on no plane. */
  readonly plane?: string | undefined;
  /** [B/s] */
  readonly rate: number;
}

/** A scenario that was found to fit. */
export interface Opened {
  readonly name: string;
  readonly machine: Machine;
  readonly model: string;
  readonly stack: string;
  readonly workload: string;
  readonly requests: number;
  readonly slo: ServiceLevel;
  readonly pools: readonly OpenedPool[];
  readonly links: readonly OpenedLink[];
  readonly transferPlane?: string | undefined;
  readonly cache?: { readonly plane: string; readonly nodes: number } | undefined;
  readonly doubts: readonly string[];
}

export function openedOf({ scenario, deployed }: Run): Opened {
  const { machine, model, stack, workload, deployment, slo } = scenario;
  const laid = placement(deployed.pools.map(({ layout, plant }) => ({ instances: plant.instances, layout })));
  let [firstInstance, firstRank] = [0, 0];
  const pools = deployed.pools.map(({ plant, chips }, p): OpenedPool => {
    const { name, role, instances, ranks, maxSequences, kvBlocks, blockTokens } = plant;
    const pool = { name, role, instances, firstInstance, ranks, firstRank, dies: laid[p] ?? [], chips, maxSequences, kvTokens: kvBlocks * blockTokens };
    firstInstance += instances;
    firstRank += instances * ranks;
    return pool;
  });
  const split = deployment.kind === 'disaggregated' ? deployment : undefined;
  return {
    name: scenario.name,
    machine,
    model: model.name,
    stack: stack.name,
    workload: trafficText(workload, workload.requests),
    requests: workload.requests,
    slo,
    pools,
    links: deployed.plant.links.map(({ name, rate }, i) => ({ name, rate, plane: deployed.wiring?.links[i]?.plane })),
    transferPlane: split?.transferPlane,
    cache: split?.cache === undefined ? undefined : { plane: split.cache.plane, nodes: split.cache.nodes },
    doubts: deployed.doubts.map(({ message }) => message),
  };
}
