import type { z } from 'zod';
import { numberFormats } from '../../src/catalogue/format.ts';
import { weightsPlaces } from '../../src/serving/control/control.ts';
import { ratioNames } from '../../src/serving/control/ratio-policy.ts';
import { scalingNames } from '../../src/serving/control/scaling-policy.ts';
import { expertRecoveries, expertSources } from '../../src/serving/faults/fault.ts';
import { routerNames } from '../../src/serving/policies/router.ts';
import { balance, expertTraffic } from '../experts/balance.ts';
import { loadField } from '../experts/load.ts';
import { splits } from '../../src/serving/traffic/split.ts';
import { schedulers } from './schedulers.ts';
import { found, listOf, record } from '../read.ts';
import { SERVEGEN, traceFormatNames } from '../traces/names.ts';
import { count } from './count.ts';
import { draftMethods } from './draft.ts';
import { choice, field, inRange, integer, plain, quantity, text, toggle, whole } from './fields.ts';
import type { FaultFile, ScenarioFile } from './file.ts';
import { hostMemory } from './host-memory.ts';
import { lengths } from './lengths.ts';

const formats = [...traceFormatNames, SERVEGEN];

const precision = record({
  weights: choice(numberFormats, 'Format of the weights; the published checkpoint says it by default.'),
  experts: choice(numberFormats, 'Format of the routed experts, where it differs from the other weights.'),
  activations: choice(numberFormats, 'Format of the activations in matrix products.'),
  kv: choice(numberFormats, 'Format of the KV cache.'),
}).meta({ description: 'Number formats.' });

const load = loadField(
  'How evenly tokens spread over expert ranks: `uniform`; `{ skew: X }`, where the slowest rank carries 1 + X times the mean (0.11 by default, the residual measured behind EPLB); `{ variation: X }`: experts are unequally popular, by that coefficient of variation, and nothing balances them; `{ power: X }`: the k-th most popular expert of a layer gets k^-X of the first; `{ counts: FILE }`: tokens that experts of each layer got; the last two with a `placement` (contiguous, eplb, eplb-hierarchical, or a file of placements); `{ imbalance: FILE }`: what a table says of ranks.',
);

const experts = record({
  parallel: whole(1, 'Ranks over which experts are spread (EP); fewer than `tensor`, and 1 by default: each expert is split over dies.'),
  shared: whole(
    0,
    'Copies of the shared expert. Fewer than ranks: they have ranks of their own. As many: a whole one on every rank. 0, the default: split like a dense layer.',
  ),
  redundant: whole(0, 'Extra copies of routed experts in one instance.'),
  apart: toggle(
    'Whether the `parallel` ranks are dies of their own beside those of the pool, which then only attend: microbatches go back and forth between them (attention/expert split). False by default.',
  ),
  load,
  balance: balance.optional(),
}).meta({ description: 'How a mixture of experts is laid out.' });

const acceptance = field<number | readonly number[]>(
  {
    anyOf: [
      { type: 'number', minimum: 0, maximum: 1 },
      { type: 'array', items: { type: 'number', minimum: 0, maximum: 1 } },
    ],
  },
  (value) => {
    const range = { min: 0, max: 1 };
    if (inRange(value, range)) return { value };
    if (Array.isArray(value) && value.length > 0 && value.every((one) => inRange(one, range))) return { value: value as readonly number[] };
    return { problem: `expected a chance from 0 to 1, or one for each drafted token, got ${Array.isArray(value) ? JSON.stringify(value) : found(value)}` };
  },
  'Chance that a drafted token is accepted, given that those before it were: one number, or one for each position.',
);

const mtp = record({ draft: whole(0, 'Tokens that the draft module proposes in each step.', 8), acceptance }).meta({
  description: 'Speculation by multi-token prediction.',
});

