import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { replay } from '../../cli/replay.ts';
import { loadScenario } from '../../cli/scenario.ts';
import { version } from '../../cli/version.ts';
import { Sketch } from '../../src/kernel/sketch.ts';
import { Lives, type Life } from '../../src/report/records/life.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { act, type External } from '../../src/serving/external.ts';
import { withoutTraffic } from '../../server/live/live-scenario.ts';
import { emulate } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** When a client saw the first and the last piece of an answer behind its request. [ms] */
interface Seen {
  readonly first: number;
  readonly last: number;
  readonly tokens: number;
}

async function ask(url: string, prompt: number, tokens: number, signal?: AbortSignal): Promise<Seen> {
  const begun = performance.now();
  const body = JSON.stringify({
    prompt: Array.from({ length: prompt }, (_, i) => (i * 7 + prompt) % 1000),
    max_tokens: tokens,
    ignore_eos: true,
    stream: true,
  });
  const response = await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: signal ?? null });
  let [first, last] = [0, 0];
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    if (!decoder.decode(chunk).includes('data: {')) continue;
    last = performance.now() - begun;
    if (first === 0) first = last;
  }
  return { first, last, tokens };
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

  test('is what the offline run of the same arrivals is, within 2 % and the error of pacing', async () => {
    const { url, emulator } = await emulate({ speed: 1, warmUp: 0.5 }, { scenario: 'examples/h100-llama-3.1-70b.yaml' });
    const { engine } = emulator;
    const externals: External[] = [];
    engine.observe({ external: (record) => externals.push(record) });
    const lengths = Array.from({ length: 40 }, (_, i) => [50 + ((i * 211) % 2000), 20 + ((i * 13) % 40)] as const);
    const asked: Promise<Seen>[] = [];
    for (const [prompt, tokens] of lengths) {
      asked.push(ask(url, prompt, tokens));
      await rest(40);
    }
    const seen = await Promise.all(asked);
    // The same arrivals through the engine alone, with no clock.
    const offline = createSimulation(withoutTraffic(await loadScenario('examples/h100-llama-3.1-70b.yaml')));
    for (const { at, action } of externals.filter((record) => record.action.kind === 'inject')) {
      offline.simulation.advance(at);
      act(offline.simulation, action);
    }
    while (offline.simulation.step());
    const live = { ttft: new Sketch(), tpot: new Sketch() };
    for (const { first, last, tokens } of seen) {
      live.ttft.add(first / 1000);
      live.tpot.add((last - first) / 1000 / (tokens - 1));
    }
    const pacing = engine.lag.report();
    for (const share of [0.25, 0.5, 0.75]) {
      const of = (sketch: Sketch): number => sketch.quantile(share);
      const twin = { ttft: new Sketch(), tpot: new Sketch() };
      for (const { ttft, tpot } of offline.simulation.metrics.intervals) {
        twin.ttft.merge(ttft);
        twin.tpot.merge(tpot);
      }
      // A client sees its request leave and its tokens come: a few milliseconds of two event loops, beside how late the emulator says it was.
      expect(Math.abs(of(live.ttft) - of(twin.ttft))).toBeLessThan(0.02 * of(twin.ttft) + pacing.p99 + 0.01);
      expect(Math.abs(of(live.tpot) - of(twin.tpot))).toBeLessThan(0.02 * of(twin.tpot) + pacing.p99 / 20 + 0.001);
    }
  }, 60_000);
});
