/**
 * The emulator under load, with clients in a process of their own: streams, tokens and events per second, lateness, and the same of a bare socket
 * server that writes as many frames of the same size. Usage: node bench/emulator.ts [--streams 5000] [--seconds 60] [--share 1]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadScenario } from '../cli/scenario.ts';
import { Emulator } from '../server/emulator.ts';
import { Filler, fillerAnswers } from '../server/tokens/filler.ts';
import { shipped } from '../server/tokens/shipped.ts';
import { quietOptions } from '../tests/emulator/quiet-options.ts';
import type { ClientReport, ClientTask } from './emulator-clients.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
    /** Of the streams: load below the whole. */
    share: { type: 'string', default: '1' },
    scenario: { type: 'string', default: 'examples/cloudmatrix384-deepseek-r1.yaml' },
    speed: { type: 'string', default: '1' },
  },
});
const streams = Math.round(Number(values.streams) * Number(values.share));
const seconds = Number(values.seconds);

/** Runs clients to the end of their task. */
function clients(task: ClientTask): { readonly child: ChildProcess; readonly done: Promise<ClientReport> } {
  const child = fork(fileURLToPath(new URL('emulator-clients.ts', import.meta.url)), { stdio: 'inherit' });
  const done = new Promise<ClientReport>((resolve, reject) => {
    child.once('message', (report) => resolve(report as ClientReport));
    child.once('error', reject);
    child.once('exit', (code) => code !== 0 && reject(new Error(`the clients ended with code ${code}`)));
  });
  child.send(task);
  return { child, done };
}

const memory = (): number => process.memoryUsage().rss / 2 ** 20;

/** Processor time of this process beside the time that goes by. */
function cpuMeter(): () => number {
  const [from, since] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000 / (performance.now() - since);
  };
}

/** A frame as the emulator writes one. */
const frame = `data: ${JSON.stringify({ id: `cmpl-${'0'.repeat(32)}`, object: 'text_completion', created: 1_700_000_000, model: 'llama-3.1-8b', choices: [{ index: 0, text: ' word word', logprobs: null, finish_reason: null, stop_reason: null }] })}\n\n`;

/** Frames per second that a socket server writes to so many readers, one write each, as fast as it can on one core. */
async function floor(): Promise<{ readonly rate: number; readonly cpu: number }> {
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
  const { child, done } = clients({ kind: 'sink', port, streams });
  while (sockets.size < streams) await new Promise((resolve) => setTimeout(resolve, 20));
  const cpu = cpuMeter();
  const begun = performance.now();
  let writes = 0;
  while (performance.now() - begun < 5000) {
    for (const socket of sockets)
      if (!socket.writableNeedDrain) {
        socket.write(text, 'latin1');
        writes++;
      }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const rate = writes / ((performance.now() - begun) / 1000);
  const used = cpu();
  child.send('end');
  await done;
  for (const socket of sockets) socket.destroy();
  server.close();
  return { rate, cpu: used };
}

async function emulator(): Promise<void> {
  const filler = new Filler(shipped);
  const scenario = await loadScenario(values.scenario);
  const server = new Emulator(
    scenario,
    shipped,
    fillerAnswers(filler, () => 1000),
    quietOptions({
      speed: Number(values.speed),
      warmUp: 3,
      version: 'bench',
      maxInFlight: 100_000,
      http: { maxConnections: 100_000, requestTimeout: 60_000, idleTimeout: 60_000 },
    }),
  );
  let tokens = 0;
  server.engine.observe({ emitted: (_, count) => void (tokens += count) });
  const port = await server.start();
  const { child, done } = clients({ kind: 'streams', port, streams, tokens: 100_000 });
  while (server.engine.inFlight < streams) await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, 3000));
  server.engine.lag.clear();
  child.send('begin');
  const [cpu, before, begun] = [cpuMeter(), tokens, performance.now()];
  const [stepsBefore, memoryBefore] = [server.engine.simulation.steps, memory()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsed = (performance.now() - begun) / 1000;
  const used = cpu();
  const lag = server.engine.lag.report();
  const steps = server.engine.simulation.steps - stepsBefore;
  const rate = (tokens - before) / elapsed;
  const memoryAfter = memory();
  child.send('end');
  const report = await done;
  await server.stop(0);
  print('streams', streams);
  print('tokens/s put out by the engine', rate);
  print('events/s that clients read', report.events / elapsed);
  print('server core', used);
  print('events/s of a whole core, beside the floor', report.events / elapsed / used, report.events / elapsed / used / (bare.rate / bare.cpu));
  print('clients core', report.cpu);
  print('step [ms]', (elapsed / steps) * 1000 * (server.engine.simulation.pools.at(-1)?.plant.instances ?? 1));
  print('late p50, p99, worst [ms]', lag.p50 * 1000, lag.p99 * 1000, lag.worst * 1000);
  print('burst drained p99 [ms]', lag.drainP99 * 1000);
  print('memory before, after [MiB]', memoryBefore, memoryAfter);
}

function print(what: string, ...figures: readonly number[]): void {
  process.stdout.write(`${what.padEnd(40)}${figures.map((figure) => figure.toFixed(figure < 100 ? 2 : 0).padStart(12)).join('')}\n`);
}

const bare = await floor();
print('floor: frames/s, core, frames/s of a whole core', bare.rate, bare.cpu, bare.rate / bare.cpu);
await emulator();
process.exit(0);
