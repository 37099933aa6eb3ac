import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import { numberFormats } from '../src/catalogue/format.ts';
import { exchangeKernels, exchangeOperations, exchangePlanes, memoryRules, operatorClasses, type Stack, type Stream } from '../src/catalogue/stack.ts';
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

const collective = record({ generation, direct: figure('time', true), phased: figure('time', true), efficiency: shareFigure() });

const point = record({ operation: oneOf(exchangeOperations), ranks: count(2), tokens: count(), time: figure('time') });

const exchange = record({
  name: text('a name'),
  generation,
  kernel: oneOf(exchangeKernels),
  plane: oneOf(exchangePlanes),
  bandwidth: figure('bandwidth'),
  'dispatch-format': oneOf(numberFormats),
  'combine-format': oneOf(numberFormats),
  'scale-bytes': count(0),
  hidden: count(),
  fanout: z.number().positive(),
  start: figure('time', true),
  points: listOf(point, 2),
}).transform(({ 'dispatch-format': dispatchFormat, 'combine-format': combineFormat, 'scale-bytes': scaleBytes, ...rest }) => ({
  ...rest,
  dispatchFormat,
  combineFormat,
  scaleBytes,
}));

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

const stack = record({
  name: text('the name of the stack'),
  title: text('a title'),
  efficiencies: listOf(efficiency, 1),
  kernels: listOf(kernel).default([]),
  fusions: listOf(record({ name: text('a name'), source: text('the source of the fusion'), operators: listOf(text('the name of an operator'), 2) })).default(
    [],
  ),
  collectives: listOf(collective, 1),
  exchanges: listOf(exchange).default([]),
  streams: record({
    source: text('the source of the shares'),
    prefill: listOf(stream),
    decode: listOf(stream),
    lag: record({ prefill: count(0).optional(), decode: count(0).optional() }).optional(),
  }),
  spread: record({ prefill: shareFigure(true), decode: shareFigure(true) }),
  'host-gap': figure('time', true),
  intake: record({ request: figure('time', true), token: figure('time', true) }).optional(),
  ahead: record({ since: text('a version'), source: text('where that is known from') }).optional(),
  reserve: figure('bytes', true),
  'memory-utilisation': shareFigure(),
  'memory-rule': oneOf(memoryRules),
  'logit-bytes': figure('bytes'),
  'block-tokens': count(),
  notes: listOf(text('a note')).default([]),
}).transform(
  ({
    'host-gap': hostGap,
    'memory-utilisation': memoryUtilisation,
    'memory-rule': memoryRule,
    'logit-bytes': logitBytes,
    'block-tokens': blockTokens,
    ahead,
    kernels,
    ...rest
  }) => ({
    ...rest,
    versions: { ahead, kernels },
    hostGap,
    memoryUtilisation,
    memoryRule,
    logitBytes,
    blockTokens,
  }),
);

/**
 * A software stack from the content of its file. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readStack(value: unknown, path: string): Stack {
  const result = tryRead<Stack>(stack, value, path);
  const issues = [
    ...result.issues,
    ...(result.value === undefined ? [] : stackIssues(result.value)).map((issue) => ({ path: placed(path, issue.path), message: issue.message })),
  ];
  if (result.value === undefined || issues.length > 0) throw new InputError(issues);
  return result.value;
}

/** What a schema cannot say: every class has an entry for any chip, and streams share a die out. */
function stackIssues({ efficiencies, collectives, streams, fusions }: Stack): Issue[] {
  const general = (entry: { readonly generation?: string | undefined; readonly format?: unknown }): boolean =>
    entry.generation === undefined && entry.format === undefined;
  const uncovered = operatorClasses.filter((operator) => !efficiencies.some((entry) => entry.operator === operator && general(entry)));
  return [
    ...uncovered.map((operator) => ({
      path: 'efficiencies',
      message: `no entry for ${operator} without generation and format, which any other chip would use`,
    })),
    ...(collectives.some(general) ? [] : [{ path: 'collectives', message: 'no entry without generation, which any other chip would use' }]),
    ...streamIssues('streams.prefill', streams.prefill, fusions),
    ...streamIssues('streams.decode', streams.decode, fusions),
  ];
}

/** Operators beside dispatch and combine that a stream without memory bandwidth can only run inside their kernels. */
const beside = ['dispatch-quantise', 'weighted-sum'];

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
