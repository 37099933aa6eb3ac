import { reasons, type EngineMeter } from './engine-meter.ts';
import type { Family, Labels } from './family.ts';
import type { FeedView } from './request-feed.ts';
import type { EngineOfScope } from './scope.ts';
import type { Tally } from './tally.ts';

export interface VllmOptions {
  readonly model: string;
  /** Fields of `cache_config_info`, worded as Python words them. */
  readonly cacheConfig: Labels;
  /** `awake` where there is no sleep mode. */
  readonly sleep?: (() => 'awake' | 'weights_offloaded' | 'discard_all') | undefined;
  /** Adapters by name, and when that was last so [s since 1970]; absent where none are served. */
  readonly lora?: (() => { readonly max: number; readonly running: readonly string[]; readonly waiting: readonly string[]; readonly at: number }) | undefined;
  /** Names that were given up, for scrapers that still ask for them. */
  readonly oldNames?: boolean | undefined;
  /** Histograms of how long KV blocks live. */
  readonly kvMetrics?: boolean | undefined;
  readonly spec?: boolean | undefined;
}

const sleepStates = ['awake', 'weights_offloaded', 'discard_all'] as const;

/** vLLM's families over the engines of a feed: names, types, labels and buckets are those of its V1 engine. */
export function vllmFamilies({ engines, meters }: FeedView, options: VllmOptions): readonly Family[] {
  const { model, oldNames = false } = options;
  // In the order in which Python's client writes them.
  const own = (engine: EngineOfScope, more: Labels = {}): Labels => sorted({ engine: engine.label, model_name: model, ...more });
  const each = <Value>(of: (meter: EngineMeter, engine: EngineOfScope) => Value): readonly (readonly [Labels, Value])[] =>
    engines.map((engine, i) => [own(engine), of(meters[i] as EngineMeter, engine)] as const);
  const gauge = (name: string, help: string, of: (engine: EngineOfScope) => number): Family => ({
    kind: 'gauge',
    name: `vllm:${name}`,
    help,
    read: () => each((_, engine) => of(engine)),
  });
  const counter = (name: string, help: string, of: (meter: EngineMeter) => number): Family => ({
    kind: 'counter',
    name: `vllm:${name}_total`,
    help,
    read: () => each(of),
  });
  const histogram = (name: string, help: string, of: (meter: EngineMeter) => Tally): Family => ({
    kind: 'histogram',
    name: `vllm:${name}`,
    help,
    read: () => each(of),
  });
  const by = (
    kind: 'gauge' | 'counter',
    name: string,
    help: string,
    label: string,
    of: (meter: EngineMeter, engine: EngineOfScope) => Readonly<Record<string, number>>,
  ): Family => ({
    kind,
    name: `vllm:${name}`,
    help,
    read: () =>
      engines.flatMap((engine, i) =>
        Object.entries(of(meters[i] as EngineMeter, engine)).map(([value, count]) => [own(engine, { [label]: value }), count] as const),
      ),
  });
  const families: (Family | undefined)[] = [
    gauge('num_requests_running', 'Number of requests in model execution batches.', runningOn),
    gauge('num_requests_waiting', 'Number of requests waiting to be processed.', (engine) => waitingOn(engine) + deferredOn(engine)),
    by('gauge', 'num_requests_waiting_by_reason', 'Number of requests waiting, by reason.', 'reason', (_, engine) => ({
      capacity: waitingOn(engine),
      deferred: deferredOn(engine),
    })),
    by('gauge', 'engine_sleep_state', 'Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake.', 'sleep_state', () =>
      Object.fromEntries(sleepStates.map((state) => [state, (options.sleep?.() ?? 'awake') === state ? 1 : 0])),
    ),
    gauge('kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', kvUsageOf),
    oldNames ? gauge('gpu_cache_usage_perc', 'GPU KV-cache usage. 1 means 100 percent usage. DEPRECATED: Use vllm:kv_cache_usage_perc.', kvUsageOf) : undefined,
    counter('prefix_cache_queries', 'Prefix cache queries, in terms of number of queried tokens.', ({ localQueries }) => localQueries),
    counter('prefix_cache_hits', 'Prefix cache hits, in terms of number of cached tokens.', ({ localHits }) => localHits),
    oldNames ? counter('gpu_prefix_cache_queries', 'DEPRECATED: Use vllm:prefix_cache_queries.', ({ localQueries }) => localQueries) : undefined,
    oldNames ? counter('gpu_prefix_cache_hits', 'DEPRECATED: Use vllm:prefix_cache_hits.', ({ localHits }) => localHits) : undefined,
    counter(
      'external_prefix_cache_queries',
      'External prefix cache queries from KV connector, in terms of number of queried tokens.',
      ({ externalQueries }) => externalQueries,
    ),
    counter(
      'external_prefix_cache_hits',
      'External prefix cache hits from KV connector, in terms of number of cached tokens.',
      ({ externalHits }) => externalHits,
    ),
    counter('mm_cache_queries', 'Multi-modal cache queries, in terms of number of queried items.', () => 0),
    counter('mm_cache_hits', 'Multi-modal cache hits, in terms of number of cached items.', () => 0),
    counter('num_preemptions', 'Cumulative number of preemption from the engine.', ({ preemptions }) => preemptions),
    counter('prompt_tokens', 'Number of prefill tokens processed.', ({ promptTokens }) => promptTokens),
    by('counter', 'prompt_tokens_by_source_total', 'Number of prompt tokens by source.', 'source', ({ promptTokens, localHits, externalHits }) => ({
      local_compute: Math.max(0, promptTokens - localHits - externalHits),
      local_cache_hit: localHits,
      external_kv_transfer: externalHits,
    })),
    counter('prompt_tokens_cached', 'Number of cached prompt tokens (local + external).', ({ localHits, externalHits }) => localHits + externalHits),
    counter('generation_tokens', 'Number of generation tokens processed.', ({ generated }) => generated),
    by('counter', 'request_success_total', 'Count of successfully processed requests.', 'finished_reason', ({ ended }) =>
      Object.fromEntries(reasons.map((reason) => [reason, ended[reason]])),
    ),
    histogram('request_prompt_tokens', 'Number of prefill tokens processed.', ({ prompts }) => prompts),
    histogram('request_generation_tokens', 'Number of generation tokens processed.', ({ answers }) => answers),
    histogram('iteration_tokens_total', 'Histogram of number of tokens per engine_step.', ({ stepTokens }) => stepTokens),
    histogram('request_max_num_generation_tokens', 'Histogram of maximum number of requested generation tokens.', ({ longestAnswers }) => longestAnswers),
    histogram('request_params_n', 'Histogram of the n request parameter.', ({ choices }) => choices),
    histogram('request_params_max_tokens', 'Histogram of the max_tokens request parameter.', ({ askedFor }) => askedFor),
    histogram('request_prefill_kv_computed_tokens', 'Histogram of number of KV tokens computed in prefill, without cached ones.', ({ computed }) => computed),
    histogram('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', ({ firstToken }) => firstToken),
    histogram('inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', ({ gaps }) => gaps),
    oldNames
      ? histogram(
          'time_per_output_token_seconds',
          'Histogram of time per output token in seconds. DEPRECATED: Use vllm:inter_token_latency_seconds.',
          ({ gaps }) => gaps,
        )
      : undefined,
    histogram('request_time_per_output_token_seconds', 'Histogram of time per output token in seconds per request.', ({ perToken }) => perToken),
    histogram('e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', ({ whole }) => whole),
    histogram('request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', ({ queued }) => queued),
    histogram('request_inference_time_seconds', 'Histogram of time spent in RUNNING phase for request.', ({ inference }) => inference),
    histogram('request_prefill_time_seconds', 'Histogram of time spent in PREFILL phase for request.', ({ prefill }) => prefill),
    histogram('request_decode_time_seconds', 'Histogram of time spent in DECODE phase for request.', ({ decode }) => decode),
    ...(options.kvMetrics === true
      ? [
          histogram('kv_block_lifetime_seconds', 'Histogram of KV cache block lifetime from allocation to eviction.', ({ blockLife }) => blockLife),
          histogram('kv_block_idle_before_evict_seconds', 'Histogram of idle time before KV cache block eviction.', ({ blockIdle }) => blockIdle),
          histogram('kv_block_reuse_gap_seconds', 'Histogram of time gaps between consecutive KV cache block accesses.', ({ blockReuse }) => blockReuse),
        ]
      : []),
    ...(options.spec === true ? specFamilies(counter, by) : []),
    {
      kind: 'gauge',
      name: 'vllm:cache_config_info',
      help: 'Information of the LLMEngine CacheConfig',
      read: () => engines.map((engine) => [sorted({ ...options.cacheConfig, engine: engine.label }), 1]),
    },
    options.lora === undefined ? undefined : loraFamily(options.lora),
  ];
  return families.filter((family) => family !== undefined);
}

