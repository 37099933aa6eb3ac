import { unreachable, type Issue } from '../base/errors.ts';
import { numberFormats } from '../catalogue/format.ts';
import { dieCount, type Machine } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import { headsOf } from '../model/attention.ts';
import { draftModel } from '../model/drafter.ts';
import { contextOf, dataRanks, exchangesTokens, instanceDies, stageDies, type Layout } from '../model/layout.ts';
import { tensorClasses, type LayerGroup, type Model, type Precision } from '../model/model.ts';
import { layerStages } from '../model/operator.ts';
import { linearFormat } from '../model/operators/formats.ts';
import { peakOf } from './rates.ts';

/** Rows by which vocabularies of one tokenizer may differ: tables are padded to sizes that divide well. */
const padding = 1024;

/** What an instance does in its iterations. */
export type StepRole = 'prefill' | 'decode' | 'merged';

/** One instance of a model on a machine. */
export interface StepSetting {
  readonly machine: Machine;
  readonly model: Model;
  readonly precision: Precision;
  readonly layout: Layout;
  readonly stack: Stack;
  readonly role: StepRole;
}

/** Everything that keeps an instance from being priced. Paths are the keys of a deployment. */
export function settingIssues(setting: StepSetting): readonly Issue[] {
  return [
    ...formatIssues(setting),
    ...splitIssues(setting),
    ...draftIssues(setting),
    ...apartIssues(setting),
    ...contextIssues(setting),
    ...streamIssues(setting),
  ];
}

/** Products need a format that the chip multiplies. */
function formatIssues({ machine, model, precision, layout }: StepSetting): Issue[] {
  const { die, name } = machine.chip;
  const known = numberFormats.filter((format) => peakOf(die, format) !== undefined);
  const unknown = (path: string, of: Model, formats: Precision): Issue[] => {
    const products = new Set(tensorClasses.map((tensor) => linearFormat(of, formats, tensor).product));
    return [...products]
      .filter((format) => peakOf(die, format) === undefined)
      .map((format) => ({ path, message: `${name} does not multiply ${format}; expected one of ${known.join(', ')}` }));
  };
  const drafting = draftModel(layout);
  return [
    ...unknown('precision.activations', model, precision),
    ...(drafting === undefined ? [] : unknown('draft.weights', drafting.model, drafting.precision)),
  ];
}

/** What drafts has to be there, to speak the model's tokens, and to lie on the dies of a rank. */
function draftIssues({ model, layout, stack }: StepSetting): Issue[] {
  const { draftTokens, drafter, tensor, attention } = layout;
  if (draftTokens === 0) return [];
  const issues: Issue[] = [];
  const add = (path: string, message: string): void => void issues.push({ path, message });
  const divide = (path: string, groups: readonly LayerGroup[], ranks: number, name: string): void => {
    for (const group of groups) {
      const heads = headsOf(group.attention);
      if (heads !== undefined && heads % ranks !== 0) add(path, `${ranks} does not divide the ${heads} attention heads of ${name}`);
    }
  };
  if (drafter === undefined) {
    if (model.draft === undefined) add('mtp', `${model.name} has no draft module (MTP)`);
    return issues;
  }
  switch (drafter.kind) {
    case 'head':
      divide('draft.model', [drafter.module.layers], tensor, drafter.name);
      break;
    case 'model': {
      const { name, vocabulary } = drafter.model;
      divide('draft.tensor', drafter.model.groups, drafter.tensor, name);
      if (tensor % drafter.tensor !== 0)
        add('draft.tensor', `${drafter.tensor} dies of a draft model do not divide the ${tensor} tensor-parallel dies of a rank`);
      if (Math.abs(vocabulary - model.vocabulary) > padding)
        add('draft.model', `${name} has ${vocabulary} tokens, ${model.name} has ${model.vocabulary}: a draft model has to speak the same ones`);
      if (attention === 'sp-tp-sp') add('draft', 'a draft model of its own computes every prompt whole: it does not combine with sp-tp-sp');
      break;
    }
    case 'lookup':
      if (stack.lookup === undefined) add('draft.method', `${stack.name} does not say what a search of the host takes (lookup)`);
      break;
    default:
      unreachable(drafter);
  }
  return dedupe(issues);
}

