import type { Doubt } from '../base/doubt.ts';
import { InputError } from '../base/errors.ts';
import type { Stream, Turns } from '../catalogue/stack.ts';
import { dataRanks, exchangeRanks } from '../model/layout.ts';
import { stages } from '../model/operator.ts';
import type { Operator, OperatorGroup } from '../model/operator.ts';
import { coreBuilder, stepBuilder, type CoreBuilder, type StepBuilder } from '../model/operators/step.ts';
import type { InstanceBatch, PipelineCost, StepCost } from './batch.ts';
import { settingIssues, type StepSetting } from './check.ts';
import { explanationOf, type StepExplanation } from './explain.ts';
import type { CompilablePricer } from './compilable.ts';
import type { LaidOut } from './laid-out.ts';
import { Overlap } from './overlap.ts';
import type { Price } from './price.ts';
import { Pricing } from './pricing.ts';
import type { PlannedGroup, PricedGroup } from './priced-group.ts';
import { wholeDie } from './roofline.ts';
import type { PriceErrors } from './uncertainty/errors.ts';
import { rangeDoubts } from './uncertainty/trust.ts';
import { PingPong } from './ping-pong.ts';
import { diesBusy, goesOut, sideRuns, sidesOf, sideStreams } from './sides.ts';
import { runsOf, waysOf, type Way } from './streams.ts';
import { exposedOf, type OperatorRuns } from './schedule.ts';
import { addBusy, stageCount, stepCostOf, sumCount } from './step-sums.ts';

/** A pricer that also says where the time goes and what had to be assumed, and prices a step's operators one by one. */
export interface ExplainingPricer extends CompilablePricer {
  explain(batch: InstanceBatch): StepExplanation;
  /** What is assumed in every step of this instance. */
  readonly doubts: readonly Doubt[];
  /** Names of the planes that its exchanges and collectives use. */
  readonly planes: ReadonlySet<string>;
  /** Operators of a step with prompts, over all layers: what the host launches where no graph does. */
  readonly launches: number;
}

const nothing = new Int32Array(0);
/** More than a group has. */
const manyMicrobatches = 5;
const stageIndex: ReadonlyMap<string, number> = new Map(stages.map((stage, i) => [stage, i]));

/**
 * The pricer of one instance. What does not depend on the batch is worked out once; `cost` is exact.
 * @param errors what is off in every price; absent: nothing
 * @throws InputError with everything that keeps the instance from being priced
 */
export function stepPricer(setting: StepSetting, errors?: PriceErrors): ExplainingPricer {
  const issues = settingIssues(setting);
  if (issues.length > 0) throw new InputError(issues);
  return new Pricer(setting, errors);
}

class Pricer implements ExplainingPricer {
  readonly doubts: readonly Doubt[];
  readonly planes: ReadonlySet<string>;
  readonly launches: number;
  readonly cores: CoreBuilder;
  readonly #setting: StepSetting;
  readonly #build: StepBuilder;
  readonly #pricing: Pricing;
  /** The last plan of the group at each place by its microbatches, which most steps share. */
  readonly #plans: PlannedGroup[] = [];
  /** Working memory: the sums of a step. */
  readonly #sums: Float64Array = new Float64Array(sumCount);
  readonly #ways: Map<readonly Stream[], ReadonlyMap<string, Way>> = new Map();

