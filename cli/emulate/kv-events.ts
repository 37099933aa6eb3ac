import type { EmulatorOptions } from '../../server/emulator.ts';
import { endpointIssues, kvEventsConfigOf, kvEventsDefaults } from '../../server/kv-events/endpoint.ts';
import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { EmulateFlags } from './flags.ts';

const formats = ['map', 'positional', 'mooncake'] as const;

/**
 * Where and how events of the prefix caches are published; undefined where nobody asks for them.
 * @throws InputError with everything that is wrong
 */
export function kvEventsOf(flags: EmulateFlags): EmulatorOptions['kvEvents'] {
  const { kvEventsConfig: text, zmqEndpoint, kvEventsReplayEndpoint: replayEndpoint, kvEventFormat } = flags;
  const name = flags.useVllmMapEventFormat === true ? 'map' : kvEventFormat;
  if (!formats.some((known) => known === name)) throw new InputError([{ path: '--kv-event-format', message: expectedOneOf(name, formats) }]);
  const said = text === undefined ? undefined : kvEventsConfigOf(text);
  if (said === undefined && zmqEndpoint === undefined) {
    if (replayEndpoint === undefined) return undefined;
    throw new InputError([
      {
        path: '--kv-events-replay-endpoint',
        message: 'nothing is published that could be given again; expected --zmq-endpoint, or --kv-events-config with events',
      },
    ]);
  }
  const base = said ?? kvEventsDefaults;
  const config = {
    ...base,
    bufferSteps: flags.kvEventsReplayQueueSize ?? base.bufferSteps,
    endpoint: zmqEndpoint ?? base.endpoint,
    replayEndpoint: replayEndpoint ?? base.replayEndpoint,
    flags: {
      endpoint: zmqEndpoint === undefined ? undefined : '--zmq-endpoint',
      replayEndpoint: replayEndpoint === undefined ? undefined : '--kv-events-replay-endpoint',
    },
  };
  const issues = endpointIssues(config);
  if (issues.length > 0) throw new InputError(issues);
  return { config, format: name as (typeof formats)[number] };
}
