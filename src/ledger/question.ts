import { unreachable } from '../base/errors.ts';
import type { NumberFormat } from '../catalogue/format.ts';
import type { Machine, PathEnd, PathOperation, PathScope, Plane } from '../catalogue/machine.ts';
import type { CollectiveOperation } from '../catalogue/library.ts';
import type { ExchangeKernel, ExchangeOperation } from '../catalogue/library.ts';
import type { OperatorClass, Stack } from '../catalogue/stack.ts';
import type { InstanceBatch } from '../cost/batch.ts';
import type { StepSetting } from '../cost/check.ts';
import type { MemoryBudget } from '../cost/memory.ts';
import type { Stage } from '../model/operator.ts';
import type { Scenario } from '../serving/scenario.ts';
import type { ServingFigure, ServingSpan } from './serving-figure.ts';
import type { MachineCount, ModelCount } from './system.ts';

/** One launch of an operator, timed over and over. */
export interface OperatorQuestion {
  readonly kind: 'operator';
  readonly machine: Machine;
  readonly stack: Stack;
  /** Class and format of the calibrated cells. */
  readonly class: string;
  readonly format: string;
  /** What the family of the class takes. */
  readonly shape: unknown;
  /** Class and work for the rates of the stack, where no cell prices it; undefined for a class that has none. */
  readonly roofline?: { readonly class: OperatorClass; readonly format: NumberFormat; readonly flop: number; readonly bytes: number } | undefined;
  /** Whether what the benchmark of the cell has around the kernel, such as the host that enqueues it, is timed too. */
  readonly timed: 'alone' | 'in-step';
  /** What rates are counted over. [flop], [B] */
  readonly flop: number;
  readonly bytes: number;
  readonly figure: 'time' | 'compute' | 'bandwidth';
}

/** A message of one die over a plane. */
export interface PathQuestion {
  readonly kind: 'path';
  readonly machine: Machine;
  readonly plane: Plane;
  readonly scope: PathScope;
  readonly operation: PathOperation;
  readonly to: PathEnd;
  readonly figure: 'latency' | 'bandwidth';
}

export interface CollectiveQuestion {
  readonly kind: 'collective';
  readonly machine: Machine;
  readonly stack: Stack;
  /** Of the stack's; the quickest of them where it is absent. */
  readonly library?: string | undefined;
  readonly operation: CollectiveOperation;
  readonly ranks: number;
  /** The whole vector. [B] */
  readonly bytes: number;
  /** `bandwidth` is what each rank has to move over the time: that of the bus. */
  readonly figure: 'time' | 'bandwidth';
}

/** Tokens of every die to their experts, or back. */
export interface ExchangeQuestion {
  readonly kind: 'exchange';
  readonly machine: Machine;
  readonly stack: Stack;
  readonly operation: ExchangeOperation;
  readonly kernel: ExchangeKernel;
  readonly ranks: number;
  readonly tokens: number;
  readonly hidden: number;
  /** Experts of a token. */
  readonly fanout: number;
  /** Copies of a token that a bandwidth counts, the one that stays at home among them. */
  readonly copies: number;
  readonly format: NumberFormat;
  readonly figure: 'time' | 'bandwidth';
}

/** One iteration of an instance. */
export interface StepWork {
  readonly setting: StepSetting;
  readonly batch: InstanceBatch;
  /** Sequences that decode, or tokens that are prefilled, over the whole instance. */
  readonly total: number;
  /** Tokens that a sequence emits in it. */
  readonly emitted: number;
  /** Chance of each drafted token. */
  readonly acceptance: readonly number[];
  readonly chips: number;
  readonly memory: MemoryBudget;
}

export const stepFigures = ['time', 'tpot', 'tokens-per-second', 'tokens-per-second-per-chip', 'kv-blocks', 'kv-memory', 'other-memory'] as const;

export interface StepQuestion {
  readonly kind: 'step';
  readonly work: StepWork;
  readonly figure: (typeof stepFigures)[number];
}

/** Some stages of one layer of a step, each launch counted whole. */
export interface LayerQuestion {
  readonly kind: 'layer';
  readonly work: StepWork;
  readonly stages: readonly Stage[];
  /** Names of operators of these stages that were not timed. */
  readonly without: readonly string[];
}

/** A run of traffic. */
export interface ServingQuestion {
  readonly kind: 'serving';
  readonly scenario: Scenario;
  readonly figure: ServingFigure;
  readonly over: ServingSpan;
}

/** What parts add up to. */
export interface SystemQuestion {
  readonly kind: 'system';
  readonly count: MachineCount | ModelCount;
}

/** By how much a change moves a figure: with over without, less one. */
export interface GainQuestion {
  readonly kind: 'gain';
  readonly with: StepQuestion | ServingQuestion;
  readonly without: StepQuestion | ServingQuestion;
}

export type Question =
  | OperatorQuestion
  | PathQuestion
  | CollectiveQuestion
  | ExchangeQuestion
  | StepQuestion
  | LayerQuestion
  | ServingQuestion
  | SystemQuestion
  | GainQuestion;

/** The machine that a question is about, or the model where it is about no machine. */
export function machineOf(question: Question): string {
  switch (question.kind) {
    case 'operator':
    case 'path':
    case 'collective':
    case 'exchange':
      return question.machine.title;
    case 'step':
    case 'layer':
      return question.work.setting.machine.title;
    case 'serving':
      return question.scenario.machine.title;
    case 'system':
      return question.count.of === 'machine' ? question.count.machine.title : question.count.model.name;
    case 'gain':
      return machineOf(question.with);
    default:
      return unreachable(question);
  }
}