const draft = record({
  method: choice(
    draftMethods,
    "Who drafts: `mtp`, the model's own module; `eagle`, a head of one layer on its hidden states; `model`, a smaller model; `ngram`, what followed the last tokens before.",
  ),
  tokens: whole(1, 'Tokens that are proposed in each step.', 16),
  acceptance,
  model: text('the name or path of a model', 'The model that drafts, or the `config.json` of a head; without it a head is like a layer of the model.'),
  vocabulary: whole(1, 'Entries of a head’s own vocabulary; the model’s head by default.'),
  tensor: whole(1, 'Dies that split a draft model; as many as split the model by default.'),
  weights: choice(numberFormats, 'Format of the weights of a draft model; as published by default.'),
}).meta({ description: 'Speculation by any method.' });

const size = {
  instances: whole(1, 'Equal instances of the pool.'),
  npus: whole(1, 'Chips (packages) of one instance; `gpus` and `chips` mean the same.'),
  gpus: whole(1, 'Chips (packages) of one instance; `npus` and `chips` mean the same.'),
  chips: whole(1, 'Chips (packages) of one instance; `npus` and `gpus` mean the same.'),
  dies: whole(1, 'Dies of one instance, instead of chips.'),
  tensor: whole(1, 'Dies that split attention heads and dense layers (TP); 1 by default, the whole instance with `sp-tp-sp`.'),
  data: whole(1, 'Data-parallel ranks. Derived from dies, tensor and pipeline; where it is stated it has to agree.'),
  pipeline: whole(1, 'Pipeline stages, 1 by default.'),
  experts: experts.optional(),
} as const;

const prompts = {
  'context-parallel': whole(1, 'Groups of `tensor` dies that share the tokens of a prompt (CP); 1 by default.'),
  'context-exchange': choice(
    ['all-gather', 'ring'],
    'How they see keys and values of the others: gathered in front of the attention (default), or around a ring.',
  ),
} as const;

const spread = whole(1, 'Dies among the `tensor` ones that share the KV of a decoding sequence token by token (DCP); 1 by default.');

const prefill = record({
  ...size,
  ...prompts,
  attention: choice(['tensor', 'sp-tp-sp'], '`tensor` splits heads; `sp-tp-sp` splits tokens, then heads, then tokens over the whole instance.'),
  microbatches: whole(1, 'Parts into which a batch is cut so that compute and communication overlap.', 2),
  'batch-tokens': count(['npu', 'gpu', 'chip', 'die', 'instance'], '16384/npu', 'Prompt tokens of one batch.'),
}).meta({ description: 'Instances that only prefill.' });

const decode = record({
  ...size,
  'decode-context-parallel': spread,
  microbatches: whole(1, 'Parts into which a step is cut so that compute and communication overlap: up to 4 where experts are `apart`, otherwise 2.', 4),
  'max-batch': count(['npu', 'gpu', 'chip', 'die', 'rank', 'instance'], '96/npu', 'Sequences that decode at once.'),
  mtp: mtp.optional(),
  draft: draft.optional(),
}).meta({ description: 'Instances that only decode.' });

const ssd = record({
  capacity: hostMemory('Storage given to the cache.'),
  bandwidth: quantity('bandwidth', ['2.4 TB/s'], 'Of all of it, one way; what the nodes of the cache reach by default, where the machine states it.'),
  latency: quantity('time', ['1 ms'], 'Of a read; what the machine states by default.'),
}).meta({ description: 'Storage below the memory of the cache.' });

const cache = record({
  plane: text('the name of a plane', 'Plane that reads and writes of the cache take; the scale-up plane by default.'),
  dram: hostMemory('Host memory given to the cache, over its nodes.'),
  nodes: whole(1, 'Nodes that give memory, the first ones of the machine; those of the deployment by default.'),
  'block-tokens': whole(1, 'Tokens of one cached block.'),
  ttl: quantity('time', ['30 min'], 'How long a block is kept after its last use; for ever by default.'),
  read: choice(
    ['ahead', 'in-step'],
    'When a prompt reads what was found: before it is queued (`ahead`, the default), or within its iteration, which waits for it.',
  ),
  write: choice(['through', 'back', 'never'], 'When storage gets a block: with the memory (`through`, the default), when memory drops it (`back`), or never.'),
  ssd: ssd.optional(),
}).meta({ description: 'Prefix cache in pooled host memory.' });

