import { chipCount, dieCount, planeOf } from '../../src/catalogue/machine.ts';
import { adaptedProducts } from '../../src/cost/lora.ts';
import { isRecurrent } from '../../src/model/kv.ts';
import type { Layout } from '../../src/model/layout.ts';
import { dataRanks, instanceDies, stageDies } from '../../src/model/layout.ts';
import type { DecodePool, Deployment, Lora, MergedDeployment, PrefillPool } from '../../src/serving/scenario.ts';
import type { Count } from '../counts.ts';
import { cachePool } from './cache.ts';
import { over } from './count.ts';
import { dieGroups } from './die-groups.ts';
import type { DecodeFile, DeploymentFile, MergedFile, PoolFile, PrefillFile } from './file.ts';
import type { Surroundings } from './layout.ts';
import { layoutOf } from './layout.ts';
import { planeNamed, statesAreNotFound } from './plane.ts';

/** The value of a count that has to be there, over one instance or one rank. */
function counted(
  count: Count | undefined,
  layout: Layout | undefined,
  part: 'instance' | 'rank',
  at: string,
  example: string,
  { machine, problems }: Surroundings,
): number | undefined {
  if (count === undefined) {
    if (!problems.covers(at)) problems.add(at, `expected a count such as "${example}", got nothing`);
    return undefined;
  }
  if (layout === undefined || machine === undefined || !Number.isInteger(dataRanks(layout))) return undefined;
  const value = over(count, part, layout, machine);
  if (Number.isInteger(value) && value >= 1) return value;
  problems.add(
    at,
    `${count.value}/${count.per} is ${value} on each data-parallel rank (${stageDies(layout) * layout.pipeline} dies); expected a whole number from 1`,
  );
  return undefined;
}

function instancesOf(pool: PoolFile, at: string, { problems }: Surroundings): number {
  if (pool.instances === undefined && !problems.covers(`${at}.instances`)) problems.add(`${at}.instances`, 'expected the number of instances, got nothing');
  return pool.instances ?? 1;
}

function prefillPool(file: PrefillFile, decode: Layout | undefined, surroundings: Surroundings): PrefillPool | undefined {
  const at = 'deployment.prefill';
  const { layout } = layoutOf(file, at, surroundings);
  const instances = instancesOf(file, at, surroundings);
  const batchTokens = counted(file['batch-tokens'], layout, 'instance', `${at}.batch-tokens`, '16384/npu', surroundings);
  if (layout === undefined || batchTokens === undefined) return undefined;
  return { instances, layout: { ...layout, ...draftsOfPrompts(decode, layout) }, batchTokens };
}

/** A prompt's KV holds that of the layers that draft too, so prefill computes them where decode drafts. */
function draftsOfPrompts(decode: Layout | undefined, { tensor }: Layout): Pick<Layout, 'draftTokens' | 'drafter'> {
  const { draftTokens = 0, drafter } = decode ?? {};
  if (drafter?.kind === 'lookup') return { draftTokens: 0, drafter: undefined };
  return { draftTokens, drafter: drafter?.kind === 'model' ? { ...drafter, tensor: Math.min(tensor, drafter.tensor) } : drafter };
}

function decodePool(file: DecodeFile, surroundings: Surroundings): DecodePool | undefined {
  const at = 'deployment.decode';
  const { layout, acceptance } = layoutOf(file, at, surroundings);
  const instances = instancesOf(file, at, surroundings);
  const maxSequences = counted(file['max-batch'], layout, 'rank', `${at}.max-batch`, '96/npu', surroundings);
  if (layout === undefined || maxSequences === undefined) return undefined;
  return { instances, layout, maxSequences, acceptance };
}

/** Nodes that pools take together. */
function nodesOf(pools: readonly ({ readonly instances: number; readonly layout: Layout } | undefined)[], { machine }: Surroundings): number {
  if (machine === undefined) return 0;
  const dies = pools.reduce((sum, pool) => sum + (pool === undefined ? 0 : pool.instances * instanceDies(pool.layout)), 0);
  return Math.ceil(dies / (machine.node.chips * machine.chip.dies));
}

function transferPlane(file: DeploymentFile, surroundings: Surroundings): string | undefined {
  const { machine, problems } = surroundings;
  if (file['transfer-plane'] !== undefined) return planeNamed(file['transfer-plane'], 'deployment.transfer-plane', surroundings);
  if (machine === undefined) return undefined;
  const plane = planeOf(machine, 'scale-out') ?? planeOf(machine, 'scale-up') ?? planeOf(machine, 'front-end');
  if (plane === undefined)
    problems.add('deployment.transfer-plane', `${machine.name} has no plane that could carry KV from prefill to decode; expected merged instances`);
  return plane?.name;
}

/** What adapters are served, where their cost is known. */
function adaptersOf({ lora }: MergedFile, layout: Layout, { model, problems }: Surroundings): Lora | undefined {
  if (lora === undefined) return undefined;
  const at = 'deployment.merged.lora';
  const missing = (['rank', 'slots'] as const).filter((key) => lora[key] === undefined && !problems.covers(`${at}.${key}`));
  for (const key of missing) problems.add(`${at}.${key}`, 'expected a whole number from 1, got nothing');
  if (layout.pipeline > 1) problems.add(at, `adapters are not priced over ${layout.pipeline} pipeline stages; expected pipeline: 1`);
  if (model !== undefined && model.groups.every(({ attention }) => adaptedProducts(attention, model.hidden).length === 0))
    problems.add(at, `${model.name} has no projection that adapters are priced on; expected attention by heads or latent attention`);
  return lora.rank === undefined || lora.slots === undefined ? undefined : { rank: lora.rank, slots: lora.slots };
}

