import { createParser } from 'eventsource-parser';
import { expect, test } from 'vitest';
import { frameFrom } from '../../src/report/live/frame-text.ts';
import type { Frame } from '../../src/report/live/frame.ts';
import type { Opened } from '../../src/report/live/opened.ts';
import { emulate } from './running.ts';

const dashboard = { scenario: { name: 'mine' }, page: (path: string, exchange: { text: (text: string) => void }) => exchange.text(`file ${path}`) };

/** Looks on until a frame is as it is waited for. */
async function look(url: string, enough: (frame: Frame) => boolean): Promise<{ readonly opened: Opened; readonly frames: readonly Frame[] }> {
  const response = await fetch(`${url}/admin/run`);
  let opened: Opened | undefined;
  const frames: Frame[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'opened') opened = JSON.parse(data) as Opened;
      else frames.push(frameFrom(data));
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const last = frames.at(-1);
    if (last !== undefined && enough(last)) break;
  }
  return { opened: opened as Opened, frames };
}

test('frames show the run as it stands, requests in flight too that nothing happens to', async () => {
  const { url, emulator } = await emulate({ dashboard, speed: 1 });
  const abort = new AbortController();
  const body = JSON.stringify({ prompt: 'a', max_tokens: 20_000, ignore_eos: true });
  const asked = fetch(`${url}/v1/completions`, { method: 'POST', body, headers: { 'content-type': 'application/json' }, signal: abort.signal }).catch(() => {});
  const began = 0.5;
  const { opened, frames } = await look(url, ({ series, at }) => at > began + 1 && (series?.count ?? 0) > 0);
  const last = frames.at(-1) as Frame;
  expect(opened.pools.map(({ name }) => name)).toEqual(emulator.engine.simulation.pools.map(({ plant }) => plant.name));
  expect(last.counts).toMatchObject({ arrived: 1, running: 1, finished: 0 });
  expect(last.sequences.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect([...(last.series?.lines.running ?? [])].at(-1)).toBeCloseTo(1, 6);
  expect(last.at).toBeGreaterThan(frames[0]?.at ?? Infinity);
  const life = (await (await fetch(`${url}/admin/run/request?number=0`)).json()) as { readonly outcome: string };
  expect(life.outcome).toBe('running');
  const steps = (await (await fetch(`${url}/admin/run/iterations?seconds=1`)).json()) as readonly {
    readonly stages: readonly number[];
    readonly decoding: number;
  }[];
  expect(steps.some(({ stages, decoding }) => decoding === 1 && stages.length > 0)).toBe(true);
  expect((await fetch(`${url}/admin/run/request?number=x`)).status).toBe(400);
  abort.abort();
  await asked;
});

test('the page lies below its own path, and is there only where it was asked for', async () => {
  const { url } = await emulate({ dashboard, admin: { here: true, token: 'secret' } });
  const bare = await fetch(`${url}/ui`, { redirect: 'manual' });
  expect([bare.status, bare.headers.get('location')]).toEqual([308, 'ui/']);
  expect(await (await fetch(`${url}/ui/assets/a.js`)).text()).toBe('file /assets/a.js');
  expect((await fetch(`${url}/admin/run/scenario`)).status).toBe(401);
  expect(await (await fetch(`${url}/admin/run/scenario`, { headers: { authorization: 'Bearer secret' } })).json()).toEqual({ name: 'mine' });
  const { url: without } = await emulate();
  expect((await fetch(`${without}/ui/`)).status).toBe(404);
  expect((await fetch(`${without}/admin/run`)).status).toBe(404);
});
