import type { Issue } from '../base/errors.ts';
import { numberFormats } from '../catalogue/format.ts';
import { dieCount, type Machine } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import { headsOf } from '../model/attention.ts';
import { exchangesTokens, type Layout } from '../model/layout.ts';
import { tensorClasses, type Model, type Precision } from '../model/model.ts';
import { layerStages } from '../model/operator.ts';
import { linearFormat } from '../model/operators/formats.ts';
import { peakOf } from './rates.ts';

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
  return [...formatIssues(setting), ...splitIssues(setting), ...streamIssues(setting)];
}

/** Products need a format that the chip multiplies. */
function formatIssues({ machine, model, precision }: StepSetting): Issue[] {
  const { die, name } = machine.chip;
  const products = new Set(tensorClasses.map((tensor) => linearFormat(model, precision, tensor).product));
  const known = numberFormats.filter((format) => peakOf(die, format) !== undefined);
  return [...products]
    .filter((format) => peakOf(die, format) === undefined)
    .map((format) => ({ path: 'precision.activations', message: `${name} does not multiply ${format}; expected one of ${known.join(', ')}` }));
}

function splitIssues({ machine, model, layout, role }: StepSetting): Issue[] {
  const issues: Issue[] = [];
  const { dies, tensor, pipeline, attention, experts } = layout;
  const add = (path: string, message: string): void => void issues.push({ path, message });
  if (dies > dieCount(machine)) add('dies', `one instance takes ${dies} dies, ${machine.name} has ${dieCount(machine)}`);
  if (!Number.isInteger(dies / (tensor * pipeline))) add('tensor', `${tensor} x ${pipeline} pipeline stages do not divide the ${dies} dies of an instance`);
  for (const group of model.groups) {
    const heads = headsOf(group.attention);
    if (heads !== undefined && heads % tensor !== 0) add('tensor', `${tensor} does not divide the ${heads} attention heads of ${model.name}`);
    if (group.feedForward.kind !== 'experts') continue;
    if (attention === 'sp-tp-sp' && !exchangesTokens(layout))
      add('experts.parallel', `sp-tp-sp splits tokens over ${tensor} dies, so experts must be spread over at least 2 of them, got ${experts.parallel}`);
    if (!Number.isInteger(dies / pipeline / experts.parallel))
      add('experts.parallel', `${experts.parallel} expert ranks do not divide the ${dies / pipeline} dies of a pipeline stage`);
    if (experts.parallel < tensor ? tensor % experts.parallel !== 0 : experts.parallel % tensor !== 0)
      add('experts.parallel', `${experts.parallel} expert ranks and ${tensor} tensor ranks do not divide each other`);
  }
  if (attention === 'sp-tp-sp' && role !== 'prefill') add('attention', `sp-tp-sp splits the tokens of prompts: it serves prefill, not ${role}`);
  if (layout.draftTokens > 0 && model.draft === undefined) add('mtp', `${model.name} has no draft module (MTP)`);
  return dedupe(issues);
}

/** Two microbatches need streams that cover every stage of a layer. */
function streamIssues({ stack, layout, role }: StepSetting): Issue[] {
  if (layout.microbatches === 1) return [];
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
