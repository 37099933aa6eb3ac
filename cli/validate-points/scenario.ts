import type { CampaignConvention, PointConventions } from '../../schema/points/conventions.ts';
import type { PointLayout, ServingPoint } from '../../schema/points/point.ts';
import type { DeploymentFile, PoolFile } from '../../schema/scenario/file.ts';
import { readScenario } from '../../schema/scenario/read.ts';
import { InputError } from '../../src/base/errors.ts';
import type { ExpertLoad } from '../../src/model/layout.ts';
import type { Model } from '../../src/model/model.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { PointCatalogue } from './catalogue.ts';
import { cardOf } from './models.ts';

/** A point as a scenario, or why there is none. */
export type Mapped = { readonly scenario: Scenario; readonly reason?: undefined } | { readonly reason: string; readonly scenario?: undefined };

/** Requests of a run for each that is in flight at once, as the benchmark sends them. */
export const requestsPerSlot = 10;
/** Shortest length as a share of the nominal one, which is the longest, unless its campaign says otherwise. */
const leastShare = 0.8;

/** Ranks of attention: those stated, or as many as the ranks of the experts imply where the column was left empty. */
function dataRanks({ tensor, data, expertTensor, expertParallel }: PointLayout, experts: boolean): number {
  const implied = (expertTensor * expertParallel) / tensor;
  return experts && implied > data ? implied : data;
}

function hasExperts({ groups }: Model): boolean {
  return groups.some(({ feedForward }) => feedForward.kind === 'experts');
}

/**
 * Whether slices of an expert would cut the blocks that share a scale: no kernel has such slices, and engines are then started with whole experts.
 * MiniMax-M2 in 8 bit over eight dies: 1,536 columns are twelve blocks of 128.
 */
function cutsBlocks({ expertTensor }: PointLayout, { groups, quantisation }: Model): boolean {
  const rows = (quantisation?.experts ?? quantisation)?.scaleRows ?? 1;
  return groups.some(({ feedForward }) => feedForward.kind === 'experts' && rows > 1 && feedForward.intermediate % (expertTensor * rows) !== 0);
}

/**
 * The instance of a layout in the words of a scenario. Expert slices over data-parallel ranks are not modelled apart: experts are then spread
 * whole over the same dies.
 */
function poolOf(layout: PointLayout, model: Model, conventions: PointConventions): PoolFile {
  const experts = hasExperts(model);
  const data = dataRanks(layout, experts);
  const { tensor, pipeline, expertTensor, expertParallel } = layout;
  const whole = cutsBlocks(layout, model) ? expertTensor * expertParallel : expertParallel;
  const parallel = data > 1 ? tensor * data : whole;
  return {
    instances: 1,
    gpus: tensor * data * pipeline,
    tensor,
    pipeline,
    ...(experts ? { experts: { parallel, load: { variation: variationOf(model, conventions) } as unknown as ExpertLoad } } : {}),
  };
}

/** How the campaign of a row was set, where it differed. */
function campaignOf({ backend, version, system }: ServingPoint, card: string, { campaigns }: PointConventions): CampaignConvention | undefined {
  const fits = (list: readonly string[] | undefined, name: string): boolean => list === undefined || list.includes(name);
  return campaigns.find((one) => one.backend === backend && fits(one.versions, version) && fits(one.systems, system) && fits(one.models, card));
}

interface Limits {
  readonly maxSequences: number;
  readonly maxBatchedTokens: number;
}

function merged(
  point: ServingPoint,
  layout: PointLayout,
  model: Model,
  { maxSequences, maxBatchedTokens }: Limits,
  campaign: CampaignConvention | undefined,
  conventions: PointConventions,
): object {
  const pool = poolOf(layout, model, conventions);
  const { concurrency = 1, input = 1 } = point;
  const tokens = campaign?.beyondPrompt === undefined ? maxBatchedTokens : input + concurrency + campaign.beyondPrompt;
  const poll = campaign?.pollEvery?.findLast(({ from }) => from <= concurrency);
  const running = campaign?.beyondPrompt === undefined ? Math.max(maxSequences, concurrency) : concurrency;
  return {
    ...pool,
    'max-num-seqs': `${running}/rank`,
    'max-num-batched-tokens': `${Math.max(tokens, running)}/rank`,
    ...(poll === undefined ? {} : { 'poll-every': poll.steps }),
    'prefix-caching': false,
  };
}

