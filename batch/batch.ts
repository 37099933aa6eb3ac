import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { InputError } from '../src/base/errors.ts';
import type { Shard } from '../src/report/merged/shard.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { inlineFor } from './inlining.ts';
import type { Job } from './job.ts';
import type { Message, Order, WorkerStart } from './messages.ts';
import { holdNursery } from './nursery.ts';

export interface BatchOptions {
  /** Worker threads; one for each core by default, and never more than jobs. */
  readonly threads?: number | undefined;
  /** Of the project, for summaries. */
  readonly version: string;
  /** Ends the batch: what workers have begun is lost. */
  readonly signal?: AbortSignal | undefined;
  /** Requests of a job that have ended. */
  readonly onProgress?: ((index: number, ended: number) => void) | undefined;
  readonly onDone: (index: number, shard: Shard) => void;
}

/**
 * Runs jobs that do not depend on each other on worker threads, in their order as workers become free. A job gives the same bytes on whichever
 * worker and beside whichever others. Workers keep compiled costs from one job to the next.
 * @throws InputError where a job's scenario does not fit; Error for a fault of ours. All workers have ended then.
 */
export async function runBatch(base: Scenario, jobs: readonly Job[], options: BatchOptions): Promise<void> {
  const { version, signal, onProgress, onDone } = options;
  const threads = Math.min(options.threads ?? availableParallelism(), jobs.length);
  const workers: Worker[] = [];
  holdNursery();
  inlineFor(jobs.reduce((sum, { workload = base.workload }) => sum + workload.requests, 0));
  let next = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      let left = jobs.length;
      if (left === 0 || signal?.aborted === true) {
        resolve();
        return;
      }
      signal?.addEventListener('abort', () => resolve(), { once: true });
      const give = (worker: Worker): void => {
        const job = jobs[next];
        if (job !== undefined) worker.postMessage({ index: next++, job } satisfies Order);
      };
      for (let i = 0; i < threads; i++) {
        const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { base, version } satisfies WorkerStart });
        workers.push(worker);
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`a worker ended with ${code} before its jobs did`)));
        worker.on('message', (message: Message) => {
          if (signal?.aborted === true) return;
          if (message.kind === 'progress') onProgress?.(message.index, message.ended);
          else if (message.kind === 'failed') reject(message.issues === undefined ? new Error(message.message) : new InputError(message.issues));
          else {
            // What `onDone` throws, such as a full disk, ends the batch.
            try {
              onDone(message.index, message.shard);
            } catch (error) {
              reject(error);
            }
            if (--left === 0) resolve();
            else give(worker);
          }
        });
        give(worker);
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
