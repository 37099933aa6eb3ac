import { expect, test } from 'vitest';
import { kvEventsDefaults, listeningOf } from './kv-events/endpoint.ts';
import { listeningIssues, type Listening } from './listening.ts';

const door = (flag: string, first: number, many = 1, host = '127.0.0.1'): Listening => ({ kind: 'ports', flag, host, first, many, each: 'instance' });
const events = (endpoint: string, replayEndpoint: string | undefined, ranks: number): readonly Listening[] =>
  listeningOf({ ...kvEventsDefaults, endpoint, replayEndpoint, flags: { endpoint: '--zmq-endpoint' } }, ranks);
const told = (...all: readonly Listening[]): readonly string[] => listeningIssues(all).map(({ path, message }) => `${path}: ${message}`);

test('ports that are counted up beyond the last one are told with what would be right', () => {
  expect(told(door('--instance-ports', 65_534, 2), door('--port', 0), ...events('tcp://*:65532', undefined, 2))).toEqual([]);
  expect(told(door('--instance-ports', 65_535, 2))).toEqual([
    '--instance-ports: expected a port of at most 65534, got 65535: instance n has port + n, and there are 2',
  ]);
  expect(told(...events('tcp://10.0.0.1:65530', 'tcp://*:65529', 8))).toEqual([
    '--zmq-endpoint: expected a port of at most 65528, got 65530: rank n has port + n, and there are 8',
    '--kv-events-config: replay_endpoint: expected a port of at most 65528, got 65529: rank n has port + n, and there are 8',
  ]);
});

test('a port that two would have is told with both', () => {
  expect(told(...events('tcp://*:15757', 'tcp://*:15758', 2))).toEqual([
    '--kv-events-config: replay_endpoint: port 15758, of rank 0, is that of rank 1 by --zmq-endpoint too; expected one that nothing else has',
  ]);
  expect(told(door('--port', 8001), door('--instance-ports', 8000, 4))).toEqual([
    '--instance-ports: port 8001, of instance 1, is that of --port too; expected one that nothing else has',
  ]);
  expect(told(...events('ipc:///tmp/kv', 'ipc:///tmp/kv_dp1', 2))).toEqual([
    '--kv-events-config: replay_endpoint: ipc:///tmp/kv_dp1 is that of --zmq-endpoint too; expected one that nothing else has',
  ]);
});

test('what cannot clash is let by: free ports, other interfaces, ports that are connected to', () => {
  expect(told(door('--port', 0), door('--instance-ports', 0, 4), ...events('tcp://*:0', 'tcp://*:0', 2))).toEqual([]);
  expect(told(door('--port', 8000), door('--admin-port', 8000, 1, '10.0.0.1'))).toEqual([]);
  expect(told(door('--port', 8000, 1, '0.0.0.0'), ...events('tcp://indexer:8000', undefined, 1))).toEqual([]);
  expect(told(door('--port', 8000, 1, '0.0.0.0'), ...events('tcp://127.0.0.1:1', 'tcp://[::1]:8000', 1))).toHaveLength(1);
});
