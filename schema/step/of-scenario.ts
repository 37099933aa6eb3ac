import { unreachable } from '../../src/base/errors.ts';
import { memoryBudget } from '../../src/cost/memory.ts';
import type { StepSetting } from '../../src/cost/check.ts';
import { dataRanks, instanceDies, type Layout } from '../../src/model/layout.ts';
import { meanLength } from '../../src/serving/traffic/lengths.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { Lengths, Workload } from '../../src/serving/traffic/workload.ts';
import type { ExpertsFile, MergedFile, PoolFile, ScenarioFile } from '../scenario/file.ts';
import type { StepFlags } from './flags.ts';
import { sequencesThatFit } from './request.ts';

/** An iteration of a pool of a scenario, as the flags of `step`. */
export interface PoolStep {
  readonly pool: 'prefill' | 'decode' | 'merged';
  readonly phase: 'prefill' | 'decode';
  readonly flags: StepFlags;
  /** What of the pool the flags cannot say. */
  readonly apart: readonly Apart[];
}

/** Lengths that the traffic does not state; a load of experts, adapters and a share of the memory that a step has no words for. */
export type Apart = 'lengths' | 'load' | 'adapters' | 'memory';

/** Lengths of requests where the workload does not state them. */
const assumed = { input: 4096, output: 512 } as const;

/**
 * The iterations of a scenario's pools, full as the scenario lets them be: decode in the middle of a mean request, with as many sequences as it runs at
 * once and memory has room for; prefill of prompts of mean length, as many as a batch takes. `file` is what `scenario` was read from.
 */
export function stepsOf(file: ScenarioFile, scenario: Scenario): readonly PoolStep[] {
  const { deployment, workload } = scenario;
  const input = Math.max(1, Math.round(lengthOf(workload, 'input') ?? assumed.input));
  const output = lengthOf(workload, 'output') ?? assumed.output;
  const context = Math.max(1, Math.round(input + output / 2));
  const stated = lengthOf(workload, 'input') !== undefined && lengthOf(workload, 'output') !== undefined;
  const of = (pool: PoolStep['pool'], phase: PoolStep['phase'], batch: StepFlags): PoolStep => ({
    pool,
    phase,
    flags: { ...common(file, scenario), phase, ...poolFlags(file.deployment?.[pool] ?? {}, phase), ...batch },
    apart: [...(stated ? [] : (['lengths'] as const)), ...apartOf(file.deployment?.[pool] ?? {})],
  });
  const decode = (layout: Layout, most: number): StepFlags => ({ batch: `${room(scenario, layout, most, context)}/rank`, context: String(context) });
  if (deployment.kind === 'disaggregated') {
    const { decode: decoding, prefill } = deployment;
    const chips = instanceDies(prefill.layout) / scenario.machine.chip.dies;
    return [
      of('decode', 'decode', decode(decoding.layout, decoding.maxSequences)),
      of('prefill', 'prefill', {
        tokens: prefill.batchTokens % chips === 0 ? `${prefill.batchTokens / chips}/chip` : `${prefill.batchTokens}/instance`,
        prompt: String(Math.min(input, Math.ceil(prefill.batchTokens / dataRanks(prefill.layout)))),
      }),
    ];
  }
  return [
    of('merged', 'decode', decode(deployment.layout, deployment.maxSequences)),
    of('merged', 'prefill', { tokens: `${deployment.maxBatchedTokens}/rank`, prompt: String(Math.min(input, deployment.maxBatchedTokens)) }),
  ];
}

function apartOf(pool: PoolFile & MergedFile): readonly Apart[] {
  return [
    ...(pool.experts?.load?.kind === 'popularity' ? (['load'] as const) : []),
    ...(pool.lora === undefined ? [] : (['adapters'] as const)),
    ...(pool['gpu-memory-utilization'] === undefined ? [] : (['memory'] as const)),
  ];
}

