import type { Issue } from '../src/base/errors.ts';
import type { Shard } from '../src/report/merged/shard.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import type { Job } from './job.ts';

/** What a worker is given when it starts. */
export interface WorkerStart {
  readonly base: Scenario;
  readonly version: string;
}

/** To a worker: one job at a time. */
export interface Order {
  readonly index: number;
  readonly job: Job;
}

/** From a worker. */
export type Message =
  | { readonly kind: 'progress'; readonly index: number; readonly ended: number }
  | { readonly kind: 'done'; readonly index: number; readonly shard: Shard }
  /** `issues` where the input is wrong. */
  | { readonly kind: 'failed'; readonly index: number; readonly issues?: readonly Issue[] | undefined; readonly message: string };
