import type { Doubt } from '../base/doubt.ts';
import type { Die } from '../catalogue/chip.ts';
import type { Layout, Microbatches } from '../model/layout.ts';
import { stages, type Operator, type Stage } from '../model/operator.ts';
import { engines, paceOf, type Engine, type PipelineCost, type StepCost } from './batch.ts';
import type { Pricing } from './pricing.ts';
import type { PricedGroup } from './priced-group.ts';
import { peakOf } from './rates.ts';
import type { Bound } from './roofline.ts';
import { labelOf, sharesOf, type Trust, type TrustShares } from './uncertainty/trust.ts';
import { scheduleOf, type Schedule } from './schedule.ts';

/** One operator of a step, in launch order. */
export interface OperatorExplanation {
  readonly group: string;
  readonly name: string;
  readonly stage: Stage;
  readonly stream: string;
  /** Launches in the whole step. */
  readonly launches: number;
  /** Of one launch, on matrix and vector engine together. [flop] */
  readonly flop: number;
  /** Of one launch: memory traffic, or what a die sends. [B] */
  readonly bytes: number;
  /** Matrix work over traffic, and where the sheet's peak and bandwidth meet in this format; 0 without matrix work. [flop/B] */
  readonly intensity: number;
  readonly ridge: number;
  /** Of one launch. [s] */
  readonly time: number;
  readonly bound: Bound;
  /** Begin and end in the first microbatch of a steady layer, from the layer's begin: negative where it began in the layer before. [s] */
  readonly start: number;
  readonly end: number;
  /** Part of the step that it is answerable for: all of them and the host's gap sum to the step. [s] */
  readonly exposed: number;
  /** What its price stands on. */
  readonly trust: Trust;
}

/** A run of operators of one microbatch on one stream, within the steady layer. */
export interface Bar {
  readonly stream: string;
  readonly microbatch: number;
  readonly stages: readonly Stage[];
  /** [s] */
  readonly start: number;
  readonly end: number;
}

/** Equal layers, or a part of the step that runs once. */
export interface GroupExplanation {
  readonly name: string;
  readonly count: number;
  readonly microbatches: Microbatches;
  /** All of them together. [s] */
  readonly time: number;
  /** One layer in the steady state. [s] */
  readonly layerTime: number;
  readonly timeline: readonly Bar[];
}

export interface StepExplanation {
  readonly time: number;
  /** From one iteration to the next with as many in flight as there are pipeline stages. [s] */
  readonly pace: number;
  readonly pipeline?: PipelineCost | undefined;
  readonly hostGap: number;
  readonly groups: readonly GroupExplanation[];
  readonly operators: readonly OperatorExplanation[];
  readonly stages: readonly { readonly name: string; readonly time: number; readonly share: number }[];
  readonly engines: readonly { readonly name: Engine; readonly busy: number; readonly share: number }[];
  /** What the critical path stands on. */
  readonly trust: { readonly label: Trust; readonly shares: TrustShares };
  readonly doubts: readonly Doubt[];
}

/** The account of a step that was priced. */
export function explanationOf(
  priced: readonly PricedGroup[],
  cost: StepCost,
  layout: Layout,
  pricing: Pricing,
  die: Die,
  host: Trust,
  doubts: readonly Doubt[],
): StepExplanation {
  const hostGap = cost.stages[stages.length] ?? 0;
  const operators = priced.flatMap((group) => operatorsOf(group, pricing, die));
  const shares = sharesOf([...operators.map(({ trust, exposed }) => ({ trust, time: exposed })), { trust: host, time: hostGap }]);
  const pace = paceOf(cost, layout.pipeline);
  // Of a pipeline the engines of the mean stage.
  const each = layout.pipeline * pace;
  const named = cost.stages.map((time, i) => ({ name: stages[i] ?? 'host', time, share: cost.time > 0 ? time / cost.time : 0 }));
  return {
    time: cost.time,
    pace,
    pipeline: cost.pipeline,
    hostGap,
    groups: priced.map(groupOf),
    operators,
    stages: named.filter(({ time }) => time > 0),
    engines: engines.map((name, i) => ({ name, busy: cost.busy[i] ?? 0, share: each > 0 ? (cost.busy[i] ?? 0) / each : 0 })),
    trust: { label: labelOf(shares), shares },
    doubts,
  };
}