function room({ machine, model, precision, stack }: Scenario, layout: Layout, most: number, context: number): number {
  const setting: StepSetting = { machine, model, precision, stack, layout, role: 'decode' };
  const memory = memoryBudget({ machine, model, precision, layout, stack, maxBatchTokens: most * (1 + layout.draftTokens), maxSequences: most });
  return Math.max(1, Math.min(most, sequencesThatFit(setting, memory, context)));
}

function lengthOf(workload: Workload, which: 'input' | 'output'): number | undefined {
  if (workload.kind === 'generator') return mean(workload[which]);
  if (workload.kind !== 'trace' || workload.columns.count === 0) return undefined;
  const tokens = workload.columns[which === 'input' ? 'inputTokens' : 'outputTokens'];
  return tokens.reduce((sum, one) => sum + one, 0) / workload.columns.count;
}

/** The mean; the middle of a law whose mean has no short formula. */
function mean(lengths: Lengths): number | undefined {
  return meanLength(lengths) ?? (lengths.kind === 'lognormal' ? lengths.median : undefined);
}

function common({ machine, model, stack, precision }: ScenarioFile, scenario: Scenario): StepFlags {
  return defined({
    machine,
    model,
    stack: stack ?? scenario.machine.stack,
    weights: precision?.weights,
    expertWeights: precision?.experts,
    activations: precision?.activations,
    kv: precision?.kv,
  });
}

function poolFlags(pool: PoolFile, phase: PoolStep['phase']): StepFlags {
  const decoding = phase === 'decode';
  return defined({
    npus: text(pool.npus),
    gpus: text(pool.gpus),
    chips: text(pool.chips),
    dies: text(pool.dies),
    tensor: text(pool.tensor),
    pipeline: text(pool.pipeline),
    contextParallel: decoding ? undefined : text(pool['context-parallel']),
    contextExchange: decoding ? undefined : pool['context-exchange'],
    decodeContextParallel: decoding ? text(pool['decode-context-parallel']) : undefined,
    attention: pool.attention,
    microbatches: text(pool.microbatches),
    ...expertFlags(pool.experts),
    ...(decoding ? draftFlags(pool) : {}),
  });
}

function expertFlags({ parallel, shared, redundant, apart, load }: ExpertsFile = {}): StepFlags {
  return defined({
    expertParallel: text(parallel),
    sharedDies: text(shared),
    redundant: text(redundant),
    expertsApart: apart === true ? true : undefined,
    ...loadFlags(load),
  });
}

/** A popularity that chance alone spreads has no flag: the load of balanced experts stands for it. */
function loadFlags(load: ExpertsFile['load']): StepFlags {
  switch (load?.kind) {
    case 'uniform':
      return { expertSkew: 'uniform' };
    case 'skew':
      return { expertSkew: String(load.skew) };
    case 'power':
      return { expertLoad: `power:${load.exponent}`, expertPlacement: load.placement };
    case 'counts':
    case 'imbalance':
      return defined({
        expertLoad: load.path,
        expertPlacement: load.kind === 'counts' ? load.placement : undefined,
        expertWhere:
          Object.keys(load.where).length === 0
            ? undefined
            : Object.entries(load.where)
                .map(([key, value]) => `${key}=${value}`)
                .join(','),
      });
    case 'popularity':
    case 'placed':
    case undefined:
      return {};
    default:
      return unreachable(load);
  }
}

function draftFlags({ mtp, draft }: PoolFile): StepFlags {
  if (mtp?.draft !== undefined && mtp.draft > 0) return { mtp: `${mtp.draft}:${chances(mtp.acceptance)}` };
  if (draft?.method === undefined || draft.tokens === undefined) return {};
  return defined({
    draft: `${draft.method}:${draft.tokens}:${chances(draft.acceptance)}`,
    draftModel: draft.model,
    draftVocabulary: text(draft.vocabulary),
    draftTensor: text(draft.tensor),
    draftWeights: draft.weights,
  });
}

function chances(acceptance: number | readonly number[] = 1): string {
  return typeof acceptance === 'number' ? String(acceptance) : acceptance.join(',');
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function defined(flags: { readonly [Key in keyof StepFlags]: StepFlags[Key] | undefined }): StepFlags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
