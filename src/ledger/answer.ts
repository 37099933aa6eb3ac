import type { Doubt } from '../base/doubt.ts';
import { unreachable } from '../base/errors.ts';
import type { Cell } from '../catalogue/cell.ts';
import type { StepExplanation } from '../cost/explain.ts';
import { stepPricer } from '../cost/pricer.ts';
import { answerLink } from './link.ts';
import type { Unit } from './measure.ts';
import { answerOperator } from './operator.ts';
import type { LayerQuestion, Question, ServingQuestion, StepQuestion, StepWork } from './question.ts';
import { servingValue, unitOfServing } from './serving-figure.ts';
import { ServingRuns } from './serving-runs.ts';
import { systemValue, unitOfSystem } from './system.ts';

/** What the twin says, in the unit of the question. */
export interface Answer {
  readonly value: number;
  readonly doubts: readonly Doubt[];
}

/** The unit of the figure that a question asks for. */
export function unitOf(question: Question): Unit {
  switch (question.kind) {
    case 'operator':
      return { time: 's', compute: 'flop/s', bandwidth: 'B/s' }[question.figure] as Unit;
    case 'path':
      return question.figure === 'latency' ? 's' : 'B/s';
    case 'collective':
    case 'exchange':
      return question.figure === 'time' ? 's' : 'B/s';
    case 'step':
      return stepUnits[question.figure];
    case 'layer':
      return 's';
    case 'serving':
      return unitOfServing(question.figure);
    case 'system':
      return unitOfSystem(question.count.figure);
    case 'gain':
      return '%';
    default:
      return unreachable(question);
  }
}

const stepUnits: Readonly<Record<StepQuestion['figure'], Unit>> = {
  time: 's',
  tpot: 's',
  'tokens-per-second': 'tok/s',
  'tokens-per-second-per-chip': 'tok/s',
  'kv-blocks': '',
  'kv-memory': 'B',
  'other-memory': 'B',
};

/**
 * The twin's answer. `cells` are the calibrated cells that price operators, `runs` what has run already.
 * @throws InputError for what cannot be priced
 */
export function answer(question: Question, cells: readonly Cell[], runs: ServingRuns = new ServingRuns()): Answer {
  switch (question.kind) {
    case 'operator':
      return answerOperator(question, cells);
    case 'path':
    case 'collective':
    case 'exchange':
      return answerLink(question);
    case 'step':
      return answerStep(question);
    case 'layer':
      return answerLayer(question);
    case 'serving':
      return answerServing(question, runs);
    case 'system':
      return { value: systemValue(question.count), doubts: [] };
    case 'gain': {
      const [after, before] = [answer(question.with, cells, runs), answer(question.without, cells, runs)];
      return { value: after.value / before.value - 1, doubts: [...after.doubts, ...before.doubts] };
    }
    default:
      return unreachable(question);
  }
}

function answerStep({ work, figure }: StepQuestion): Answer {
  const { setting, batch, emitted, memory } = work;
  const bytesOf = (wanted: (name: string) => boolean): number => memory.parts.reduce((sum, { name, bytes }) => sum + (wanted(name) ? bytes : 0), 0);
  switch (figure) {
    case 'kv-blocks':
      return { value: memory.kvBlocks, doubts: [] };
    case 'kv-memory':
      return { value: bytesOf((name) => name === 'KV blocks'), doubts: [] };
    case 'other-memory':
      return { value: bytesOf((name) => name !== 'KV blocks' && name !== 'kept free' && name !== 'less than a block'), doubts: [] };
    case 'time':
    case 'tpot':
    case 'tokens-per-second':
    case 'tokens-per-second-per-chip': {
      const { time, doubts } = stepPricer(setting).explain(batch);
      return { value: stepValue(work, figure, time, emitted), doubts };
    }
    default:
      return unreachable(figure);
  }
}

/** A figure of a step that takes so long. */
export function stepValue({ setting, total, chips }: StepWork, figure: StepQuestion['figure'], time: number, emitted: number): number {
  const perSecond = (total * (setting.role === 'decode' ? emitted : 1)) / time;
  switch (figure) {
    case 'time':
      return time;
    case 'tpot':
      return time / emitted;
    case 'tokens-per-second':
      return perSecond;
    case 'tokens-per-second-per-chip':
      return perSecond / chips;
    case 'kv-blocks':
    case 'kv-memory':
    case 'other-memory':
      return Number.NaN;
    default:
      return unreachable(figure);
  }
}

function answerLayer(question: LayerQuestion): Answer {
  const { setting, batch } = question.work;
  const explanation = stepPricer(setting).explain(batch);
  return { value: layerTime(explanation, question), doubts: explanation.doubts };
}

/** All launches of the stages in one layer of the kind that the model has most of, but for operators that were not timed. */
export function layerTime({ groups, operators }: StepExplanation, { stages, without }: LayerQuestion): number {
  const most = groups.reduce((best, group) => (group.count > best.count ? group : best));
  const own = operators.filter(({ group, stage, name }) => group === most.name && stages.includes(stage) && !without.includes(name));
  return own.reduce((sum, { time, launches }) => sum + (time * launches) / most.count, 0);
}

function answerServing({ scenario, figure, over }: ServingQuestion, runs: ServingRuns): Answer {
  const { run } = runs.of(scenario);
  return { value: servingValue(figure, over, run), doubts: run.deployed.doubts };
}
