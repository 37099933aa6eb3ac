import type { FigureKind } from '../catalogue/figure.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { InstanceBatch } from './batch.ts';
import type { StepSetting } from './check.ts';
import { figuresWithin } from './figures-within.ts';
import { stepPricer } from './pricer.ts';

/** One constant that prices of a step depend on. */
export interface StepConstant {
  /** Where it is said, such as `stack: gemm, int8: compute`. */
  readonly name: string;
  /** SI. */
  readonly value: number;
  readonly unit: string;
  /** `fitted` on a table of micro-benchmarks; `assumed` where no sheet and no measurement of this very quantity stands behind it. */
  readonly kind: 'sheet' | 'measured' | 'fitted' | 'assumed';
  readonly source: string;
  /** Relative change of the step where the constant is a fifth larger, and a fifth smaller. 0: what it prices is hidden by something else. */
  readonly more: number;
  readonly less: number;
}

/** A constant before its effect is known. `times` gives the setting in which it is multiplied. */
interface Candidate {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly kind: StepConstant['kind'];
  readonly source: string;
  readonly times: (factor: number) => StepSetting;
}

const step = 0.2;
/** Relative change above the rounding of a sum. */
const noticeable = 1e-12;

/**
 * Every constant on the path of a step: those whose change changes the price of an operator or a gap of the host, found by pricing the step
 * anew with each of them, in the order of the files.
 */
export function constantsOf(setting: StepSetting, batch: InstanceBatch): readonly StepConstant[] {
  const base = signature(setting, batch);
  return candidatesOf(setting).flatMap((candidate): StepConstant[] => {
    const [more, less] = [signature(candidate.times(1 + step), batch), signature(candidate.times(1 - step), batch)];
    const { name, value, unit, kind, source } = candidate;
    if (!differs(base, more) && !differs(base, less)) return [];
    const effect = ([time = 0]: readonly number[]): number => time / (base[0] ?? 1) - 1;
    return [{ name, value, unit, kind, source, more: effect(more), less: effect(less) }];
  });
}

/** The step and every price in it. */
function signature(setting: StepSetting, batch: InstanceBatch): readonly number[] {
  const { time, hostGap, operators } = stepPricer(setting).explain(batch);
  return [time, hostGap, ...operators.map((operator) => operator.time)];
}

function differs(a: readonly number[], b: readonly number[]): boolean {
  return a.some((value, i) => Math.abs(value - (b[i] ?? 0)) > noticeable * Math.abs(value));
}

function kindOf(kind: FigureKind): StepConstant['kind'] {
  return kind === 'estimate' ? 'assumed' : kind;
}

function candidatesOf(setting: StepSetting): readonly Candidate[] {
  const { machine, stack } = setting;
  const phase = setting.role === 'prefill' ? 'prefill' : 'decode';
  return [
    ...figuresWithin(machine, 'machine', ({ chip, planes }) => ({ chip, planes })).map(({ name, unit, figure, times }): Candidate => ({
      name,
      value: figure.value,
      unit,
      kind: kindOf(figure.kind),
      source: figure.source,
      times: (factor) => ({ ...setting, machine: times(factor) }),
    })),
    ...figuresWithin(stack, 'stack', ({ efficiencies, collectives, exchanges, hostGap, lookup, spread }) => ({
      efficiencies,
      collectives,
      exchanges,
      hostGap,
      lookup,
      spread: { [phase]: spread[phase] },
    })).map(({ name, unit, figure, times }): Candidate => ({
      name,
      value: figure.value,
      unit,
      kind: kindOf(figure.kind),
      source: figure.source,
      times: (factor) => ({ ...setting, stack: times(factor) }),
    })),
    ...streamShares(setting, phase),
    ...lagOf(setting, phase),
    ...cellConstants(setting),
    ...expertSkew(setting),
    ...countedWork(setting),
  ];
}

const shares = ['matrixShare', 'vectorShare', 'memoryShare', 'vectorMemoryShare'] as const;
const shareNames = {
  matrixShare: 'matrix cores',
  vectorShare: 'vector cores',
  memoryShare: 'memory bandwidth',
  vectorMemoryShare: 'memory bandwidth of vector cores',
};

