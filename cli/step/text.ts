import type { LoadReport } from '../../src/report/step/request.ts';
import type { StepRequest } from '../../src/report/step/request.ts';
import { unreachable } from '../../src/base/errors.ts';
import { formatQuantity, formatTime, significant } from '../../src/base/quantity.ts';
import type { GroupExplanation, StepExplanation } from '../../src/cost/explain.ts';
import { draftText } from '../../src/model/drafter.ts';
import { dataRanks, instanceDies, type ExpertLoad, sharedApart, stageDies } from '../../src/model/layout.ts';
import { table } from '../table.ts';
import { range } from '../../src/report/wording.ts';
import type { Interval } from '../../src/cost/uncertainty/interval.ts';
import type { StepAccount, StepIntervals } from '../../src/report/step/account.ts';
import { bottleneckOf } from '../../src/report/step/bottleneck.ts';
import { timelineChart } from './chart.ts';
import { constantsText } from './constants.ts';
import { improvementsText } from './improvements.ts';
import { resultOf } from '../../src/report/step/result.ts';
import { rooflineText } from './roofline.ts';
import { wrapped } from './wrapped.ts';

/** Groups below this share of the step are one line, unless all are asked for. */
const worthATable = 0.05;

const whole = (count: number): string => count.toLocaleString('en-US');
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** One iteration for people: what it was asked, where its time goes, what fits, what it comes to, how far to trust it. */
export function showStep(request: StepRequest, { explanation, improvements, intervals, constants }: StepAccount, all: boolean): string {
  return [
    ...head(request),
    '',
    ...explanation.groups.flatMap((group) => groupText(group, explanation, all)),
    ...stagesText(explanation),
    '',
    ...rooflineText(explanation),
    ...wrapped(`bottleneck: ${bottleneckOf(explanation)}`),
    '',
    ...improvementsText(request, explanation, improvements ?? []),
    '',
    ...memoryText(request),
    '',
    ...resultText(request, explanation, intervals),
    ...doubtsText(request, explanation),
    ...(constants === undefined ? [] : constantsText(constants)),
  ].join('\n');
}

function head({ setting, phase, chips, batch, total, context, expertLoad }: StepRequest): string[] {
  const { machine, model, stack, precision, layout } = setting;
  const { experts } = layout;
  const ranks = dataRanks(layout);
  const spread =
    experts.parallel > 1
      ? `, ${experts.apart === true ? `experts apart on ${experts.parallel} more dies: ` : ''}EP${experts.parallel}${sharedApart(layout) ? ` (${experts.sharedDies} dies of shared copies)` : ''}${experts.redundant > 0 ? `, ${experts.redundant} redundant` : ''}`
      : '';
  const { rank } = batch;
  const load =
    phase === 'decode'
      ? `${whole(total)} sequences of ${whole(context)} tokens, ${whole(rank.decodeSequences)} on the fullest rank${layout.pipeline > 1 ? ` in each of ${layout.pipeline} iterations in flight` : ''}, ${rank.queryTokens} query ${rank.queryTokens === 1 ? 'token' : 'tokens'} each`
      : `${whole(total)} tokens in prompts of ${whole(context)}, ${whole(rank.prefillTokens)} tokens on the fullest rank`;
  return [
    `${phase} step of ${model.name} on ${machine.title}, ${stack.title}`,
    `  layout     ${whole(chips)} chips (${instanceDies(layout)} dies): ${ranks} data-parallel ${ranks === 1 ? 'rank' : 'ranks'} of ${stageDies(layout) * layout.pipeline} (${rankText(layout)})${contextText(layout)}${spread}, ${layout.microbatches} ${layout.microbatches === 1 ? 'microbatch' : 'microbatches'}`,
    `  precision  weights ${precision.weights}, experts ${precision.experts}, activations ${precision.activations}, KV ${precision.kv}`,
    `  batch      ${load}`,
    ...(layout.drafter === undefined ? [] : [`  drafts     ${draftText(layout)}`]),
    ...(expertLoad === undefined ? [] : [`  experts    ${expertLoadText(expertLoad)}`]),
  ];
}

