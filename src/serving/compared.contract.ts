import { Sketch } from '../kernel/sketch.ts';
import { stages } from '../model/operator.ts';
import { whole, type Run } from './run.contract.ts';
import type { Arrival } from './traffic/arrival.ts';
import type { PoolTrace, TwinResult } from './twin-result.contract.ts';

/** A distribution down to the last bit of its sum. */
function shown(sketch: Sketch): readonly number[] {
  return [sketch.count, sketch.min, sketch.max, sketch.sum(), ...[0.1, 0.5, 0.9, 0.99].map((q) => sketch.quantile(q))];
}

function sketched(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What a run comes to: everything whose sums are exact, so that their order does not matter. */
export function metricsOf({ simulation }: Run): unknown {
  const all = whole(simulation);
  const kv = [...new Set(simulation.pools.flatMap(({ instances }) => instances.flatMap(({ ranks }) => ranks.map((rank) => rank.kv))))];
  return {
    ttft: shown(all.ttft),
    tpot: shown(all.tpot),
    e2e: shown(all.e2e),
    itl: shown(all.itl),
    finished: all.finished,
    arrived: all.arrived,
    rejected: all.rejected,
    input: all.inputTokens,
    cached: all.cachedTokens,
    output: all.outputTokens,
    good: all.good,
    missed: all.missed,
    tenants: (simulation.plant.tenants ?? []).map((_, t) => {
      const meter = all.tenants.meters[t];
      return meter === undefined
        ? undefined
        : [meter.arrived, meter.finished, meter.rejected, meter.good, meter.inputTokens, meter.outputTokens, shown(meter.ttft), shown(meter.tpot)];
    }),
    pools: all.pools.map((pool) => ({
      steps: pool.steps,
      busy: pool.busy,
      stepTime: shown(pool.stepTime),
      kvMax: pool.kvMax,
      preemptions: pool.preemptions,
      prefillTokens: pool.prefillTokens,
      prefillContext: pool.prefillContext,
      prefillPairs: pool.prefillPairs,
      decodeSequences: pool.decodeSequences,
      decodeContext: pool.decodeContext,
      barrier: [pool.barrier.samples, pool.barrier.time.toPrecision(12), pool.barrier.waits.toPrecision(12)],
      engines: [...pool.engines],
      stages: [...pool.stages],
    })),
    carried: [...(simulation.transfers?.carriedBy(simulation.now) ?? [])],
    cache: { ...simulation.cacheCounters, evictions: simulation.prefixes?.cache.evictions ?? sum(kv.map(({ cache }) => cache?.evictions ?? 0)) },
  };
}

/** Waits are off the grid: their sums depend on their order in the last digits. */
function barrierOf(iterations: PoolTrace['iterations']): unknown {
  const looked = iterations.flatMap(({ barrier }) => barrier ?? []);
  return [looked.length, sum(looked.map(({ time }) => time)).toPrecision(12), sum(looked.map(({ wait }) => wait)).toPrecision(12)];
}

/** The same of the twin's lists. Requests arrive in the order of their list. */
export function metricsOfTwin(
  { events, timelines, ttft, tpot, e2e, itl, pools, carried, cache }: TwinResult,
  { simulation: { plant } }: Run,
  requests: readonly Arrival[],
): unknown {
  const tenantOf = (request: number): number | undefined => requests[request]?.tenant;
  const late = (limit: number | undefined, value: number | undefined) => limit !== undefined && value !== undefined && value > limit;
  const misses = timelines.map(({ output, tenant }, i) => {
    const [first = 0, end = 0] = [ttft[i], e2e[i]];
    const slo = { ...plant.slo, ...plant.tenants?.[tenant]?.slo };
    return { ttft: late(slo.ttft, first), tpot: output > 1 && late(slo.tpot, (end - first) / (output - 1)), e2e: late(slo.e2e, end) };
  });
  const count = (kind: string) => events.filter((event) => event.kind === kind).length;
  const poolOf = ({ durations, iterations, kv, preemptions }: PoolTrace) => ({
    steps: durations.length,
    busy: sum(durations),
    stepTime: shown(sketched(durations)),
    kvMax: Math.max(0, ...kv),
    preemptions,
    prefillTokens: sum(iterations.map((step) => step.prefillTokens)),
    prefillContext: sum(iterations.map((step) => step.prefillContext)),
    prefillPairs: sum(iterations.map((step) => step.prefillPairs)),
    decodeSequences: sum(iterations.map((step) => step.decodeSequences)),
    decodeContext: sum(iterations.map((step) => step.decodeContext)),
    barrier: barrierOf(iterations),
    engines: [0, 1, 2, 3, 4, 5].map((e) => sum(iterations.map(({ cost }) => cost.busy[e] ?? Number.NaN))),
    stages: [...stages, 'gap'].map((_, s) => sum(iterations.map(({ cost }) => cost.stages[s] ?? Number.NaN))),
  });
  return {
    ttft: shown(sketched(ttft)),
    tpot: shown(sketched(tpot)),
    e2e: shown(sketched(e2e)),
    itl: shown(sketched(itl)),
    finished: timelines.length,
    arrived: count('arrived'),
    rejected: count('rejected'),
    input: sum(timelines.map(({ input }) => input)),
    cached: sum(timelines.map((one) => one.cached)),
    output: sum(timelines.map(({ output }) => output)),
    good: misses.filter((miss) => !miss.ttft && !miss.tpot && !miss.e2e).length,
    missed: { ttft: misses.filter((miss) => miss.ttft).length, tpot: misses.filter((miss) => miss.tpot).length, e2e: misses.filter((miss) => miss.e2e).length },
    tenants: (plant.tenants ?? []).map((_, t) => {
      const own = timelines.flatMap((life, i) => (life.tenant === t ? [{ ...life, i }] : []));
      const rejected = events.filter((event) => event.kind === 'rejected' && tenantOf(event.request) === t).length;
      if (own.length + rejected === 0) return undefined;
      const first = own.map(({ i }) => ttft[i] ?? Number.NaN);
      const next = own.flatMap(({ i, output }) => (output > 1 ? [((e2e[i] ?? Number.NaN) - (ttft[i] ?? Number.NaN)) / (output - 1)] : []));
      const good = own.filter(({ i }) => !(misses[i]?.ttft ?? true) && !(misses[i]?.tpot ?? true) && !(misses[i]?.e2e ?? true)).length;
      const tokens = [sum(own.map(({ input }) => input)), sum(own.map(({ output }) => output))];
      return [own.length + rejected, own.length, rejected, good, ...tokens, shown(sketched(first)), shown(sketched(next))];
    }),
    pools: pools.map(poolOf),
    carried,
    cache,
  };
}