const lora = record({
  rank: whole(1, 'Rank of the adapters, the largest where they differ.', 512),
  slots: whole(1, 'Adapters that are resident at once on a data-parallel rank; they take memory from the KV.', 65536),
}).meta({ description: 'Low-rank adapters (LoRA) on the attention projections, priced; without it those that requests ask for cost nothing.' });

const merged = record({
  ...size,
  ...prompts,
  'decode-context-parallel': spread,
  microbatches: whole(1, 'Parts into which an iteration is cut so that compute and communication overlap.', 2),
  'max-num-seqs': count(['rank', 'die', 'npu', 'gpu', 'chip', 'instance'], '256/rank', 'Sequences that run at once.'),
  'max-num-batched-tokens': count(['rank', 'die', 'npu', 'gpu', 'chip', 'instance'], '8192/rank', 'Tokens of one iteration, prompts and decodes together.'),
  'prefix-caching': toggle('Whether KV blocks of finished requests are found again by prefix; on by default.'),
  'prefill-first': toggle("Whether prompts are computed in iterations of their own, before anything decodes on; the stack's own by default."),
  'poll-every': whole(1, 'Decode steps between two looks for new requests; a step with prompts is always followed by one.'),
  watermark: plain({ min: 0, max: 0.99 }, 'Share of KV blocks kept free when a request is admitted; 0.01 by default.'),
  'gpu-memory-utilization': plain({ min: 0, above: true, max: 1 }, "Share of the memory that the engine may fill; the stack's own by default."),
  lora: lora.optional(),
  mtp: mtp.optional(),
  draft: draft.optional(),
}).meta({ description: 'Instances that prefill and decode in the same iterations: continuous batching with chunked prefill.' });

const deployment = record({
  prefill: prefill.optional(),
  decode: decode.optional(),
  cache: cache.optional(),
  'transfer-plane': text('the name of a plane', 'Plane that KV takes from prefill to decode; the scale-out plane by default.'),
  'first-token': choice(['prefill', 'decode'], 'Pool that emits the first token; `prefill` by default, `decode` includes the KV push in TTFT.'),
  merged: merged.optional(),
}).meta({ description: 'Either prefill and decode pools, or merged instances.' });

const fault = record({
  at: quantity('time', ['60 s'], 'When it comes.'),
  mtbf: quantity('time', ['2000 h'], 'Mean time between failures of one part, in place of `at`: it comes at random, to each part on its own.'),
  for: quantity('time', ['10 min'], 'How long it lasts; for good by default.'),
  kill: text(
    'a part such as `npu 17`, `node 3`, `die 5`, `l2 4`, `l1 0.2` or `link l1 0.2 - l2 2.5`',
    'What fails, and loses what it held. With `mtbf` a kind of part, such as `npu`.',
  ),
  hang: text('dies, a chip or a node such as `node 3`', 'What does nothing for a while, and loses nothing unless that is noticed.'),
  slow: text('a part and what is left of it, such as `die 5:50%` or `l1 0.2:50%`', 'What works at a share of its speed, or carries a share of its rate.'),
  jitter: text('dies, a chip or a node such as `node 3`', 'What makes iterations wait now and then: a host that is interrupted.'),
  share: plain({ min: 0, max: 1 }, 'With `jitter`: share of the iterations that wait.'),
  by: quantity('time', ['20 ms'], 'With `jitter`: how long they wait.'),
}).meta({ description: 'A fault.' });

