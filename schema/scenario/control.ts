import { formatQuantity } from '../../src/base/quantity.ts';
import { chipCount, dieCount, type Machine } from '../../src/catalogue/machine.ts';
import type { Control, Ratio, Scaling, Weights } from '../../src/serving/control/control.ts';
import { scalingTargets, type ScalingName } from '../../src/serving/control/scaling-policy.ts';
import type { Deployment, ServiceLevel } from '../../src/serving/scenario.ts';
import { dieGroups, type DieGroup } from './die-groups.ts';
import type { ControlFile, RatioFile, ScalingFile, WeightsFile } from './file.ts';
import type { OtherModel } from './models.ts';
import type { Problems } from './problems.ts';

/** What the checks of control loops look at. */
interface Around {
  readonly deployment: Deployment;
  readonly others: readonly OtherModel[];
  readonly machine: Machine;
  readonly slo: ServiceLevel;
  readonly problems: Problems;
}

/** Looks of a loop, and how long a pool is not made smaller: assumptions; autoscalers of containers look every 15 s and hold for 300 s. */
const period = 10;
const hold = 60;
/** Rate of one bucket of an object store; CloudMatrix384 paper, arXiv 2506.12708 v2, table 2. [B/s] */
const store = 2.5e9;
/** Weights of 72B on eight devices, from host memory, in 3.2 s: 18 GB each; DeepServe, arXiv 2501.14417. Of 8B on one it was 14.5 GB/s. [B/s] */
const perDie = 5.6e9;
/** A change of role of 52.7 s less 40.6 s of weights; ReviveMoE (80 NPUs, DeepSeek-V3). [s] */
const setup = 12;

/** How weights come to dies where a scenario does not say it. */
export const weightsByDefault: Omit<Weights, 'capacity' | 'setup'> = { place: 'pooled', store, perDie };

/** The control loops of a scenario file on its deployment and machine. */
export function readControl(file: ControlFile, around: Around): Control {
  const { problems } = around;
  const groups = dieGroups(around.deployment);
  const asked = [
    ...groups.map((group) => ({ ...group, at: `control.autoscale.${group.key}`, own: file.autoscale?.[group.key] })),
    ...around.others.flatMap(({ deployment, autoscale }, i) =>
      dieGroups(deployment).map((group) => ({ ...group, at: `models[${i}].autoscale`, own: autoscale })),
    ),
  ];
  const control = {
    period: file.period ?? period,
    scaling: asked.flatMap((group, pool) => (group.own === undefined ? [] : [scalingOf(group.own, pool, asked, around)])),
    ratio: file.ratio === undefined ? undefined : ratioOf(file.ratio, groups, around),
    weights: weightsOf(file.weights ?? {}, around),
  };
  for (const key of ['prefill', 'decode', 'merged'] as const)
    if (file.autoscale?.[key] !== undefined && !groups.some((group) => group.key === key))
      problems.add(`control.autoscale.${key}`, `the deployment has no ${key} pool; expected ${groups.map((group) => group.key).join(' or ')}`);
  if (file.ratio !== undefined && control.scaling.length > 0)
    problems.add('control', 'has both autoscale and ratio, which would pull at the same instances; expected one of them');
  if (control.scaling.length === 0 && file.ratio === undefined && !problems.covers('control'))
    problems.add('control', 'expected autoscale or ratio, got neither');
  return control;
}

/** A pool and what its file says of how many instances it may have. */
interface Asked extends DieGroup {
  readonly at: string;
  readonly own: ScalingFile | undefined;
}

/** Instances that a pool has at least. */
function least({ own, instances }: Asked): number {
  return own === undefined ? instances : (own.min ?? 1);
}

function scalingOf(file: ScalingFile, pool: number, asked: readonly Asked[], { machine, slo, problems }: Around): Scaling {
  const { key, instances, dies, at } = asked[pool] as Asked;
  const { min = 1, max = instances, policy = 'target-load' } = file;
  if (file.max === undefined && !problems.covers(`${at}.max`)) problems.add(`${at}.max`, 'expected the most instances, got nothing');
  if (min > max) problems.add(`${at}.min`, `expected at most the ${max} of max, got ${min}`);
  else if (min > instances || max < instances)
    problems.add(
      at,
      `${instances} ${instances === 1 ? 'instance serves' : 'instances serve'} from the beginning; expected min ${min} to max ${max} to hold that`,
    );
  if (min === 0 && key !== 'merged') problems.add(`${at}.min`, 'prefill and decode need each other; expected at least 1');
  const others = asked.reduce((sum, other, p) => sum + (p === pool ? 0 : least(other) * other.dies), 0);
  if (max * dies + others > dieCount(machine))
    problems.add(
      `${at}.max`,
      `${max} instances of ${dies / machine.chip.dies} chips${others > 0 ? ' beside the least of the other pools' : ''} do not fit the ${chipCount(machine)} chips of ${machine.name}`,
    );
  if (policy === 'slo' && (key === 'decode' ? slo.tpot : key === 'prefill' ? slo.ttft : (slo.ttft ?? slo.tpot)) === undefined)
    problems.add(`${at}.policy`, `slo follows the objective that ${key} instances answer for; expected slo with ${key === 'decode' ? 'tpot' : 'ttft'}`);
  return { pool, min, max, rule: { name: policy, target: targetOf(file, policy, at, problems) }, hold: file.hold ?? hold };
}

