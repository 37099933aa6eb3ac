import type { Command } from 'commander';
import type { EmulatorKvEvents } from '../../server/emulator.ts';
import { kvEventsConfigOf, kvEventsDefaults, type KvEventsConfig } from '../../server/kv-events/endpoint.ts';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { wholeFlag } from '../flags.ts';

/** Flags of KV events: vLLM's, those of mocks by the names that they have there, and which form events have. */
export interface KvEventFlags {
  readonly kvEventsConfig?: string;
  readonly zmqEndpoint?: string;
  readonly kvEventsReplayEndpoint?: string;
  readonly kvEventsFormat: string;
  readonly kvEventsHashes: string;
  readonly kvEventsTopic?: string;
  readonly conductorPort?: number;
}

const formats = ['map', 'positional', 'mooncake'] as const;
const hashForms = ['int64', 'bytes'] as const;

export function withKvEventFlags(verb: Command): Command {
  return verb
    .option('--kv-events-config <json>', 'publish KV events over ZeroMQ, as vLLM configures it')
    .option('--zmq-endpoint <endpoint>', 'the same with defaults: publish on this endpoint, such as tcp://*:5557')
    .option('--kv-events-replay-endpoint <endpoint>', 'endpoint that gives again what was sent')
    .option('--kv-events-format <name>', 'form of events: map (newer vLLM), positional (older vLLM, SGLang) or mooncake', 'map')
    .option('--kv-events-hashes <name>', 'int64 (as servers send by default) or bytes', 'int64')
    .option('--kv-events-topic <text>', 'topic of events; llm-d stands for kv@HOST:PORT@MODEL')
    .option('--conductor-port <n>', "serve Mooncake's conductor on this port of the loopback interface", wholeFlag(0));
}

/**
 * What is to be published; undefined where nothing is.
 * @throws InputError with everything that is wrong
 */
export function kvEventsOf(flags: KvEventFlags): EmulatorKvEvents | undefined {
  const issues: Issue[] = [];
  const format = formats.find((name) => name === flags.kvEventsFormat);
  const hashes = hashForms.find((name) => name === flags.kvEventsHashes);
  if (format === undefined) issues.push({ path: '--kv-events-format', message: expectedOneOf(flags.kvEventsFormat, formats) });
  if (hashes === undefined) issues.push({ path: '--kv-events-hashes', message: expectedOneOf(flags.kvEventsHashes, hashForms) });
  const both = flags.kvEventsConfig !== undefined && (flags.zmqEndpoint !== undefined || flags.kvEventsReplayEndpoint !== undefined);
  if (both) issues.push({ path: '--kv-events-config', message: 'has the endpoints in it; expected it without --zmq-endpoint and --kv-events-replay-endpoint' });
  if (issues.length > 0 || format === undefined || hashes === undefined) throw new InputError(issues);
  const config = configOf(flags);
  return config === undefined ? undefined : { config: { ...config, topic: flags.kvEventsTopic ?? config.topic }, format, hashes };
}

function configOf({ kvEventsConfig, zmqEndpoint, kvEventsReplayEndpoint }: KvEventFlags): KvEventsConfig | undefined {
  if (kvEventsConfig !== undefined) return kvEventsConfigOf(kvEventsConfig);
  if (zmqEndpoint === undefined && kvEventsReplayEndpoint === undefined) return undefined;
  // The same checks as of the JSON.
  return kvEventsConfigOf(JSON.stringify({ endpoint: zmqEndpoint ?? kvEventsDefaults.endpoint, replay_endpoint: kvEventsReplayEndpoint ?? '' }));
}