/** One entry of `faults`. */
export const faultFile: z.ZodType<FaultFile> = fault;

const recovery = record({
  detection: quantity('time', ['5 s'], 'From a fault until it is known: until then requests are still sent there; 5 s by default.'),
  restart: quantity('time', ['60 s'], 'From then, or from when its parts are whole, until an instance serves again; 60 s by default.'),
  retries: whole(0, 'How often a request whose KV was lost is computed anew before it fails; 3 by default.'),
  spares: toggle('Whether dies that nothing is deployed on take the place of dead ones; on by default.'),
  experts: choice(
    expertRecoveries,
    'What an instance whose experts are spread over its dies does when it loses some: come back whole (`restart`, the default), or go on without their ranks (`replace`), lost experts placed anew on the others.',
  ),
  'experts-from': choice(
    expertSources,
    'With `experts: replace`: where experts without a copy come from: host memory (`memory`, the default), or another instance that has them (`peers`), where one serves.',
  ),
  regroup: quantity(
    'time',
    ['10 s'],
    'With `experts: replace`: what groups and graphs of other ranks than before take, while all stand still; 10 s by default.',
  ),
}).meta({ description: 'How the deployment gets over faults.' });

const held = quantity('time', ['60 s'], 'How long a pool keeps what was asked for before it is made smaller, or until instances move again; 60 s by default.');

const scaling = record({
  min: whole(0, 'Fewest instances; 1 by default. Merged instances may all go: the first one comes back when a request asks for it.'),
  max: whole(1, 'Most instances.'),
  policy: choice(
    scalingNames,
    'What the number of instances follows: their load (default), the time that is queued, latencies against their objectives, or what somebody outside says (`manual`, of the live emulator).',
  ),
  target: plain(
    { min: 0, above: true, max: 1 },
    'Load that `target-load` brings the pool to, 0.7 by default; share of the objective above which `slo` adds instances, 0.9 by default.',
  ),
  ahead: quantity('time', ['1 s'], 'Time of queued prompts that `queue` brings a pool to; 1 s by default.'),
  hold: held,
}).meta({ description: 'How many instances a pool has, and what they follow.' });

const autoscale = record({ prefill: scaling.optional(), decode: scaling.optional(), merged: scaling.optional() }).meta({
  description: 'Pools whose instances come and go with the load.',
});

const ratio = record({
  policy: choice(ratioNames, 'What decides: the load of both pools (default), or latencies against their objectives.'),
  target: plain({ min: 0, above: true, max: 1 }, 'Above it a pool gets what the other can spare below it; 0.85 by default.'),
  hold: held,
  'min-prefill': whole(1, 'Prefill instances that stay; 1 by default.'),
  'min-decode': whole(1, 'Decode instances that stay; 1 by default.'),
}).meta({ description: 'Instances that move between prefill and decode.' });

const weights = record({
  cache: choice(
    weightsPlaces,
    'Where host memory keeps weights that were fetched: once for the machine (`pooled`, default), on the nodes that loaded them, or nowhere.',
  ),
  dram: hostMemory('Host memory for weights; what the prefix cache leaves by default.'),
  store: quantity('bandwidth', ['2.5 GB/s'], 'What the object store gives to all loads together; 2.5 GB/s by default.'),
  'per-die': quantity('bandwidth', ['5.6 GB/s'], 'What one die takes in from host memory, software included; 5.6 GB/s by default.'),
  setup: quantity('time', ['12 s'], 'From when weights are there until an instance serves: processes, groups, graphs; 12 s by default.'),
}).meta({ description: 'How weights come to instances that start.' });

const control = record({
  period: quantity('time', ['10 s'], 'Between two looks of a loop; 10 s by default.'),
  autoscale: autoscale.optional(),
  ratio: ratio.optional(),
  weights: weights.optional(),
}).meta({ description: 'Loops that change how many instances there are while they serve.' });

