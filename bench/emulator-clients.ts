/** Clients of bench/emulator.ts and of the test of load, in a process of their own: they read, and count what ends an event. */
import { connect, type Socket } from 'node:net';
import process from 'node:process';

export type ClientTask =
  /** Reads whatever comes. */
  | { readonly kind: 'sink'; readonly port: number; readonly streams: number }
  /**
   * Asks for completions of so many tokens each, as streams; `again`: when one has ended, for the next. Of the streams, the first `slow` are read no
   * further than their first chunk.
   */
  | { readonly kind: 'streams'; readonly port: number; readonly streams: number; readonly tokens: number; readonly again: boolean; readonly slow: number }
  /** Asks for short completions, on so many connections, one behind the other; what is refused is asked for again at once. */
  | { readonly kind: 'crowd'; readonly port: number; readonly streams: number };

/** From `begin` to `end`. */
export interface ClientReport {
  readonly events: number;
  readonly cpu: number;
  /** Answers by status, and those of 429 that said when to come again. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly retryAfter: number;
}

let events = 0;
let statuses: Record<string, number> = {};
let retryAfter = 0;
let [from, since] = [process.cpuUsage(), performance.now()];

/** Connections that are made at a time. */
const wave = 100;
const end = Buffer.from('0\r\n\r\n');
const turnedAway = Buffer.from('HTTP/1.1 429');

process.on('message', (message: ClientTask | 'begin' | 'end') => {
  if (message === 'begin') {
    [events, statuses, retryAfter] = [0, {}, 0];
    [from, since] = [process.cpuUsage(), performance.now()];
  } else if (message === 'end') {
    const { user, system } = process.cpuUsage(from);
    const report: ClientReport = { events, cpu: (user + system) / 1000 / (performance.now() - since), statuses, retryAfter };
    process.send?.(report, () => process.exit(0));
  } else void start(message).then(() => process.send?.('ready'));
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
      else ask(socket, task, number);
      resolve();
    });
    if (task.kind === 'crowd') socket.on('data', (chunk) => answered(socket, task, number, chunk.toString('latin1')));
    else if (task.kind === 'streams' && number < task.slow) socket.once('data', () => socket.pause());
    else read(socket, task, number);
  });
}

function ask(socket: Socket, task: Exclude<ClientTask, { readonly kind: 'sink' }>, number: number): void {
  const tokens = task.kind === 'crowd' ? 4 : task.tokens;
  const body = JSON.stringify({ prompt: `Request ${number}`, max_tokens: tokens, ignore_eos: true, stream: task.kind === 'streams' });
  socket.write(`POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}

function read(socket: Socket, task: Exclude<ClientTask, { readonly kind: 'crowd' }>, number: number): void {
  /** The last bytes that came. */
  let tail = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    // Two line feeds in a row end an event.
    for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) events++;
    if (task.kind === 'sink' || !task.again) return;
    // Who is turned away comes again.
    if (chunk.subarray(0, turnedAway.length).equals(turnedAway)) {
      setTimeout(() => ask(socket, task, number), 50);
      return;
    }
    tail = chunk.length < end.length ? Buffer.concat([tail, chunk]).subarray(-end.length) : chunk.subarray(-end.length);
    if (tail.equals(end)) ask(socket, task, number);
  });
}

/** An answer of the crowd is there, whole: answers are short, and nothing else comes before the next is asked for. */
function answered(socket: Socket, task: Extract<ClientTask, { readonly kind: 'crowd' }>, number: number, text: string): void {
  if (!text.startsWith('HTTP/1.1 ')) return;
  const status = text.slice(9, 12);
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status === '429' && /\r\nretry-after: \d/i.test(text)) retryAfter++;
  ask(socket, task, number);
}
