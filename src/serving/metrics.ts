import type { Seconds } from '../base/units.ts';
import { engines, type StepCost, type Stretch } from '../cost/batch.ts';
import { activeTime, type DieActivity } from '../cost/power.ts';
import { clear } from '../kernel/clear.ts';
import { Sketch } from '../kernel/sketch.ts';
import { stages } from '../model/operator.ts';
import { AdapterMeter } from './adapters/adapter-work.ts';
import { BarrierMeter } from './barrier.ts';
import type { Iteration } from './iteration.ts';
import { phases } from './lifetime.ts';
import type { ServiceLevel } from './scenario.ts';
import { TenantMeters } from './tenant-meter.ts';

/** Working memory of `stride`. */
const stageTimes = new Float64Array(stages.length + 1);
const busyTimes = new Float64Array(engines.length);

/** What meters begin with, as lists of doubles: they are made often, and take much less than arrays of a platform's memory. */
const noEngines: readonly number[] = Array.from(engines, () => 0.5).fill(0);
const noStages: readonly number[] = Array.from({ length: stages.length + 1 }, () => 0.5).fill(0);

/** What a pool did in an interval: sums over its instances' iterations that began there. */
export class PoolMeter {
  busy: Seconds = 0;
  steps = 0;
  prefillTokens = 0;
  /** Tokens that prompts had in the KV behind each iteration that computed some of them. */
  prefillContext = 0;
  prefillPairs = 0;
  /** The same if every rank's tokens attended to as much as those of the rank that the others waited for. */
  slowestPairs = 0;
  /** Tokens that steps put out, by the mean of speculation. */
  decodeTokens = 0;
  decodeSequences = 0;
  decodeContext = 0;
  preemptions = 0;
  /** Integrals over busy time of the shares of slots (or token budget) and of KV blocks in use. */
  occupancy = 0;
  kv = 0;
  kvMax = 0;
  /** Time at the maximum power of its chips that would draw what they draw over their idle power; all stages of a pipeline together. */
  active: Seconds = 0;
  readonly engines: number[] = noEngines.slice();
  readonly stages: number[] = noStages.slice();
  readonly stepTime: Sketch = new Sketch();
  readonly barrier: BarrierMeter = new BarrierMeter();
  readonly adapters: AdapterMeter = new AdapterMeter();

  step(duration: Seconds, iteration: Iteration, occupancy: number, kv: number, share: number, activity?: DieActivity): void {
    const cost = iteration.cost as StepCost;
    this.prefillTokens += iteration.prefillTokens;
    this.prefillContext += iteration.prefillContext;
    this.prefillPairs += iteration.prefillPairs;
    this.slowestPairs += iteration.slowestPairs * iteration.prefillTokens;
    this.decodeSequences += iteration.decoding;
    this.decodeContext += iteration.decodeContext;
    this.busy += duration;
    this.steps++;
    this.occupancy += duration * occupancy;
    this.kv += duration * kv;
    this.active += share * activeTime(activity, cost);
    if (kv > this.kvMax) this.kvMax = kv;
    for (let e = 0; e < this.engines.length; e++) this.engines[e] += cost.busy[e];
    for (let s = 0; s < this.stages.length; s++) this.stages[s] += cost.stages[s];
    this.stepTime.add(duration);
    if (iteration.barrier !== undefined) this.barrier.add(iteration.barrier.time, iteration.barrier.wait);
    if (iteration.adapters !== undefined) this.adapters.add(iteration.adapters, duration);
  }

  /** Iterations that only decode, one after another: what they come to together. Their durations are in `stepTime` already. */
  stride({ steps, time, busy, contexts, kv, kvMax }: Stride, sequences: number, occupancy: number, stretch: Stretch, activity?: DieActivity): void {
    this.decodeSequences += steps * sequences;
    this.decodeContext += contexts;
    this.busy += busy;
    this.steps += steps;
    this.occupancy += busy * occupancy;
    this.kv += kv;
    if (kvMax > this.kvMax) this.kvMax = kvMax;
    clear(stageTimes);
    clear(busyTimes);
    stretch.add(steps, contexts, stageTimes, busyTimes);
    for (let s = 0; s < stageTimes.length; s++) this.stages[s] += stageTimes[s];
    for (let e = 0; e < busyTimes.length; e++) this.engines[e] += busyTimes[e];
    this.active += activeTime(activity, { time, busy: busyTimes });
  }

