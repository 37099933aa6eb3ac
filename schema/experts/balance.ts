import type { z } from 'zod';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Layout } from '../../src/model/layout.ts';
import type { Model } from '../../src/model/model.ts';
import { placed, placedLoad, powerLawLayers, type LayerLoads } from '../../src/model/placement/placed.ts';
import { expertsOf, placesOf, type ExpertBalance } from '../../src/serving/experts/balanced.ts';
import { balancerNames } from '../../src/serving/experts/balancer.ts';
import type { Balancing } from '../../src/serving/experts/rebalancer.ts';
import type { Deployment } from '../../src/serving/scenario.ts';
import { found, record } from '../read.ts';
import { choice, field, inRange, plain, quantity, text, type Field } from '../scenario/fields.ts';
import type { BalanceFile, DeploymentFile, ExpertTrafficFile } from '../scenario/file.ts';
import type { Problems } from '../scenario/problems.ts';
import { readCounts, type Where } from './files.ts';

const roles = ['prefill', 'decode', 'merged'] as const;

/** Where a scenario does not say it: looked at each minute, as a published deployment does, by what came since. [s] */
const minute = 60;
/** Share of a port that weights take while they move. */
const quarter = 0.25;

const move = field<number | 'pause'>(
  { anyOf: [{ const: 'pause' }, { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }] },
  (value) =>
    value === 'pause' || (inRange(value, { min: 0, above: true }) && value < 1)
      ? { value }
      : { problem: `expected a share of the port above 0 and below 1, or pause, got ${found(value)}` },
  'How weights move: at this share of the ports of the plane of the exchanges, which have the rest of it meanwhile (0.25 by default), or `pause`: steps wait.',
);

/** The key `balance` of experts. */
export const balance: z.ZodType<BalanceFile> = record({
  policy: choice(
    [...balancerNames, 'perfect'],
    'Who decides where experts lie: `static` leaves them in their order, `eplb` and `eplb-hierarchical` place them by what was counted, `perfect` is an even load by construction.',
  ),
  period: quantity('time', ['60 s'], 'From one look at what was counted to the next; a minute by default.'),
  window: quantity('time', ['60 s'], 'Tokens that are counted: those of the last while; as long as the period by default.'),
  move,
}).meta({ description: 'How the experts of a pool are balanced while it serves; needs `experts` of the workload.' });

const where: Field<Where> = field(
  { type: 'object', additionalProperties: { type: ['string', 'number'] } },
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { value: Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, String(inner)])) }
      : { problem: `expected a map such as { domain: c4 }, got ${found(value)}` },
  'Fields of the lines of `counts` that are read.',
);

/** The key `experts` of a workload. */
export const expertTraffic: z.ZodType<ExpertTrafficFile> = record({
  power: plain({ min: 0, max: 4 }, 'The k-th most popular expert of a layer gets k^-X of the tokens of the first.'),
  counts: text('the path of a file of counts', 'Tokens that the experts of each layer got, in place of a power law.'),
  where,
  every: quantity('time', ['60 s'], 'From one change of popularity to the next; never by default.'),
  share: plain({ min: 0, max: 1 }, 'Share of the experts of each layer that take over each other’s popularity in a change.'),
}).meta({ description: 'How often experts are asked for, and how that changes.' });

/** What is looked at when the balance of a scenario is worked out. */
interface BalanceContext {
  readonly machine: Machine | undefined;
  readonly model: Model | undefined;
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: Problems;
}

/** The balance of a scenario, and its deployment with the loads that it begins with; as it was where the workload says nothing of experts. */
export function readBalance(
  file: DeploymentFile,
  traffic: ExpertTrafficFile | undefined,
  deployment: Deployment,
  { machine, model, texts, problems }: BalanceContext,
): { readonly deployment: Deployment; readonly experts?: ExpertBalance | undefined } {
  for (const role of roles)
    if (traffic === undefined && file[role]?.experts?.balance !== undefined)
      problems.add(`deployment.${role}.experts.balance`, 'needs experts of the workload, which say what they are asked for');
  const moe = model === undefined ? undefined : expertsOf(model);
  if (traffic === undefined || machine === undefined || model === undefined) return { deployment };
  if (moe === undefined) {
    problems.add('workload.experts', `${model.name} has no experts; leave this out`);
    return { deployment };
  }
  const layers = layersOf(traffic, moe.routed, texts, problems);
  if (layers === undefined) return { deployment };
  const pools: Partial<Record<(typeof roles)[number], Balancing>> = {};
  const begun = <Layouts extends { readonly layout: Layout }>(role: (typeof roles)[number], pool: Layouts): Layouts => {
    const at = `deployment.${role}.experts`;
    const own = file[role]?.experts;
    const { layout } = pool;
    if (layout.experts.parallel <= 1) {
      if (own?.balance !== undefined) problems.add(`${at}.balance`, 'needs experts on several ranks; parallel is 1');
      return pool;
    }
    if (own?.load !== undefined) problems.add(`${at}.load`, 'says what the experts of the workload say; expected one of the two');
    const { policy = 'static', period = minute, window = period, move: how = quarter } = own?.balance ?? {};
    if (policy !== 'perfect') pools[role] = { policy, period, window, move: how };
    const on = layers.map((loads) => placed('contiguous', loads, placesOf(layout, moe.routed, machine)));
    const load = policy === 'perfect' ? ({ kind: 'uniform' } as const) : placedLoad(layers, on);
    return { ...pool, layout: { ...layout, experts: { ...layout.experts, load } } };
  };
  const changed: Deployment =
    deployment.kind === 'merged'
      ? begun('merged', deployment)
      : { ...deployment, prefill: begun('prefill', deployment.prefill), decode: begun('decode', deployment.decode) };
  const { every = Infinity, share = 0 } = traffic;
  return { deployment: changed, experts: { traffic: { layers, every, share }, pools } };
}

function layersOf(
  { power, counts, where: picked, every, share }: ExpertTrafficFile,
  routed: number,
  texts: ReadonlyMap<string, string>,
  problems: Problems,
): LayerLoads | undefined {
  if ((every === undefined) !== (share === undefined))
    problems.add('workload.experts', `has ${every === undefined ? 'share without every' : 'every without share'}; expected both, or neither`);
  if ((power === undefined) === (counts === undefined)) {
    if (!['power', 'counts'].some((key) => problems.covers(`workload.experts.${key}`)))
      problems.add('workload.experts', power === undefined ? 'expected power or counts, got neither' : 'has both power and counts; expected one of them');
    return undefined;
  }
  if (power !== undefined) {
    if (picked !== undefined) problems.add('workload.experts.where', 'picks lines of counts; leave it out with power');
    return powerLawLayers(routed, power);
  }
  const text = texts.get(counts ?? '');
  if (text === undefined) return undefined;
  const { value: layers, problem } = readCounts(text, picked);
  if (problem !== undefined) problems.add('workload.experts.counts', `${counts}: ${problem}`);
  else if (layers[0]?.length !== routed)
    problems.add('workload.experts.counts', `${counts}: counts ${layers[0]?.length ?? 0} experts in a layer; expected ${routed}`);
  else return layers;
  return undefined;
}
