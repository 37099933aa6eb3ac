import { numberFormats } from '../../src/catalogue/format.ts';
import { pathEnds, pathOperations, pathScopes } from '../../src/catalogue/machine.ts';
import { collectiveOperations } from '../../src/catalogue/library.ts';
import { exchangeKernels, exchangeOperations } from '../../src/catalogue/library.ts';
import { bases, caseKinds, tags } from '../../src/ledger/case.ts';
import { stepFigures } from '../../src/ledger/question.ts';
import { servingFigures, servingSpans } from '../../src/ledger/serving-figure.ts';
import { machineFigures, modelFigures } from '../../src/ledger/system.ts';
import { layerStages } from '../../src/model/operator.ts';
import type { z } from 'zod';
import { found, record } from '../read.ts';
import { choice, field, plain, quantity, text, whole, type Field } from '../scenario/fields.ts';
import { launchClasses } from './launch.ts';
import type { CaseFile } from './file.ts';

const machine = text('the name of a machine or the path of a file', 'The machine, as `--machine` takes it: `hgx-h800*16` is that of 16 nodes.');
const model = text('the name of a model or a path', 'The model, as `--model` takes it.');
const stack = text('the name of a software stack or the path of a file', "The software stack; the machine's own by default.");

/** Text or a number, kept as text. */
function word(description: string): Field<string> {
  return field(
    { type: ['string', 'number'] },
    (value) =>
      typeof value === 'number' || (typeof value === 'string' && value !== '')
        ? { value: String(value) }
        : { problem: `expected text or a number, got ${found(value)}` },
    description,
  );
}

const map = field<Readonly<Record<string, unknown>>>(
  { type: 'object' },
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { value: value as Readonly<Record<string, unknown>> }
      : { problem: `expected a map of keys, got ${found(value)}` },
  'Keys that replace those of the question.',
);