  merge(other: PoolMeter): void {
    this.busy += other.busy;
    this.steps += other.steps;
    this.prefillTokens += other.prefillTokens;
    this.prefillContext += other.prefillContext;
    this.prefillPairs += other.prefillPairs;
    this.slowestPairs += other.slowestPairs;
    this.decodeTokens += other.decodeTokens;
    this.decodeSequences += other.decodeSequences;
    this.decodeContext += other.decodeContext;
    this.preemptions += other.preemptions;
    this.occupancy += other.occupancy;
    this.kv += other.kv;
    this.active += other.active;
    this.kvMax = Math.max(this.kvMax, other.kvMax);
    for (let e = 0; e < this.engines.length; e++) this.engines[e] += other.engines[e];
    for (let s = 0; s < this.stages.length; s++) this.stages[s] += other.stages[s];
    this.stepTime.merge(other.stepTime);
    this.barrier.merge(other.barrier);
    this.adapters.merge(other.adapters);
  }
}

/** Sums over iterations that follow each other. */
export interface Stride {
  steps: number;
  /** What their costs say that they take. */
  time: Seconds;
  busy: Seconds;
  contexts: number;
  /** Integral over time of the share of KV blocks in use, and the most of it. */
  kv: number;
  kvMax: number;
}

/** One interval of simulated time. Requests count where they arrive or end; steps where they begin. */
export class Interval {
  arrived = 0;
  finished = 0;
  rejected = 0;
  failed = 0;
  /** Times that a fault took what a request held. */
  interrupted = 0;
  /** Of the requests that finished here. */
  inputTokens = 0;
  cachedTokens = 0;
  outputTokens = 0;
  /** Decode steps that they took, and tokens that those put out. */
  decodeSteps = 0;
  decodeEmitted = 0;
  /** Prompt tokens (cached ones included) of prompts that were computed here, and tokens that were put out here, whenever their requests finish. */
  inputServed = 0;
  outputServed = 0;
  good = 0;
  readonly missed: { ttft: number; tpot: number; e2e: number } = { ttft: 0, tpot: 0, e2e: 0 };
  /** Integrals over time of requests that wait and that run. */
  waiting = 0;
  running = 0;
  readonly ttft: Sketch = new Sketch();
  readonly tpot: Sketch = new Sketch();
  readonly itl: Sketch = new Sketch();
  readonly e2e: Sketch = new Sketch();
  readonly phases: Float64Array = new Float64Array(phases.length);
  readonly pools: readonly PoolMeter[];
  readonly tenants: TenantMeters;

  /** @param tenants that are named: their requests are counted apart as well */
  constructor(pools: number, tenants = 0) {
    this.tenants = new TenantMeters(tenants);
    this.pools = Array.from({ length: pools }, () => new PoolMeter());
  }

  merge(other: Interval): void {
    this.arrived += other.arrived;
    this.finished += other.finished;
    this.rejected += other.rejected;
    this.failed += other.failed;
    this.interrupted += other.interrupted;
    this.inputTokens += other.inputTokens;
    this.cachedTokens += other.cachedTokens;
    this.outputTokens += other.outputTokens;
    this.decodeSteps += other.decodeSteps;
    this.decodeEmitted += other.decodeEmitted;
    this.inputServed += other.inputServed;
    this.outputServed += other.outputServed;
    this.good += other.good;
    this.missed.ttft += other.missed.ttft;
    this.missed.tpot += other.missed.tpot;
    this.missed.e2e += other.missed.e2e;
    this.waiting += other.waiting;
    this.running += other.running;
    this.ttft.merge(other.ttft);
    this.tpot.merge(other.tpot);
    this.itl.merge(other.itl);
    this.e2e.merge(other.e2e);
    for (let p = 0; p < this.phases.length; p++) this.phases[p] += other.phases[p];
    this.pools.forEach((pool, p) => pool.merge(other.pools[p]));
    this.tenants.merge(other.tenants);
  }