const admission = record({
  'in-flight': whole(1, 'Requests that may wait or run.'),
  'queued-tokens': whole(1, 'Prompt tokens that may be ahead on the rank that has the fewest.'),
  ttft: quantity('time', ['2 s'], 'Longest time to first token that may be foreseen from what is ahead.'),
}).meta({ description: 'Requests beyond these limits are turned away on arrival.' });

const policies = record({
  router: choice(routerNames, 'Which rank takes a prompt: by load, in turn, the lighter of two drawn ones, by cached prefix, or by both.'),
  scheduler: choice(
    schedulers,
    'Order in which prompts that wait are served: as they came (`mixed` or `vllm`: among decoding; `prompts-first` or `sglang`: before it, by cached prefix), shortest, by deadline, or by share.',
  ),
  admission: admission.optional(),
  eviction: choice(['lru'], 'Which cached block goes first.'),
}).meta({ description: 'Policies by name.' });

const reuse = record({
  share: plain({ min: 0, max: 1 }, 'Share of requests that continue an earlier conversation.'),
  'block-tokens': whole(1, 'Tokens of one block of shared prefix.'),
  window: whole(1, 'Conversations that can still be continued.'),
  prefix: plain({ min: 0, max: 1 }, 'Most of a prompt that can be history; all but its last token by default.'),
}).meta({ description: 'Prefixes shared with earlier requests.' });

const slo = record({
  ttft: quantity('time', ['2 s'], 'Time to first token.'),
  tpot: quantity('time', ['50 ms'], 'Time per output token behind the first, mean of a request.'),
  e2e: quantity('time', ['30 s'], 'From arrival to the last token.'),
}).meta({ description: 'Service level: goodput counts requests that meet all of it.' });

const tenant = record({
  name: text('a name', 'Name in reports; each once.'),
  share: plain({ min: 0, max: 1 }, 'Share of the requests, or of the sessions; all together 1.'),
  rate: quantity('rate', ['5/s'], 'Rate of its own, in place of a share and of the rate of the workload: every tenant has one, or none.'),
  priority: integer('Priority of its requests: more goes first; 0 by default.'),
  weight: plain({ min: 0, above: true }, 'Weight of its share under fair scheduling; 1 by default.'),
  slo: slo.optional(),
  model: whole(0, 'Index among the models that are served; 0 by default.'),
}).meta({ description: 'A tenant.' });

const adapters = record({
  count: whole(1, 'How many there are.', 1_000_000),
  popularity: plain(
    { min: 0, max: 10 },
    'Zipf exponent: the adapter of rank r is asked for in proportion to r^-popularity; 0, the default, asks for all alike.',
  ),
  share: plain({ min: 0, above: true, max: 1 }, 'Share of the requests that ask for an adapter; 1 by default.'),
}).meta({ description: 'Adapters (LoRA) that requests ask for.' });

const phase = record({
  for: quantity('time', ['10 min'], 'How long it lasts.'),
  rate: quantity('rate', ['40/s'], 'Mean arrival rate in it.'),
  input: lengths('Prompt lengths in it; those of the workload by default.'),
  output: lengths('Output lengths in it; those of the workload by default.'),
  model: whole(0, 'Index of the model that its requests ask for; 0 by default.'),
}).meta({ description: 'A part of a workload.' });