/** What the dies of a rank do: `tensor`, or what they multiply from, such as `tensor 8 × 2 pipeline stages`. */
function rankText({ attention, tensor, context, pipeline }: StepRequest['setting']['layout']): string {
  const { parallel = 1 } = context ?? {};
  const more = [...(parallel > 1 ? [`context ${parallel}`] : []), ...(pipeline > 1 ? [`${pipeline} pipeline stages`] : [])];
  return more.length === 0 ? attention : [`${attention} ${tensor}`, ...more].join(' × ');
}

function contextText({ context }: StepRequest['setting']['layout']): string {
  const { parallel = 1, exchange, decode = 1 } = context ?? {};
  return `${parallel > 1 ? `, CP${parallel} (${exchange})` : ''}${decode > 1 ? `, DCP${decode}` : ''}`;
}

function expertLoadText({ popularity, placement, layers, dies, imbalance, byLayer, balancedness }: LoadReport): string {
  const slowest = `the slowest die has ${percent(imbalance)} more than the mean, balancedness ${balancedness.toFixed(3)}`;
  if (popularity === 'ranks') return `a table of ranks: ${slowest}`;
  const source = popularity === 'counts' ? 'counts' : 'a power law';
  const between = layers > 1 ? ` (${percent(Math.min(...byLayer))} to ${percent(Math.max(...byLayer))} by layer)` : '';
  return `${source} of ${layers} ${layers === 1 ? 'layer' : 'layers'} on ${dies} dies, ${placement}: ${slowest}${between}`;
}

function groupText(group: GroupExplanation, { operators, time }: StepExplanation, all: boolean): string[] {
  const rows = operators
    .filter((operator) => operator.group === group.name)
    .map((operator) => [
      operator.name,
      operator.stage,
      operator.stream,
      operator.flop > 0 ? formatQuantity(operator.flop, 'flop') : '–',
      formatQuantity(operator.bytes, 'B'),
      formatTime(operator.time),
      operator.time > 0 ? operator.bound : 'fused',
      formatTime(operator.exposed),
      percent(operator.exposed / time),
    ]);
  const layers =
    group.count === 1 && group.microbatches === 1 ? 'once' : `${group.count} × ${formatTime(group.layerTime)}${overlaps(group) ? ' in the steady state' : ''}`;
  const title = `${group.name}: ${formatTime(group.time)}, ${percent(group.time / time)} of the step (${layers})`;
  if (!all && group.time < worthATable * time) return [title, ''];
  return [
    title,
    table(['operator', 'stage', 'stream', 'work', 'bytes', 'one launch', 'bound by', 'in the step', 'share'], rows, {
      align: ['left', 'left', 'left', 'right', 'right', 'right', 'left', 'right', 'right'],
      indent: 2,
    }),
    ...(overlaps(group) ? ['', ...timelineChart(group)] : []),
    '',
  ];
}

/** Whether more than one stream is at work in its layers. */
function overlaps({ timeline }: GroupExplanation): boolean {
  return new Set(timeline.map(({ stream }) => stream)).size > 1;
}

function stagesText({ stages, engines, time, hostGap }: StepExplanation): string[] {
  const bar = (share: number): string => '█'.repeat(Math.round(share * 40));
  return [
    `where the ${formatTime(time)} go (critical path; the host's gap of ${formatTime(hostGap)} included)`,
    table(
      ['', '', '', ''],
      stages.map((stage) => [stage.name, formatTime(stage.time), percent(stage.share), bar(stage.share)]),
      { align: ['left', 'right', 'right', 'left'], indent: 2 },
    ),
    '',
    'how busy the engines of a die are',
    table(
      ['', '', '', ''],
      engines.filter(({ busy }) => busy > 0).map((engine) => [engine.name, formatTime(engine.busy), percent(engine.share), bar(Math.min(1, engine.share))]),
      { align: ['left', 'right', 'right', 'left'], indent: 2 },
    ),
  ];
}

