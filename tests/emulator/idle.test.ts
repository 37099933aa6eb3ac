import { expect, test } from 'vitest';
import { createParser } from 'eventsource-parser';
import { frameFrom } from '../../src/report/live/frame-text.ts';
import type { Frame } from '../../src/report/live/frame.ts';
import { emulate } from './running.ts';

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function ask(url: string, tokens: number): Promise<void> {
  const body = JSON.stringify({ prompt: 'a '.repeat(200), max_tokens: tokens, ignore_eos: true });
  await Promise.all(
    Array.from({ length: 8 }, async () =>
      (await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text(),
    ),
  );
}

/** Figures of a scrape by name and labels. */
async function scrape(url: string): Promise<(sample: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (sample) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${sample} `))
        ?.slice(sample.length + 1) ?? Number.NaN,
    );
}

test('time goes on while nothing happens, and power and throughput fall to those of an idle machine', async () => {
  const { url, emulator } = await emulate({ dialect: 'sglang' }, { scenario: 'examples/h100-llama-3.1-70b.yaml' });
  const throughput = `sglang:gen_throughput{model_name="${emulator.models.first.id}"}`;
  const fresh = await scrape(url);
  const asked = ask(url, 1000);
  for (const sample of [throughput, 'supernode_power_watts{part="work"}'])
    await expect.poll(async () => (await scrape(url))(sample), { interval: 100, timeout: 5000 }).toBeGreaterThan(0);
  await asked;
  await scrape(url);
  await rest(100);
  const first = await scrape(url);
  await rest(200);
  const second = await scrape(url);
  expect([first(throughput), second(throughput)]).toEqual([0, 0]);
  // Twenty seconds of the twin in each of the wall clock.
  expect(second('supernode_time_seconds') - first('supernode_time_seconds')).toBeGreaterThan(3.9);
  expect(second('supernode_power_watts{part="work"}')).toBe(0);
  expect(second('supernode_power_watts{part="all"}')).toBeCloseTo(fresh('supernode_power_watts{part="all"}'), 3);
  const { time } = (await (await fetch(`${url}/admin/state`)).json()) as { readonly time: { readonly simulated: number; readonly wall: number } };
  expect(time.wall - time.simulated).toBeLessThan(1);
});

test('power that is asked for once is that of the latest time, not of all that was before', async () => {
  const { url } = await emulate({ speed: 100 });
  await ask(url, 100);
  await rest(300);
  const only = await scrape(url);
  expect(only('supernode_time_seconds')).toBeGreaterThan(30);
  expect(only('supernode_power_watts{part="work"}')).toBe(0);
});

test('who looks on sees the time go by in which nothing happens', async () => {
  const dashboard = { scenario: {}, page: () => {} };
  const { url, emulator } = await emulate({ dashboard });
  await ask(url, 100);
  const ended = emulator.engine.simulation.now;
  const before = emulator.engine.simulation.metrics.intervals.length;
  const stopped = new AbortController();
  const response = await fetch(`${url}/admin/run`, { signal: stopped.signal });
  let last: Frame | undefined;
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'frame') last = frameFrom(data);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (last?.series !== undefined && last.at > ended + 10) break;
  }
  const { lines, count = 0, width = 0 } = last?.series ?? {};
  expect(count * width).toBeGreaterThan(ended + 9);
  expect([lines?.output.at(-1), lines?.running.at(-1)]).toEqual([0, 0]);
  expect(lines?.power.at(-1)).toBeGreaterThan(0);
  expect(lines?.output.some((rate) => rate > 0)).toBe(true);
  // What the engine counts by is left as it was.
  expect(emulator.engine.simulation.metrics.intervals).toHaveLength(before);
});
