export type { Issue } from './base/errors.ts';
export { InputError } from './base/errors.ts';
export type { Chip, Die, MatrixPeak } from './catalogue/chip.ts';
export type { Figure, FigureKind, PublishedValue } from './catalogue/figure.ts';
export { figuresOf, kindsOf, type NamedFigure } from './catalogue/figures.ts';
export type {
  Machine,
  Node,
  Path,
  PathEnd,
  PathOperation,
  PathScope,
  Plane,
  PlaneRole,
  PortOwner,
  Racks,
  SwitchLevel,
  SwitchUnit,
} from './catalogue/machine.ts';
export type { Stack } from './catalogue/stack.ts';
export { totalsOf, type LevelTotals, type PeakTotal, type PlaneTotals, type Totals } from './catalogue/totals.ts';
export type { InstanceBatch, RankBatch, StepCost, StepPricer } from './cost/batch.ts';
export type { StepRole, StepSetting } from './cost/check.ts';
export type { OperatorExplanation, StepExplanation } from './cost/explain.ts';
export { memoryBudget, type MemoryBudget, type MemoryRequest } from './cost/memory.ts';
export { stepPricer, type ExplainingPricer } from './cost/pricer.ts';
export type { Interval } from './cost/uncertainty/interval.ts';
export {
  linkInterval,
  operatorInterval,
  ratedInterval,
  stepInterval,
  stepSamples,
  type IntervalOptions,
  type StepSample,
  type StepSamples,
} from './cost/uncertainty/step-interval.ts';
export { labelOf, sharesOf, type Trust, type TrustShares } from './cost/uncertainty/trust.ts';
export { modelFromConfig } from './model/config/config.ts';
export { kvBytesPerToken, kvBytesPerTokenPerDie } from './model/kv.ts';
export type { ExpertLayout, ExpertLoad, Layout } from './model/layout.ts';
export type { Model, Precision } from './model/model.ts';
export { stepOperators } from './model/operators/step.ts';
export { parametersOf } from './model/parameters.ts';
export { precisionOf } from './model/precision.ts';
export { weightBytes, weightBytesPerDie } from './model/weights.ts';
export type { Block, Report, Section } from './report/block.ts';
export { comparisonOf } from './report/comparison.ts';
export type { PoweredSeconds } from './report/energy/activity.ts';
export { boundsOf, idleEnergy, sourcesOf, type EnergyGroup, type PowerSource, type PowerSources, type Standing } from './report/energy/sources.ts';
export { energySummary, powerSeries, type EnergyPart, type EnergySummary, type PowerPoint } from './report/energy/summary.ts';
export { reportOf } from './report/report.ts';
export { simulationInterval, type RunIntervalOptions } from './report/sampled-runs.ts';
export type { Distribution, PoolSummary, SeriesPoint, Summary } from './report/summary.ts';
export { compareReport, textReport, type TextOptions } from './report/text.ts';
export type { SimulationEvent } from './serving/events.ts';
export { act, type External, type ExternalAction } from './serving/external.ts';
export { type OutsideFault } from './serving/faults/outside.ts';
export { traceOf } from './serving/traffic/columns.ts';
export { emptyArrival, type Arrival, type Labels, type RequestSource } from './serving/traffic/arrival.ts';
export { requestSource } from './serving/traffic/source.ts';
export { traceStatistics, type LengthStatistics, type ReuseStatistics, type TraceStatistics } from './serving/traffic/statistics.ts';
export type { Arrivals, Lengths, Reuse, TraceColumns, Workload } from './serving/traffic/workload.ts';