function targetOf({ target, ahead }: ScalingFile, policy: ScalingName, at: string, problems: Problems): number {
  if (policy === 'queue') {
    if (target !== undefined) problems.add(`${at}.target`, 'means nothing to the policy queue; expected ahead, a time');
    return ahead ?? scalingTargets.queue;
  }
  if (policy === 'manual' && target !== undefined) problems.add(`${at}.target`, 'means nothing to the policy manual; expected nothing');
  if (ahead !== undefined) problems.add(`${at}.ahead`, `means nothing to the policy ${policy}; expected target, a share`);
  return target ?? scalingTargets[policy];
}

function ratioOf(file: RatioFile, groups: readonly DieGroup[], { slo, problems }: Around): Ratio {
  const { policy = 'load', target = 0.85 } = file;
  const min = { prefill: file['min-prefill'] ?? 1, decode: file['min-decode'] ?? 1 };
  const rule = { name: policy, target };
  const [prefill, decode] = groups;
  if (prefill === undefined || decode === undefined) {
    problems.add('control.ratio', 'the deployment has merged instances; expected prefill and decode pools');
    return { rule, min, max: { prefill: 0, decode: 0 }, hold: file.hold ?? hold };
  }
  if (policy === 'slo' && (slo.ttft === undefined || slo.tpot === undefined))
    problems.add('control.ratio.policy', 'slo follows both objectives; expected slo with ttft and tpot');
  const given = (giver: DieGroup, least: number, getter: DieGroup): number =>
    getter.instances + Math.floor(((giver.instances - least) * giver.dies) / getter.dies);
  const max = { prefill: given(decode, min.decode, prefill), decode: given(prefill, min.prefill, decode) };
  for (const [{ key, instances }, least] of [
    [prefill, min.prefill],
    [decode, min.decode],
  ] as const)
    if (least > instances) problems.add(`control.ratio.min-${key}`, `${instances} serve from the beginning; expected at most as many`);
  if (max.prefill <= prefill.instances && max.decode <= decode.instances)
    problems.add('control.ratio', 'no instance of one pool has the dies of one of the other beside the least of both; expected smaller or more instances');
  return { rule, min, max, hold: file.hold ?? hold };
}

/** Host memory that is not said to be for weights is what the prefix cache leaves. */
function weightsOf(file: WeightsFile, { deployment, others, machine, problems }: Around): Weights {
  const { cache: place = 'pooled' } = file;
  const perNode = machine.node.dram.value;
  const diesPerNode = machine.node.chips * machine.chip.dies;
  const nodes = Math.ceil(
    [deployment, ...others.map((other) => other.deployment)].flatMap(dieGroups).reduce((sum, { instances, dies }) => sum + instances * dies, 0) / diesPerNode,
  );
  const cached = deployment.kind === 'merged' || deployment.cache === undefined ? 0 : deployment.cache.capacity / nodes;
  const left = perNode - cached;
  const { dram } = file;
  const asked = dram === undefined ? left : dram.per === 'node' ? dram.bytes : dram.bytes / machine.nodes;
  if (place === 'none' && dram !== undefined) problems.add('control.weights.dram', 'means nothing without a cache; expected cache: local or pooled');
  if (asked > left)
    problems.add(
      'control.weights.dram',
      `needs ${formatQuantity(asked, 'B')} of host memory per node, ${formatQuantity(left, 'B')} there${cached > 0 ? ` beside ${formatQuantity(cached, 'B')} of prefix cache` : ''}`,
    );
  return {
    place,
    capacity: place === 'pooled' ? asked * machine.nodes : asked,
    store: file.store ?? store,
    perDie: file['per-die'] ?? perDie,
    setup: file.setup ?? setup,
  };
}
