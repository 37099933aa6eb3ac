/**
 * The emulator under load, with clients in processes of their own, and what is asked of it beside what it does: `asked`, `is`, `held` or `MISSED`, a line
 * each. Usage: node bench/emulator.ts [--streams 5000] [--rate 100000] [--seconds 20] [--minutes 1] [--only rate|memory]
 *
 * - The whole rate: so many streams that take so many tokens in a second together; the twin's clock is set so that they do. Beside it a bare socket server
 *   that writes as many frames of the same size, processor time for processor time.
 * - 70 % of it, as the same streams at a slower pace, and as fewer streams at the same: how late bursts leave, and how long one takes.
 * - Memory while streams end and others begin for so many minutes, some readers taking nothing; then a crowd is turned away; then all clients go away at
 *   once, twice.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { loadScenario } from '../cli/scenario.ts';
import { Emulator } from '../server/emulator.ts';
import { Filler, fillerAnswers } from '../server/tokens/filler.ts';
import { shipped } from '../server/tokens/shipped.ts';
import { quietOptions } from '../tests/emulator/quiet-options.ts';
import { clients, cpuMeter, floor, heap, naturalRate, rest, slope } from './emulator-rig.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '5000' },
    /** Tokens of all streams in a second. */
    rate: { type: 'string', default: '100000' },
    /** That each rate is held for. */
    seconds: { type: 'string', default: '20' },
    /** That memory is watched for. */
    minutes: { type: 'string', default: '1' },
    scenario: { type: 'string', default: 'examples/cloudmatrix384-deepseek-r1.yaml' },
    only: { type: 'string', default: '' },
  },
});
const streams = Number(values.streams);
const rate = Number(values.rate);
const seconds = Number(values.seconds);
/** Load at which bursts have to leave in time. */
const part = 0.7;

const scenario = await loadScenario(values.scenario);
const answers = fillerAnswers(new Filler(shipped), () => 1000);
let missed = 0;

function print(what: string, asked: string, is: string, verdict = ''): void {
  process.stdout.write(`  ${what.padEnd(58)}${asked.padStart(14)}${is.padStart(16)}  ${verdict}\n`);
}

