import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { applySettings } from '../schema/scenario/overrides.ts';
import { readScenario } from '../schema/scenario/read.ts';
import { InputError, type Issue } from '../src/base/errors.ts';
import { contextAt } from '../cli/scenario.ts';

const split = `
machine: cloudmatrix384
model: deepseek-r1
precision: { weights: int8, activations: int8, kv: bf16 }
deployment:
  prefill: { instances: 6, npus: 16, attention: sp-tp-sp, experts: { parallel: 32, shared: 32, redundant: 32 }, microbatches: 2, batch-tokens: 16384/npu }
  decode: { instances: 1, npus: 160, experts: { parallel: 320, shared: 32, redundant: 32 }, microbatches: 2, mtp: { draft: 1, acceptance: 0.7 }, max-batch: 96/npu }
  cache: { plane: ub, dram: 1 TB/node }
workload: { generator: chat, rate: 10/s, requests: 100 }
slo: { ttft: 2 s, tpot: 50 ms }
`;

const merged = `
machine: hgx-h100
model: llama-3.1-70b
deployment: { merged: { instances: 2, gpus: 4, tensor: 4, max-num-seqs: 256/rank, max-num-batched-tokens: 8192/rank } }
workload: { generator: chat, rate: 2/s, requests: 100 }
`;

const context = contextAt(new URL('../examples/', import.meta.url).pathname);

