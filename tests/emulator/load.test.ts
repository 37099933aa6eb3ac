import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import type { ClientReport } from '../../bench/emulator-clients.ts';
import { clients, heap, rest, slope } from '../../bench/emulator-rig.ts';
import type { Emulator } from '../../server/emulator.ts';
import { requestOf } from './raw.ts';
import { emulate } from './running.ts';

/** Requests, slots, KV blocks and sequences that the engine has. */
function inUse({ engine }: Emulator): number {
  const { table, pools } = engine.simulation;
  const ranks = pools.flatMap(({ instances }) => instances.flatMap((instance) => instance.ranks));
  return engine.inFlight + table.inUse + ranks.reduce((sum, { usedBlocks, sequences }) => sum + usedBlocks + sequences, 0);
}

/** Objects that are in use. [MiB] */
function objects(): number {
  heap();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** The same once what is on its way out is gone: the least of what is seen in a second. [MiB] */
async function settled(): Promise<number> {
  let least = objects();
  for (let looks = 0; looks < 5; looks++) {
    await rest(200);
    least = Math.min(least, objects());
  }
  return least;
}

/** What keeps the event loop going, by kind. */
const resources = (): Readonly<Record<string, number>> =>
  process.getActiveResourcesInfo().reduce<Record<string, number>>((counts, kind) => ({ ...counts, [kind]: (counts[kind] ?? 0) + 1 }), {});

/** What so many are told who ask one behind the other. */
async function crowdOf(streams: number, port: number, ms: number): Promise<ClientReport> {
  const crowd = clients({ kind: 'crowd', port, streams });
  onTestFinished(() => void crowd.child.kill());
  await crowd.ready;
  crowd.begin();
  await rest(ms);
  return crowd.end();
}

test("half a minute of streams that end and begin, four of the machine's: memory is steady, a crowd is turned away with 429, and then it is as it was", async () => {
  const streams = 60;
  // A cache of prefixes would fill up with the blocks of answers for as long as it has room.
  const { url, emulator } = await emulate({ speed: 8, maxInFlight: streams, warmUp: 1 }, { flags: { set: ['deployment.merged.prefix-caching=false'] } });
  const { engine } = emulator;
  const port = Number(new URL(url).port);
  const readers = clients({ kind: 'streams', port, streams, tokens: 100, again: true, slow: 0 });
  onTestFinished(() => void readers.child.kill());
  await readers.ready;
  await rest(2000);
  const arrived = engine.simulation.snapshot().arrived;
  const points: [number, number][] = [];
  const begun = performance.now();
  const late: number[] = [];
  let told: ClientReport | undefined;
  for (let at = 0; at <= 11; at++) {
    points.push([(performance.now() - begun) / 1000, heap()]);
    engine.lag.clear();
    if (at === 5) told = await crowdOf(40, port, 2000);
    else await rest(2500);
    late.push(engine.lag.report().chunkP50);
  }
  // Nobody fails in another way; who is turned away is told when to come again.
  const { statuses = {}, retryAfter } = told ?? {};
  expect(Object.keys(statuses).filter((status) => status !== '200' && status !== '429')).toEqual([]);
  expect(statuses['429']).toBeGreaterThan(20);
  expect(retryAfter).toBe(statuses['429']);
  // As many are served as before; those that began together end together.
  expect(engine.inFlight).toBeLessThanOrEqual(streams);
  await expect.poll(() => engine.inFlight, { interval: 20, timeout: 10_000 }).toBeGreaterThan(0.9 * streams);
  expect(engine.simulation.snapshot().arrived - arrived).toBeGreaterThan(2000);
  // Code of the crowd's requests is compiled once: so before it, and behind it.
  const growth = 15 * (slope(points.slice(0, 6)) + slope(points.slice(7)));
  const mean = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
  // The engine's meters go from 64 intervals to 128 and back; half a kilobyte for each of some 20,000 requests would be 12 % more.
  expect(growth / mean).toBeLessThan(0.08);
  expect(points.at(-1)?.[1]).toBeLessThan(1.2 * (points[0]?.[1] ?? 0));
  // Chunks leave as they did before the crowd came, and the next client is served.
  const [before, behind] = [late.slice(0, 5), late.slice(7)].map((all) => all.toSorted((a, b) => a - b)[2] as number) as [number, number];
  expect(behind).toBeLessThan(Math.max(0.02, 2 * before));
  await readers.kill();
  await expect.poll(() => inUse(emulator), { timeout: 10_000 }).toBe(0);
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a', max_tokens: 3 }),
  });
  expect(answer.status).toBe(200);
}, 240_000);

test('10,000 requests that are given up leave nothing behind: in the engine, of sockets and timers, on the heap', async () => {
  const { url, emulator } = await emulate({ speed: 1 });
  const { hostname, port } = new URL(url);
  const wave = 500;
  /** Requests that wait, compute their prompt, stream or are to be answered whole, all given up at once: by the end of the connection, or by a reset. */
  const round = async (number: number): Promise<void> => {
    const sockets: Socket[] = [];
    for (let i = 0; i < wave; i++) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {}).resume();
      const prompt = `round ${number} ${i} ${'x '.repeat((i % 50) * 10)}`;
      socket.write(requestOf('/v1/completions', JSON.stringify({ prompt, max_tokens: 1000, ignore_eos: true, stream: i % 2 === 0 })));
      sockets.push(socket);
    }
    await expect.poll(() => emulator.engine.inFlight, { interval: 5, timeout: 30_000 }).toBeGreaterThan(number % 3 === 0 ? wave / 2 : wave - 1);
    for (const [i, socket] of sockets.entries()) {
      if (i % 3 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await expect.poll(() => inUse(emulator), { interval: 5, timeout: 30_000 }).toBe(0);
  };
  const [warm, rounds] = [20, 20];
  // Behind the first rounds code is compiled, and the engine's meters have most of their intervals, of which there are 128 at most.
  for (let i = 0; i < warm; i++) await round(i);
  await expect.poll(() => resources()['TCPSocketWrap'] ?? 0).toBe(0);
  const [before, timersBefore] = [await settled(), resources()['Timeout'] ?? 0];
  for (let i = warm; i < warm + rounds; i++) await round(i);
  await expect.poll(() => resources()['TCPSocketWrap'] ?? 0).toBe(0);
  // Timers of the test itself come and go.
  expect(resources()['Timeout'] ?? 0).toBeLessThan(timersBefore + 20);
  // 10,000 requests of half a kilobyte each would be 5 MiB.
  expect((await settled()) - before).toBeLessThan(4);
}, 180_000);
