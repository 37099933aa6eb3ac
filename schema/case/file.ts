import type { NumberFormat } from '../../src/catalogue/format.ts';
import type { PathEnd, PathOperation, PathScope } from '../../src/catalogue/machine.ts';
import type { CollectiveOperation } from '../../src/catalogue/library.ts';
import type { ExchangeKernel, ExchangeOperation } from '../../src/catalogue/library.ts';
import type { Basis, CaseKind, CaseSource } from '../../src/ledger/case.ts';
import type { StepQuestion } from '../../src/ledger/question.ts';
import type { MachineFigure, ModelFigure } from '../../src/ledger/system.ts';
import type { ServingFigure, ServingSpan } from '../../src/ledger/serving-figure.ts';
import type { LaunchClass } from './launch.ts';

/** Every key may be absent; a key that is there may be undefined. */
type Keys<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

export type Fields = Readonly<Record<string, unknown>>;

export type OperatorFile = Keys<{
  machine: string;
  stack: string;
  class: LaunchClass;
  format: string;
  shape: Readonly<Record<string, number | string>>;
  timed: 'alone' | 'in-step';
  figure: 'time' | 'compute' | 'bandwidth';
}>;

export type PathFile = Keys<{
  machine: string;
  plane: string;
  scope: PathScope;
  operation: PathOperation;
  to: PathEnd;
  figure: 'latency' | 'bandwidth';
}>;

export type CollectiveFile = Keys<{
  machine: string;
  stack: string;
  library: string;
  operation: CollectiveOperation;
  ranks: number;
  bytes: number;
  figure: 'time' | 'bandwidth';
}>;

export type ExchangeFile = Keys<{
  machine: string;
  plane: string;
  stack: string;
  operation: ExchangeOperation;
  kernel: ExchangeKernel;
  ranks: number;
  tokens: number;
  hidden: number;
  experts: number;
  copies: number;
  format: NumberFormat;
  figure: 'time' | 'bandwidth';
}>;

/** Flags of a step by their names, and `figure`. */
export type StepFile = Readonly<Record<string, string | undefined>>;
export type StepFigure = StepQuestion['figure'];

/** Flags of a step by their names, the stages, and operators left out of them. */
export type LayerFile = Readonly<Record<string, string | readonly string[] | undefined>>;

export type SimulateFile = Keys<{ scenario: string | Fields; figure: ServingFigure; over: ServingSpan }>;

export type SystemFile = Keys<{ machine: string; model: string; plane: string; level: string; format: NumberFormat; figure: MachineFigure | ModelFigure }>;

export type GainFile = Keys<{ step: StepFile; simulate: SimulateFile; with: Fields; without: Fields }>;

/** The file of one case as it was read, key by key. */
export type CaseFile = Keys<{
  id: string;
  title: string;
  kind: CaseKind;
  family: string;
  basis: Basis;
  source: Keys<CaseSource>;
  operator: OperatorFile;
  path: PathFile;
  collective: CollectiveFile;
  exchange: ExchangeFile;
  step: StepFile;
  layer: LayerFile;
  simulate: SimulateFile;
  system: SystemFile;
  gain: GainFile;
  experts: string;
  assumes: readonly string[];
  measured: string;
  tolerance: string;
  missing: string;
}>;

/** Keys of which a case has one: the question that it asks the twin. */
export const questionKeys = ['operator', 'path', 'collective', 'exchange', 'step', 'layer', 'simulate', 'system', 'gain'] as const;
export type QuestionKey = (typeof questionKeys)[number];
