/** Parallelism of a server or of one kind of worker: attention over `tensor x data` dies of each of `pipeline` stages, experts over as many. */
export interface PointLayout {
  readonly tensor: number;
  readonly pipeline: number;
  readonly data: number;
  readonly expertTensor: number;
  readonly expertParallel: number;
}

/** Prefill or decode workers of a disaggregated point. */
export interface PointWorkers {
  readonly workers: number;
  readonly batch: number | undefined;
  readonly layout: PointLayout;
}

/** One measured point of a server in a closed loop. A cell that was empty is undefined. */
export interface ServingPoint {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly mode: string;
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  readonly version: string;
  readonly precision: string;
  /** Nominal lengths. [tokens] */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly concurrency: number | undefined;
  /** Of an aggregated server; undefined without a tensor degree. */
  readonly layout: PointLayout | undefined;
  readonly prefill: PointWorkers | undefined;
  readonly decode: PointWorkers | undefined;
  /** [s] */
  readonly ttft: number | undefined;
  readonly tpot: number | undefined;
  /** Date of the measurement; empty where it is not stated. */
  readonly measured: string;
  /** Every column but what was measured and when: rows that agree in it are repeats. */
  readonly key: string;
}
