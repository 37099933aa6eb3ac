import parseMetrics from 'parse-prometheus-text-format';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadScenario } from '../../cli/scenario.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import { Emissions } from '../../src/serving/emissions.ts';
import { act } from '../../src/serving/external.ts';
import { prefixIdsOf } from '../tokens/prefix-ids.ts';
import { RequestFeed } from './request-feed.ts';
import { ServingMetrics, type MetricsOptions } from './metrics.ts';
import { Tally } from './tally.ts';

const seconds = {
  first: '0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0 160.0 640.0 2560.0',
  token: '0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0',
  request: '0.3 0.5 0.8 1.0 1.5 2.0 2.5 5.0 10.0 15.0 20.0 30.0 40.0 50.0 60.0 120.0 240.0 480.0 960.0 1920.0 7680.0',
};
const ladder = '1.0 2.0 5.0 10.0 20.0 50.0 100.0 200.0 500.0 1000.0 2000.0 5000.0 10000.0 20000.0 50000.0 100000.0';

/** What vLLM serves, as its documents and dashboards have it: name, type, labels beside engine and model_name, bounds. Not a scrape. */
const reference: readonly (readonly [name: string, type: string, labels?: string, bounds?: string])[] = [
  ['num_requests_running', 'GAUGE'],
  ['num_requests_waiting', 'GAUGE'],
  ['num_requests_waiting_by_reason', 'GAUGE', 'reason'],
  ['kv_cache_usage_perc', 'GAUGE'],
  ['engine_sleep_state', 'GAUGE', 'sleep_state'],
  ['prefix_cache_queries_total', 'COUNTER'],
  ['prefix_cache_hits_total', 'COUNTER'],
  ['external_prefix_cache_queries_total', 'COUNTER'],
  ['external_prefix_cache_hits_total', 'COUNTER'],
  ['mm_cache_queries_total', 'COUNTER'],
  ['mm_cache_hits_total', 'COUNTER'],
  ['num_preemptions_total', 'COUNTER'],
  ['prompt_tokens_total', 'COUNTER'],
  ['prompt_tokens_by_source_total', 'COUNTER', 'source'],
  ['prompt_tokens_cached_total', 'COUNTER'],
  ['generation_tokens_total', 'COUNTER'],
  ['request_success_total', 'COUNTER', 'finished_reason'],
  ['request_prompt_tokens', 'HISTOGRAM', '', ladder],
  ['request_generation_tokens', 'HISTOGRAM', '', ladder],
  ['request_max_num_generation_tokens', 'HISTOGRAM', '', ladder],
  ['request_params_max_tokens', 'HISTOGRAM', '', ladder],
  ['request_prefill_kv_computed_tokens', 'HISTOGRAM', '', ladder],
  ['request_params_n', 'HISTOGRAM', '', '1.0 2.0 5.0 10.0 20.0'],
  ['iteration_tokens_total', 'HISTOGRAM', '', '1.0 8.0 16.0 32.0 64.0 128.0 256.0 512.0 1024.0 2048.0 4096.0 8192.0 16384.0'],
  ['time_to_first_token_seconds', 'HISTOGRAM', '', seconds.first],
  ['inter_token_latency_seconds', 'HISTOGRAM', '', seconds.token],
  ['request_time_per_output_token_seconds', 'HISTOGRAM', '', seconds.token],
  ['e2e_request_latency_seconds', 'HISTOGRAM', '', seconds.request],
  ['request_queue_time_seconds', 'HISTOGRAM', '', seconds.request],
  ['request_inference_time_seconds', 'HISTOGRAM', '', seconds.request],
  ['request_prefill_time_seconds', 'HISTOGRAM', '', seconds.request],
  ['request_decode_time_seconds', 'HISTOGRAM', '', seconds.request],
];
const oldNames: typeof reference = [
  ['gpu_cache_usage_perc', 'GAUGE'],
  ['gpu_prefix_cache_queries_total', 'COUNTER'],
  ['gpu_prefix_cache_hits_total', 'COUNTER'],
  ['time_per_output_token_seconds', 'HISTOGRAM', '', seconds.token],
];

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly buckets: ReadonlyMap<string, number>;
  readonly sum: number;
}

type Families = ReadonlyMap<string, { readonly type: string; readonly samples: readonly Sample[] }>;

/**
 * A scrape read by a parser of another hand. It joins histograms of all labels into one, so it reads the types first, and then every line as a
 * sample of its own.
 */