const shape = field<Readonly<Record<string, number | string>>>(
  { type: 'object', additionalProperties: { type: ['number', 'string'] } },
  (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((size) => typeof size === 'number' || typeof size === 'string')
      ? { value: value as Readonly<Record<string, number | string>> }
      : { problem: `expected a map of sizes such as { m: 128, n: 4096, k: 7168 }, got ${found(value)}` },
  'Sizes of the launch; which ones depends on the class.',
);

const operator = record({
  machine,
  stack,
  class: choice(launchClasses, 'Class of the operator, as the cells of the catalogue name it.'),
  format: text('a number format such as fp8-block', 'Format of the operands, with the variant of the kernel where there are several: `fp8-block`.'),
  shape,
  timed: choice(
    ['alone', 'in-step'],
    'What was timed: a launch as the benchmarks of the cells time it (the default), or the kernel alone as a step replays it.',
  ),
  figure: choice(['time', 'compute', 'bandwidth'], 'What was measured: the time of a launch (the default), or the rate at which it computes or reads.'),
}).meta({ description: 'One launch of an operator, timed alone.' });

const path = record({
  machine,
  plane: text('the name of a plane', 'The plane; the scale-up plane by default.'),
  scope: choice(pathScopes, 'How far apart the ends are.'),
  operation: choice(pathOperations, 'Who moves the bytes: the die that reads, or the one that writes.'),
  to: choice(pathEnds, 'The other end; a die by default.'),
  figure: choice(['latency', 'bandwidth'], 'What was measured: the time of a small message, or the rate of a long stream.'),
}).meta({ description: 'A message of one die.' });

const collective = record({
  machine,
  stack,
  library: text('the name of a library', "Which of the stack's communication libraries runs it; the quickest by default."),
  operation: choice(collectiveOperations, 'The collective.'),
  ranks: whole(2, 'Dies that take part.'),
  bytes: quantity('bytes', ['256 MiB'], 'The whole vector.'),
  figure: choice(['time', 'bandwidth'], 'The time (the default), or the bandwidth of the bus: what a rank has to move over the time.'),
}).meta({ description: 'A collective by itself.' });

const exchange = record({
  machine,
  plane: text('the name of a plane', 'The plane that carries all of it, such as `rdma`; those that the kernels use by default.'),
  stack,
  operation: choice(exchangeOperations, 'Tokens to their experts, or back.'),
  kernel: choice(exchangeKernels, 'Which kernels: `low-latency` (the default) or `throughput`.'),
  ranks: whole(1, 'Dies over which experts are spread.'),
  tokens: whole(1, 'Tokens of one die.'),
  hidden: whole(1, 'Elements of a token.'),
  experts: whole(1, 'Experts of a token.'),
  copies: plain(
    { min: 0, above: true },
    'Copies of a token that a bandwidth counts: nodes or ranks that it goes to, its own among them; as many as `experts` by default.',
  ),
  format: choice(numberFormats, 'Format of dispatched tokens.'),
  figure: choice(['time', 'bandwidth'], 'The time (the default), or bytes of one die over the time.'),
}).meta({ description: 'Dispatch to experts, or combine, by itself.' });

/** The flags of `supernode step`. */
const stepKeys = {
  machine,
  model,
  stack,
  phase: word('`prefill` or `decode`.'),
  npus: word('Size of the instance in packages; `gpus` and `chips` mean the same.'),
  gpus: word('As `npus`.'),
  chips: word('As `npus`.'),
  dies: word('Size of the instance in dies.'),
  tensor: word('Tensor-parallel dies of a rank.'),
  pipeline: word('Pipeline stages.'),
  'context-parallel': word('Dies over which the tokens of a prompt are split.'),
  'context-exchange': word('How they exchange keys: `all-gather` or `ring`.'),
  'decode-context-parallel': word('Dies over which the KV of a decoding sequence is split.'),
  attention: word('`tensor`, or `sp-tp-sp` for prefill.'),
  'expert-parallel': word('Dies over which experts are spread.'),
  'shared-dies': word('Dies that hold a copy of the shared expert and nothing else.'),
  redundant: word('Redundant copies of routed experts.'),
  'expert-skew': word('(slowest - mean) / mean of expert load, or `uniform`.'),
  'expert-load': word('Popularity of experts: `power:EXPONENT`.'),
  'expert-placement': word('With `expert-load`: `contiguous`, `eplb`, `eplb-hierarchical`.'),
  microbatches: word('1 or 2.'),
  mtp: word('Drafted tokens and the chance of each, such as `1:0.7`.'),
  draft: word('Speculation by any method, such as `eagle:3:0.8,0.6,0.4`.'),
  'draft-model': word('The model that drafts, or the config of a head.'),
  'draft-vocabulary': word("Entries of a head's own vocabulary."),
  'draft-tensor': word('Dies that split a draft model.'),
  'draft-weights': word('Format of the weights of a draft model.'),
  batch: word('Decode: sequences, such as `96/npu`.'),
  context: word('Decode: tokens in the KV of each sequence.'),
  tokens: word('Prefill: tokens of the batch, such as `16384/npu`.'),
  prompt: word('Prefill: tokens of each prompt.'),
  weights: word('Format of the weights.'),
  'expert-weights': word('Format of routed experts, where it differs.'),
  activations: word('Format of the products.'),
  kv: word('Format of the KV.'),
} as const;

const step = record({
  ...stepKeys,
  figure: choice(stepFigures, 'What was measured of it: `time` by default.'),
}).meta({ description: 'One iteration of an instance: the flags of `supernode step` as keys.' });

const stages = field<readonly string[]>(
  { type: 'array', items: { enum: layerStages }, minItems: 1 },
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => (layerStages as readonly unknown[]).includes(one))
      ? { value: value as readonly string[] }
      : { problem: `expected a list of stages out of ${layerStages.join(', ')}, got ${Array.isArray(value) ? JSON.stringify(value) : found(value)}` },
  'Stages of the layer that were timed; the whole layer by default.',
);

