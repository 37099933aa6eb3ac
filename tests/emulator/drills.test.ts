import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { replay } from '../../cli/replay.ts';
import { version } from '../../cli/version.ts';
import { summarise } from '../../src/report/summarise.ts';
import type { FaultRecord } from '../../src/serving/faults/fault.ts';
import { emulate, type Running } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-drills-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Noticed after a second, whole again two later. */
const recovery = 'recovery={"detection":"1 s","restart":"2 s","retries":9,"spares":false}';
const small = (): Promise<Running> => emulate({ speed: 50 }, { flags: { set: [recovery] } });

interface Pending {
  readonly id: number;
  readonly struck: boolean;
}

async function admin(url: string, path: string, body?: object, method = 'POST'): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
  const response = await fetch(`${url}/admin/${path}`, body === undefined ? { method } : { method, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function faults(url: string): Promise<{ readonly faults: readonly FaultRecord[]; readonly pending: readonly Pending[] }> {
  return (await admin(url, 'faults', undefined, 'GET')).json as never;
}

/** Tokens of an answer that was asked for whole. */
async function complete(url: string, tokens: number): Promise<number> {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'Hello there', max_tokens: tokens, ignore_eos: true }),
  });
  return ((await response.json()) as { readonly usage: { readonly completion_tokens: number } }).usage.completion_tokens;
}

/** Longest time between two tokens of a request, by the twin's clock. */
function gaps({ emulator }: Running): { longest: number } {
  const seen = { longest: 0 };
  const last = new Map<number, number>();
  emulator.engine.observe({
    emitted: (request, _, at) => {
      seen.longest = Math.max(seen.longest, at - (last.get(request) ?? at));
      last.set(request, at);
    },
  });
  return seen;
}

describe('drills', () => {
  test('kill and relaunch: what it had is computed again once it serves again', async () => {
    const running = await small();
    const seen = gaps(running);
    const answers = Array.from({ length: 4 }, () => complete(running.url, 3000));
    await expect.poll(() => running.emulator.engine.inFlight).toBe(4);
    expect((await admin(running.url, 'faults', { drill: 'kill+relaunch', part: 'gpu 0', for: '5 s' })).status).toBe(202);
    expect(await Promise.all(answers)).toEqual([3000, 3000, 3000, 3000]);
    expect((await faults(running.url)).faults).toMatchObject([{ kind: 'kill', interrupted: 4, failed: 0, restoredAt: expect.any(Number) as number }]);
    // Five seconds of outage and two of the restart.
    expect(seen.longest).toBeGreaterThan(6.5);
  });

  test('flap: it fails and comes back, time and again', async () => {
    const { url } = await small();
    expect((await admin(url, 'faults', { drill: 'flap', part: 'gpu 0', for: '1 s', times: 3, every: '10 s' })).json['planned']).toHaveLength(3);
    const served: number[] = [];
    await expect
      .poll(
        async () => {
          served.push(await complete(url, 200));
          return (await faults(url)).faults.filter(({ restoredAt }) => restoredAt !== undefined).length;
        },
        { timeout: 15_000 },
      )
      .toBe(3);
    expect(new Set(served)).toEqual(new Set([200]));
    const { faults: records, pending } = await faults(url);
    expect(records.map(({ at }) => at - (records[0]?.at ?? 0))).toEqual([0, 10, 20].map((after) => expect.closeTo(after, 6) as number));
    expect(pending).toEqual([]);
  }, 30_000);

  test('hang: shorter than it is noticed it only takes its time; longer it is a kill', async () => {
    const running = await small();
    const seen = gaps(running);
    const hang = async (time: string): Promise<void> => {
      const answer = complete(running.url, 3000);
      await expect.poll(() => running.emulator.engine.inFlight).toBe(1);
      await admin(running.url, 'faults', { drill: 'hang', part: 'gpu 0', for: time });
      expect(await answer).toBe(3000);
    };
    await hang('800 ms');
    expect(seen.longest).toBeGreaterThan(0.8);
    expect(seen.longest).toBeLessThan(0.9);
    await hang('3 s');
    expect(seen.longest).toBeGreaterThan(3);
    expect((await faults(running.url)).faults).toMatchObject([
      { kind: 'hang', instances: 1, interrupted: 0 },
      { kind: 'hang', instances: 1, interrupted: 1 },
    ]);
  });

  test('partition: what uses the links stands still, is routed around or is cut off, and serves when they are back', async () => {
    const running = await emulate({ speed: 20 }, { scenario: 'examples/h100-llama-3.1-70b.yaml', flags: { set: [recovery] } });
    const seen = gaps(running);
    const answers = Array.from({ length: 4 }, () => complete(running.url, 400));
    await expect.poll(() => running.emulator.engine.inFlight).toBe(4);
    const { status, json } = await admin(running.url, 'faults', { drill: 'partition', part: 'link die 0 - nvswitch 0', for: '4 s' });
    expect([status, json]).toEqual([202, expect.objectContaining({ planned: [expect.objectContaining({ kind: 'cut' })] })]);
    expect(await Promise.all(answers)).toEqual([400, 400, 400, 400]);
    const [record] = (await faults(running.url)).faults;
    expect(record).toMatchObject({ kind: 'cut', instances: 1 });
    // Nobody knows for a second.
    expect(seen.longest).toBeGreaterThan(0.9);
  });

  test('add under load: one more instance loads its weights and then takes requests', async () => {
    const set = ['control.autoscale.merged={"min":1,"max":4,"policy":"manual"}', 'control.weights.setup=2 s'];
    const running = await emulate({ speed: 50 }, { scenario: 'examples/control-autoscale.yaml', flags: { set } });
    const { url, emulator } = running;
    const used = new Set<number>();
    emulator.engine.observe({
      event: (event) => {
        if (event.kind === 'routed') used.add(event.instance);
      },
    });
    const over = new AbortController();
    const clients = Array.from({ length: 12 }, async () => {
      while (!over.signal.aborted) expect(await complete(url, 50)).toBe(50);
    });
    expect(await admin(url, 'faults', { drill: 'add', instances: 2 })).toMatchObject({
      status: 202,
      json: { pool: 'merged', wanted: 4, serving: 2, starting: 2 },
    });
    await expect.poll(() => used.size, { timeout: 20_000 }).toBe(4);
    over.abort();
    await Promise.all(clients);
    expect((await admin(url, 'faults', { drill: 'add' })).status).toBe(409);
    expect((await admin(url, 'scale', { pool: 'decode', instances: 2 })).status).toBe(400);
    expect(await admin(url, 'scale', { instances: 1 })).toMatchObject({ status: 202, json: { wanted: 1 } });
    await expect.poll(() => emulator.engine.simulation.pools[0]?.instances.filter(({ state }) => state === 'active').length).toBe(1);
  }, 40_000);

  test('nothing is added where nothing comes and goes, and the answer says what would be right', async () => {
    const { url } = await small();
    expect(await admin(url, 'faults', { drill: 'add' })).toMatchObject({
      status: 409,
      json: { error: { type: 'ConflictError', message: expect.stringContaining('policy: manual') as string } },
    });
    expect((await admin(url, 'faults', { drill: 'add', instances: 0 })).status).toBe(400);
    expect((await admin(url, 'scale', {})).status).toBe(400);
  });
});