function streamShares(setting: StepSetting, phase: 'prefill' | 'decode'): readonly Candidate[] {
  const { stack, layout } = setting;
  if (layout.microbatches === 1 || layout.experts.apart === true) return [];
  const { streams } = stack;
  return streams[phase].flatMap((stream) =>
    shares.flatMap((share): Candidate[] => {
      const value = stream[share];
      if (value === undefined) return [];
      const times = (factor: number): StepSetting => {
        const changed = streams[phase].map((other) => (other === stream ? { ...stream, [share]: Math.min(1, value * factor) } : other));
        return { ...setting, stack: { ...stack, streams: { ...streams, [phase]: changed } } };
      };
      return [
        {
          name: `stack: ${phase} stream ${stream.name}: share of the ${shareNames[share]}`,
          value,
          unit: '',
          kind: share === 'matrixShare' || share === 'vectorShare' ? 'sheet' : 'assumed',
          source: streams.source,
          times,
        },
      ];
    }),
  );
}

/** A whole number: one more and one less stand for a fifth. */
function lagOf(setting: StepSetting, phase: 'prefill' | 'decode'): readonly Candidate[] {
  const { stack, layout } = setting;
  const { streams } = stack;
  const value = streams.lag?.[phase];
  if (value === undefined || layout.microbatches === 1 || layout.experts.apart === true) return [];
  return [
    {
      name: `stack: ${phase} streams: ${streams.turns?.[phase] === undefined ? 'runs' : 'turns'} by which the second microbatch follows the first (one more, one less)`,
      value,
      unit: '',
      kind: 'assumed',
      source: streams.source,
      times: (factor) => ({
        ...setting,
        stack: { ...stack, streams: { ...streams, lag: { ...streams.lag, [phase]: Math.max(0, value + (factor > 1 ? 1 : -1)) } } },
      }),
    },
  ];
}

/** Constants of calibrated cells of this generation of chips, and of the one that it follows. */
function cellConstants(setting: StepSetting): readonly Candidate[] {
  const { stack, machine } = setting;
  const cells: NonNullable<Stack['cells']> = stack.cells ?? [];
  return cells.flatMap((cell) =>
    cell.generation !== machine.chip.generation && cell.generation !== machine.chip.follows
      ? []
      : Object.entries(cell.parameters).map(([parameter, value]): Candidate => ({
          name: `cell: ${cell.class}, ${cell.format}, ${cell.chip} under ${cell.stack}: ${parameter}`,
          value,
          unit: '',
          kind: 'fitted',
          source: `${cell.source}; ${cell.fit.rows} rows, held out: median ${(cell.heldOut.median * 100).toFixed(1)} %, p90 ${(cell.heldOut.p90 * 100).toFixed(1)} %`,
          times: (factor) => ({
            ...setting,
            stack: {
              ...stack,
              cells: cells.map((other) => (other === cell ? { ...cell, parameters: { ...cell.parameters, [parameter]: value * factor } } : other)),
            },
          }),
        })),
  );
}

function expertSkew(setting: StepSetting): readonly Candidate[] {
  const { layout } = setting;
  const { load } = layout.experts;
  if (load.kind !== 'skew') return [];
  return [
    {
      name: 'layout: (slowest - mean) / mean of expert load',
      value: load.skew,
      unit: '',
      kind: 'assumed',
      source: 'As given; 0.11 by default, as measured over 36 ranks of a layer whose experts are rebalanced',
      times: (factor) => ({ ...setting, layout: { ...layout, experts: { ...layout.experts, load: { kind: 'skew', skew: load.skew * factor } } } }),
    },
  ];
}

/** Operations of a vector core for each element are counted, not measured: to count a fifth more is to have so much less of a rate. */
function countedWork(setting: StepSetting): readonly Candidate[] {
  const { machine } = setting;
  const { chip } = machine;
  const { peak } = chip.die.vector;
  return [
    {
      name: 'model: vector operations of an element (norm 8, rotation 6, activation 12, quantisation 6), all together',
      value: 1,
      unit: '',
      kind: 'assumed',
      source: 'Counted, a 32-bit operation as two',
      times: (factor) => ({
        ...setting,
        machine: { ...machine, chip: { ...chip, die: { ...chip.die, vector: { ...chip.die.vector, peak: { ...peak, value: peak.value / factor } } } } },
      }),
    },
  ];
}
