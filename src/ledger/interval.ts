import { unreachable } from '../base/errors.ts';
import type { Cell } from '../catalogue/cell.ts';
import { mostSpecific } from '../catalogue/stack.ts';
import { numberFormatOf } from '../cost/calibration/die.ts';
import { findCell } from '../cost/calibration/find.ts';
import { stepPricer } from '../cost/pricer.ts';
import { differencesOf } from '../cost/providers.ts';
import { drawsOf } from '../cost/uncertainty/draws.ts';
import { priceErrors, type LinkKind } from '../cost/uncertainty/errors.ts';
import { intervalOf, type Interval } from '../cost/uncertainty/interval.ts';
import { linkInterval, operatorInterval, ratedInterval, stepInterval, stepSamples } from '../cost/uncertainty/step-interval.ts';
import { Unknowns } from '../cost/uncertainty/unknowns.ts';
import { collectiveModel } from '../network/collective.ts';
import { planeFor } from '../network/reach.ts';
import type { Intervals, MetricName, Summary } from '../report/summary.ts';
import { layerTime, stepValue } from './answer.ts';
import type {
  CollectiveQuestion,
  ExchangeQuestion,
  GainQuestion,
  LayerQuestion,
  OperatorQuestion,
  Question,
  ServingQuestion,
  StepQuestion,
} from './question.ts';
import type { ServingFigure } from './serving-figure.ts';
import type { ServingRuns } from './serving-runs.ts';

/** Samples of a layer. */
const layerSamples = 31;

/** The 80 % interval of an answer; undefined where nothing is known of how far off it may be. */
export function intervalFor(question: Question, value: number, cells: readonly Cell[], runs: ServingRuns): Interval | undefined {
  switch (question.kind) {
    case 'operator':
      return ofOperator(question, value, cells);
    case 'collective':
    case 'exchange': {
      const factor = linkInterval(kindOfLink(question), question.stack.uncertainty);
      return question.figure === 'time' ? scaled(factor, value) : divided(factor, value);
    }
    case 'step':
      return ofStep(question);
    case 'layer':
      return ofLayer(question, value);
    case 'serving':
      return ofServing(question, value, runs);
    case 'gain':
      return ofGain(question, value);
    case 'path':
    case 'system':
      return undefined;
    default:
      return unreachable(question);
  }
}

/** A range of factors of a time as a range of the time. */
function scaled({ low, high }: Interval, value: number): Interval {
  return { low: low * value, high: high * value };
}

/** The same as a range of a rate. */
function divided({ low, high }: Interval, value: number): Interval {
  return { low: value / high, high: value / low };
}

/** As steps price them: where no library was measured, collectives err as they do elsewhere. */
function kindOfLink(question: CollectiveQuestion | ExchangeQuestion): LinkKind {
  if (question.kind === 'exchange') return 'exchange';
  const { machine, stack, ranks } = question;
  const elsewhere = planeFor(machine, ranks)?.role === 'scale-out' || collectiveModel(machine, stack, ranks).doubts.length > 0;
  return elsewhere ? 'collective-elsewhere' : 'collective';
}

function ofOperator(question: OperatorQuestion, value: number, cells: readonly Cell[]): Interval {
  const { machine, stack, class: operatorClass, format, figure, roofline, flop, bytes } = question;
  const wanted = { chip: machine.chip, stack: stack.name, class: operatorClass, format };
  const found = findCell(cells, wanted);
  const measured = (): boolean => {
    const rates = stack.efficiencies.filter(({ operator }) => operator === (roofline?.class ?? operatorClass));
    const entry = mostSpecific(rates, machine.chip.generation, numberFormatOf(format));
    return entry?.compute.kind === 'measured' && entry.memory.kind === 'measured';
  };
  const time = figure === 'time' ? value : (figure === 'compute' ? flop : bytes) / value;
  const prices = { ...wanted, chip: machine.chip.name };
  const factor =
    found === undefined
      ? ratedInterval({ ...prices, time: () => time }, measured(), stack.uncertainty)
      : operatorInterval({ cell: found.cell, differs: differencesOf(found.cell, wanted), prices }, time, stack.uncertainty);
  return figure === 'time' ? scaled(factor, value) : divided(factor, value);
}