function mergedDeployment(file: MergedFile, surroundings: Surroundings): MergedDeployment | undefined {
  const at = 'deployment.merged';
  const { layout, acceptance } = layoutOf(file, at, surroundings);
  const instances = instancesOf(file, at, surroundings);
  const maxSequences = counted(file['max-num-seqs'], layout, 'rank', `${at}.max-num-seqs`, '256/rank', surroundings);
  const maxBatchedTokens = counted(file['max-num-batched-tokens'], layout, 'rank', `${at}.max-num-batched-tokens`, '8192/rank', surroundings);
  if (layout === undefined || maxSequences === undefined || maxBatchedTokens === undefined) return undefined;
  const perSequence = 1 + layout.draftTokens;
  const { model } = surroundings;
  const recurrent = model !== undefined && isRecurrent(model);
  if (recurrent && file['prefix-caching'] === true) surroundings.problems.add(`${at}.prefix-caching`, statesAreNotFound(model));
  const inFlight = Math.ceil(maxSequences / layout.pipeline);
  if (maxBatchedTokens < inFlight * perSequence)
    surroundings.problems.add(
      `${at}.max-num-batched-tokens`,
      `${maxBatchedTokens} tokens per rank do not hold one step of ${inFlight} sequences of ${perSequence} ${perSequence === 1 ? 'token' : 'tokens'}; expected at least ${inFlight * perSequence}`,
    );
  return {
    kind: 'merged',
    instances,
    layout,
    maxSequences,
    maxBatchedTokens,
    watermark: file.watermark ?? 0.01,
    prefixCaching: file['prefix-caching'] ?? !recurrent,
    prefillFirst: file['prefill-first'],
    pollEvery: file['poll-every'],
    memoryUtilisation: file['gpu-memory-utilization'],
    lora: adaptersOf(file, layout, surroundings),
    acceptance,
  };
}

function disaggregated(file: DeploymentFile, surroundings: Surroundings): Deployment | undefined {
  const { problems } = surroundings;
  const missing = (['prefill', 'decode'] as const).filter((pool) => file[pool] === undefined && !problems.covers(`deployment.${pool}`));
  for (const pool of missing)
    problems.add(`deployment.${pool}`, `expected a ${pool} pool beside the ${pool === 'prefill' ? 'decode' : 'prefill'} pool, or merged instances`);
  const decode = file.decode === undefined ? undefined : decodePool(file.decode, surroundings);
  const prefill = file.prefill === undefined ? undefined : prefillPool(file.prefill, decode?.layout, surroundings);
  const cache = file.cache === undefined ? undefined : cachePool(file.cache, nodesOf([prefill, decode], surroundings), surroundings);
  if (cache?.readInStep === true && (prefill?.layout.pipeline ?? 1) > 1)
    problems.add('deployment.cache.read', 'in-step does not combine with a pipeline of prefill; expected ahead');
  const plane = transferPlane(file, surroundings);
  if (prefill === undefined || decode === undefined || plane === undefined) return undefined;
  return { kind: 'disaggregated', prefill, decode, cache, transferPlane: plane, firstToken: file['first-token'] ?? 'prefill' };
}

function fitsTheMachine(deployment: Deployment, { machine, problems }: Surroundings): void {
  if (machine === undefined) return;
  const groups = dieGroups(deployment);
  const total = groups.reduce((sum, { instances, dies }) => sum + instances * dies, 0);
  if (total <= dieCount(machine)) return;
  const parts = groups.map(({ key, instances, dies }) => `${key} ${(instances * dies) / machine.chip.dies}`).join(' + ');
  problems.add('deployment', `takes ${total / machine.chip.dies} chips (${parts}), ${machine.name} has ${chipCount(machine)}`);
}

/** The deployment of a file, with everything that contradicts itself, the machine or the model reported. */
export function readDeployment(file: DeploymentFile, surroundings: Surroundings): Deployment | undefined {
  const { problems } = surroundings;
  const apart = (['prefill', 'decode', 'cache', 'transfer-plane', 'first-token'] as const).filter((key) => file[key] !== undefined);
  if (file.merged === undefined && apart.length === 0) {
    if (!['prefill', 'decode', 'merged'].some((key) => problems.covers(`deployment.${key}`)))
      problems.add('deployment', 'expected prefill and decode pools, or merged instances');
    return undefined;
  }
  if (file.merged !== undefined && apart.length > 0)
    problems.add('deployment', `has both merged and ${apart.join(', ')}; expected merged alone, or prefill and decode without it`);
  const deployment = file.merged === undefined ? disaggregated(file, surroundings) : mergedDeployment(file.merged, surroundings);
  if (deployment !== undefined) fitsTheMachine(deployment, surroundings);
  return deployment;
}
