import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../src/base/errors.ts';
import { sharedPricers } from '../src/cost/shared-pricers.ts';
import { runJob } from './job.ts';
import type { Message, Order, WorkerStart } from './messages.ts';

/** Settings of pools whose compiled costs a worker keeps from one job to the next. */
const kept = 16;

const { base, version } = workerData as WorkerStart;
const pricers = sharedPricers(kept);
const tell = (message: Message): void => parentPort?.postMessage(message);

parentPort?.on('message', ({ index, job }: Order) => {
  try {
    tell({ kind: 'done', index, shard: runJob(base, job, pricers, version, (ended) => tell({ kind: 'progress', index, ended })) });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ kind: 'failed', index, message, issues: error instanceof InputError ? error.issues : undefined });
  }
});