/** A figure and the bound that it is held to. */
function hold(what: string, sign: '>=' | '<=', bound: number, is: number, digits = 0): void {
  const held = sign === '>=' ? is >= bound : is <= bound;
  if (!held) missed++;
  print(what, `${sign} ${number(bound, digits)}`, number(is, digits), held ? 'held' : 'MISSED');
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function title(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** An emulator whose twin goes at such a speed that its streams take so many tokens in a second. */
async function emulator(of: number, tokens: number, maxInFlight: number): Promise<{ readonly server: Emulator; readonly port: number }> {
  const limits = { maxConnections: 100_000, requestTimeout: 60_000, idleTimeout: 60_000 };
  const speed = tokens / naturalRate(scenario, of);
  const server = new Emulator(scenario, shipped, answers, quietOptions({ speed, warmUp: 3, version: 'bench', maxInFlight, http: limits }));
  return { server, port: await server.start() };
}

/** Streams that all go on to the end. */
async function steady(of: number, tokens: number, bare: number | undefined): Promise<void> {
  const { server, port } = await emulator(of, tokens, 100_000);
  const { engine } = server;
  let out = 0;
  engine.observe({ emitted: (_, count) => void (out += count) });
  const readers = clients({ kind: 'streams', port, streams: of, tokens: 100_000, again: false, slow: 0 });
  while (engine.inFlight < of) await rest(50);
  await rest(3000);
  readers.begin();
  engine.lag.clear();
  const [cpu, before, begun, stepsBefore] = [cpuMeter(), out, performance.now(), engine.simulation.steps];
  await rest(seconds * 1000);
  const elapsed = (performance.now() - begun) / 1000;
  const [used, put, steps, lag] = [cpu(), (out - before) / elapsed, engine.simulation.steps - stepsBefore, engine.lag.report()];
  const report = await readers.end();
  await server.stop(0);
  const read = report.events / elapsed;
  const step = elapsed / (steps / (engine.simulation.pools.at(-1)?.plant.instances ?? 1));
  hold('tokens/s put out', '>=', 0.99 * tokens, put);
  if (bare === undefined) {
    hold('first write of a burst late, p99 [ms]', '<=', 10, lag.p99 * 1000, 1);
    hold('burst drained, p99, of a step', '<=', 0.5, lag.drainP99 / step, 2);
  } else {
    hold('stream events/s that clients read', '<=', 60_000 * (rate / 100_000), read);
    hold('events/s of a whole core, of those of a bare socket', '>=', 0.5, read / used / bare, 2);
    hold('core of the server', '<=', 1, used, 2);
    print('events/s of a whole core', '', number(read / used, 0));
    print('first write of a burst late, p99 [ms]', '', number(lag.p99 * 1000, 1));
    print('burst drained, p99, of a step', '', number(lag.drainP99 / step, 2));
  }
  print('step [ms]', '', number(step * 1000, 1));
  print('first write late, p50, worst [ms]', '', `${number(lag.p50 * 1000, 1)} ${number(lag.worst * 1000, 1)}`);
  print('chunk late, p50, p99 [ms]', '', `${number(lag.chunkP50 * 1000, 1)} ${number(lag.chunkP99 * 1000, 1)}`);
  if (bare === undefined) print('stream events/s; core of the server', '', `${number(read, 0)} ${number(used, 2)}`);
  print('core of the clients', '', number(report.cpu, 2));
}

/** Streams that end and begin anew, readers that take nothing, a crowd, and the end of them all. */
async function memory(): Promise<void> {
  const { server, port } = await emulator(streams, part * rate, streams);
  const { engine } = server;
  const empty = heap();
  const slow = Math.round(streams / 50);
  const task = { kind: 'streams', port, streams, tokens: 500, again: true, slow } as const;
  let readers = clients(task);
  await readers.ready;
  // What is compiled and kept once is there by then.
  await rest(15_000);
  const points: [number, number][] = [];
  const [begun, minutes] = [performance.now(), Number(values.minutes)];
  const arrived = engine.simulation.snapshot().arrived;
  for (let i = 0; i <= 12; i++) {
    points.push([(performance.now() - begun) / 1000, heap()]);
    if (i < 12) await rest((minutes * 60_000) / 12);
  }
  const held = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
  // The engine's meters fill up with their 128 intervals at first, of some 110 KiB each; behind that half a kilobyte for each request would be 36 MiB in ten minutes.
  hold(`growth of the heap over ${number(minutes, 1)} min [MiB]`, '<=', 16, slope(points) * minutes * 60, 1);
  print('heap, resident [MiB]', '', `${number(held, 0)} ${number(process.memoryUsage().rss / 2 ** 20, 0)}`);
  print('requests that began in it', '', number(engine.simulation.snapshot().arrived - arrived, 0));
  hold(`bytes that wait for ${slow} readers that take nothing, each`, '<=', 2 ** 16, server.bytesWaiting / slow);

  title(`A crowd of 200 beside ${number(streams, 0)} streams, which are all that it takes: 10 s`);
  const lateness = async (ms: number): Promise<{ readonly median: number; readonly p99: number }> => {
    engine.lag.clear();
    await rest(ms);
    const { p50, p99 } = engine.lag.report();
    return { median: p50 * 1000, p99: p99 * 1000 };
  };
  const before = await lateness(10_000);
  const crowd = clients({ kind: 'crowd', port, streams: 200 });
  await crowd.ready;
  crowd.begin();
  const during = await lateness(10_000);
  const { statuses, retryAfter } = await crowd.end();
  const told = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  // What was late while it lasted is told by then.
  await rest(2000);
  const behind = await lateness(10_000);
  hold('answers of 429 or 200, of all', '>=', 1, ((statuses['429'] ?? 0) + (statuses['200'] ?? 0)) / told, 3);
  hold('of 429 those that say when to come again', '>=', 1, retryAfter / (statuses['429'] ?? NaN), 3);
  print('answers of 429/s', '', number((statuses['429'] ?? 0) / 10, 0));
  const both = (of: 'median' | 'p99'): string => `${number(before[of], 1)} ${number(during[of], 1)}`;
  print('first write late, median, before, in it [ms]', '', both('median'));
  hold('and 2 s behind it, beside before it [ms]', '<=', Math.max(10, 1.5 * before.median), behind.median, 1);
  print('first write late, p99, before, in it, behind it [ms]', '', `${both('p99')} ${number(behind.p99, 1)}`);

  title(`All clients go away at once, twice: ${number(2 * streams, 0)} requests`);
  for (let round = 0; round < 2; round++) {
    await readers.kill();
    while (engine.inFlight > 0) await rest(20);
    if (round > 0) break;
    readers = clients(task);
    await readers.ready;
    await rest(1000);
  }
  await rest(2000);
  const blocks = engine.simulation.pools.flatMap(({ instances }) =>
    instances.flatMap(({ ranks }) => ranks.map(({ usedBlocks, sequences }) => usedBlocks + sequences)),
  );
  hold('requests and KV blocks that are left', '<=', 0, engine.simulation.table.inUse + blocks.reduce((sum, count) => sum + count, 0));
  hold('heap beside that of the empty server [MiB]', '<=', 1.15 * empty, heap());
  await server.stop(0);
}

process.stdout.write(`${values.scenario}\n  ${''.padEnd(58)}${'asked'.padStart(14)}${'is'.padStart(16)}\n`);
if (values.only !== 'memory') {
  title('A bare socket server');
  const bare = await floor(streams, 5);
  print('frames/s of a whole core', '', number(bare, 0));
  title(`${number(streams, 0)} streams, ${number(rate, 0)} tokens/s`);
  await steady(streams, rate, bare);
  title(`70 % of it: ${number(streams, 0)} streams, ${number(part * rate, 0)} tokens/s`);
  await steady(streams, part * rate, undefined);
  title(`70 % of it: ${number(part * streams, 0)} streams, ${number(part * rate, 0)} tokens/s`);
  await steady(part * streams, part * rate, undefined);
}
if (values.only !== 'rate') {
  title(`${number(streams, 0)} streams of 500 tokens, one behind the other, ${number(part * rate, 0)} tokens/s`);
  await memory();
}
process.stdout.write(missed === 0 ? '\nAll held.\n' : `\n${missed} missed.\n`);
process.exit(missed === 0 ? 0 : 1);