  constructor(setting: StepSetting, errors?: PriceErrors) {
    const { machine, model, precision, layout, stack, role } = setting;
    this.#setting = setting;
    const rules = { absorbed: stack.absorbed?.format, fusedShared: stack.fusedShared !== undefined };
    this.#build = stepBuilder(model, precision, layout, rules);
    this.cores = coreBuilder(model, precision, layout, rules);
    this.#pricing = new Pricing(
      machine,
      stack,
      role === 'prefill' ? ['throughput'] : role === 'decode' ? ['low-latency'] : ['low-latency', 'throughput'],
      stack.spread[role === 'prefill' ? 'prefill' : 'decode'].value,
      errors,
    );
    const one = { decodeSequences: 2, queryTokens: 1 + layout.draftTokens, decodeContext: 2 };
    const prompt = { prefillTokens: 2, prefillSequences: 2, prefillPairs: 2, prefillContext: 2 };
    const none = {
      decodeSequences: 0,
      queryTokens: 1 + layout.draftTokens,
      decodeContext: 0,
      prefillTokens: 0,
      prefillSequences: 0,
      prefillPairs: 0,
      prefillContext: 0,
    };
    const rank = { ...none, ...(role === 'prefill' ? {} : one), ...(role === 'decode' ? {} : prompt) };
    this.#price({ rank, instanceTokens: dataRanks(layout) * (rank.decodeSequences * rank.queryTokens + rank.prefillTokens) });
    const prompts = role === 'decode' ? rank : { ...none, ...prompt };
    const planned = this.plan({ rank: prompts, instanceTokens: dataRanks(layout) * (prompts.decodeSequences * prompts.queryTokens + prompts.prefillTokens) });
    this.launches = planned.reduce((sum, { group }) => sum + group.operators.length * group.count * group.microbatches, 0);
    this.planes = new Set(this.#pricing.planes);
    const { parallel, apart } = layout.experts;
    const exchanges = parallel > 1 || apart === true ? this.#pricing.exchanges(exchangeRanks(layout)).flatMap(({ doubts }) => doubts) : [];
    const moe = model.groups.some(({ feedForward }) => feedForward.kind === 'experts');
    this.doubts = [...this.#pricing.doubts, ...(moe ? exchanges : []), ...draftDoubts(setting), ...apartDoubts(setting)];
  }

  cost(batch: InstanceBatch): StepCost {
    const priced = this.#price(batch);
    const sums = this.#sums.fill(0);
    for (const { group, stageOf, prices, exposed, busy } of priced) {
      const repeats = group.count * group.microbatches;
      for (let i = 0; i < prices.length; i++) {
        const price = prices[i] as Price;
        const stage = stageOf[i] as number;
        sums[stage] = (sums[stage] as number) + (exposed[i] as number);
        addBusy(sums, repeats * (busy?.[i] ?? 1), price);
      }
    }
    const host = this.#setting.stack.hostGap.value;
    const { pipeline } = this.#setting.layout;
    sums[stageCount - 1] = host;
    sums[sumCount - 1] = (sums[sumCount - 1] as number) + host;
    return stepCostOf(sums, pipeline === 1 ? undefined : pipelineOf(priced, pipeline, host));
  }

  explain(batch: InstanceBatch): StepExplanation {
    const { layout } = this.#setting;
    const priced = this.#price(batch);
    const doubts = new Map<string, Doubt>();
    for (const doubt of this.doubts) doubts.set(doubt.rule + doubt.where, doubt);
    for (const { group } of priced)
      for (const operator of group.operators) {
        if (operator.kind !== 'exchange') continue;
        for (const model of this.#pricing.exchanges(operator.ranks))
          for (const doubt of model.loadDoubts(operator.operation, operator)) doubts.set(doubt.rule + doubt.where, doubt);
      }
    const standings = priced.flatMap(({ group }) => group.operators.map((operator) => this.#pricing.trust(operator)));
    const beyond = standings.flatMap(({ provider, beyond: far }) => (provider === undefined || far.length === 0 ? [] : [{ provider, beyond: far }]));
    const host = this.#setting.stack.hostGap.kind === 'estimate' ? 'uncalibrated' : 'calibrated';
    return explanationOf(priced, this.cost(batch), layout, this.#pricing, this.#setting.machine.chip.die, host, [...doubts.values(), ...rangeDoubts(beyond)]);
  }

  plan(batch: InstanceBatch): readonly PlannedGroup[] {
    const groups = this.#build(batch);
    const { rank } = batch;
    const { stack, role, layout } = this.#setting;
    const prefills = role === 'prefill' || (role === 'merged' && rank.prefillTokens > rank.decodeSequences * rank.queryTokens);
    const phase = prefills ? 'prefill' : 'decode';
    const apart = layout.experts.apart === true;
    const { [phase]: own, lag: lags, turns } = stack.streams;
    const streams = apart ? sideStreams : own;
    const lag = apart ? undefined : lags;
    return groups.map((group, i) => {
      const place = manyMicrobatches * i + group.microbatches;
      const known = this.#plans[place];
      if (known !== undefined && known.lag === lag?.[phase] && sameGroup(known.group, group) && (group.microbatches === 1 || known.streams === streams))
        return { ...known, group };
      const made = apart
        ? this.#apart(group)
        : group.microbatches === 2
          ? this.#overlapping(group, streams, lag?.[phase], turns?.[phase])
          : this.#whole(group, lag?.[phase]);
      this.#plans[place] = made;
      return made;
    });
  }

  priceOf(planned: PlannedGroup, place: number): Price {
    return this.#pricing.at(place, planned.group.operators, planned);
  }

  priceAt(planned: PlannedGroup, place: number, operator: Operator): Price {
    return this.#pricing.one(operator, planned, place);
  }

  #price(batch: InstanceBatch): PricedGroup[] {
    return this.plan(batch).map((planned) => {
      const { runs, overlap } = planned;
      return runs === undefined || overlap === undefined ? this.#plain(planned) : this.#overlapped(planned, runs, overlap);
    });
  }

  /** One after another on the whole die. */
  #plain(planned: PlannedGroup): PricedGroup {
    const { operators, count } = planned.group;
    const prices = this.#pricing.group(operators, planned);
    const exposed: number[] = [];
    for (const { time } of prices) exposed.push(time * count);
    return { ...planned, prices, exposed };
  }

  #whole(group: OperatorGroup, lag: number | undefined): PlannedGroup {
    return { ...this.#pricing.launching(group.operators, []), group, stageOf: stagesOf(group), streamOf: nothing, streams: [], lag };
  }

  /** Attention and expert dies, and the links between them, at once: microbatches that go back and forth. */
  #apart(group: OperatorGroup): PlannedGroup {
    const { layout } = this.#setting;
    const { operators, count, microbatches } = group;
    const streamOf = sidesOf(operators);
    const plan = { ...this.#pricing.launching(operators, []), group, stageOf: stagesOf(group), busy: diesBusy(streamOf, operators, layout) };
    if (!goesOut(operators)) return { ...plan, streamOf: nothing, streams: [] };
    const runs = sideRuns(operators, streamOf);
    return { ...plan, streamOf, streams: sideStreams, runs, overlap: new PingPong(runs, count, microbatches) };
  }

  /** Two microbatches over the streams of the stack. */
  #overlapping(group: OperatorGroup, streams: readonly Stream[], lag: number | undefined, turns: Turns | undefined): PlannedGroup {
    const ways = this.#waysOf(streams);
    const { operators, count } = group;
    const coreless = operators.some(({ kind, stage }) => kind === 'exchange' && ways.get(stage)?.vector.vector === 0);
    // Rows are cast, copied and summed by cores: where an exchange has none, by those of the attention.
    const wayOf = (operator: Operator): Way | undefined =>
      ways.get(
        coreless && operator.kind === 'compute' && (operator.stage === 'dispatch' || operator.stage === 'combine') ? 'attention-prologue' : operator.stage,
      );
    const streamOf = Int32Array.from(operators, (operator) => wayOf(operator)?.stream ?? 0);
    const shares = operators.map((operator) => {
      const way = wayOf(operator);
      return (operator.kind === 'compute' && operator.matrixFlop === 0 ? way?.vector : way?.matrix) ?? wholeDie;
    });
    const halves = coreless ? this.#pricing.halvesOf(operators) : undefined;
    const runs = runsOf(operators, streamOf, turns);
    const overlap = new Overlap(runs, count, lag);
    return { ...this.#pricing.launching(operators, shares, halves), group, stageOf: stagesOf(group), streamOf, streams, lag, runs, overlap };
  }

  /** One record for all groups, so that equal operators of theirs are seen to have equal shares. */
  #waysOf(streams: readonly Stream[]): ReadonlyMap<string, Way> {
    const known = this.#ways.get(streams);
    if (known !== undefined) return known;
    const made = waysOf(streams);
    this.#ways.set(streams, made);
    return made;
  }

  #overlapped(planned: PlannedGroup, runs: OperatorRuns, overlap: LaidOut): PricedGroup {
    const prices = this.#pricing.group(planned.group.operators, planned);
    return { ...planned, prices, exposed: exposedOf(runs, overlap, prices) };
  }
}

/** What is assumed of what drafts. */
function draftDoubts({ layout: { draftTokens, drafter }, model, stack }: StepSetting): Doubt[] {
  if (draftTokens === 0) return [];
  if (drafter?.kind === 'head' && drafter.assumed === true)
    return [
      { rule: 'draft-head-form', where: 'draft', message: `the head that drafts has the form of a dense layer of ${model.name}; its configuration would say` },
    ];
  const { start, token } = stack.lookup ?? {};
  if (drafter?.kind === 'lookup' && (start?.kind === 'estimate' || token?.kind === 'estimate'))
    return [
      { rule: 'draft-lookup', where: 'draft', message: `what a search of the host takes under ${stack.title} is an estimate: no measurement stands behind it` },
    ];
  return [];
}

/** What is assumed of microbatches between attention and expert dies. */
function apartDoubts({ layout, stack }: StepSetting): Doubt[] {
  if (layout.experts.apart !== true) return [];
  const { dies, experts } = layout;
  return [
    {
      rule: 'experts-apart',
      where: `${dies} + ${experts.parallel} dies`,
      message: `no transfer between attention and expert dies was measured under ${stack.title}: dispatch and combine of ${exchangeRanks(layout)} ranks stand in, for the busier side, and take no cores of either while it works`,
    },
  ];
}

/** What each stage has of the groups of a step; what no stage has lies between them. */
function pipelineOf(priced: readonly PricedGroup[], count: number, host: number): PipelineCost {
  const stageTimes: number[] = Array.from({ length: count }, () => 0);
  let between = 0;
  for (const { group, exposed } of priced) {
    let time = 0;
    for (const part of exposed) time += part;
    if (group.placed === undefined) between += time;
    else for (let s = 0; s < count; s++) stageTimes[s] = (stageTimes[s] as number) + time * (group.placed[s] as number);
  }
  return { stages: stageTimes, send: between / (count - 1), host };
}

/** Whether two groups have the same plan. */
function sameGroup(one: OperatorGroup, other: OperatorGroup): boolean {
  const [a, b] = [one.operators, other.operators];
  if (one.name !== other.name || one.count !== other.count || one.microbatches !== other.microbatches || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if ((a[i] as Operator).name !== (b[i] as Operator).name) return false;
  return true;
}

/** The stage that answers for each operator. */
function stagesOf({ operators, stage: whole }: OperatorGroup): Int32Array {
  return Int32Array.from(operators, ({ stage }) => stageIndex.get(whole ?? stage) ?? 0);
}