function isOfMemory(figure: StepQuestion['figure']): boolean {
  return figure === 'kv-blocks' || figure === 'kv-memory' || figure === 'other-memory';
}

function ofStep({ work, figure }: StepQuestion): Interval | undefined {
  if (isOfMemory(figure)) return undefined;
  const { setting, batch, acceptance } = work;
  return stepInterval(setting, batch, ({ cost, emitted }) => stepValue(work, figure, cost.time, emitted), { acceptance });
}

function ofLayer(question: LayerQuestion, value: number): Interval {
  const { setting, batch } = question.work;
  const { uncertainty } = setting.stack;
  const times = drawsOf(1, layerSamples).map((draw) =>
    layerTime(stepPricer(new Unknowns(uncertainty, draw).setting(setting), priceErrors(uncertainty, draw)).explain(batch), question),
  );
  return intervalOf(value, times);
}

/** Headline metrics whose relative range stands for that of a figure. */
const metricOf: Readonly<Record<ServingFigure, MetricName>> = {
  'ttft-mean': 'ttftP50',
  'ttft-p50': 'ttftP50',
  'ttft-p99': 'ttftP99',
  'tpot-mean': 'tpotP50',
  'tpot-p50': 'tpotP50',
  'tpot-p99': 'tpotP99',
  'itl-mean': 'tpotP50',
  'e2e-mean': 'tpotP50',
  'input-tokens-per-second': 'inputTokensPerSecond',
  'output-tokens-per-second': 'outputTokensPerSecond',
  'output-tokens-per-second-per-chip': 'outputTokensPerSecond',
  'tokens-per-second-per-chip': 'outputTokensPerSecond',
  power: 'power',
  'output-tokens-per-joule': 'joulesPerToken',
};

function nominalOf(metric: MetricName, { latency, throughput, cost }: Summary): number {
  switch (metric) {
    case 'ttftP50':
      return latency.ttft.p50;
    case 'ttftP99':
      return latency.ttft.p99;
    case 'tpotP50':
      return latency.tpot.p50;
    case 'tpotP99':
      return latency.tpot.p99;
    case 'inputTokensPerSecond':
      return throughput.inputTokens;
    case 'outputTokensPerSecond':
      return throughput.outputTokens;
    case 'power':
      return cost.power ?? Number.NaN;
    case 'joulesPerToken':
      return cost.joulesPerToken ?? Number.NaN;
    case 'requestsPerSecond':
    case 'goodput':
    case 'goodShare':
    case 'bindingLoad':
    case 'dollarsPerMillionTokens':
      return Number.NaN;
    default:
      return unreachable(metric);
  }
}

/** The headline metric whose range stands for that of a figure, with its value in the run; undefined where it has none. */
export function runMetric(figure: ServingFigure, summary: Summary, intervals: Intervals): (Interval & { readonly nominal: number }) | undefined {
  const metric = metricOf[figure];
  const found = intervals.metrics[metric];
  const nominal = nominalOf(metric, summary);
  return found === undefined || !(nominal > 0) ? undefined : { low: found.low, high: found.high, nominal };
}

function ofServing({ scenario, figure }: ServingQuestion, value: number, runs: ServingRuns): Interval | undefined {
  const { summary, intervals } = runs.of(scenario).sampled();
  const found = runMetric(figure, summary, intervals);
  if (found === undefined) return undefined;
  const factor = { low: found.low / found.nominal, high: found.high / found.nominal };
  return figure === 'output-tokens-per-joule' ? divided(factor, value) : scaled(factor, value);
}

/** Of a gain between steps, with what is not known alike on both sides; those between runs have none. */
function ofGain({ with: after, without: before }: GainQuestion, value: number): Interval | undefined {
  if (after.kind !== 'step' || before.kind !== 'step' || isOfMemory(after.figure)) return undefined;
  const valuesOf = ({ work, figure }: StepQuestion): readonly number[] =>
    stepSamples(work.setting, work.batch, { acceptance: work.acceptance }).samples.map(({ cost, emitted }) => stepValue(work, figure, cost.time, emitted));
  const [ones, others] = [valuesOf(after), valuesOf(before)];
  return intervalOf(
    value,
    ones.map((one, i) => one / (others[i] ?? Number.NaN) - 1),
  );
}