const scraped = async (metrics: ServingMetrics): Promise<Families> => {
  const text = await metrics.text();
  const lines = Map.groupBy(parseMetrics(text.replaceAll(/^# TYPE .*$/gm, '')), ({ name }) => name);
  const all = (name: string): readonly (readonly [Readonly<Record<string, string>>, number])[] =>
    (lines.get(name) ?? [])
      .flatMap(({ metrics: samples }) => samples)
      .map(({ labels = {}, value = '' }) => [labels, value === '+Inf' ? Infinity : Number(value)] as const);
  const key = (labels: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(labels).filter(([label]) => label !== 'le'));
  return new Map(
    parseMetrics(text).map(({ name, type }) => {
      if (type !== 'HISTOGRAM') return [name, { type, samples: all(name).map(([labels, value]) => ({ labels, value, buckets: new Map(), sum: NaN })) }];
      const buckets = Map.groupBy(all(`${name}_bucket`), ([of]) => key(of));
      const sums = new Map(all(`${name}_sum`).map(([of, value]) => [key(of), value]));
      const samples = all(`${name}_count`).map(([labels, value]) => ({
        labels,
        value,
        buckets: new Map(buckets.get(key(labels))?.map(([of, count]) => [of['le'] ?? '', count])),
        sum: sums.get(key(labels)) ?? NaN,
      }));
      return [name, { type, samples }];
    }),
  );
};

/** A scenario whose requests are counted as the live engine has them counted, run to its end. */
async function lived(
  file: string,
  options: Partial<MetricsOptions>,
  flags: Parameters<typeof loadScenario>[1],
): Promise<{ readonly metrics: ServingMetrics; readonly run: Run }> {
  const run = createSimulation(await loadScenario(file, flags), (event) => metrics.event(event));
  const { simulation } = run;
  const prefixes = prefixIdsOf(simulation);
  const metrics: ServingMetrics = new ServingMetrics(run, { model: 'twin', dialect: 'vllm', scope: { pool: 0, engines: 'instances' }, ...options }, prefixes);
  const { world, table } = simulation;
  const emissions = new Emissions(table);
  world.emissions = {
    prompted: (slot, at) => metrics.emitted(table.ordinal[slot] ?? -1, 1, at, slot),
    stepped: (instance) => emissions.of(instance, (slot, tokens) => metrics.emitted(table.ordinal[slot] ?? -1, tokens, instance.endsAt, slot)),
  };
  while (simulation.step());
  return { metrics, run };
}

const merged = 'examples/h100-llama-3.1-70b.yaml';
const sum = (families: Families, name: string, labels: Readonly<Record<string, string>> = {}): number =>
  (families.get(name)?.samples ?? [])
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((total, { value }) => total + value, 0);

describe('the text of a scrape', () => {
  let families: Families = new Map();
  let run: Run | undefined;
  let text = '';
  beforeAll(async () => {
    const all = await lived(merged, {}, { requests: 120 });
    run = all.run;
    text = await all.metrics.text();
    families = await scraped(all.metrics);
  });

  test.each(reference)('has vllm:%s, a %s', (name, type, labels = '', bounds = '') => {
    const family = families.get(`vllm:${name}`);
    expect(family?.type).toBe(type);
    const label = ['engine', 'model_name', ...(labels === '' ? [] : [labels])].sort((a, b) => (a < b ? -1 : 1));
    expect(family?.samples.length).toBeGreaterThan(0);
    for (const sample of family?.samples ?? []) {
      expect(Object.keys(sample.labels)).toEqual(label);
      expect([...sample.buckets.keys()].join(' ')).toBe(bounds === '' ? '' : `${bounds} +Inf`);
    }
  });

  test('has nothing else under vllm:, and old names by flag only', async () => {
    const own = (all: Families): readonly string[] => [...all.keys()].filter((name) => name.startsWith('vllm:')).sort((a, b) => (a < b ? -1 : 1));
    const names = (list: typeof reference): readonly string[] => list.map(([name]) => `vllm:${name}`);
    expect(own(families)).toEqual([...names(reference), 'vllm:cache_config_info'].sort((a, b) => (a < b ? -1 : 1)));
    const { metrics } = await lived(
      merged,
      { oldNames: true, kvMetrics: true, lora: () => ({ max: 2, running: ['a', 'b'], waiting: [], at: 5 }) },
      { requests: 20 },
    );
    const more = await scraped(metrics);
    const added = [
      ...names(oldNames),
      'vllm:kv_block_lifetime_seconds',
      'vllm:kv_block_idle_before_evict_seconds',
      'vllm:kv_block_reuse_gap_seconds',
      'vllm:lora_requests_info',
    ];
    expect(own(more)).toEqual([...own(families), ...added].sort((a, b) => (a < b ? -1 : 1)));
    for (const [name, type] of oldNames) expect(more.get(`vllm:${name}`)?.type).toBe(type);
    expect(more.get('vllm:lora_requests_info')?.samples[0]).toMatchObject({
      value: 5,
      labels: { max_lora: '2', running_lora_adapters: 'a,b', waiting_lora_adapters: '' },
    });
  });

  test('times cached blocks: how long they live, are left alone at last, and between requests that find them', async () => {
    const own = createSimulation(await loadScenario(merged, { requests: 1 }));
    const { simulation } = own;
    const prefixes = prefixIdsOf(simulation);
    const metrics = new ServingMetrics(own, { model: 'twin', dialect: 'vllm', scope: { pool: 0, engines: 'instances' }, kvMetrics: true }, prefixes);
    const [id = -1] = prefixes.hold(Array.from({ length: prefixes.blockTokens }, (_, i) => i)).ids;
    const rank = prefixes.watcher({ kind: 'rank', pool: 0, rank: 1, instance: 1, rankOfInstance: 0 });
    const after = (seconds: number, happen: () => void): void => {
      simulation.advance(simulation.now + seconds);
      happen();
    };
    after(1, () => rank.stored(id));
    after(2, () => rank.found?.(id));
    after(4, () => rank.found?.(id));
    after(8, () => rank.removed(id));
    after(1, () => rank.stored(id));
    // What is cleared was not evicted.
    after(1, () => rank.cleared([id]));
    const told = await scraped(metrics);
    const of = (name: string) => told.get(`vllm:kv_block_${name}_seconds`)?.samples.map(({ labels, value, sum: total }) => [labels['engine'], value, total]);
    expect(of('lifetime')).toEqual([
      ['0', 0, 0],
      ['1', 1, 14],
    ]);
    expect(of('idle_before_evict')?.[1]).toEqual(['1', 1, 8]);
    expect(of('reuse_gap')?.[1]).toEqual(['1', 2, 6]);
  });

  test('counts what the engine counts', () => {
    const { simulation } = run as Run;
    const all = simulation.metrics.intervals;
    const total = (of: (interval: (typeof all)[number]) => number): number => all.reduce((sumSoFar, interval) => sumSoFar + of(interval), 0);
    expect(sum(families, 'vllm:request_success_total')).toBe(simulation.snapshot().finished);
    expect(sum(families, 'vllm:request_success_total', { finished_reason: 'stop' })).toBe(120);
    expect(sum(families, 'vllm:prompt_tokens_total')).toBe(total(({ inputTokens }) => inputTokens));
    expect(sum(families, 'vllm:generation_tokens_total')).toBe(total(({ outputTokens }) => outputTokens));
    expect(sum(families, 'vllm:time_to_first_token_seconds')).toBe(120);
    expect(sum(families, 'vllm:inter_token_latency_seconds')).toBe(total(({ itl }) => itl.count));
    expect(sum(families, 'vllm:iteration_tokens_total')).toBe(simulation.steps);
    const sums = (name: string): number => (families.get(name)?.samples ?? []).reduce((sumSoFar, sample) => sumSoFar + sample.sum, 0);
    expect(sums('vllm:time_to_first_token_seconds')).toBeCloseTo(
      total(({ ttft }) => ttft.sum()),
      9,
    );
    expect(sums('vllm:inter_token_latency_seconds')).toBeCloseTo(
      total(({ itl }) => itl.sum()),
      9,
    );
    expect(sums('vllm:e2e_request_latency_seconds')).toBeCloseTo(
      total(({ e2e }) => e2e.sum()),
      9,
    );
    expect(sums('vllm:request_time_per_output_token_seconds')).toBeCloseTo(
      total(({ tpot }) => tpot.sum()),
      9,
    );
    expect(sum(families, 'vllm:num_requests_running')).toBe(0);
    const sources = ['local_compute', 'local_cache_hit', 'external_kv_transfer'].reduce(
      (sumSoFar, source) => sumSoFar + sum(families, 'vllm:prompt_tokens_by_source_total', { source }),
      0,
    );
    expect(sources).toBe(sum(families, 'vllm:prompt_tokens_total'));
  });

  test('every request that ends is in each histogram of requests, with an answer of one token too', async () => {
    const { metrics } = await lived(merged, {}, { requests: 20, set: ['workload.output=1'] });
    const told = await scraped(metrics);
    const ended = sum(told, 'vllm:request_success_total');
    expect(ended).toBe(20);
    for (const name of ['time_per_output_token_seconds', 'decode_time_seconds', 'queue_time_seconds', 'generation_tokens'])
      expect([name, sum(told, `vllm:request_${name}`)]).toEqual([name, ended]);
  });

  test('histograms never fall, and their last bucket is the count', () => {
    for (const { samples, type } of families.values())
      for (const { buckets, value } of type === 'HISTOGRAM' ? samples : []) {
        const counts = [...buckets.values()];
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        expect(counts.at(-1)).toBe(value);
      }
  });

  test('is worded as Python words it: labels in order, whole bounds with a point', () => {
    expect(text).toMatch(/^vllm:num_requests_running\{engine="0",model_name="twin"\} 0$/m);
    expect(text).toMatch(/^vllm:time_to_first_token_seconds_bucket\{engine="0",model_name="twin",le="1\.0"\} \d+$/m);
    expect(text).toMatch(/^# TYPE vllm:generation_tokens_total counter$/m);
    expect(text).toMatch(/vllm:cache_config_info\{.*block_size="16".*engine="0".*\} 1/);
  });
});

describe('scopes and dialects', () => {
  const split = 'examples/context-cache.yaml';

  test('prefill and decode endpoints of a split deployment tell their own part, and SGLang its own names', async () => {
    const all = await scraped((await lived(split, { scope: { pool: 'all' } }, { requests: 40, set: ['workload.concurrency=20'] })).metrics);
    expect(sum(all, 'vllm:request_success_total')).toBe(40);
    expect(sum(all, 'vllm:external_prefix_cache_hits_total')).toBeGreaterThan(0);
    expect(all.get('vllm:kv_cache_usage_perc')?.samples).toHaveLength(1);
    const decode = await scraped(
      (await lived(split, { scope: { pool: 1, engines: 'instances' } }, { requests: 40, set: ['workload.concurrency=20'] })).metrics,
    );
    const { metrics, run } = await lived(split, { dialect: 'sglang' }, { requests: 40, set: ['workload.concurrency=20'] });
    const sglang = await scraped(metrics);
    const finished = run.simulation.snapshot().finished;
    expect(finished).toBe(40);
    expect(sum(decode, 'vllm:request_success_total')).toBe(40);
    expect(sum(decode, 'vllm:prompt_tokens_by_source_total', { source: 'local_compute' })).toBe(0);
    const names =
      'prompt_tokens_total generation_tokens_total token_usage cache_hit_rate num_running_reqs num_queue_reqs num_used_tokens gen_throughput time_to_first_token_seconds inter_token_latency_seconds time_per_output_token_seconds e2e_request_latency_seconds queue_time_seconds per_stage_req_latency_seconds num_retracted_reqs utilization realtime_tokens_total num_prefill_bootstrap_queue_reqs num_prefill_inflight_queue_reqs num_decode_prealloc_queue_reqs num_decode_transfer_queue_reqs kv_transfer_speed_gb_s kv_transfer_latency_ms kv_transfer_total_mb kv_transfer_bootstrap_ms kv_transfer_alloc_ms num_transfer_failed_reqs_total num_bootstrap_failed_reqs_total hicache_host_used_tokens hicache_host_total_tokens';
    for (const name of names.split(' ')) expect(sglang.has(`sglang:${name}`), name).toBe(true);
    expect([...sglang.keys()].some((name) => name.startsWith('vllm:'))).toBe(false);
    expect(sum(sglang, 'sglang:e2e_request_latency_seconds')).toBe(40);
    expect(sum(sglang, 'sglang:kv_transfer_speed_gb_s')).toBeGreaterThan(0);
    const outputs = run.simulation.metrics.intervals.reduce((total, { outputTokens }) => total + outputTokens, 0);
    expect(sum(sglang, 'sglang:generation_tokens_total')).toBe(outputs);
    expect(sum(sglang, 'supernode_plane_bytes_total')).toBeGreaterThan(0);
    expect(sum(sglang, 'supernode_power_watts', { part: 'all' })).toBeGreaterThan(0);
    expect(sum(all, 'vllm:external_prefix_cache_hits_total')).toBe(run.simulation.cacheCounters.tokensHit);
    expect(sum(sglang, 'supernode_prefix_pool_tokens_total', { found: 'memory' })).toBe(run.simulation.cacheCounters.tokensHit);
  });

  test('ranks can be engines, and drafts are counted where there are any', async () => {
    const { metrics, run } = await lived('examples/cloudmatrix384-deepseek-r1.yaml', { scope: { pool: 1, instance: 0, engines: 'ranks' } }, { requests: 30 });
    const families = await scraped(metrics);
    const ranks = run.deployed.plant.pools[1]?.ranks ?? 0;
    expect(families.get('vllm:num_requests_running')?.samples).toHaveLength(ranks);
    const [drafts, accepted] = [sum(families, 'vllm:spec_decode_num_drafts_total'), sum(families, 'vllm:spec_decode_num_accepted_tokens_total')];
    expect(drafts).toBeGreaterThan(0);
    const share = run.deployed.plant.pools[1]?.acceptance[0] ?? 0;
    expect(accepted / drafts).toBeCloseTo(share, 1);
  });

  test('drafts that are accepted behind the end of an answer are not of it', async () => {
    const { metrics, run } = await lived('examples/cloudmatrix384-deepseek-r1.yaml', { scope: { pool: 'all' } }, { requests: 30 });
    const families = await scraped(metrics);
    const outputs = run.simulation.metrics.intervals.reduce((total, { outputTokens }) => total + outputTokens, 0);
    expect(sum(families, 'vllm:generation_tokens_total')).toBe(outputs);
    expect(families.get('vllm:request_generation_tokens')?.samples[0]?.sum).toBe(outputs);
    // What stands behind them was accepted all the same.
    expect(sum(families, 'vllm:spec_decode_num_accepted_tokens_total') + sum(families, 'vllm:spec_decode_num_drafts_total') + 30).toBeGreaterThan(outputs);
  });

  test('a request that its client leaves is an abort', async () => {
    const run = createSimulation(await loadScenario(merged, { requests: 3 }), (event) => metrics.event(event));
    const metrics: ServingMetrics = new ServingMetrics(run, { model: 'twin', dialect: 'vllm', scope: { pool: 0, engines: 'instances' } });
    const { simulation } = run;
    while (simulation.snapshot().arrived === 0) simulation.step();
    act(simulation, { kind: 'abort', request: 0, cause: 'gone' }, (record) => metrics.external(record));
    while (simulation.step());
    const families = await scraped(metrics);
    expect(sum(families, 'vllm:request_success_total', { finished_reason: 'abort' })).toBe(1);
    expect(sum(families, 'vllm:request_success_total', { finished_reason: 'stop' })).toBe(2);
  });
});

test('nothing is kept of requests that have ended, whatever their end', async () => {
  const run = createSimulation(await loadScenario(merged, { requests: 60, set: ['workload.rate=60/s'] }), (event) => feed.event(event));
  const feed: RequestFeed = new RequestFeed(run.simulation, { pool: 'all' });
  const { simulation } = run;
  let most = 0;
  for (let handled = 0; simulation.step(); handled++) {
    most = Math.max(most, feed.inFlight);
    if (handled % 7 === 0 && simulation.snapshot().running > 2)
      act(simulation, { kind: 'abort', request: simulation.snapshot().arrived - 1, cause: 'gone' }, (record) => feed.external(record));
  }
  const { ended } = feed.meters[0] as (typeof feed.meters)[number];
  expect(most).toBeGreaterThan(3);
  expect(ended.abort).toBeGreaterThan(3);
  expect(ended.abort + ended.stop).toBe(60);
  expect(feed.inFlight).toBe(0);
});

test('a tally counts as one value at a time would', () => {
  const tally = new Tally([1, 2, 5]);
  for (const [value, weight] of [
    [1, 1],
    [1, 3],
    [1.5, 2],
    [5, 1],
    [9, 4],
  ] as const)
    tally.add(value, weight);
  expect([[...tally.counts], tally.count, tally.sum]).toEqual([[4, 2, 1, 4], 11, 48]);
});