function splitIssues({ machine, model, layout, role }: StepSetting): Issue[] {
  const issues: Issue[] = [];
  const { dies, tensor, pipeline, attention, experts } = layout;
  const add = (path: string, message: string): void => void issues.push({ path, message });
  const all = instanceDies(layout);
  if (all > dieCount(machine)) add('dies', `one instance takes ${all} dies, ${machine.name} has ${dieCount(machine)}`);
  if (!Number.isInteger(dataRanks(layout))) add('tensor', `${stageDies(layout)} x ${pipeline} pipeline stages do not divide the ${dies} dies of an instance`);
  for (const group of model.groups) {
    const heads = headsOf(group.attention);
    if (heads !== undefined && heads % tensor !== 0) add('tensor', `${tensor} does not divide the ${heads} attention heads of ${model.name}`);
    if (group.feedForward.kind !== 'experts') continue;
    if (attention === 'sp-tp-sp' && !exchangesTokens(layout))
      add('experts.parallel', `sp-tp-sp splits tokens over ${tensor} dies, so experts must be spread over at least 2 of them, got ${experts.parallel}`);
    if (experts.apart === true) continue;
    if (!Number.isInteger(dies / pipeline / experts.parallel))
      add('experts.parallel', `${experts.parallel} expert ranks do not divide the ${dies / pipeline} dies of a pipeline stage`);
    if (experts.parallel < tensor ? tensor % experts.parallel !== 0 : experts.parallel % tensor !== 0)
      add('experts.parallel', `${experts.parallel} expert ranks and ${tensor} tensor ranks do not divide each other`);
  }
  if (pipeline > 1 && layout.microbatches > 1)
    add('microbatches', `${pipeline} pipeline stages have a batch each in flight: two microbatches do not combine with them`);
  if (layout.microbatches > 2 && experts.apart !== true)
    add('microbatches', `${layout.microbatches} microbatches go back and forth between attention and experts that are apart; on shared dies expected 1 or 2`);
  if (attention === 'sp-tp-sp' && role !== 'prefill') add('attention', `sp-tp-sp splits the tokens of prompts: it serves prefill, not ${role}`);
  return dedupe(issues);
}

/** Experts on dies of their own serve decode, and need some to be there. */
function apartIssues({ model, layout, role }: StepSetting): Issue[] {
  const { experts, pipeline, context } = layout;
  if (experts.apart !== true) return [];
  const issues: Issue[] = [];
  const add = (message: string): void => void issues.push({ path: 'experts.apart', message });
  if (role !== 'decode') add(`experts on dies of their own serve decode, not ${role}`);
  if (!model.groups.some(({ feedForward }) => feedForward.kind === 'experts')) add(`${model.name} has no experts`);
  if (pipeline > 1) add(`does not combine with ${pipeline} pipeline stages: attention and experts are the stages`);
  if (context !== undefined && context.parallel * context.decode > 1) add('does not combine with a context that is spread over dies');
  return issues;
}

/** Which attentions and roles can spread the tokens of a sequence. */
function contextIssues({ model, layout, role }: StepSetting): Issue[] {
  const { parallel, exchange, decode } = contextOf(layout);
  const { tensor, attention, drafter } = layout;
  const issues: Issue[] = [];
  const add = (path: string, message: string): void => void issues.push({ path, message });
  if (exchange === 'ring' && parallel === 1) add('context-exchange', 'says how dies that share a context meet; it needs context-parallel above 1');
  if (parallel > 1) {
    if (role === 'decode')
      add('context-parallel', 'splits the tokens of prompts: it serves prefill; sequences that decode are spread by decode-context-parallel');
    if (attention === 'sp-tp-sp') add('context-parallel', 'does not combine with sp-tp-sp, which splits the tokens of prompts already');
    if (drafter?.kind === 'model') add('context-parallel', 'does not combine with a draft model of its own, which computes every prompt whole');
  }
  if (decode > 1) {
    if (role === 'prefill') add('decode-context-parallel', 'spreads the KV of sequences that decode: prompts are split by context-parallel');
    if (tensor % decode !== 0) add('decode-context-parallel', `${decode} does not divide the ${tensor} tensor-parallel dies of a rank`);
  }
  if (parallel * decode === 1) return issues;
  const path = parallel > 1 ? 'context-parallel' : 'decode-context-parallel';
  for (const { attention: of } of model.groups) {
    if (of.kind === 'compressed') add(path, `the compressed keys of ${model.name} stand in one place: they are not spread over dies`);
    if (of.kind === 'linear' && parallel > 1) add(path, `recurrent layers of ${model.name} pass a state from token to token: their prompts are not split`);
    if (of.kind === 'grouped-query' && of.blocks !== undefined) add(path, `the index of ${model.name} picks blocks of keys from one die: they are not spread`);
    if (decode === 1) continue;
    if (of.kind === 'latent' && of.sparse !== undefined)
      add('decode-context-parallel', `the index of ${model.name} picks keys from one die: they are not spread`);
    if (of.kind === 'grouped-query' && of.keyValueHeads * decode > tensor)
      add(
        'decode-context-parallel',
        `${tensor} dies have each of the ${of.keyValueHeads} KV heads of ${model.name} on ${Math.max(1, Math.floor(tensor / of.keyValueHeads))} of them, got ${decode}: more would save no KV`,
      );
  }
  return dedupe(issues);
}

/** Two microbatches need streams that cover every stage of a layer. */
function streamIssues({ stack, layout, role }: StepSetting): Issue[] {
  if (layout.microbatches === 1 || layout.experts.apart === true) return [];
  const phases = role === 'merged' ? (['prefill', 'decode'] as const) : ([role] as const);
  return phases.flatMap((phase) => {
    const missing = layerStages.filter((stage) => !stack.streams[phase].some((stream) => stream.stages.includes(stage)));
    return missing.length === 0
      ? []
      : [{ path: 'microbatches', message: `${stack.name} has no streams for two microbatches in ${phase} (${missing.join(', ')} on none)` }];
  });
}

function dedupe(issues: readonly Issue[]): Issue[] {
  return issues.filter((issue, i) => issues.findIndex((other) => other.path === issue.path && other.message === issue.message) === i);
}
