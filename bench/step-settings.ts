import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import type { StepSetting } from '../src/cost/check.ts';
import type { CompositionKind, NamedSetting } from '../src/cost/compositions.contract.ts';
import type { Layout } from '../src/model/layout.ts';
import { precisionOf } from '../src/model/precision.ts';

const every: readonly CompositionKind[] = ['decode', 'prompts', 'mixed'];
const one: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const over = (parallel: number, redundant: number = 0, sharedDies: number = 0): Layout['experts'] => ({ ...one.experts, parallel, redundant, sharedDies });

function setting(
  machine: string,
  model: string,
  role: StepSetting['role'],
  layout: Partial<Layout>,
  formats: Parameters<typeof precisionOf>[1] = {},
): StepSetting {
  const found = loadMachine(machine);
  const loaded = loadModel(model);
  return { machine: found, model: loaded, precision: precisionOf(loaded, formats), layout: { ...one, ...layout }, stack: loadStack(found.stack), role };
}

const int8 = { weights: 'int8' } as const;

/** What the benches of step costs price: the published instances of R1, and merged ones from a single rank up. */
export const settings: readonly NamedSetting[] = [
  {
    name: 'R1 decode, 320 dies, EP320, MTP',
    setting: setting('cloudmatrix384', 'deepseek-r1', 'decode', { dies: 320, experts: over(320, 32, 32), microbatches: 2, draftTokens: 1 }, int8),
    kinds: ['decode'],
  },
  {
    name: 'R1 prefill, 32 dies, EP32',
    setting: setting('cloudmatrix384', 'deepseek-r1', 'prefill', { dies: 32, tensor: 32, attention: 'sp-tp-sp', experts: over(32, 32), microbatches: 2 }, int8),
    kinds: ['prompts'],
  },
  { name: 'Llama 8B, single rank, H100', setting: setting('hgx-h100', 'llama-3.1-8b', 'merged', {}), kinds: every },
  { name: 'Llama 70B, TP4, H100', setting: setting('hgx-h100', 'llama-3.1-70b', 'merged', { dies: 4, tensor: 4 }), kinds: every },
  {
    name: 'R1, 16 ranks, EP16, MTP, 16 x H200',
    setting: setting('hgx-h200*2', 'deepseek-r1', 'merged', { dies: 16, experts: over(16), draftTokens: 1 }),
    kinds: every,
  },
  {
    name: 'Llama 70B, TP2 CP4 (ring), H200',
    setting: setting('hgx-h200', 'llama-3.1-70b', 'prefill', { dies: 8, tensor: 2, context: { parallel: 4, exchange: 'ring', decode: 1 } }),
    kinds: ['prompts'],
  },
  { name: 'Llama 70B, TP2 PP4, H100', setting: setting('hgx-h100', 'llama-3.1-70b', 'merged', { dies: 8, tensor: 2, pipeline: 4 }), kinds: every },
  {
    name: 'R1, TP8 DCP8, H200',
    setting: setting('hgx-h200', 'deepseek-r1', 'merged', { dies: 8, tensor: 8, context: { parallel: 1, exchange: 'all-gather', decode: 8 } }),
    kinds: every,
  },
  {
    name: 'Qwen3 32B, TP4, drafts by 0.6B, H100',
    setting: setting('hgx-h100', 'qwen3-32b', 'merged', {
      dies: 4,
      tensor: 4,
      draftTokens: 3,
      drafter: { kind: 'model', model: loadModel('qwen3-0.6b'), precision: precisionOf(loadModel('qwen3-0.6b')), tensor: 1 },
    }),
    kinds: every,
  },
];