function disaggregated(point: ServingPoint, model: Model, sequences: number, tokens: number, conventions: PointConventions): object | undefined {
  const { prefill, decode, concurrency = 1 } = point;
  if (prefill === undefined || decode === undefined) return undefined;
  const prefillPool = poolOf(prefill.layout, model, conventions);
  const decodePool = poolOf(decode.layout, model, conventions);
  const ranks = dataRanks(decode.layout, hasExperts(model));
  const most = Math.max(decode.batch ?? 0, Math.min(sequences, Math.ceil(concurrency / decode.workers / ranks)), 1);
  return {
    prefill: { ...prefillPool, instances: prefill.workers, 'batch-tokens': `${tokens * dataRanks(prefill.layout, hasExperts(model))}/instance` },
    decode: { ...decodePool, instances: decode.workers, 'max-batch': `${most}/rank` },
  };
}

/** The scenario of a point: a closed loop at its concurrency, lengths uniform over 0.8 to 1 of the nominal ones, no prefix shared. */
export async function scenarioOf(point: ServingPoint, catalogue: PointCatalogue): Promise<Mapped> {
  const { systems, backends, models } = catalogue.conventions;
  const { input, output, concurrency, mode } = point;
  const machine = systems[point.system];
  const backend = backends[point.backend];
  const card = cardOf(point.model, models);
  if (mode !== 'agg' && mode !== 'disagg') return { reason: `unknown mode "${mode}"` };
  if (card === undefined) return { reason: `no model card for ${point.model}` };
  if (machine === undefined) return { reason: `no machine for the system ${point.system}` };
  if (backend === undefined) return { reason: `no stack for the backend ${point.backend}` };
  if (input === undefined || output === undefined) return { reason: 'lengths are not stated' };
  if (concurrency === undefined) return { reason: 'concurrency is not stated' };
  try {
    const model = catalogue.model(card, point.model, point.precision);
    const campaign = campaignOf(point, card, catalogue.conventions);
    const shortest = campaign?.fixedLengths === true ? 1 : leastShare;
    const aggregated = point.layout === undefined ? undefined : { merged: merged(point, point.layout, model, backend, campaign, catalogue.conventions) };
    const deployment = mode === 'agg' ? aggregated : disaggregated(point, model, backend.maxSequences, backend.maxBatchedTokens, catalogue.conventions);
    if (deployment === undefined) return { reason: mode === 'agg' ? 'no tensor-parallel degree' : 'prefill and decode workers are not stated' };
    const file = {
      machine: machineFor(machine, deployment, catalogue),
      model: card,
      stack: point.version === '' ? backend.stack : `${backend.stack}@${point.version}`,
      deployment,
      workload: { concurrency, input: lengths(input, shortest), output: lengths(output, shortest), requests: requestsPerSlot * concurrency },
    };
    return { scenario: await readScenario(file, `line ${point.line}`, catalogue.context(model, campaign)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.issues.map(({ message }) => message).join('; ') };
  }
}

/** Coefficient of variation of the popularity of a model's experts: between the measured ones, over the logarithm of their number, the nearest beyond. */
export function variationOf({ groups }: Model, { popularity }: PointConventions): number {
  const experts = Math.max(...groups.map(({ feedForward }) => (feedForward.kind === 'experts' ? feedForward.routed : 1)));
  const from = popularity.findLast((entry) => entry.experts <= experts);
  const to = popularity.find((entry) => entry.experts > experts);
  if (from === undefined || to === undefined) return (from ?? to)?.variation ?? 0;
  return from.variation + ((to.variation - from.variation) * Math.log2(experts / from.experts)) / Math.log2(to.experts / from.experts);
}

/** The machine with as many nodes as a deployment takes, where it is one that is counted in nodes. */
function machineFor(name: string, deployment: DeploymentFile, catalogue: PointCatalogue): string {
  const pools = [deployment.prefill, deployment.decode, deployment.merged].filter((pool) => pool !== undefined);
  const machine = catalogue.machine(name, 'machine');
  const { chips } = machine.node;
  // A worker does not share a node with another one unless both fit.
  const nodes = pools.reduce(
    (sum, { gpus = 1, instances = 1 }) => sum + (gpus > chips ? instances * Math.ceil(gpus / chips) : Math.ceil(instances / Math.floor(chips / gpus))),
    0,
  );
  return nodes <= machine.nodes ? name : `${name}*${nodes}`;
}

function lengths(nominal: number, shortest: number): object {
  return { kind: 'uniform', min: Math.max(1, Math.round(nominal * shortest)), max: nominal };
}