const workload = record({
  generator: text('the name of a workload', 'Workload preset, such as `chat`; without it, `input` and `output` say the lengths.'),
  arrivals: choice(['poisson', 'gamma'], 'Law of the gaps between arrivals.'),
  rate: quantity(
    'rate',
    ['120/s'],
    'Mean arrival rate of an open loop: of requests, of sessions where the traffic comes in sessions, of all clients of a pool together.',
  ),
  cv: plain({ min: 0, above: true }, 'Coefficient of variation of the gaps: 1 is Poisson, more is burstier.'),
  concurrency: whole(1, 'Requests, or sessions, in flight of a closed loop: the next one arrives when one ends.'),
  input: lengths('Prompt lengths; over the preset’s.'),
  output: lengths('Output lengths; over the preset’s.'),
  phases: listOf(phase, 1).meta({ description: 'Traffic that changes: parts of it one behind the other, and then anew, in place of a rate.' }).optional(),
  reuse: reuse.optional(),
  trace: text('the path of a trace', 'Trace of requests, relative to this file.'),
  format: choice(formats, 'Format of the trace; found from its first lines, or from what is in the folder, by default.'),
  speed: plain({ min: 0, above: true }, 'Arrival times of the trace are divided by it.'),
  sessions: whole(1, 'Sessions to start: those of the trace, then again from its first; all of the trace, or as many as the requests allow, by default.'),
  context: whole(1, 'Longest prompt of a drawn agent: it starts with no more, and cuts down a context that would come above it.', 10_000_000),
  'max-think': quantity('time', ['60 s'], 'Longest think time between the turns of a session: a longer one is cut to it.'),
  pool: text('the name of a client pool', 'Which client pool of a ServeGen folder, such as `m-large`; needed where the folder has several.'),
  from: quantity('time', ['1 d'], 'Where in the recorded time of a client pool to begin; its start by default.'),
  span: quantity('time', ['1 d'], 'How much of its recorded time a client pool goes through, and then anew; all by default.'),
  tenants: listOf(tenant, 1).meta({ description: 'Who shares the machine: every request, or session, is drawn to belong to one.' }).optional(),
  experts: expertTraffic.optional(),
  adapters: adapters.optional(),
  requests: whole(1, 'Requests to serve; the whole trace, or 10,000, by default.'),
  seed: whole(0, 'Seed of the traffic; the seed of the scenario by default.'),
}).meta({ description: 'Traffic: a generator or a trace.' });

const served = record({
  model: text('the name or path of a model', 'Model of the catalogue, or the path of a config.json.'),
  precision: precision.optional(),
  deployment: record({ merged: merged.optional() }).meta({ description: 'Merged instances.' }).optional(),
  autoscale: scaling.optional(),
}).meta({ description: 'A further model.' });

/** The scenario file. Every key is optional here, so that one mistake does not hide the next; `readScenario` says what is missing. */
const fleet = record({
  machines: whole(1, 'How many machines like this one serve the traffic, each with the whole deployment.'),
  split: choice(
    splits,
    'How the front end spreads it, without looking at the machines. spread (by default): an equal part of the users, or of the requests of a trace, to each. clients: each client of a pool to one machine, the busiest first and each to the machine that has least.',
  ),
}).meta({ description: 'Several machines that share the traffic (docs/guide/fleet.md).' });

export const scenarioFile: z.ZodType<ScenarioFile> = record({
  name: text('a name', 'Name in reports; the name of the file by default.'),
  machine: text('the name or path of a machine', 'Machine of the catalogue (`supernode machines`), or the path of a machine file.'),
  model: text('the name or path of a model', 'Model of the catalogue (`supernode models`), or the path of a config.json.'),
  stack: text('the name or path of a stack', 'Software stack; the one that the machine names by default.'),
  precision: precision.optional(),
  deployment: deployment.optional(),
  models: listOf(served, 1)
    .meta({ description: 'Further models on the machine, numbered from 1; `model` is number 0. Requests choose by the `model` of their tenant or phase.' })
    .optional(),
  policies: policies.optional(),
  faults: listOf(fault, 1).meta({ description: 'What fails, and when.' }).optional(),
  recovery: recovery.optional(),
  control: control.optional(),
  workload: workload.optional(),
  fleet: fleet.optional(),
  slo: slo.optional(),
  seed: whole(0, 'Seed of every random stream; 1 by default.'),
}).meta({ description: 'A Supernode scenario.', required: ['machine', 'model', 'deployment', 'workload'] });
