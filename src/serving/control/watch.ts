import { Sketch } from '../../kernel/sketch.ts';
import type { LatencyListener } from '../world.ts';
import type { Instance } from '../instance.ts';
import { fullPromptBatch, fullPromptPace } from '../full-batch.ts';
import type { PoolMeter } from '../metrics.ts';
import type { PoolPlant } from '../plant.ts';
import type { Pool } from '../pools.ts';
import type { Simulation } from '../simulation.ts';
import type { Fleet } from './fleet.ts';
import type { PoolView } from './pool-view.ts';

/** Sums over a pool's iterations so far. */
interface Sums {
  /** Prompt tokens, what each of them attended to on the slowest rank, summed, and what was in the KV behind their iterations. */
  readonly tokens: number;
  readonly pairs: number;
  readonly context: number;
  readonly occupancy: number;
  readonly kv: number;
  /** Instance-seconds of service. */
  readonly served: number;
}

/** Latencies of the requests for one model since the last look. */
interface Latencies {
  readonly ttft: Sketch;
  readonly tpot: Sketch;
}

/** Measures pools from one look to the next. */
export class Watch implements LatencyListener {
  readonly #fleet: Fleet;
  /** One for each model. */
  #latencies: readonly Latencies[];
  readonly #before: Sums[] = [];

  constructor(fleet: Fleet, models: number) {
    this.#fleet = fleet;
    this.#latencies = noneYet(models);
  }

  firstToken(model: number, ttft: number): void {
    this.#of(model).ttft.add(ttft);
  }

  ended(model: number, ttft: number, e2e: number, output: number): void {
    if (output > 1) this.#of(model).tpot.add(Math.max(0, (e2e - ttft) / (output - 1)));
  }

  /** What has been since the last look, and begins anew. */
  look(simulation: Simulation): readonly PoolView[] {
    const quantile = (sketch: Sketch): number | undefined => (sketch.count === 0 ? undefined : sketch.quantile(0.9));
    const seen = this.#latencies.map(({ ttft, tpot }) => ({ ttft: quantile(ttft), tpot: quantile(tpot) }));
    this.#latencies = noneYet(seen.length);
    // Several models have a pool each; all pools of one model answer for its requests.
    return simulation.service.pools.map((pool) => ({ ...this.#view(simulation, pool), ...(seen[pool.index] ?? seen[0]) }));
  }

  /** One model alone answers for all, whatever they ask for. */
  #of(model: number): Latencies {
    return this.#latencies[model] ?? this.#latencies[0];
  }

  #view({ metrics, now, service }: Simulation, pool: Pool): Omit<PoolView, 'ttft' | 'tpot'> {
    const { plant, index, instances } = pool;
    const total = (of: (meter: PoolMeter) => number): number => metrics.intervals.reduce((sum, { pools }) => sum + of(pools[index]), 0);
    const sums: Sums = {
      tokens: total(({ prefillTokens }) => prefillTokens),
      pairs: total(({ slowestPairs }) => slowestPairs),
      context: total(({ prefillContext }) => prefillContext),
      occupancy: total(({ occupancy }) => occupancy),
      kv: total(({ kv }) => kv),
      served: this.#fleet.servedSeconds(index, 0, now),
    };
    const before = this.#before[index] ?? { tokens: 0, pairs: 0, context: 0, occupancy: 0, kv: 0, served: 0 };
    this.#before[index] = sums;
    const seconds = sums.served - before.served;
    const time = seconds * plant.stages;
    const share = (name: 'occupancy' | 'kv'): number => (time > 0 ? Math.min(1, (sums[name] - before[name]) / time) : 0);
    const active = instances.filter(({ state }) => state === 'active');
    const queuedTokens = active.reduce((sum, instance) => sum + queuedOn(instance), 0);
    return {
      role: plant.role,
      ...this.#fleet.counts(pool),
      stranded: service.stranded(pool),
      queuedTokens,
      ahead: active.reduce((sum, instance) => sum + (queuedOn(instance) * instance.pace) / plant.ranks, 0) / Math.max(1, active.length),
      load:
        plant.role === 'prefill'
          ? promptLoad(plant, { tokens: sums.tokens - before.tokens, pairs: sums.pairs - before.pairs, context: sums.context - before.context }, seconds)
          : Math.max(share('occupancy'), share('kv')),
    };
  }
}

function noneYet(models: number): readonly Latencies[] {
  return Array.from({ length: models }, () => ({ ttft: new Sketch(), tpot: new Sketch() }));
}

/** Prompt tokens of a pool against what full batches of the same prompts take, as a benchmark would tell. Without cached prefixes a prompt is twice as long as what its mean token attends to. */
function promptLoad(plant: PoolPlant, { tokens, pairs, context }: Pick<Sums, 'tokens' | 'pairs' | 'context'>, seconds: number): number {
  if (tokens <= 0 || seconds <= 0) return 0;
  const attended = pairs / tokens;
  const batch = fullPromptBatch(plant, { pairs: attended, context: context / tokens, length: 2 * attended });
  return Math.min(1, (tokens / (seconds * plant.ranks)) * fullPromptPace(plant, batch));
}

function queuedOn({ ranks }: Instance): number {
  return ranks.reduce((sum, { queuedTokens }) => sum + queuedTokens, 0);
}
