/** Clients of bench/emulator.ts, in a process of their own: they read, and count what ends an event. */
import { connect } from 'node:net';
import process from 'node:process';

export type ClientTask =
  /** Reads whatever comes. */
  | { readonly kind: 'sink'; readonly port: number; readonly streams: number }
  /** Asks for completions of so many tokens each, as streams. */
  | { readonly kind: 'streams'; readonly port: number; readonly streams: number; readonly tokens: number };

export interface ClientReport {
  /** From `begin` to `end`. */
  readonly events: number;
  readonly cpu: number;
}

let events = 0;
let [from, since] = [process.cpuUsage(), performance.now()];

/** Connections that are made at a time. */
const wave = 100;

process.on('message', (message: ClientTask | 'begin' | 'end') => {
  if (message === 'begin') {
    events = 0;
    [from, since] = [process.cpuUsage(), performance.now()];
  } else if (message === 'end') {
    const { user, system } = process.cpuUsage(from);
    const report: ClientReport = { events, cpu: (user + system) / 1000 / (performance.now() - since) };
    process.send?.(report, () => process.exit(0));
  } else void start(message);
});

async function start(task: ClientTask): Promise<void> {
  for (let i = 0; i < task.streams; i += wave) await Promise.all(Array.from({ length: Math.min(wave, task.streams - i) }, (_, k) => open(task, i + k)));
}

function open(task: ClientTask, number: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: task.port });
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('connect', () => {
      if (task.kind === 'sink') socket.write('GET / HTTP/1.1\r\n\r\n');
      else {
        const body = JSON.stringify({ prompt: `Request ${number}`, max_tokens: task.tokens, ignore_eos: true, stream: true });
        socket.write(`POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }
      resolve();
    });
    socket.on('data', (chunk) => {
      // Two line feeds in a row end an event.
      for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) events++;
    });
  });
}