async function issuesOf(content: unknown): Promise<readonly Issue[]> {
  try {
    await readScenario(content, '', context);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
}

async function after(base: string, settings: readonly string[]): Promise<readonly Issue[]> {
  return issuesOf(applySettings(parse(base), settings, parse));
}

test('the scenarios that the cases below spoil are right', async () => {
  expect(await after(split, [])).toEqual([]);
  expect(await after(merged, [])).toEqual([]);
});

const second = [
  'deployment.merged.instances=1',
  'models=[{ model: qwen3-32b, deployment: { merged: { instances: 1, gpus: 4, tensor: 4, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } } }]',
];
const labelled = 'workload={ trace: MODELS }'.replace('MODELS', new URL('fixtures/two-models.csv', import.meta.url).pathname);

test('tenants, phases and traces ask for any of the models that are served, and no other', async () => {
  const tenants = (model: number) => `workload.tenants=[{ name: a, share: 0.5 }, { name: b, share: 0.5, model: ${model} }]`;
  const phases = (model: number) => `workload={ generator: chat, phases: [{ for: 1 min, rate: 2/s }, { for: 1 min, rate: 2/s, model: ${model} }] }`;
  for (const ask of [tenants, phases]) {
    expect(await after(merged, [...second, ask(1)])).toEqual([]);
    expect((await after(merged, [...second, ask(2)])).map(({ message }) => message)).toEqual(['2 models are served, numbered from 0; got 2']);
  }
  expect(await after(merged, [...second, labelled])).toEqual([]);
  expect((await after(merged, [labelled])).map(({ path }) => path)).toEqual(['workload.trace']);
});

test('an instance too many is told once', async () => {
  expect((await after(merged, ['deployment.merged.instances=3'])).map(({ path }) => path)).toEqual(['deployment']);
});

type Case = readonly [setting: string, path: string, message: RegExp];

const splitCases: readonly Case[] = [
  // control loops
  ['control={ ratio: {} }', 'control.ratio', /no instance of one pool has the dies of one of the other/],
  ['control={ autoscale: { prefill: { min: 0, max: 7 } } }', 'control.autoscale.prefill.min', /prefill and decode need each other/],
  ['models=[{ model: deepseek-r1 }]', 'models', /several models are served by merged instances/],
  ['control={ ratio: { min-prefill: 7 } }', 'control.ratio.min-prefill', /6 serve from the beginning/],
  ['control={ ratio: {}, autoscale: { prefill: { max: 7 } } }', 'control', /has both autoscale and ratio/],
  ['control={ autoscale: { prefill: { max: 7 } }, weights: { dram: 1 TB/node } }', 'control.weights.dram', /there beside 1.00 TB of prefix cache/],
  ['deployment.decode.mtp={ acceptance: 0.7 }', 'deployment.decode.mtp.draft', /expected the tokens that are drafted in a step, such as 1, got nothing/],
  // keys
  ['machin=cloudmatrix384', 'machin', /unknown key \(did you mean "machine"\?\); expected one of name, machine/],
  ['deployment.prefil={}', 'deployment.prefil', /did you mean "prefill"/],
  ['deployment.decode.max-bach=96/npu', 'deployment.decode.max-bach', /did you mean "max-batch"/],
  ['deployment.decode.experts.paralel=1', 'deployment.decode.experts.paralel', /did you mean "parallel"/],
  ['deployment.decode.attention=sp-tp-sp', 'deployment.decode.attention', /unknown key/],
  ['workload.rps=10', 'workload.rps', /unknown key/],
  ['slo.itl=50 ms', 'slo.itl', /unknown key; expected one of ttft, tpot, e2e|did you mean/],
  ['faults=[{ slow: die 5:0.5, at: 1 s }]', 'faults[0].slow', /such as "die 5:50%", got "die 5:0.5"/],
  ['faults=[{ kill: npu 1, at: 1 s, share: 0.5 }]', 'faults[0].share', /means nothing to kill; expected jitter/],
  ['faults=[{ slow: "npu 1:50%", mtbf: 9 h, by: 20 ms }]', 'faults[0].by', /means nothing to slow; expected jitter/],
  ['faults=[{ hang: cpu 3, at: 1 s, for: 9 s }]', 'faults[0].hang', /expected dies, a chip or a node, got "cpu 3"/],
  ['faults=[{ jitter: cpu, mtbf: 9 h, share: 0.1, by: 20 ms }]', 'faults[0].jitter', /expected dies, a chip or a node, got "cpu 0"/],
  ['faults=[]', 'faults', /expected at least 1 item/],
  ['recovery={ experts: redo }', 'recovery.experts', /expected one of restart, replace|did you mean/],
  ['recovery={ regroup: 5 s }', 'recovery.regroup', /means nothing to instances that come back whole/],
  ['recovery={ experts: replace, regroup: 5 }', 'recovery.regroup', /bare number 5/],
  ['recovery={ experts: restart, experts-from: peers }', 'recovery.experts-from', /expected experts: replace/],
  // missing and mistaken parts
  ['machine=null', 'machine', /expected the name of a machine .* got nothing/],
  ['model=null', 'model', /expected the name of a model/],
  ['deployment=null', 'deployment', /expected a deployment, got nothing/],
  ['deployment={}', 'deployment', /expected prefill and decode pools, or merged instances/],
  ['deployment=decode', 'deployment', /expected a map with the keys prefill, decode/],
  ['deployment.prefill=null', 'deployment.prefill', /expected a prefill pool beside the decode pool/],
  ['deployment.decode=null', 'deployment.decode', /expected a decode pool beside the prefill pool/],
  ['deployment.decode.instances=null', 'deployment.decode.instances', /expected the number of instances/],
  ['deployment.decode.npus=null', 'deployment.decode', /expected the size of an instance: npus, gpus, chips or dies/],
  ['deployment.decode.max-batch=null', 'deployment.decode.max-batch', /expected a count such as "96\/npu", got nothing/],
  ['deployment.decode.mtp.acceptance=null', 'deployment.decode.mtp.acceptance', /chance that a drafted token is accepted/],
  ['deployment.cache.dram=null', 'deployment.cache.dram', /expected host memory such as "1 TB\/node"/],
  ['workload=null', 'workload', /expected a workload, got nothing/],
  ['workload.rate=null', 'workload.rate', /expected a rate such as "120\/s" \(open loop\) or concurrency/],
  ['workload.generator=null', 'workload.input', /expected a length, or a generator that has it/],
  // names
  ['machine=cloudmatrix348', 'machine', /did you mean "cloudmatrix384"/],
  ['machine=./nowhere.yaml', 'machine', /no such machine file: .\/nowhere.yaml/],
  ['machine=cloudmatrix384*2', 'machine', /scal/],
  ['model=deepseek-r2', 'model', /did you mean "deepseek-r1"/],
  ['stack=vlm', 'stack', /did you mean "vllm"/],
  ['workload.generator=chatt', 'workload.generator', /did you mean "chat"/],
  ['deployment.cache.plane=nvlink', 'deployment.cache.plane', /cloudmatrix384 has no plane nvlink/],
  ['deployment.transfer-plane=roce', 'deployment.transfer-plane', /has no plane roce; expected one of .*rdma/],
  ['deployment.first-token=decoder', 'deployment.first-token', /did you mean "decode"/],
  ['policies.router=round-robbin', 'policies.router', /did you mean "round-robin"/],
  ['policies.scheduler=sjf', 'policies.scheduler', /expected one of fcfs, mixed/],
  ['policies.eviction=lfu', 'policies.eviction', /did you mean "lru"/],
  ['precision.weights=int7', 'precision.weights', /did you mean "int/],
  ['precision.activations=fp8', 'precision.activations', /ascend-910c does not multiply fp8; expected one of/],
  // counts
  ['deployment.decode.max-batch=96', 'deployment.decode.max-batch', /bare number 96/],
  ['deployment.decode.max-batch=96/card', 'deployment.decode.max-batch', /after the slash/],
  ['deployment.decode.max-batch=0/npu', 'deployment.decode.max-batch', /above zero/],
  ['deployment.decode.max-batch=1.5/npu', 'deployment.decode.max-batch', /whole number/],
  ['deployment.decode.max-batch=97/npu', 'deployment.decode.max-batch', /48\.5 on each data-parallel rank/],
  ['deployment.decode.max-batch=[96]', 'deployment.decode.max-batch', /expected a count such as "96\/npu", got a list/],
  ['deployment.prefill.batch-tokens=16384', 'deployment.prefill.batch-tokens', /bare number/],
  ['deployment.prefill.batch-tokens=16384/rank', 'deployment.prefill.batch-tokens', /expected a count per npu, gpu, chip, die, instance/],
  ['deployment.decode.instances=0', 'deployment.decode.instances', /whole number from 1, got 0/],
  ['deployment.decode.instances=1.5', 'deployment.decode.instances', /whole number from 1, got 1.5/],
  ['deployment.decode.instances=two', 'deployment.decode.instances', /whole number from 1, got "two"/],
  ['deployment.decode.npus=-160', 'deployment.decode.npus', /whole number from 1, got -160/],
  ['deployment.decode.npus=.nan', 'deployment.decode.npus', /whole number from 1, got NaN/],
  ['deployment.decode.microbatches=3', 'deployment.decode.microbatches', /apart; on shared dies expected 1 or 2/],
  ['deployment.decode.mtp.draft=9', 'deployment.decode.mtp.draft', /from 0 to 8/],
  ['deployment.cache.nodes=49', 'deployment.cache.nodes', /at most the 48 nodes of cloudmatrix384, got 49/],
  ['deployment.cache.nodes=0', 'deployment.cache.nodes', /whole number from 1/],
  ['deployment.cache={dram: 10 TB/machine, nodes: 4}', 'deployment.cache.dram', /needs 10.0 TB of host memory in the 4 nodes of the cache/],
  ['deployment.cache.write=back', 'deployment.cache.write', /back needs storage to write to/],
  ['deployment.cache={dram: 1 TB/node, ssd: {capacity: 1 TB/node}, write: never}', 'deployment.cache.write', /never leaves the ssd empty/],
  ['deployment.cache={dram: 1 TB/node, ssd: {bandwidth: 1 GB/s}}', 'deployment.cache.ssd.capacity', /expected a capacity such as "10 TB\/node", got nothing/],
  ['deployment.cache={dram: 1 TB/node, ssd: {capacity: 1 TB/node, latency: 5}}', 'deployment.cache.ssd.latency', /bare number 5/],
  ['deployment.cache.ttl=0 s', 'deployment.cache.ttl', /above zero/],
  [
    'deployment={ prefill: { instances: 1, npus: 32, pipeline: 2, experts: { parallel: 32, shared: 32, redundant: 32 }, batch-tokens: 16384/npu }, decode: { instances: 1, npus: 160, experts: { parallel: 320, shared: 32, redundant: 32 }, max-batch: 96/npu }, cache: { dram: 1 TB/node, read: in-step } }',
    'deployment.cache.read',
    /does not combine with a pipeline of prefill/,
  ],
  ['deployment.cache.read=later', 'deployment.cache.read', /expected one of ahead, in-step/],
  ['deployment.transfer-plane=sio', 'deployment.transfer-plane', /joins the dies of one chip only/],
  ['workload.reuse.prefix=2', 'workload.reuse.prefix', /from 0 to 1/],
  ['deployment.cache.block-tokens=0', 'deployment.cache.block-tokens', /from 1/],
  ['seed=-1', 'seed', /whole number from 0/],
  ['workload.requests=0', 'workload.requests', /whole number from 1/],
  // quantities
  ['slo.ttft=2', 'slo.ttft', /expected a unit .* bare number 2/],
  ['slo.ttft=2 GB', 'slo.ttft', /quantity of bytes; expected one of time/],
  ['slo.tpot=-50 ms', 'slo.tpot', /above zero/],
  ['slo.e2e=soon', 'slo.e2e', /expected a quantity such as/],
  ['slo.e2e=true', 'slo.e2e', /expected a quantity such as "30 s", got true/],
  ['workload.rate=120', 'workload.rate', /expected a unit/],
  ['workload.rate=0/s', 'workload.rate', /above zero/],
  ['workload.rate=120 ms', 'workload.rate', /quantity of time; expected one of rate/],
  ['workload.rate=.inf', 'workload.rate', /expected a quantity/],
  ['deployment.cache.dram=1 TB', 'deployment.cache.dram', /memory per node or in all/],
  ['deployment.cache.dram=1 TX/node', 'deployment.cache.dram', /unknown unit/],
  // contradictions and what does not fit
  ['deployment.decode.dies=320', 'deployment.decode', /size 2 times \(npus, dies\)/],
  ['deployment.decode.npus=500', 'deployment.decode.npus', /one instance takes 500 chips, cloudmatrix384 has 384/],
  ['deployment.prefill.instances=20', 'deployment', /takes 480 chips \(prefill 320 \+ decode 160\), cloudmatrix384 has 384/],
  ['deployment.decode.data=160', 'deployment.decode.data', /320 data-parallel ranks, got 160/],
  ['deployment.decode.tensor=3', 'deployment.decode.tensor', /3 does not divide the 128 attention heads|3 does not divide/],
  ['deployment.decode.experts.parallel=300', 'deployment.decode.experts.parallel', /300 expert ranks do not divide the 320 dies/],
  [
    'deployment.decode.experts.redundant=31',
    'deployment.decode.experts.parallel',
    /256 routed \+ 31 redundant experts do not divide over 320 - 32 = 288 ranks; redundant: 32 would/,
  ],
  ['deployment.decode.experts.shared=400', 'deployment.decode.experts.shared', /400 copies of the shared expert do not fit on 320/],
  ['deployment.decode.experts={ apart: true, shared: 0 }', 'deployment.decode.experts.parallel', /the dies that hold the experts, such as 288, got nothing/],
  ['deployment.decode.experts={ apart: true, parallel: 255 }', 'deployment.decode.experts.parallel', /255 expert dies are not whole chips of 2 dies/],
  ['deployment.decode.experts={ apart: true, parallel: 8 }', 'deployment.decode', /per expert die, 64.0 GB there/],
  ['deployment.decode.experts={ apart: true, parallel: 512 }', 'deployment', /takes 512 chips \(prefill 96 \+ decode 416\)/],
  ['deployment.prefill.experts.apart=true', 'deployment.prefill.experts.apart', /serve decode, not prefill/],
  ['deployment.decode.experts.load=even', 'deployment.decode.experts.load', /expected uniform, \{ skew: X \}, \{ variation: X \}.*got "even"/],
  ['deployment.decode.experts.load.skew=-1', 'deployment.decode.experts.load', /got \{"skew":-1\}/],
  ['deployment.decode.mtp.acceptance=1.2', 'deployment.decode.mtp.acceptance', /chance from 0 to 1/],
  ['deployment.decode.mtp.acceptance=[0.7, 0.5]', 'deployment.decode.mtp.acceptance', /2 entries for 1 drafted token/],
  ['deployment.decode.draft={method: mtp, tokens: 1, acceptance: 0.7}', 'deployment.decode.draft', /has both mtp and draft/],
  ['deployment.decode.context-parallel=2', 'deployment.decode.context-parallel', /unknown key/],
  ['deployment.prefill.context-parallel=2', 'deployment.prefill.tensor', /32 x 2 \(context-parallel\) does not divide the 32 dies/],
  ['deployment.cache.dram=9 TB/node', 'deployment.cache.dram', /needs 9.00 TB of host memory per node, .* there/],
  ['deployment.transfer-plane=sio', 'deployment.transfer-plane', /joins the dies of one chip only/],
  ['deployment.merged={}', 'deployment', /has both merged and prefill, decode, cache/],
  ['deployment.prefill.experts.parallel=1', 'deployment.prefill.experts.shared', /32 copies of the shared expert do not fit on 1/],
  ['precision.weights=fp32', 'deployment.prefill', /needs .* GB per die, .* GB there \(weights/],
  ['deployment.decode.max-batch=200000/npu', 'deployment.decode', /needs .* per die|KV blocks/],
  ['workload.concurrency=8', 'workload.concurrency', /a closed loop has no rate/],
  ['workload.input={kind: fixed, tokens: 200000}', 'workload.input', /every request has at least .* deepseek-r1 takes 163840/],
  ['workload.input={kind: fixed, tokens: 0}', 'workload.input', /at least 1 token/],
  ['workload.input={kind: pareto}', 'workload.input', /kind: expected one of fixed, uniform, lognormal, empirical/],
  ['workload.input={kind: uniform, min: 9, max: 3}', 'workload.input', /min 9 is above max 3/],
  ['workload.input={kind: lognormal, median: 9, sigma: -1, max: 30}', 'workload.input', /sigma above 0/],
  ['workload.input={kind: empirical, quantiles: [[0, 1], [0.5, 9], [1]]}', 'workload.input', /quantiles\[2\]/],
  ['workload.input={kind: empirical, quantiles: [[0, 1], [0.5, 2]]}', 'workload.input', /shares from 0 to 1, got 0 to 0.5/],
  ['workload.input={kind: empirical, quantiles: [[0, 10], [1, 2]]}', 'workload.input', /rise together/],
  ['workload.input=long', 'workload.input', /expected a number of tokens, or a map with a kind/],
  ['workload.cv=0', 'workload.cv', /above 0/],
  ['workload.reuse.share=1.5', 'workload.reuse.share', /from 0 to 1/],
  ['workload.trace=traces/chat.csv', 'workload', /has both a trace and generator, rate/],
  ['workload.speed=2', 'workload.speed', /belongs to a trace/],
  ['workload.pool=m-large', 'workload.pool', /belongs to a trace/],
  ['workload.sessions=5', 'workload.sessions', /a generator of requests has no sessions; expected arrivals, rate/],
  ['workload.max-think=5', 'workload.max-think', /such as|unit/],
  ['workload.tenants=[]', 'workload.tenants', /at least 1 item/],
  ['workload.tenants=[{name: a}, {name: b}]', 'workload.tenants[1].share', /expected a share/],
  ['workload.tenants=[{share: 1}]', 'workload.tenants[0].name', /expected a name/],
  ['workload.tenants=[{name: a, share: 0.5}, {name: a, share: 0.5}]', 'workload.tenants[1].name', /"a" is there twice/],
  ['workload.tenants=[{name: a, share: 0.5}, {name: b, share: 0.4}]', 'workload.tenants', /the shares are 0.9 together; expected 1/],
  ['workload.tenants=[{name: a, rate: 5/s}, {name: b, share: 0.4}]', 'workload.tenants', /1 of 2 have a rate/],
  ['workload.tenants=[{name: a, rate: 5/s}, {name: b, rate: 1/s}]', 'workload.rate', /every tenant has a rate already/],
  ['workload.tenants=[{name: a, share: 1, rate: 5/s}]', 'workload.tenants[0]', /both a share and a rate/],
  ['workload.tenants=[{name: a, priority: high}]', 'workload.tenants[0].priority', /whole number/],
  ['policies={ scheduler: fair }', 'policies.scheduler', /the traffic has none; expected workload.tenants/],
  ['policies={ admission: {} }', 'policies.admission', /expected any of in-flight, queued-tokens, ttft, got none/],
  ['workload.adapters={ count: 3, share: 0 }', 'workload.adapters.share', /a number above 0 to 1, got 0/],
  ['workload.tenants=[{name: a, model: 1}]', 'workload.tenants[0].model', /one model is served: expected 0; got 1/],
  ['workload={generator: chat, phases: [{for: 1 min, rate: 2/s, model: 1}]}', 'workload.phases[0].model', /one model is served: expected 0; got 1/],
  ['workload.adapters={count: 0}', 'workload.adapters.count', /whole number from 1/],
  ['workload.adapters={popularity: -1}', 'workload.adapters.popularity', /from 0/],
];

describe('a prefill and decode deployment', () => {
  test.each(splitCases)('%s is refused at %s', async (setting, path, message) => {
    const issues = await after(split, [setting]);
    expect(issues.find((issue) => issue.path === path && message.test(issue.message)) ?? issues).toMatchObject({ path });
  });
});

const mergedCases: readonly Case[] = [
  ['deployment.merged.lora={ rank: 8 }', 'deployment.merged.lora.slots', /expected a whole number from 1, got nothing/],
  ['deployment.merged.lora={ rank: 0, slots: 4 }', 'deployment.merged.lora.rank', /whole number from 1 to 512, got 0/],
  [
    'deployment.merged={ instances: 1, gpus: 4, tensor: 2, pipeline: 2, max-num-seqs: 4/rank, max-num-batched-tokens: 99/rank, lora: { rank: 8, slots: 4 } }',
    'deployment.merged.lora',
    /not priced over 2 pipeline stages/,
  ],
  // control loops
  ['control={}', 'control', /expected autoscale or ratio, got neither/],
  ['control={ autoscale: { merged: {} } }', 'control.autoscale.merged.max', /expected the most instances, got nothing/],
  ['control={ autoscale: { merged: { max: 3 } } }', 'control.autoscale.merged.max', /3 instances of 4 chips do not fit the 8 chips of hgx-h100/],
  [
    'control={ autoscale: { merged: { min: 1, max: 1 } } }',
    'control.autoscale.merged',
    /2 instances serve from the beginning; expected min 1 to max 1 to hold that/,
  ],
  ['control={ autoscale: { merged: { max: 2, policy: lode } } }', 'control.autoscale.merged.policy', /expected one of target-load, queue, slo/],
  ['control={ autoscale: { merged: { max: 2, policy: slo } } }', 'control.autoscale.merged.policy', /expected slo with ttft/],
  [
    'control={ autoscale: { merged: { max: 2, policy: queue, target: 0.5 } } }',
    'control.autoscale.merged.target',
    /means nothing to the policy queue; expected ahead/,
  ],
  ['control={ autoscale: { merged: { max: 2, ahead: 1 s } } }', 'control.autoscale.merged.ahead', /means nothing to the policy target-load/],
  ['control={ autoscale: { merged: { min: 3, max: 2 } } }', 'control.autoscale.merged.min', /expected at most the 2 of max, got 3/],
  ['control={ autoscale: { decode: { max: 2 } } }', 'control.autoscale.decode', /the deployment has no decode pool; expected merged/],
  ['control={ ratio: {} }', 'control.ratio', /merged instances; expected prefill and decode pools/],
  [
    'control={ autoscale: { merged: { max: 2 } }, weights: { dram: 3 TB/node } }',
    'control.weights.dram',
    /needs 3.00 TB of host memory per node, 2.00 TB there/,
  ],
  ['control={ autoscale: { merged: { max: 2 } }, weights: { cache: none, dram: 1 TB/node } }', 'control.weights.dram', /means nothing without a cache/],
  ['models=[{}]', 'models[0]: model', /expected the name of a model/],
  ['models=[{ model: qwen3-32b }]', 'models[0]: deployment', /expected prefill and decode pools, or merged instances/],
  [
    'models=[{ model: qwen3-32b, deployment: { merged: { instances: 1, gpus: 4, tensor: 4, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } } }]',
    'models',
    /all instances take 12 chips from the beginning, hgx-h100 has 8/,
  ],
  [
    'models=[{ model: qwen3-32b, deployment: { merged: { instances: 1, gpus: 4, tensor: 3, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } } }]',
    'models[0]: deployment.merged.tensor',
    /3 does not divide/,
  ],
  ['workload={ phases: [{ for: 5 s }], input: 5, output: 5 }', 'workload.phases[0].rate', /expected a rate such as "40\/s", got nothing/],
  ['workload.phases=[{ for: 5 s, rate: 3/s }]', 'workload.phases', /leave out rate/],
  ['deployment.merged.tensor=3', 'deployment.merged.tensor', /3 does not divide/],
  ['deployment.merged.gpus=8', 'deployment', /takes 16 chips \(merged 16\), hgx-h100 has 8/],
  ['deployment.merged.max-num-seqs=256', 'deployment.merged.max-num-seqs', /bare number 256/],
  [
    'deployment.merged.max-num-batched-tokens=128/rank',
    'deployment.merged.max-num-batched-tokens',
    /128 tokens per rank do not hold one step of 256 sequences/,
  ],
  ['deployment.merged.watermark=1', 'deployment.merged.watermark', /from 0 to 0.99/],
  ['deployment.merged.prefix-caching=yes please', 'deployment.merged.prefix-caching', /true or false/],
  ['deployment.merged.experts.parallel=4', 'deployment.merged.experts', /llama-3.1-70b has no experts/],
  ['precision={ experts: fp8 }', 'precision.experts', /llama-3.1-70b has no experts; leave this out/],
  [
    'models=[{ model: qwen3-32b, precision: { experts: fp8 }, deployment: { merged: { instances: 1, gpus: 2, tensor: 2, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } } }]',
    'models[0]: precision.experts',
    /qwen3-32b has no experts; leave this out/,
  ],
  ['deployment.merged.mtp={draft: 0}', 'deployment.merged.mtp', /llama-3.1-70b has no draft module/],
  ['deployment.merged.mtp={draft: 1, acceptance: 0.7}', 'deployment.merged.mtp', /has no draft module/],
  ['deployment.merged.draft={tokens: 3, acceptance: 0.7}', 'deployment.merged.draft.method', /expected one of mtp, eagle, model, ngram, got nothing/],
  ['deployment.merged.draft={method: eagel, tokens: 3, acceptance: 0.7}', 'deployment.merged.draft.method', /did you mean "eagle"/],
  ['deployment.merged.draft={method: eagle, acceptance: 0.7}', 'deployment.merged.draft.tokens', /expected the tokens that are drafted/],
  ['deployment.merged.draft={method: eagle, tokens: 3}', 'deployment.merged.draft.acceptance', /chance that a drafted token is accepted/],
  ['deployment.merged.draft={method: eagle, tokens: 3, acceptance: [0.7]}', 'deployment.merged.draft.acceptance', /1 entries for 3 drafted tokens/],
  [
    'deployment.merged.draft={method: model, tokens: 3, acceptance: 0.7}',
    'deployment.merged.draft.model',
    /expected the name or path of the model that drafts/,
  ],
  ['deployment.merged.draft={method: model, tokens: 3, acceptance: 0.7, model: qwen3-8b}', 'deployment.merged.draft.model', /has to speak the same ones/],
  ['deployment.merged.draft={method: model, tokens: 3, acceptance: 0.7, model: llama-3.1-8}', 'deployment.merged.draft.model', /did you mean "llama-3.1-8b"/],
  [
    'deployment.merged.draft={method: model, tokens: 3, acceptance: 0.7, model: llama-3.1-8b, tensor: 3}',
    'deployment.merged.draft.tensor',
    /3 does not divide the 32/,
  ],
  ['deployment.merged.draft={method: eagle, tokens: 3, acceptance: 0.7, model: llama-3.1-8b}', 'deployment.merged.draft.model', /expected a head of one layer/],
  [
    'deployment.merged.draft={method: ngram, tokens: 3, acceptance: 0.7, vocabulary: 9}',
    'deployment.merged.draft.vocabulary',
    /means nothing to the method ngram/,
  ],
  ['deployment.merged.draft={method: mtp, tokens: 1, acceptance: 0.7}', 'deployment.merged.mtp', /has no draft module/],
  [
    'deployment.merged={instances: 1, gpus: 8, tensor: 2, pipeline: 4, microbatches: 2, max-num-seqs: 64/rank, max-num-batched-tokens: 2048/rank}',
    'deployment.merged.microbatches',
    /do not combine/,
  ],
  ['deployment.merged.context-parallel=3', 'deployment.merged.tensor', /4 x 3 \(context-parallel\) does not divide the 4 dies/],
  ['deployment.merged.context-exchange=ring', 'deployment.merged.context-exchange', /needs context-parallel above 1/],
  ['deployment.merged.context-exchange=tree', 'deployment.merged.context-exchange', /expected one of all-gather, ring/],
  ['deployment.merged.decode-context-parallel=2', 'deployment.merged.decode-context-parallel', /more would save no KV/],
  ['deployment.merged.kv-blocks=1000', 'deployment.merged.kv-blocks', /unknown key/],
  ['deployment.merged.pipeline=100', 'deployment.merged.pipeline', /100 stages are more than the 80 layers/],
  ['deployment.cache.dram=1 TB/node', 'deployment', /has both merged and cache/],
  [
    'deployment.merged={instances: 1, gpus: 1, max-num-seqs: 256/rank, max-num-batched-tokens: 8192/rank}',
    'deployment.merged',
    /needs .* GB per die, .* GB there \(weights/,
  ],
];

describe('a merged deployment', () => {
  test.each(mergedCases)('%s is refused at %s', async (setting, path, message) => {
    const issues = await after(merged, [setting]);
    expect(issues.find((issue) => issue.path === path && message.test(issue.message)) ?? issues).toMatchObject({ path });
  });
});

const hybridCases: readonly Case[] = [
  ['deployment.merged.prefix-caching=true', 'deployment.merged.prefix-caching', /recurrent layers, whose state behind a prefix is not kept/],
  [
    'deployment.merged.max-num-seqs=12000/rank deployment.merged.max-num-batched-tokens=16384/rank',
    'deployment.merged.max-num-seqs',
    /keep states of \d+ KV blocks each/,
  ],
  ['deployment.merged.context-parallel=2 deployment.merged.tensor=4', 'deployment.merged.context-parallel', /pass a state from token to token/],
  [
    'deployment={prefill: {instances: 1, gpus: 4, tensor: 4, batch-tokens: 8192/gpu}, decode: {instances: 1, gpus: 4, tensor: 4, max-batch: 16/gpu}, cache: {dram: 1 TB/node}}',
    'deployment.cache',
    /recurrent layers/,
  ],
];

describe('a model with recurrent layers', () => {
  const hybrid = `
machine: hgx-h200
model: qwen3-next-80b-a3b
deployment: { merged: { instances: 1, gpus: 8, tensor: 8, max-num-seqs: 64/rank, max-num-batched-tokens: 8192/rank } }
workload: { generator: chat, rate: 2/s, requests: 100 }
`;
  test('is served without prefix caching', async () => {
    expect(await after(hybrid, [])).toEqual([]);
    const scenario = await readScenario(parse(hybrid), '', context);
    expect(scenario.deployment).toMatchObject({ prefixCaching: false });
  });

  test.each(hybridCases)('%s is refused at %s', async (settings, path, message) => {
    const issues = await after(hybrid, settings.startsWith('deployment={') ? [settings] : settings.split(' '));
    expect(issues.find((issue) => issue.path === path && message.test(issue.message)) ?? issues).toMatchObject({ path });
  });
});

const traceCases: readonly Case[] = [
  ['workload={trace: traces/nowhere.csv}', 'workload.trace', /no such/],
  ['workload={trace: traces/chat.csv, format: parquet}', 'workload.format', /expected one of/],
  ['workload={trace: traces/chat.csv, speed: 0}', 'workload.speed', /above 0/],
  ['workload={trace: traces/chat.csv, speed: 2, concurrency: 8}', 'workload.speed', /closed loop does not use the times/],
  ['workload={trace: traces/chat.csv, rate: 5/s}', 'workload.rate', /a trace of requests has no rate; expected speed, concurrency/],
  ['workload={trace: traces/chat.csv, format: servegen}', 'workload.trace', /no such folder/],
  ['workload={trace: traces}', 'workload.trace', /no client pool in/],
  ['workload={generator: agentic}', 'workload.rate', /neither/],
  ['workload={generator: agentic, concurrency: 9, context: 0}', 'workload.context', /from 1/],
  ['workload={generator: agentic, concurrency: 9, sessions: 5}', 'workload.concurrency', /9 sessions at a time are more than the 5/],
  ['workload={generator: agentic, concurrency: 9, input: 5}', 'workload.input', /traffic in sessions has no input/],
  ['workload={generator: servegen-r1, from: 90 s}', 'workload.from', /multiple of the 3600 s of a window/],
  ['workload={generator: servegen-r1, concurrency: 9}', 'workload.concurrency', /a pool of clients has no concurrency; expected rate/],
  ['workload={trace: traces/chat.csv, requests: 1000000}', 'workload.requests', /the trace has \d+ requests, got 1000000/],
];

describe('deadlines', () => {
  const scheduler = 'policies.scheduler=slo-aware';
  const tenants = 'workload.tenants=[{ name: a, share: 1, slo: { ttft: 1 s } }]';

  test('slo-aware is refused where no first token has an objective', async () => {
    const refused = [{ path: 'policies.scheduler', message: expect.stringMatching(/expected slo with ttft/) as string }];
    expect(await after(merged, [scheduler, 'slo=null'])).toMatchObject(refused);
    expect(await after(merged, [scheduler, 'slo={ tpot: 50 ms }'])).toMatchObject(refused);
  });

  test('slo-aware has the objective of all, or of a tenant', async () => {
    expect(await after(merged, [scheduler, 'slo={ ttft: 1 s }'])).toEqual([]);
    expect(await after(merged, [scheduler, 'slo=null', tenants])).toEqual([]);
  });
});

describe('a trace', () => {
  test.each(traceCases)('%s is refused at %s', async (setting, path, message) => {
    const issues = await after(merged, ['workload=null', setting]);
    expect(issues.find((issue) => issue.path === path && message.test(issue.message)) ?? issues).toMatchObject({ path });
  });
});

describe('whole files', () => {
  test.each([
    ['nothing', null],
    ['a list', []],
    ['a number', 7],
    ['text', 'cloudmatrix384'],
  ])('%s instead of a map is refused', async (_, content) => {
    expect(await issuesOf(content)).toMatchObject([{ message: expect.stringMatching(/expected a map with the keys name, machine/) as string }]);
  });

  test('many problems are reported together, each once', async () => {
    const issues = await after(split, [
      'machin=x',
      'deployment.decode.experts.redundant=31',
      'workload.rate=120',
      'slo.ttft=2',
      'deployment.prefill.instances=0',
      'seed=1.5',
    ]);
    expect(issues.map(({ path }) => path).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'deployment.decode.experts.parallel',
      'deployment.prefill.instances',
      'machin',
      'seed',
      'slo.ttft',
      'workload.rate',
    ]);
  });
});
