import type { SketchData } from '../../kernel/sketch.ts';
import type { Run } from '../../serving/deploy.ts';
import type { Interval } from '../../serving/metrics.ts';
import { measure, summarise } from '../summarise.ts';
import type { Summary } from '../summary.ts';

/** What a run leaves for merging with others: plain data, to post and to keep. */
export interface Shard {
  readonly summary: Summary;
  /** Of the steady window. */
  readonly window: ShardWindow;
}

/** Requests that finished in the steady window of a run, and their latencies. */
export interface ShardWindow {
  readonly finished: number;
  readonly good: number;
  readonly missed: Interval['missed'];
  readonly ttft: SketchData;
  readonly tpot: SketchData;
  readonly itl: SketchData;
  readonly e2e: SketchData;
}

/** What a run has come to. */
export function shardOf(run: Run, version: string): Shard {
  const { finished, good, missed, ttft, tpot, itl, e2e } = measure(run).window.total;
  const latencies = { ttft: ttft.data(), tpot: tpot.data(), itl: itl.data(), e2e: e2e.data() };
  return { summary: summarise(run, version), window: { finished, good, missed: { ...missed }, ...latencies } };
}
