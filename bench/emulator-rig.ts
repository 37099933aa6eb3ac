/** What bench/emulator.ts and the test of load have in common: clients of a process of their own, meters of processor and memory. */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSimulation } from '../src/serving/deploy.ts';
import { Emissions } from '../src/serving/emissions.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { withoutTraffic } from '../server/live/live-scenario.ts';
import type { ClientReport, ClientTask } from './emulator-clients.ts';

export const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients at work. */
export interface Clients {
  readonly child: ChildProcess;
  /** All of them have asked. */
  readonly ready: Promise<void>;
  /** Counts anew. */
  begin(): void;
  /** Ends them. */
  end(): Promise<ClientReport>;
  /** All of them are gone at once, in the middle of what they read. */
  kill(): Promise<void>;
}

export function clients(task: ClientTask): Clients {
  const child = fork(fileURLToPath(new URL('emulator-clients.ts', import.meta.url)), { stdio: 'inherit', execArgv: [] });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = Promise.withResolvers<void>();
  const done = new Promise<ClientReport>((resolve, reject) => {
    child.on('message', (message) => (message === 'ready' ? ready.resolve() : resolve(message as ClientReport)));
    child.once('error', reject);
    void gone.then((code) => code !== 0 && reject(new Error('the clients are gone')));
  });
  done.catch(() => {});
  child.send(task);
  return {
    child,
    ready: ready.promise,
    begin: () => void child.send('begin'),
    end: async () => {
      child.send('end');
      const report = await done;
      await gone;
      return report;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Processor time of this process beside the time that goes by. */
export function cpuMeter(): () => number {
  const [from, since] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000 / (performance.now() - since);
  };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is in use behind a full collection, the engine's columns and buffers included. [MiB] */
export function heap(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** Growth in a second of what was measured at some seconds, by least squares. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([at]) => at), mean(([, value]) => value)];
  return mean(([at, value]) => (at - x) * (value - y)) / mean(([at]) => (at - x) ** 2);
}

/** Tokens that a deployment puts out in a second of its own while so many streams decode. */
export function naturalRate(scenario: Scenario, streams: number): number {
  const { simulation } = createSimulation(withoutTraffic(scenario));
  const emissions = new Emissions(simulation.table);
  let tokens = 0;
  simulation.world.emissions = { prompted: () => {}, stepped: (instance) => emissions.of(instance, (_, count) => void (tokens += count)) };
  const usual = { tenant: 0, priority: 0, model: 0, adapter: 0, blockTokens: 0, prefix: [], thread: -1 };
  for (let i = 0; i < streams; i++) simulation.inject({ ...usual, arrivedAt: 0, inputTokens: 4, outputTokens: 50_000 });
  const [settled, measured] = [10, 10];
  simulation.advance(settled);
  tokens = 0;
  simulation.advance(settled + measured);
  return tokens / measured;
}

/** A frame as the emulator writes one. */
const frame = `data: ${JSON.stringify({ id: `cmpl-${'0'.repeat(32)}`, object: 'text_completion', created: 1_700_000_000, model: 'llama-3.1-8b', choices: [{ index: 0, text: ' word word', logprobs: null, finish_reason: null, stop_reason: null }] })}\n\n`;

/** Frames per second of a whole core that a socket server writes to so many readers, one write each, as fast as it can. */
export async function floor(streams: number, seconds: number): Promise<number> {
  const text = `${frame.length.toString(16)}\r\n${frame}\r\n`;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      sockets.add(socket);
    });
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, resolve));
  const { port } = server.address() as { readonly port: number };
  const readers = clients({ kind: 'sink', port, streams });
  while (sockets.size < streams) await rest(20);
  const cpu = cpuMeter();
  const begun = performance.now();
  let writes = 0;
  while (performance.now() - begun < seconds * 1000) {
    for (const socket of sockets)
      if (!socket.writableNeedDrain) {
        socket.write(text, 'latin1');
        writes++;
      }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rate = writes / ((performance.now() - begun) / 1000) / cpu();
  await readers.end();
  for (const socket of sockets) socket.destroy();
  server.close();
  return rate;
}
