import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import { numberFormats } from '../src/catalogue/format.ts';
import { exchangesElsewhere, memoryRules, operatorClasses, type Stack, type Stream, type Turns } from '../src/catalogue/stack.ts';
import type { Library } from '../src/catalogue/library.ts';
import { layerStages } from '../src/model/operator.ts';
import { figure, shareFigure } from './figure.ts';
import { count, found, listOf, oneOf, placed, record, text, tryRead } from './read.ts';

const share = z
  .number({ error: (issue) => `expected a share from 0 to 1, got ${found(issue.input)}` })
  .min(0)
  .max(1);
const generation = text('a generation of chips').optional();

const efficiency = record({
  operator: oneOf(operatorClasses),
  generation,
  format: oneOf(numberFormats).optional(),
  compute: shareFigure(),
  memory: shareFigure(),
  floor: figure('time', true),
});

const attentionKernel = record({
  kernel: text('the name of a kernel, as cells have it behind their format'),
  generation,
  'head-sizes': listOf(count(), 1),
  windowed: z.boolean({ error: (issue) => `expected true or false, got ${found(issue.input)}` }).optional(),
  'key-value-format': oneOf(numberFormats).optional(),
  source: text('the source of the choice'),
}).transform(({ 'head-sizes': headSizes, 'key-value-format': keyValueFormat, ...rest }) => ({ ...rest, headSizes, keyValueFormat }));

const stream = record({
  name: text('a name'),
  stages: listOf(oneOf(layerStages as unknown as readonly [string, ...string[]]), 1),
  'matrix-share': share,
  'vector-share': share,
  'memory-share': share,
  'vector-memory-share': share.optional(),
}).transform(
  ({ 'matrix-share': matrixShare, 'vector-share': vectorShare, 'memory-share': memoryShare, 'vector-memory-share': vectorMemoryShare, ...rest }) => ({
    ...rest,
    matrixShare,
    vectorShare,
    memoryShare,
    vectorMemoryShare,
  }),
);

const kernel = record({
  class: text('a class of cells'),
  format: text('a format of cells'),
  use: text('a format of cells'),
  generation,
  stack: text('the name of a stack').optional(),
  before: text('a version').optional(),
  source: text('the source of the choice'),
});

const sameKernel = record({
  class: text('a class of cells'),
  format: text('a format of cells'),
  generation,
  stack: text('the name of the stack whose cells are meant'),
  source: text('the source of the choice'),
}).transform((choice) => ({ ...choice, use: choice.format }));

const turns = listOf(listOf(oneOf([...layerStages, 'wait'] as unknown as readonly [string, ...string[]])), 1);