  /** A request that finished: its lengths, its latencies and whether it met every objective. */
  finish(input: number, cached: number, output: number, ttft: Seconds, e2e: Seconds, slo: ServiceLevel, tenant: number): void {
    this.finished++;
    this.inputTokens += input;
    this.cachedTokens += cached;
    this.outputTokens += output;
    this.ttft.add(ttft);
    this.e2e.add(e2e);
    const tpot = output > 1 ? (e2e - ttft) / (output - 1) : undefined;
    if (tpot !== undefined) this.tpot.add(tpot);
    const lateFirst = slo.ttft !== undefined && ttft > slo.ttft;
    const lateNext = slo.tpot !== undefined && tpot !== undefined && tpot > slo.tpot;
    const lateEnd = slo.e2e !== undefined && e2e > slo.e2e;
    this.missed.ttft += Number(lateFirst);
    this.missed.tpot += Number(lateNext);
    this.missed.e2e += Number(lateEnd);
    const good = !lateFirst && !lateNext && !lateEnd;
    this.good += Number(good);
    this.tenants.of(tenant)?.finish(input, output, ttft, tpot, good);
  }
}

const maxIntervals = 128;

/** Simulated time in at most 128 equal intervals, whose width doubles when the run outgrows them: memory does not grow with it. */
export class Metrics {
  width: Seconds = 2 ** -4;
  intervals: Interval[] = [];
  waitingNow = 0;
  runningNow = 0;
  #countedTo: Seconds = 0;
  /** The interval that was asked for last, and its begin and end: widths are powers of two, so that these are exact. */
  #latest: Interval | undefined;
  #from: Seconds = 0;
  #to: Seconds = 0;
  readonly #pools: number;
  readonly #tenants: number;

  constructor(pools: number, tenants = 0) {
    this.#pools = pools;
    this.#tenants = tenants;
  }

  /** The interval that holds `at`. */
  at(at: Seconds): Interval {
    if (at >= this.#from && at < this.#to) return this.#latest as Interval;
    let index = Math.floor(at / this.width);
    while (index >= maxIntervals) {
      this.#halve();
      index = Math.floor(at / this.width);
    }
    while (this.intervals.length <= index) this.intervals.push(new Interval(this.#pools, this.#tenants));
    this.#from = index * this.width;
    this.#to = this.#from + this.width;
    return (this.#latest = this.intervals[index]);
  }

  /** End of the interval that `at` was asked for last. */
  get end(): Seconds {
    return this.#to;
  }

  /** Up to when requests in flight are counted; since then there are `waitingNow` and `runningNow`. */
  get countedTo(): Seconds {
    return this.#countedTo;
  }

  /** Counts the requests in flight up to `at`, then changes them. */
  change(at: Seconds, waiting: number, running: number): void {
    this.count(at);
    this.waitingNow += waiting;
    this.runningNow += running;
  }

  count(at: Seconds): void {
    const interval = this.at(at);
    if (this.#countedTo >= this.#from) {
      if (this.#countedTo >= at) return;
      interval.waiting += this.waitingNow * (at - this.#countedTo);
      interval.running += this.runningNow * (at - this.#countedTo);
      this.#countedTo = at;
      return;
    }
    while (this.#countedTo < at) {
      const index = Math.floor(this.#countedTo / this.width);
      const end = Math.min(at, (index + 1) * this.width);
      const earlier = this.intervals[index];
      earlier.waiting += this.waitingNow * (end - this.#countedTo);
      earlier.running += this.runningNow * (end - this.#countedTo);
      this.#countedTo = end;
    }
  }

  #halve(): void {
    const merged: Interval[] = [];
    for (let i = 0; i < this.intervals.length; i += 2) {
      const interval = this.intervals[i];
      const right = this.intervals[i + 1];
      if (right !== undefined) interval.merge(right);
      merged.push(interval);
    }
    this.intervals = merged;
    this.width *= 2;
    this.#to = 0;
  }
}