function specFamilies(
  counter: (name: string, help: string, of: (meter: EngineMeter) => number) => Family,
  by: (kind: 'counter', name: string, help: string, label: string, of: (meter: EngineMeter) => Readonly<Record<string, number>>) => Family,
): readonly Family[] {
  const all = ({ accepted }: EngineMeter): number => accepted.reduce((sum, count) => sum + count, 0);
  return [
    counter('spec_decode_num_drafts', 'Number of spec decoding drafts.', ({ drafts }) => drafts),
    counter('spec_decode_num_draft_tokens', 'Number of draft tokens.', ({ draftTokens }) => draftTokens),
    counter('spec_decode_num_accepted_tokens', 'Number of accepted tokens.', all),
    by('counter', 'spec_decode_num_accepted_tokens_per_pos_total', 'Accepted tokens per draft position.', 'position', ({ accepted }) =>
      Object.fromEntries(accepted.map((count, position) => [String(position), count])),
    ),
  ];
}

function loraFamily(lora: NonNullable<VllmOptions['lora']>): Family {
  return {
    kind: 'gauge',
    name: 'vllm:lora_requests_info',
    help: 'Running stats on lora requests.',
    read: () => {
      const { max, running, waiting, at } = lora();
      return [[{ max_lora: String(max), running_lora_adapters: running.join(','), waiting_lora_adapters: waiting.join(',') }, at]];
    },
  };
}

/** Sequences that a rank works on: those that are promised a place have not come yet. */
export function runningOn({ ranks }: EngineOfScope): number {
  return ranks.reduce((sum, { sequences, reserved }) => sum + sequences - reserved, 0);
}

/** Prompts that wait for room. */
export function waitingOn({ ranks }: EngineOfScope): number {
  return ranks.reduce((sum, { waiting, late }) => sum + waiting.size + late.size, 0);
}

/** Sequences whose KV is on its way. */
export function deferredOn({ ranks }: EngineOfScope): number {
  return ranks.reduce((sum, { reserved }) => sum + reserved, 0);
}

/** Share of KV blocks that requests hold; cached ones that nobody uses are free. Batches in flight share theirs. */
export function kvUsageOf({ store }: EngineOfScope): number {
  const blocks = [...new Set(store.map(({ kv }) => kv))];
  const total = blocks.reduce((sum, kv) => sum + kv.total, 0);
  return total === 0 ? 0 : Math.min(1, blocks.reduce((sum, kv) => sum + kv.used, 0) / total);
}

function sorted(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