const stack = record({
  name: text('the name of the stack'),
  title: text('a title'),
  base: text('the name of the stack that it extends').optional(),
  efficiencies: listOf(efficiency, 1),
  'same-kernels': listOf(sameKernel).optional(),
  kernels: listOf(kernel).default([]),
  'open-activations': listOf(
    record({
      method: text('a quant_method'),
      generations: listOf(text('a generation of chips'), 1),
      activations: oneOf(numberFormats),
      source: text('the source of the format'),
    }),
  ).optional(),
  fusions: listOf(record({ name: text('a name'), source: text('the source of the fusion'), operators: listOf(text('the name of an operator'), 2) })).default(
    [],
  ),
  'attention-kernels': listOf(attentionKernel).optional(),
  'mixed-attention': listOf(record({ chip: text('the name of a chip'), share: shareFigure() })).optional(),
  libraries: listOf(text('the name of a communication library'), 1),
  'exchange-elsewhere': record({ way: oneOf(exchangesElsewhere), source: text('where that is known from') }).optional(),
  'absorbed-projections': record({ format: oneOf(numberFormats), source: text('the source') }).optional(),
  'windowed-layers': record({ share, source: text('where that is known from') }).optional(),
  'fused-shared-expert': record({ source: text('where that is known from') }).optional(),
  streams: record({
    source: text('the source of the shares'),
    prefill: listOf(stream),
    decode: listOf(stream),
    lag: record({ prefill: count(0).optional(), decode: count(0).optional() }).optional(),
    turns: record({ prefill: turns.optional(), decode: turns.optional() }).optional(),
  }),
  spread: record({ prefill: shareFigure(true), decode: shareFigure(true) }),
  'host-gap': figure('time', true),
  lookup: record({ start: figure('time', true), token: figure('time', true) }).optional(),
  intake: record({ request: figure('time', true), token: figure('time', true) }).optional(),
  ahead: record({ since: text('a version'), source: text('where that is known from') }).optional(),
  'prefill-first': record({ source: text('where that is known from') }).optional(),
  reserve: figure('bytes', true),
  'memory-utilisation': shareFigure(),
  'memory-rule': oneOf(memoryRules),
  'logit-bytes': figure('bytes'),
  'block-tokens': count(),
  notes: listOf(text('a note')).default([]),
}).transform(
  ({
    'absorbed-projections': absorbed,
    'exchange-elsewhere': exchangeElsewhere,
    'prefill-first': prefillFirst,
    'fused-shared-expert': fusedShared,
    'host-gap': hostGap,
    'attention-kernels': attentionKernels,
    'mixed-attention': mixedAttention,
    'memory-utilisation': memoryUtilisation,
    'memory-rule': memoryRule,
    'logit-bytes': logitBytes,
    'block-tokens': blockTokens,
    'same-kernels': sameKernels,
    'open-activations': openActivations,
    'windowed-layers': windowedLayers,
    ahead,
    kernels,
    ...rest
  }) => ({
    ...rest,
    kernels: sameKernels,
    openActivations,
    windowedLayers,
    versions: { ahead, kernels },
    absorbed,
    exchangeElsewhere,
    mixedAttention,
    prefillFirst,
    fusedShared,
    attentionKernels,
    hostGap,
    memoryUtilisation,
    memoryRule,
    logitBytes,
    blockTokens,
  }),
);

type StackFile = z.infer<typeof stack>;

/** Other files that a stack's file names. */
export interface StackSources {
  /** A communication library by its name or path. */
  readonly library: (nameOrPath: string) => Library;
  /** The content of the file of another stack; absent or undefined: there is none. */
  readonly stack?: ((name: string) => unknown) | undefined;
}

/**
 * A software stack from the content of its file. `path` names the file in errors. A file that says `extends: NAME` states only what sets it
 * apart: every other key, the calibrated kernels too, is that of NAME's file.
 * @throws InputError with every problem, those of its libraries included.
 */
export function readStack(value: unknown, path: string, { library: libraryOf, stack: stackOf }: StackSources): Stack {
  const result = tryRead<StackFile>(stack, extended(value, path, stackOf), path);
  const issues: Issue[] = [
    ...result.issues,
    ...(result.value === undefined ? [] : stackIssues(result.value)).map((issue) => ({ path: placed(path, issue.path), message: issue.message })),
  ];
  const libraries = (result.value?.libraries ?? []).flatMap((name, i): readonly Library[] => {
    try {
      return [libraryOf(name)];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(...error.issues.map((issue) => (issue.path === 'library' ? { ...issue, path: placed(path, `libraries[${i}]`) } : issue)));
      return [];
    }
  });
  if (result.value === undefined || issues.length > 0) throw new InputError(issues);
  const { libraries: _names, ...rest } = result.value;
  return { ...rest, collectives: libraries.flatMap(({ collectives }) => collectives), exchanges: libraries.flatMap(({ exchanges }) => exchanges) };
}

