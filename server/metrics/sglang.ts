import { place } from '../../src/serving/place.ts';
import type { Simulation } from '../../src/serving/simulation.ts';
import * as bounds from './buckets.ts';
import type { EngineMeter } from './engine-meter.ts';
import type { Family, Labels } from './family.ts';
import { ratesOf } from './rate.ts';
import type { FeedView } from './request-feed.ts';
import { Tally } from './tally.ts';
import { kvUsageOf, runningOn, waitingOn } from './vllm.ts';

/** Latencies in SGLang's own buckets, beside those of the meters. */
export interface SglangTallies {
  readonly firstToken: Tally;
  readonly gaps: Tally;
  readonly whole: Tally;
  readonly queued: Tally;
  readonly stages: Readonly<Record<'prefill_waiting' | 'prefill_forward' | 'decode_forward', Tally>>;
}

export function sglangTallies(): SglangTallies {
  const request = (): Tally => new Tally(bounds.sglangRequestBounds);
  return {
    firstToken: new Tally(bounds.sglangFirstTokenBounds),
    gaps: new Tally(bounds.sglangPerTokenBounds),
    whole: request(),
    queued: request(),
    stages: { prefill_waiting: request(), prefill_forward: request(), decode_forward: request() },
  };
}

/** SGLang's families over a feed, as one server's: its scheduler counts over all of its ranks. */
export function sglangFamilies(feed: FeedView, tallies: SglangTallies, simulation: Simulation, model: string): readonly Family[] {
  const { engines, meters } = feed;
  const { plant, table } = simulation;
  const own: Labels = { model_name: model };
  const split = plant.pools.length > 1 && plant.models === undefined;
  const sum = (of: (meter: EngineMeter) => number): number => meters.reduce((total, meter) => total + of(meter), 0);
  const over = (of: (engine: FeedView['engines'][number]) => number): number => engines.reduce((total, engine) => total + of(engine), 0);
  const one = (kind: 'gauge' | 'counter', name: string, help: string, read: () => number): Family => ({
    kind,
    name: `sglang:${name}`,
    help,
    read: () => [[own, read()]],
  });
  const histogram = (name: string, help: string, tally: Tally): Family => ({ kind: 'histogram', name: `sglang:${name}`, help, read: () => [[own, tally]] });
  const blocks = [...new Set(engines.flatMap(({ store }) => store.map(({ kv }) => kv)))];
  const usedTokens = (): number => blocks.reduce((total, kv) => total + kv.used * kv.blockTokens, 0);
  const totalTokens = blocks.reduce((total, kv) => total + kv.total * kv.blockTokens, 0);
  const evictableTokens = (): number => blocks.reduce((total, kv) => total + (kv.cache?.evictable ?? 0) * kv.unitBlocks * kv.blockTokens, 0);
  const standing = (at: number): number => {
    let count = 0;
    for (const slot of table.slots()) if (table.place[slot] === at) count++;
    return count;
  };
  const moving = (): number => standing(place.pushing) + standing(place.landing);
  const throughput = ratesOf(() => [sum(({ generated }) => generated)], simulation, [0]);
  const places = engines.reduce((total, { ranks, batches }) => total + ranks.length * (batches[0]?.options.maxSequences ?? 0), 0);
  const accepted = (meter: EngineMeter): number => meter.accepted.reduce((total, count) => total + count, 0);
  const hits = (): number => sum(({ localHits, externalHits }) => localHits + externalHits);
  const families: Family[] = [
    one('counter', 'prompt_tokens_total', 'Number of prefill tokens processed.', () => sum(({ promptTokens }) => promptTokens)),
    one('counter', 'generation_tokens_total', 'Number of generation tokens processed.', () => sum(({ generated }) => generated)),
    one('counter', 'cached_tokens_total', 'Number of cached prompt tokens.', hits),
    one('counter', 'num_requests_total', 'Number of requests processed.', () => sum(({ ended }) => ended.stop + ended.length)),
    one('counter', 'num_aborted_requests_total', 'Number of requests aborted.', () => sum(({ ended }) => ended.abort)),
    {
      kind: 'counter',
      name: 'sglang:realtime_tokens_total',
      help: 'Tokens processed, by mode.',
      read: () => [
        [{ ...own, mode: 'prefill_compute' }, Math.max(0, sum(({ promptTokens }) => promptTokens) - hits())],
        [{ ...own, mode: 'prefill_cache' }, hits()],
        [{ ...own, mode: 'decode' }, sum(({ generated }) => generated)],
      ],
    },
    one('gauge', 'num_running_reqs', 'The number of running requests.', () => over(runningOn)),
    one('gauge', 'num_queue_reqs', 'The number of requests in the waiting queue.', () => over(waitingOn)),
    one('gauge', 'num_used_tokens', 'The number of used tokens.', usedTokens),
    one('gauge', 'token_usage', 'The token usage.', () => (engines.length === 0 ? 0 : over(kvUsageOf) / engines.length)),
    one('gauge', 'max_total_num_tokens', 'Maximum total number of tokens in the KV cache pool.', () => totalTokens),
    one('gauge', 'kv_available_tokens', 'Number of available KV tokens.', () => Math.max(0, totalTokens - usedTokens() - evictableTokens())),
    one('gauge', 'kv_evictable_tokens', 'Number of evictable KV tokens.', evictableTokens),
    one('gauge', 'kv_used_tokens', 'Number of used KV tokens.', usedTokens),
    one('gauge', 'cache_hit_rate', 'The prefix cache hit rate.', () =>
      ratio(
        hits(),
        sum(({ localQueries }) => localQueries),
      ),
    ),
    one('gauge', 'gen_throughput', 'The generation throughput (token/s).', () => {
      const [rate = 0] = throughput() ?? [];
      // A server that has nothing to do says so, whatever it did before.
      return over(runningOn) > 0 ? rate : 0;
    }),
    one('gauge', 'num_retracted_reqs', 'The number of retracted requests.', () => sum(({ preemptions }) => preemptions)),
    one('gauge', 'utilization', 'The utilization.', () => ratio(over(runningOn), places)),
    histogram('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', tallies.firstToken),
    histogram('inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', tallies.gaps),
    histogram('time_per_output_token_seconds', 'Histogram of time per output token in seconds.', tallies.gaps),
    histogram('e2e_request_latency_seconds', 'Histogram of End-to-end request latency in seconds', tallies.whole),
    histogram('queue_time_seconds', 'Histogram of queueing time in seconds.', tallies.queued),
    {
      kind: 'histogram',
      name: 'sglang:per_stage_req_latency_seconds',
      help: 'The latency of each stage of requests.',
      read: () => Object.entries(tallies.stages).map(([stage, tally]) => [{ ...own, stage }, tally] as const),
    },
  ];
  if ((plant.pools.at(-1)?.acceptance.length ?? 0) > 0)
    families.push(
      one(
        'gauge',
        'spec_accept_length',
        'The average acceptance length of speculative decoding.',
        () =>
          1 +
          ratio(
            sum(accepted),
            sum(({ drafts }) => drafts),
          ),
      ),
      one('gauge', 'spec_accept_rate', 'The average acceptance rate of speculative decoding.', () =>
        ratio(
          sum(accepted),
          sum(({ draftTokens }) => draftTokens),
        ),
      ),
    );
  if (split)
    families.push(
      one('gauge', 'num_prefill_bootstrap_queue_reqs', 'The number of requests in the prefill bootstrap queue; the twin has no handshake.', () => 0),
      one('gauge', 'num_prefill_inflight_queue_reqs', 'The number of requests in the prefill inflight queue.', () => standing(place.holding) + moving()),
      one('gauge', 'num_decode_prealloc_queue_reqs', 'The number of requests in the decode prealloc queue.', () => standing(place.holding)),
      one('gauge', 'num_decode_transfer_queue_reqs', 'The number of requests in the decode transfer queue.', moving),
      one('gauge', 'kv_transfer_total_mb', 'Bytes of KV that began to move, in MB.', () => simulation.transport.begun.push / 1e6),
      one('gauge', 'kv_transfer_latency_ms', 'The time of the last KV transfer.', () => feed.lastTransfer.seconds * 1000),
      one('gauge', 'kv_transfer_speed_gb_s', 'The speed of the last KV transfer.', () => ratio(feed.lastTransfer.bytes / 1e9, feed.lastTransfer.seconds)),
      one('gauge', 'kv_transfer_alloc_ms', 'The time that the last KV transfer waited for room.', () => feed.lastTransfer.waited * 1000),
      one('gauge', 'kv_transfer_bootstrap_ms', 'The bootstrap time of the last KV transfer; the twin has no handshake.', () => 0),
      one('counter', 'num_bootstrap_failed_reqs_total', 'The number of bootstrap failed requests; the twin has no handshake.', () => 0),
      one('counter', 'num_transfer_failed_reqs_total', 'The number of requests whose transfer failed.', () => feed.lostTransfers),
    );
  const pool = simulation.prefixes;
  if (pool !== undefined)
    families.push(
      one('gauge', 'hicache_host_used_tokens', 'Tokens in the host KV cache.', () => pool.cache.size * pool.unitTokens),
      one('gauge', 'hicache_host_total_tokens', 'Tokens that the host KV cache can hold.', () => pool.cache.capacity * pool.unitTokens),
    );
  return families;
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