const without = field<readonly string[]>(
  { type: 'array', items: { type: 'string' }, minItems: 1 },
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')
      ? { value: value }
      : { problem: `expected a list of operators as supernode step names them, got ${Array.isArray(value) ? JSON.stringify(value) : found(value)}` },
  'Operators of these stages that were not timed, by their names in `supernode step`.',
);

const layer = record({ ...stepKeys, stages, without }).meta({ description: 'Some stages of one layer of an iteration, each launch counted whole.' });

const scenario = field<string | Readonly<Record<string, unknown>>>(
  { anyOf: [{ type: 'string' }, { type: 'object' }] },
  (value) =>
    (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null && !Array.isArray(value))
      ? { value: value as string | Readonly<Record<string, unknown>> }
      : { problem: `expected a scenario, or the path of one relative to this file, got ${found(value)}` },
  'A scenario as `supernode simulate` takes it, written here or as the path of a file relative to this one.',
);

const simulate = record({
  scenario,
  figure: choice(servingFigures, 'What was measured of the run.'),
  over: choice(servingSpans, 'Of which part: the steady `window` (the default), or the whole `run`, start and end included, as benchmark clients count.'),
}).meta({ description: 'A run of traffic.' });

const system = record({
  machine,
  model,
  plane: text('the name of a plane', 'The plane whose switches, links or bandwidth are counted; the scale-up plane by default.'),
  level: text('the name of a level of switches', 'The level of switches; all of them by default.'),
  format: choice(numberFormats, 'Format of a peak, of weights, or of the KV.'),
  figure: choice([...machineFigures, ...modelFigures], 'What is counted.'),
}).meta({ description: 'What the parts of a machine, or the tensors of a model, add up to.' });

const gain = record({
  step: step.optional(),
  simulate: simulate.optional(),
  with: map,
  without: map,
}).meta({ description: 'By how much a change moves a figure: that of the question with some keys over that with others, less one.' });

const source = record({
  document: text('the document, with its version', 'The document, with its version.'),
  place: text('a place in the document', 'Table, figure or section.'),
  tag: choice(tags, 'P: read in the primary source. F: read off its figure. S: told by another source. D: worked out from other figures. M: from memory.'),
}).meta({ description: 'Where the figure was published.' });

const assumes = field<readonly string[]>(
  { type: 'array', items: { type: 'string' } },
  (value) =>
    Array.isArray(value) && value.every((line) => typeof line === 'string') ? { value } : { problem: `expected a list of sentences, got ${found(value)}` },
  'What the source does not say and the scenario assumes.',
);

/** The file of one case. */
export const caseFile: z.ZodType<CaseFile> = record({
  id: text('a name in small letters, digits, dots and hyphens', 'Name of the case, unique in the ledger.'),
  title: text('a sentence', 'What was measured, in one line.'),
  kind: choice(caseKinds, 'What the case is about.'),
  family: text('a few words', 'Cases that are summed up together beside their kind, such as `NCCL`.'),
  basis: choice(bases, '`fitted` where constants of the twin come from this very measurement; `predicted` where none does.'),
  source: source.optional(),
  operator: operator.optional(),
  path: path.optional(),
  collective: collective.optional(),
  exchange: exchange.optional(),
  step: step.optional(),
  layer: layer.optional(),
  simulate: simulate.optional(),
  system: system.optional(),
  gain: gain.optional(),
  experts: text('how even the load of experts was', 'How even the load of experts was, in words; needed where the model has experts.'),
  assumes,
  measured: word('The measured figure with its unit: `49.4 ms`, `1,943 tok/s`, `+27 %`, `336`.'),
  tolerance: word('How far off still counts as agreement: `10 %` of the measured figure, `10 points` of a gain, or `exact`.'),
  missing: text('which mechanism is missing', 'Why the twin is off, where it is.'),
}).meta({ description: 'One measured figure and the whole scenario that it belongs to.' });
