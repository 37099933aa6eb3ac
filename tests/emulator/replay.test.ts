import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { replay } from '../../cli/replay.ts';
import { loadScenario } from '../../cli/scenario.ts';
import { version } from '../../cli/version.ts';
import { Lives, type Life } from '../../src/report/records/life.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { act, type External } from '../../src/serving/external.ts';
import { withoutTraffic } from '../../server/live/live-scenario.ts';
import { requestOf } from './raw.ts';
import { emulate } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** When a client sent its request, and saw the first and the last piece of the answer. [ms] */
interface Seen {
  readonly sent: number;
  readonly first: number;
  readonly last: number;
  readonly tokens: number;
}

async function ask(url: string, prompt: number, tokens: number, signal: AbortSignal): Promise<void> {
  const ids = Array.from({ length: prompt }, (_, i) => (i * 7 + prompt) % 1000);
  const body = JSON.stringify({ prompt: ids, max_tokens: tokens, ignore_eos: true, stream: true });
  await (await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal })).text();
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a live run', () => {
  test('runs again offline, event by event: requests, those that were given up, faults', async () => {
    const { url, emulator } = await emulate({ speed: 10 }, { scenario: 'examples/h100-llama-3.1-70b.yaml' });
    const { engine } = emulator;
    const path = join(folder, 'live.jsonl');
    const log = new EventLogFile(path, engine.run.scenario);
    const lives = new Lives();
    const live: Life[] = [];
    engine.observe({
      event: (event) => {
        log.tell(event);
        const ended = lives.tell(event);
        if (ended !== undefined) live.push(ended);
      },
      external: (record) => log.tell(record),
    });
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < 80; i++) {
      const abort = new AbortController();
      asked.push(ask(url, 20 + ((i * 131) % 900), 5 + ((i * 37) % 120), abort.signal).catch(() => {}));
      if (i % 5 === 4) setTimeout(() => abort.abort(), 10 + (i % 7) * 10);
      if (i === 40)
        await fetch(`${url}/admin/faults`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"faults":[{"hang":"gpu 0","for":"300 ms"}]}',
        });
      await rest(8);
    }
    await Promise.all(asked);
    await emulator.stop(5000);
    await log.close(engine.simulation.now, summarise(engine.run, version), false);
    const again: Life[] = [];
    const twin = new Lives();
    const { difference, records } = await replay(path, {
      begin: () => Promise.resolve(),
      tell: (event) => {
        const ended = twin.tell(event);
        if (ended !== undefined) again.push(ended);
      },
      tellExternal: () => {},
      drain: () => Promise.resolve(),
      end: () => Promise.resolve(),
      abort: () => {},
    });
    expect(difference).toBeUndefined();
    expect(records).toBeGreaterThan(500);
    expect(again).toEqual(live);
    expect(live.filter(({ outcome }) => outcome === 'failed').length).toBeGreaterThan(3);
    expect(readFileSync(path, 'utf8')).toContain('"kind":"hang"');
  }, 60_000);

  test.for([
    'examples/cloudmatrix384-deepseek-r1.yaml',
    'examples/nvl72-deepseek-r1.yaml',
    'examples/h200x32-deepseek-r1.yaml',
    'examples/h100-llama-3.1-70b.yaml',
  ])(
    '%s: what clients see, less the error of pacing as it was measured, is what the offline run of the same arrivals says',
    { timeout: 60_000 },
    async (scenario) => {
      const { url, emulator } = await emulate({ speed: 1, warmUp: 1 }, { scenario });
      const { engine, generator } = emulator;
      const { pace } = engine;
      const wallAt = (at: number): number => performance.now() + pace.until(at);
      const externals: External[] = [];
      const pacing = new Map<number, Paced>();
      /** Of every chunk, how long after the instant of its first token it was written. [ms] */
      const late: number[] = [];
      engine.observe({
        external: (record) => externals.push(record),
        emitted: (number, _, at) => {
          const one = pacing.get(number) ?? { firstDue: at, lastDue: at, firstTold: 0, lastTold: 0, due: at };
          pacing.set(number, { ...one, lastDue: at, due: Math.min(one.due, at) });
        },
      });
      const numbers: number[] = [];
      generator.onSubmitted = (choice) => {
        numbers[choice.prompt[0] as number] = choice.number;
        const flush = choice.flush.bind(choice);
        choice.flush = () => {
          const [one, now] = [pacing.get(choice.number), performance.now()];
          if (one !== undefined && one.due < Infinity) {
            late.push(-pace.until(one.due));
            pacing.set(choice.number, { ...one, firstTold: one.firstTold === 0 ? now : one.firstTold, lastTold: now, due: Infinity });
          }
          flush();
        };
      };
      const count = 100;
      const asked: Promise<Seen>[] = [];
      for (let i = 0; i < count; i++) {
        asked.push(stream(url, i, 50 + ((i * 211) % 3000), 20 + ((i * 13) % 40)));
        await rest(10 + ((i * 37) % 50));
      }
      const seen = await Promise.all(asked);
      const lag = engine.lag.report();

      // The same arrivals through the engine alone, with no clock.
      const lives = new Lives();
      const again: Life[] = [];
      const offline = createSimulation(withoutTraffic(await loadScenario(scenario)), (event) => {
        const ended = lives.tell(event);
        if (ended !== undefined) again[ended.request] = ended;
      });
      for (const { at, action } of externals.filter((record) => record.action.kind === 'inject')) {
        offline.simulation.advance(at);
        act(offline.simulation, action);
      }
      while (offline.simulation.step());

      const live = { ttft: [] as number[], tpot: [] as number[] };
      const twin = { ttft: [] as number[], tpot: [] as number[] };
      /** From where a chunk is written to where it is read: no part of the emulator's own error. [ms] */
      const way: number[] = [];
      for (const [i, { sent, first, last, tokens }] of seen.entries()) {
        const number = numbers[i] as number;
        const { firstDue, lastDue, firstTold, lastTold } = pacing.get(number) as Paced;
        const { arrived, firstToken = NaN, ended = NaN } = again[number] as Life;
        const [came, firstLate, lastLate] = [wallAt(arrived) - sent, firstTold - wallAt(firstDue), lastTold - wallAt(lastDue)];
        live.ttft.push(first - sent - came - firstLate);
        live.tpot.push((last - first - (lastLate - firstLate)) / (tokens - 1));
        twin.ttft.push((firstToken - arrived) * 1000);
        twin.tpot.push(((ended - firstToken) * 1000) / (tokens - 1));
        way.push(first - firstTold, last - lastTold);
      }
      for (const share of [0.5, 0.9, 0.99]) {
        const [ttft, tpot, own] = [quantile(twin.ttft, share), quantile(twin.tpot, share), quantile(way, 0.99)];
        expect(Math.abs(quantile(live.ttft, share) - ttft)).toBeLessThan(0.02 * ttft + own);
        expect(Math.abs(quantile(live.tpot, share) - tpot)).toBeLessThan(0.02 * tpot + own / 19);
      }
      // Nothing leaves before its instant, and the lag that it reports is the lag that there was: chunks of a slice of a millisecond count as one.
      expect(Math.min(...late)).toBeGreaterThan(-0.001);
      expect(Math.abs(lag.chunkP50 * 1000 - quantile(late, 0.5))).toBeLessThan(2 + 0.5 * quantile(late, 0.5));
    },
  );
});

/** Instants of a request in the twin [s], and when its chunks were written by the wall clock [ms]. */
interface Paced {
  readonly firstDue: number;
  readonly lastDue: number;
  readonly firstTold: number;
  readonly lastTold: number;
  /** Of the first token that was not told yet. */
  readonly due: number;
}

/** The least value with at least this share at or below it. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number;
}

/** Asks for a stream over a connection that is there already. */
function stream(url: string, number: number, prompt: number, tokens: number): Promise<Seen> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let [sent, first, last] = [0, 0, 0];
    socket.on('connect', () => {
      const ids = Array.from({ length: prompt }, (_, i) => (i === 0 ? number : (i * 7 + prompt) % 1000));
      const body = JSON.stringify({ prompt: ids, max_tokens: tokens, ignore_eos: true, stream: true });
      sent = performance.now();
      socket.write(requestOf('/v1/completions', body));
    });
    socket.on('data', (chunk) => {
      if (!chunk.includes('data: {')) return;
      last = performance.now();
      if (first === 0) first = last;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ sent, first, last, tokens }));
  });
}