/** Every slot of microbatches that overlap; undefined where nothing does. */
function slotsOf({ runs, overlap, prices }: PricedGroup): Schedule | undefined {
  return runs === undefined || overlap === undefined ? undefined : scheduleOf(runs, overlap, prices);
}

function groupOf(priced: PricedGroup): GroupExplanation {
  const { group, exposed, streams, prices } = priced;
  const schedule = slotsOf(priced);
  const time = exposed.reduce((total, part) => total + part, 0);
  const head = { name: group.name, count: group.count, microbatches: group.microbatches, time };
  if (schedule === undefined) {
    const layerTime = prices.reduce((total, price) => total + price.time, 0);
    return {
      ...head,
      layerTime,
      timeline: [{ stream: 'die', microbatch: 0, stages: [...new Set(group.operators.map(({ stage }) => stage))], start: 0, end: layerTime }],
    };
  }
  const { steadyStart, steadyEnd, slots } = schedule;
  const timeline = slots
    .filter((slot) => slot.end > steadyStart && slot.start < steadyEnd)
    .map((slot): Bar => ({
      stream: streams[slot.stream]?.name ?? '',
      microbatch: slot.microbatch,
      stages: [...new Set(group.operators.slice(slot.from, slot.to).map(({ stage }) => stage))],
      start: Math.max(0, slot.start - steadyStart),
      end: slot.end - steadyStart,
    }));
  return { ...head, layerTime: steadyEnd - steadyStart, timeline };
}

function operatorsOf(priced: PricedGroup, pricing: Pricing, die: Die): OperatorExplanation[] {
  const { group, prices, streamOf, streams, exposed } = priced;
  const schedule = slotsOf(priced);
  const spans = spansOf(
    group.operators.length,
    prices.map(({ time }) => time),
    schedule,
  );
  return group.operators.map((operator, i): OperatorExplanation => {
    const price = prices[i];
    const time = price?.time ?? 0;
    const [start, end] = spans[i] ?? [0, 0];
    return {
      group: group.name,
      name: operator.name,
      stage: operator.stage,
      stream: streams[streamOf[i] ?? 0]?.name ?? 'die',
      launches: group.count * group.microbatches,
      flop: operator.kind === 'compute' ? operator.matrixFlop + operator.vectorFlop : 0,
      bytes: bytesOf(operator, pricing),
      ...rooflineOf(operator, die),
      time,
      bound: price?.bound ?? 'launch',
      start,
      end,
      exposed: exposed[i] ?? 0,
      trust: pricing.trust(operator).trust,
    };
  });
}

function rooflineOf(operator: Operator, die: Die): { readonly intensity: number; readonly ridge: number } {
  if (operator.kind !== 'compute' || operator.matrixFlop === 0) return { intensity: 0, ridge: 0 };
  const peak = peakOf(die, operator.format)?.peak.value ?? 0;
  return { intensity: operator.matrixFlop / (operator.weightBytes + operator.activationBytes), ridge: peak / die.memory.bandwidth.value };
}

/** Begin and end of each operator of the first microbatch in the steady layer, from that layer's begin. */
function spansOf(count: number, times: readonly number[], schedule: Schedule | undefined): (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = Array.from({ length: count }, () => [0, 0] as const);
  let at = 0;
  for (let i = 0; i < count; i++) spans[i] = [at, (at += times[i] ?? 0)];
  for (const slot of schedule?.slots ?? []) {
    if (slot.layer !== schedule?.steadyLayer || slot.microbatch !== 0) continue;
    at = slot.start - schedule.steadyStart;
    let nominal = 0;
    for (let i = slot.from; i < slot.to; i++) nominal += times[i] ?? 0;
    // What shares the memory bandwidth with something else takes longer, all of a run alike.
    const pace = nominal > 0 ? (slot.end - slot.start) / nominal : 1;
    for (let i = slot.from; i < slot.to; i++) spans[i] = [at, (at += (times[i] ?? 0) * pace)];
  }
  return spans;
}

function bytesOf(operator: Operator, pricing: Pricing): number {
  switch (operator.kind) {
    case 'compute':
      return operator.weightBytes + operator.activationBytes;
    case 'collective':
      return operator.bytes;
    case 'wait':
    case 'host':
      return 0;
    case 'exchange':
      return pricing.exchanges(operator.ranks)[0]?.bytes(operator.operation, operator) ?? 0;
  }
}
