import { parse } from 'yaml';
import a100Text from '../../data/chips/a100.yaml?raw';
import superchipText from '../../data/chips/ascend-910c.yaml?raw';
import h100Text from '../../data/chips/h100.yaml?raw';
import h200Text from '../../data/chips/h200.yaml?raw';
import supernodeText from '../../data/machines/cloudmatrix384.yaml?raw';
import hgxText from '../../data/machines/hgx-h100.yaml?raw';
import hgx2Text from '../../data/machines/hgx-h200.yaml?raw';
import r1Text from '../../data/models/deepseek-r1.yaml?raw';
import sparseText from '../../data/models/deepseek-v3.2.yaml?raw';
import ossText from '../../data/models/gpt-oss-20b.yaml?raw';
import llamaText from '../../data/models/llama-3.1-70b.yaml?raw';
import mixtralText from '../../data/models/mixtral-8x7b.yaml?raw';
import qwenText from '../../data/models/qwen3-30b-a3b.yaml?raw';
import cannEpText from '../../data/libraries/cann-ep.yaml?raw';
import deepepText from '../../data/libraries/deepep.yaml?raw';
import hcclText from '../../data/libraries/hccl.yaml?raw';
import ncclText from '../../data/libraries/nccl.yaml?raw';
import sglangReduceText from '../../data/libraries/sglang-all-reduce.yaml?raw';
import vllmReduceText from '../../data/libraries/vllm-all-reduce.yaml?raw';
import cannText from '../../data/stacks/cann-cloudmatrix-infer.yaml?raw';
import sglangText from '../../data/stacks/sglang.yaml?raw';
import vllmText from '../../data/stacks/vllm.yaml?raw';
import { readChip } from '../../schema/chip.ts';
import { readLibrary } from '../../schema/library.ts';
import { readMachine } from '../../schema/machine.ts';
import { readModelCard } from '../../schema/model.ts';
import { readStack } from '../../schema/stack.ts';
import type { Chip } from '../catalogue/chip.ts';
import type { Library } from '../catalogue/library.ts';
import type { Machine } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { InstanceBatch, RankBatch } from '../model/batch.ts';
import type { Layout } from '../model/layout.ts';
import { dataRanks } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import { precisionOf } from '../model/precision.ts';
import type { StepSetting } from './check.ts';

const chips = new Map(
  [a100Text, superchipText, h100Text, h200Text].map((text): [string, Chip] => [(parse(text) as { name: string }).name, readChip(parse(text), '')]),
);

function machineFrom(text: string): Machine {
  return readMachine(parse(text), '', (name) => {
    const chip = chips.get(name);
    if (chip === undefined) throw new Error(name);
    return chip;
  });
}

function modelFrom(text: string): Model {
  return readModelCard(parse(text), '', '').model;
}

const libraries = new Map(
  [cannEpText, deepepText, hcclText, ncclText, sglangReduceText, vllmReduceText].map((text): [string, Library] => [
    (parse(text) as { name: string }).name,
    readLibrary(parse(text), ''),
  ]),
);

function stackFrom(text: string): Stack {
  const library = (name: string): Library => {
    const found = libraries.get(name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  return readStack(parse(text), '', { library });
}

export const machines = { supernode: machineFrom(supernodeText), hopper: machineFrom(hgxText), hopperLarge: machineFrom(hgx2Text) };
export const models = {
  r1: modelFrom(r1Text),
  sparse: modelFrom(sparseText),
  oss: modelFrom(ossText),
  llama: modelFrom(llamaText),
  mixtral: modelFrom(mixtralText),
  qwen: modelFrom(qwenText),
};
export const stacks = { cann: stackFrom(cannText), sglang: stackFrom(sglangText), vllm: stackFrom(vllmText) };

export const uniform: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};

export const none: RankBatch = {
  decodeSequences: 0,
  queryTokens: 1,
  decodeContext: 0,
  prefillTokens: 0,
  prefillSequences: 0,
  prefillPairs: 0,
  prefillContext: 0,
};

/** The published decode instance: EP320 over 320 dies with 32 shared copies and 32 redundant experts, two microbatches, one drafted token. */
export const publishedDecode: StepSetting = {
  machine: machines.supernode,
  model: models.r1,
  precision: precisionOf(models.r1, { weights: 'int8' }),
  layout: { ...uniform, dies: 320, experts: { parallel: 320, sharedDies: 32, redundant: 32, load: { kind: 'uniform' } }, microbatches: 2, draftTokens: 1 },
  stack: stacks.cann,
  role: 'decode',
};

/** The published prefill instance: 32 dies, tokens split around the heads, EP32. */
export const publishedPrefill: StepSetting = {
  ...publishedDecode,
  layout: {
    ...uniform,
    dies: 32,
    tensor: 32,
    attention: 'sp-tp-sp',
    experts: { parallel: 32, sharedDies: 0, redundant: 32, load: { kind: 'uniform' } },
    microbatches: 2,
  },
  role: 'prefill',
};

/** Every rank decodes so many sequences of one context. */
export function decoding(layout: Layout, sequences: number, context: number): InstanceBatch {
  const queryTokens = 1 + layout.draftTokens;
  return {
    rank: { ...none, decodeSequences: sequences, queryTokens, decodeContext: sequences * context },
    instanceTokens: sequences * queryTokens * dataRanks(layout),
  };
}

/** Every rank prefills so many fresh prompts of one length. */
export function prefilling(layout: Layout, prompts: number, length: number): InstanceBatch {
  const tokens = prompts * length;
  const rank = { ...none, prefillTokens: tokens, prefillSequences: prompts, prefillPairs: (prompts * length * (length + 1)) / 2, prefillContext: tokens };
  return { rank, instanceTokens: tokens * dataRanks(layout) };
}

/** A machine with a figure of its chip or planes multiplied. */
export function scaled(machine: Machine, part: 'memory' | 'matrix' | 'scale-up', factor: number): Machine {
  const times = <F extends { readonly value: number }>(figure: F): F => ({ ...figure, value: figure.value * factor });
  const { die } = machine.chip;
  switch (part) {
    case 'memory':
      return { ...machine, chip: { ...machine.chip, die: { ...die, memory: { ...die.memory, bandwidth: times(die.memory.bandwidth) } } } };
    case 'matrix': {
      const peaks = Object.fromEntries(
        Object.entries(die.matrix.peaks).flatMap(([format, peak]) =>
          peak === undefined ? [] : [[format, { peak: times(peak.peak), ...(peak.ceiling === undefined ? {} : { ceiling: times(peak.ceiling) }) }]],
        ),
      );
      return { ...machine, chip: { ...machine.chip, die: { ...die, matrix: { ...die.matrix, peaks } } } };
    }
    case 'scale-up':
      return {
        ...machine,
        planes: machine.planes.map((plane) =>
          plane.role === 'scale-up' ? { ...plane, port: { ...plane.port, bandwidth: times(plane.port.bandwidth) } } : plane,
        ),
      };
  }
}
