import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../cli/scenario.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { mooncakeLoop } from './mooncake.ts';

/** Fixed work of the engine: a scenario of so many requests. */
export interface SpeedCase {
  readonly name: string;
  readonly title: string;
  /** Requests of the runs that are made where none are asked for. */
  readonly sizes: readonly number[];
  /** Greatest processor time of the run at 1 M requests. [s] */
  readonly budget?: number;
  /** Load of the pool that binds, or share of its slots in use: what makes the case the one that it says it is. */
  readonly binds?: { readonly pool: string; readonly measure: 'load' | 'occupancy'; readonly least: number; readonly most: number };
  readonly scenario: (requests: number) => Promise<Scenario>;
}

const paper = fileURLToPath(new URL('../../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url));
const replicas = fileURLToPath(new URL('h100-llama-3.1-8b.yaml', import.meta.url));

const from =
  (file: string, ...set: readonly string[]) =>
  (requests: number): Promise<Scenario> =>
    loadScenario(file, { requests, set });

/** Prompts have nothing in common; the example's own reuse is a case of its own. */
const alone = 'workload.reuse=null';
/** Lengths of ServeGen's R1; a few more requests in flight than there are slots to decode, so that all of these are in use. */
const reasoning = ['workload.generator=reasoning', 'workload.rate=null', 'workload.concurrency=16000', alone];
/** 224 NPUs to prefill and 160 to decode. */
const all = 'deployment.prefill.instances=14';

const bound = { pool: 'prefill', measure: 'load', least: 0.85, most: 0.95 } as const;
const full = { pool: 'decode', measure: 'occupancy', least: 0.99, most: 1 } as const;
const [k10, k100, m1, m10] = [1e4, 1e5, 1e6, 1e7];

/** Runs whose cost per request is compared: the dearest against the cheapest. */
export const flat: readonly (readonly [name: string, requests: number])[] = [
  ['paper-chat', k10],
  ['paper-chat', k100],
  ['paper-chat', m1],
  ['paper-chat', m10],
  ['paper-overload', m1],
];

/** The cases of the table, in its order. */
export const cases: readonly SpeedCase[] = [
  {
    name: 'paper-chat',
    title: 'R1 on 256 NPUs, chat, 90 % of prefill',
    sizes: [k10, k100, m1],
    budget: 2,
    binds: bound,
    scenario: from(paper, 'workload.rate=615/s', alone),
  },
  { name: 'paper-overload', title: 'the same at three times the rate', sizes: [m1], scenario: from(paper, 'workload.rate=1845/s', alone) },
  {
    name: 'paper-reasoning',
    title: 'R1 on 256 NPUs, reasoning, all 15,360 slots',
    sizes: [m1],
    budget: 2,
    binds: full,
    scenario: from(paper, ...reasoning),
  },
  {
    name: 'whole-chat',
    title: 'R1 on 384 NPUs, chat, 90 % of prefill',
    sizes: [m1],
    budget: 2,
    binds: bound,
    scenario: from(paper, 'workload.rate=1435/s', all, alone),
  },
  {
    name: 'whole-reasoning',
    title: 'R1 on 384 NPUs, reasoning, all 15,360 slots',
    sizes: [m1],
    budget: 2,
    binds: full,
    scenario: from(paper, ...reasoning, all),
  },
  {
    name: 'paper-cache',
    title: 'R1 on 256 NPUs, chat, six in ten continue, pool on',
    sizes: [m1],
    binds: bound,
    scenario: from(paper, 'workload.rate=735/s'),
  },
  {
    name: 'mooncake',
    title: 'Mooncake conversation, looped, same hashes',
    sizes: [m1],
    budget: 6,
    scenario: (requests) => mooncakeLoop(paper, requests, 'same'),
  },
  {
    name: 'mooncake-fresh',
    title: 'the same, hashes anew in every loop',
    sizes: [m1],
    budget: 6,
    scenario: (requests) => mooncakeLoop(paper, requests, 'fresh'),
  },
  { name: 'replica', title: 'Llama 8B, one H100, 2,000 in, 200 out, 3/s', sizes: [m1], budget: 10, scenario: from(replicas) },
  {
    name: 'replicas-16',
    title: 'the same, 16 replicas, 48/s',
    sizes: [m1],
    budget: 10,
    scenario: from(replicas, 'deployment.merged.instances=16', 'workload.rate=48/s'),
  },
  {
    name: 'replica-named',
    title: 'one replica, every block of a prompt named',
    sizes: [m1],
    scenario: from(replicas, 'workload.reuse.share=0.001'),
  },
];

/** @throws Error for a name that no case has */
export function caseNamed(name: string): SpeedCase {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no such case: ${name}; expected one of ${cases.map((one) => one.name).join(', ')}`);
  return found;
}
