import { InputError, type Issue } from '../../src/base/errors.ts';
import { lastPort, type Listening } from '../listening.ts';

/** Where events are published, in the words of vLLM's `--kv-events-config`. */
export interface KvEventsConfig {
  readonly endpoint: string;
  readonly replayEndpoint?: string | undefined;
  /** Batches that a replay can give again. */
  readonly bufferSteps: number;
  /** Messages that wait for a slow subscriber before its newest are dropped. */
  readonly hwm: number;
  readonly topic: string;
  /** Flags that said the endpoints, where that was not `--kv-events-config`. */
  readonly flags?: { readonly endpoint?: string | undefined; readonly replayEndpoint?: string | undefined } | undefined;
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
  issues.push(...endpointIssues(config));
  if (issues.length > 0) throw new InputError(issues);
  return fields['enable_kv_cache_events'] === false || publisher === 'null' ? undefined : config;
}

/** The flags that said the endpoints. */
export function flagsOf({ flags }: KvEventsConfig): { readonly endpoint: string; readonly replayEndpoint: string } {
  return {
    endpoint: flags?.endpoint ?? '--kv-events-config: endpoint',
    replayEndpoint: flags?.replayEndpoint ?? '--kv-events-config: replay_endpoint',
  };
}

/** What is wrong with the endpoints by themselves. */
export function endpointIssues(config: KvEventsConfig): readonly Issue[] {
  const flags = flagsOf(config);
  return (['endpoint', 'replayEndpoint'] as const).flatMap((key) => {
    const { [key]: endpoint } = config;
    if (endpoint === undefined) return [];
    const [, port] = /^(?:tcp:\/\/[^/]+:(\d+)|(?:ipc|inproc):\/\/.+)$/.exec(endpoint) ?? [undefined, Infinity];
    if (Number(port ?? 0) <= lastPort) return [];
    return [
      { path: flags[key], message: `expected tcp://HOST:PORT with a port from 0 to ${lastPort}, ipc://PATH or inproc://NAME, got ${JSON.stringify(endpoint)}` },
    ];
  });
}

/** What the publishers of so many data-parallel ranks open. */
export function listeningOf(config: KvEventsConfig, ranks: number): readonly Listening[] {
  const flags = flagsOf(config);
  return (['endpoint', 'replayEndpoint'] as const).flatMap((key): readonly Listening[] => {
    const { [key]: endpoint } = config;
    if (endpoint === undefined) return [];
    const flag = flags[key];
    const [, host, port] = /^tcp:\/\/(.*):(\d+)$/.exec(endpoint) ?? [];
    if (port === undefined) return [{ kind: 'names', flag, names: Array.from({ length: ranks }, (_, rank) => endpointOfRank(endpoint, rank)) }];
    const bound = key === 'replayEndpoint' || binds(endpoint);
    return [{ kind: 'ports', flag, host: bound ? host : undefined, first: Number(port), many: ranks, each: 'rank' }];
  });
}

/** Whether a publisher binds there, as vLLM decides it: others are connected to. */
export function binds(endpoint: string): boolean {
  return endpoint.includes('*') || endpoint.includes('::') || endpoint.startsWith('ipc://') || endpoint.startsWith('inproc://');
}

/** The endpoint of a data-parallel rank: ports are counted up, but 0, which is any that is free; names get the rank behind them. */
export function endpointOfRank(endpoint: string, rank: number): string {
  if (rank === 0) return endpoint;
  const port = /^(tcp:.*:)(\d+)$/.exec(endpoint);
  if (port === null) return `${endpoint}_dp${rank}`;
  return Number(port[2]) === 0 ? endpoint : `${port[1]}${Number(port[2]) + rank}`;
}
