import { unreachable } from '../../base/errors.ts';
import { idsOf } from '../../kernel/id-runs.ts';
import { emptyArrival, type Labels } from './arrival.ts';
import { requestSource } from './source.ts';
import type { SessionWorkload, TraceColumns, Workload } from './workload.ts';

/** Collects requests into columns that double when full. */
export class TraceBuilder {
  readonly #blockTokens: number;
  #count = 0;
  #arrivedAt = new Float64Array(1024);
  #inputTokens = new Int32Array(1024);
  #outputTokens = new Int32Array(1024);
  #blockStart = new Int32Array(1025);
  #blockCount = 0;
  #blocks = new Int32Array(1024);
  readonly #labels: Partial<Record<keyof Labels, number[]>> = {};

  /** `blockTokens` is 0 for a trace without blocks. */
  constructor(blockTokens: number) {
    this.#blockTokens = blockTokens;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a request; its blocks are those added since the last one. */
  add(arrivedAt: number, inputTokens: number, outputTokens: number, labels?: Partial<Labels>): void {
    const at = this.#count++;
    for (const name of Object.keys(labels ?? {}) as (keyof Labels)[]) (this.#labels[name] ??= [])[at] = labels?.[name] ?? 0;
    if (at === this.#arrivedAt.length) {
      this.#arrivedAt = larger(this.#arrivedAt, new Float64Array(2 * at));
      this.#inputTokens = larger(this.#inputTokens, new Int32Array(2 * at));
      this.#outputTokens = larger(this.#outputTokens, new Int32Array(2 * at));
      this.#blockStart = larger(this.#blockStart, new Int32Array(2 * at + 1));
    }
    this.#arrivedAt[at] = arrivedAt;
    this.#inputTokens[at] = inputTokens;
    this.#outputTokens[at] = outputTokens;
    this.#blockStart[at + 1] = this.#blockCount;
  }

  /** Adds the next block of the request that `add` completes. */
  addBlock(id: number): void {
    if (this.#blockCount === this.#blocks.length) this.#blocks = larger(this.#blocks, new Int32Array(2 * this.#blockCount));
    this.#blocks[this.#blockCount++] = id;
  }

  /** The columns, with times counted from the first arrival. */
  columns(): TraceColumns {
    const start = this.#arrivedAt[0] ?? 0;
    const withBlocks = this.#blockTokens > 0;
    const labels = Object.entries(this.#labels);
    return {
      count: this.#count,
      arrivedAt: this.#arrivedAt.subarray(0, this.#count).map((time) => time - start),
      inputTokens: this.#inputTokens.slice(0, this.#count),
      outputTokens: this.#outputTokens.slice(0, this.#count),
      blockTokens: this.#blockTokens,
      blockStart: withBlocks ? this.#blockStart.slice(0, this.#count + 1) : new Int32Array(0),
      blocks: withBlocks ? this.#blocks.slice(0, this.#blockCount) : new Int32Array(0),
      ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels.map(([name, list]) => [name, Int32Array.from(list)])) }),
    };
  }
}

function larger<Items extends Float64Array | Int32Array>(from: Items, to: Items): Items {
  to.set(from);
  return to;
}

/**
 * All requests of a workload as columns, without their labels.
 * @throws Error for sessions, whose requests arrive when others have ended
 */
export function traceOf(workload: Workload): TraceColumns {
  if (workload.kind === 'sessions') throw new Error('sessions have no arrival times of their own');
  const source = requestSource(workload);
  const arrival = emptyArrival();
  const builder = new TraceBuilder(blockTokensOf(workload));
  while (source.next(arrival)) {
    for (const block of idsOf(arrival.prefix)) builder.addBlock(block);
    builder.add(arrival.arrivedAt, arrival.inputTokens, arrival.outputTokens);
  }
  return builder.columns();
}

function blockTokensOf(workload: Exclude<Workload, SessionWorkload>): number {
  switch (workload.kind) {
    case 'trace':
      return workload.columns.blockTokens;
    case 'generator':
      return workload.reuse?.blockTokens ?? 0;
    case 'client-pool':
      return 0;
    default:
      return unreachable(workload);
  }
}