function memoryText({ memory, kvInUse }: StepRequest): string[] {
  const { parts, capacity, kvBlocks, blockTokens, experts } = memory;
  const rowsOf = (of: typeof parts): string[][] =>
    of.map(({ name, bytes }) => [name, formatQuantity(bytes, 'B'), percent(bytes / capacity), '█'.repeat(Math.round((bytes / capacity) * 40))]);
  return [
    `memory of the fullest ${memory.experts === undefined ? '' : 'attention '}die: ${formatQuantity(capacity, 'B')}`,
    table(['', '', '', ''], rowsOf(parts), { align: ['left', 'right', 'right', 'left'], indent: 2 }),
    `  KV: ${whole(kvBlocks)} blocks of ${blockTokens} tokens per rank; the batch keeps ${formatQuantity(kvInUse, 'B')} on a die`,
    ...(experts === undefined
      ? []
      : ['memory of the fullest expert die', table(['', '', '', ''], rowsOf(experts.parts), { align: ['left', 'right', 'right', 'left'], indent: 2 })]),
  ];
}

function resultText(request: StepRequest, explanation: StepExplanation, intervals: StepIntervals | undefined): string[] {
  const { tpot, tokensPerSecondPerChip, tokensPerSecond } = resultOf(request, explanation);
  const time = (value: number): string => formatTime(value, 4);
  const rate = (value: number): string => `${significant(value, 4)} tokens/s`;
  const emitted = `${significant(request.emitted)} tokens emitted per sequence and step`;
  const between = (interval: Interval | undefined, words: (value: number) => string): string => (interval === undefined ? '' : range(interval, words));
  const rows = [
    ['iteration', time(explanation.time), between(intervals?.time, time)],
    ...(tpot === undefined ? [] : [['TPOT', time(tpot), between(intervals?.tpot, time), emitted]]),
    [request.phase === 'decode' ? 'output per chip' : 'input per chip', rate(tokensPerSecondPerChip), between(intervals?.tokensPerSecondPerChip, rate)],
    [request.phase === 'decode' ? 'output of the instance' : 'input of the instance', rate(tokensPerSecond), between(intervals?.tokensPerSecond, rate)],
  ];
  const { label, shares } = explanation.trust;
  const part = (trust: keyof typeof shares): string => `${percent(shares[trust])} ${trust}`;
  return [
    `result, if this iteration repeats${intervals === undefined ? '' : `; ranges hold eight of ten cases (${intervals.samples} samples of what is not known)`}`,
    table(['', '', '', ''], rows, { indent: 2 }),
    ...pipelineLines(explanation),
    `  ${label}: of its time ${part('calibrated')}, ${part('extrapolated')}, ${part('uncalibrated')}`,
  ];
}

function pipelineLines({ pipeline, pace }: StepExplanation): string[] {
  if (pipeline === undefined) return [];
  const { stages, send, host } = pipeline;
  const times = stages.map((time) => formatTime(time)).join(', ');
  return [
    `  in flight: ${stages.length} iterations, one every ${formatTime(pace, 4)}; stages take ${times}, a send ${formatTime(send)}, the host ${formatTime(host)}`,
  ];
}

function doubtsText({ setting }: StepRequest, { doubts }: StepExplanation): string[] {
  const { load } = setting.layout.experts;
  const moe = setting.model.groups.some(({ feedForward }) => feedForward.kind === 'experts');
  const lines = [
    ...(moe && setting.layout.experts.parallel > 1 ? [loadText(load)] : []),
    ...doubts.map(({ rule, where, message }) => `${rule} (${where}): ${message}`),
  ];
  return lines.length === 0 ? [] : ['', 'doubts', ...lines.flatMap((line) => wrapped(line).map((part, i) => (i === 0 ? `  • ${part}` : `    ${part}`)))];
}

function loadText(load: ExpertLoad): string {
  switch (load.kind) {
    case 'uniform':
      return 'expert load is taken as uniform, as asked';
    case 'skew':
      return `the slowest expert rank carries ${percent(load.skew)} more than the mean`;
    case 'placed':
      return `the slowest expert rank carries ${percent(load.imbalances.at(-1) ?? 0)} more than the mean, and more in small steps`;
    case 'popularity':
      return `experts are unequally popular: a coefficient of variation of ${significant(load.variation)}`;
    default:
      return unreachable(load);
  }
}
