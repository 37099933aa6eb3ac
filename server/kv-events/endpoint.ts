import { InputError } from '../../src/base/errors.ts';

/** Where events are published, in the words of vLLM's `--kv-events-config`. */
export interface KvEventsConfig {
  readonly endpoint: string;
  readonly replayEndpoint?: string | undefined;
  /** Batches that a replay can give again. */
  readonly bufferSteps: number;
  /** Messages that wait for a slow subscriber before its newest are dropped. */
  readonly hwm: number;
  readonly topic: string;
}

export const kvEventsDefaults: KvEventsConfig = { endpoint: 'tcp://*:5557', bufferSteps: 10_000, hwm: 100_000, topic: '' };

/**
 * The JSON of `--kv-events-config`; undefined where it says that there are none.
 * @throws InputError with everything that is wrong
 */
export function kvEventsConfigOf(text: string): KvEventsConfig | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError([{ path: '--kv-events-config', message: `is no JSON: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError([{ path: '--kv-events-config', message: 'expected an object' }]);
  const fields = value as Readonly<Record<string, unknown>>;
  const issues: { path: string; message: string }[] = [];
  const known = ['enable_kv_cache_events', 'publisher', 'endpoint', 'replay_endpoint', 'buffer_steps', 'hwm', 'max_queue_size', 'topic'];
  const at = (key: string): string => `--kv-events-config: ${key}`;
  for (const key of Object.keys(fields)) if (!known.includes(key)) issues.push({ path: at(key), message: `is not known; expected one of ${known.join(', ')}` });
  const worded = (key: string, otherwise: string): string => {
    const own = fields[key] ?? otherwise;
    if (typeof own === 'string') return own;
    issues.push({ path: at(key), message: `expected a text, got ${JSON.stringify(own)}` });
    return otherwise;
  };
  const whole = (key: string, otherwise: number): number => {
    const own = fields[key] ?? otherwise;
    if (typeof own === 'number' && Number.isSafeInteger(own) && own > 0) return own;
    issues.push({ path: at(key), message: `expected a whole number above 0, got ${JSON.stringify(own)}` });
    return otherwise;
  };
  const publisher = fields['publisher'] ?? 'zmq';
  if (publisher !== 'zmq' && publisher !== 'null')
    issues.push({ path: at('publisher'), message: `expected "zmq" or "null", got ${JSON.stringify(publisher)}` });
  const replay = worded('replay_endpoint', '');
  const config = {
    endpoint: worded('endpoint', kvEventsDefaults.endpoint),
    replayEndpoint: replay === '' ? undefined : replay,
    bufferSteps: whole('buffer_steps', kvEventsDefaults.bufferSteps),
    hwm: whole('hwm', kvEventsDefaults.hwm),
    topic: worded('topic', kvEventsDefaults.topic),
  };
  for (const [key, endpoint] of [
    ['endpoint', config.endpoint],
    ['replay_endpoint', config.replayEndpoint ?? 'inproc://none'],
  ] as const)
    if (!/^(?:tcp:\/\/[^/]+:\d+|(?:ipc|inproc):\/\/.+)$/.test(endpoint))
      issues.push({ path: at(key), message: `expected tcp://HOST:PORT, ipc://PATH or inproc://NAME, got ${JSON.stringify(endpoint)}` });
  if (issues.length > 0) throw new InputError(issues);
  return fields['enable_kv_cache_events'] === false || publisher === 'null' ? undefined : config;
}

/** Whether a publisher binds there, as vLLM decides it: others are connected to. */
export function binds(endpoint: string): boolean {
  return endpoint.includes('*') || endpoint.includes('::') || endpoint.startsWith('ipc://') || endpoint.startsWith('inproc://');
}

/** The endpoint of a data-parallel rank: ports are counted up, names get the rank behind them. */
export function endpointOfRank(endpoint: string, rank: number): string {
  if (rank === 0) return endpoint;
  const port = /^(tcp:.*:)(\d+)$/.exec(endpoint);
  return port === null ? `${endpoint}_dp${rank}` : `${port[1]}${Number(port[2]) + rank}`;
}