describe('a fault', () => {
  test('comes when the script of the scenario says so, and is taken out of it', async () => {
    const script = 'faults=[{"at":"4 s","hang":"gpu 0","for":"500 ms"},{"at":"20 s","kill":"gpu 0","for":"1 h"}]';
    const running = await emulate({ speed: 20 }, { flags: { set: [recovery, script] } });
    const seen = gaps(running);
    expect((await faults(running.url)).pending).toMatchObject([
      { kind: 'hang', at: 4 },
      { kind: 'kill', at: 20 },
    ]);
    expect((await admin(running.url, 'faults/1', undefined, 'DELETE')).status).toBe(200);
    // Twenty-five seconds and more at some 7 ms a token.
    expect(await complete(running.url, 4000)).toBe(4000);
    expect(running.emulator.engine.simulation.now).toBeGreaterThan(20);
    expect(seen.longest).toBeGreaterThan(0.5);
    expect((await faults(running.url)).faults).toMatchObject([{ kind: 'hang', at: 4, interrupted: 0 }]);
  });

  test('is healed before its time, or does not come at all', async () => {
    const { url, emulator } = await small();
    const { json } = await admin(url, 'faults', { faults: [{ kill: 'gpu 0' }, { at: '1 h', kill: 'gpu 0' }, { at: '2 h', slow: 'gpu 0:50%', for: '1 h' }] });
    const [first, second] = json['planned'] as readonly Pending[];
    const answer = complete(url, 20);
    await expect.poll(async () => (await faults(url)).pending).toMatchObject([{ struck: true, for: null }, { struck: false }, { struck: false }]);
    expect(await admin(url, `faults/${first?.id}`, undefined, 'DELETE')).toMatchObject({ status: 200, json: { struck: true, kind: 'kill' } });
    expect(await answer).toBe(20);
    expect((await admin(url, `faults/${second?.id}`, undefined, 'DELETE')).status).toBe(200);
    expect((await faults(url)).pending).toMatchObject([{ struck: false, kind: 'slow' }]);
    for (const gone of [first?.id, second?.id, 77, 'x']) expect((await admin(url, `faults/${gone}`, undefined, 'DELETE')).status).toBe(404);
    expect((await faults(url)).faults).toMatchObject([{ kind: 'kill', healedAt: expect.any(Number) as number, restoredAt: expect.any(Number) as number }]);
    expect(emulator.engine.simulation.faults?.pending()).toHaveLength(1);
  });
});

test('a run of all that can be done from outside runs again without a clock, to the last event', async () => {
  const set = ['control.autoscale.merged={"min":1,"max":4,"policy":"manual"}', 'control.weights.setup=2 s', recovery];
  const { url, emulator } = await emulate({ speed: 50, instancePorts: 0 }, { scenario: 'examples/control-autoscale.yaml', flags: { set } });
  const { engine } = emulator;
  const path = join(folder, 'drills.jsonl');
  const log = new EventLogFile(path, engine.run.scenario);
  engine.observe({ event: (event) => log.tell(event), external: (record) => log.tell(record) });
  const door = `http://127.0.0.1:${emulator.instancePorts[1]}`;
  const kinds = new Set<string>();
  engine.observe({ external: ({ action }) => kinds.add(action.kind) });
  const asked = Array.from({ length: 8 }, (_, i) => complete(i % 2 === 0 ? url : door, 300 + i));
  await admin(url, 'faults', { drill: 'add' });
  const { json } = await admin(url, 'faults', { faults: [{ kill: 'gpu 1' }] });
  await fetch(`${url}/reset_prefix_cache`, { method: 'POST' });
  const gated = { prompt: 'a b c d e f', cache_hit_threshold: 0.5 };
  await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(gated) });
  await admin(url, `faults/${(json['planned'] as readonly Pending[])[0]?.id}`, undefined, 'DELETE');
  await Promise.all(asked);
  await emulator.stop(0);
  await log.close(engine.simulation.now, summarise(engine.run, version), false);
  expect((await replay(path)).difference).toBeUndefined();
  expect(kinds).toEqual(new Set(['inject', 'scale', 'fault', 'flush', 'heal', 'stop']));
}, 40_000);