/** The content with all keys: those of the stack that it extends where it has none of its own. */
function extended(value: unknown, path: string, others: StackSources['stack']): unknown {
  if (typeof value !== 'object' || value === null || !('extends' in value)) return value;
  const { extends: base, ...own } = value;
  const from = typeof base === 'string' ? others?.(base) : undefined;
  if (typeof base !== 'string' || typeof from !== 'object' || from === null)
    throw new InputError([{ path: placed(path, 'extends'), message: `expected the name of a stack of the catalogue, got ${found(base)}` }]);
  if ('extends' in from) throw new InputError([{ path: placed(path, 'extends'), message: `${base} extends another stack itself: name that one` }]);
  return { ...from, ...own, base };
}

/** What a schema cannot say: every class has an entry for any chip, and streams share a die out. */
function stackIssues({ efficiencies, streams, fusions }: StackFile): Issue[] {
  const general = (entry: { readonly generation?: string | undefined; readonly format?: unknown }): boolean =>
    entry.generation === undefined && entry.format === undefined;
  const uncovered = operatorClasses.filter((operator) => !efficiencies.some((entry) => entry.operator === operator && general(entry)));
  return [
    ...uncovered.map((operator) => ({
      path: 'efficiencies',
      message: `no entry for ${operator} without generation and format, which any other chip would use`,
    })),
    ...(['prefill', 'decode'] as const).flatMap((phase) => turnIssues(`streams.turns.${phase}`, streams.turns?.[phase])),
    ...streamIssues('streams.prefill', streams.prefill, fusions),
    ...streamIssues('streams.decode', streams.decode, fusions),
  ];
}

/** Every stage of an expert layer has one turn, and they wait for what comes back when all else has begun. */
function turnIssues(path: string, turns: Turns | undefined): Issue[] {
  if (turns === undefined) return [];
  const all = turns.flat();
  const needed = [...layerStages, 'wait'];
  const wrong = needed.filter((stage) => all.filter((other) => other === stage).length !== 1);
  const first = (stage: string): number => turns.findIndex((stages) => stages.includes(stage));
  const early = ['attention-prologue', 'attention-core', 'attention-output', 'gate', 'dispatch', 'experts', 'combine', 'wait'];
  const backwards = early.filter((stage, i) => i > 0 && first(stage) < first(early[i - 1] ?? ''));
  return [
    ...wrong.map((stage) => ({ path, message: `expected ${stage} in one turn` })),
    ...(wrong.length > 0 ? [] : backwards.map((stage) => ({ path, message: `${stage} has its turn before what it needs` }))),
    ...(wrong.length > 0 || first('shared-expert') <= first('wait')
      ? []
      : [{ path, message: 'shared-expert has its turn behind the wait that ends the layer' }]),
  ];
}

/** Operators beside dispatch and combine that a stream without memory bandwidth can only run inside their kernels. */
const beside = ['dispatch-quantise', 'dispatch-copy', 'combine-copy', 'weighted-sum'];

function streamIssues(path: string, streams: readonly Stream[], fusions: Stack['fusions']): Issue[] {
  const twice = layerStages.filter((stage) => streams.filter(({ stages }) => stages.includes(stage)).length > 1);
  const over = (['matrixShare', 'vectorShare'] as const).filter((engine) => streams.reduce((sum, stream) => sum + stream[engine], 0) > 1.0001);
  const idle = streams.filter(({ memoryShare, vectorShare }) => memoryShare === 0 || vectorShare === 0);
  const working = idle.flatMap(({ stages }) => stages.filter((stage) => stage !== 'dispatch' && stage !== 'combine'));
  const apart = beside.filter(
    (name) => !fusions.some(({ operators }) => operators.includes(name) && operators.some((other) => other === 'dispatch' || other === 'combine')),
  );
  return [
    ...working.map((stage) => ({ path, message: `${stage} is on a stream without vector cores or memory bandwidth` })),
    ...(idle.length === 0
      ? []
      : apart.map((name) => ({ path, message: `${name} needs vector cores and memory bandwidth unless it is fused with dispatch or combine` }))),
    ...twice.map((stage) => ({ path, message: `${stage} is on two streams` })),
    ...over.map((engine) => ({ path, message: `the streams have more than one ${engine.replace('Share', '')} engine between them` })),
  ];
}
