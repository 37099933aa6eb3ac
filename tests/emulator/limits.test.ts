import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { heap } from '../../bench/emulator-rig.ts';
import { raw, requestOf } from './raw.ts';
import { emulate } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (url: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: signal ?? null });

describe('limits', () => {
  test('more requests than are allowed are told 429 and when to come again; then it serves as before', async () => {
    const { url, emulator } = await emulate({ maxInFlight: 8, speed: 10 });
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const response = await ask(url, { prompt: 'a', max_tokens: 3000, ignore_eos: true });
        await response.text();
        return [response.status, response.headers.get('retry-after')];
      }),
    );
    expect(statuses.filter(([status]) => status === 200)).toHaveLength(8);
    for (const [status, after] of statuses.filter(([code]) => code !== 200)) expect([status, after]).toEqual([429, '1']);
    expect(emulator.engine.inFlight).toBe(0);
    expect((await ask(url, { prompt: 'a', max_tokens: 3 })).status).toBe(200);
  });

  test('more answers than it ever takes at once are refused, not asked for again', async () => {
    const { url } = await emulate({ maxInFlight: 8 });
    for (const more of [{ n: 9 }, { prompt: ['a', 'b', 'c'], n: 3 }]) {
      const response = await ask(url, { prompt: 'a', max_tokens: 1, ...more });
      expect([response.status, response.headers.get('retry-after')]).toEqual([400, null]);
      expect(await response.json()).toMatchObject({ error: { message: 'The request asks for 9 answers, and the engine takes 8 requests at most' } });
    }
    expect((await ask(url, { prompt: 'a', max_tokens: 1, n: 8 })).status).toBe(200);
  });

  test('what the deployment turns away by its own policy is 429 too', async () => {
    const { url } = await emulate({ speed: 10 }, { flags: { set: ['policies.admission={"in-flight":2}'] } });
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await ask(url, { prompt: 'a', max_tokens: 1000, ignore_eos: true })).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 429, 429, 429]);
  });

  test('readers that take nothing cost no memory, and get the rest when they read again', async () => {
    const { url, emulator } = await emulate({ speed: 2000 });
    const { hostname, port } = new URL(url);
    const [tokens, count] = [120_000, 8];
    const before = heap();
    const body = { prompt: 'a', max_tokens: tokens, ignore_eos: true, stream: true, stream_options: { include_usage: true } };
    const sockets = Array.from({ length: count }, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.pause();
      socket.write(requestOf('/v1/completions', JSON.stringify(body)));
      return socket;
    });
    await expect.poll(() => emulator.engine.simulation.snapshot().finished, { timeout: 30_000 }).toBe(count);
    // What the kernel and the streams hold is all there is of them: the text, 15 MB each with what stands around it, was never made.
    expect(emulator.bytesWaiting / count).toBeLessThan(2 ** 20);
    expect(heap() - before).toBeLessThan(30);
    for (const [i, socket] of sockets.entries()) {
      if (i > 0) {
        socket.destroy();
        continue;
      }
      let text = '';
      socket.resume();
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      await new Promise((resolve) => socket.once('end', resolve));
      expect(text).toContain(`"completion_tokens":${tokens}`);
      expect(text).toContain('[DONE]');
    }
  }, 60_000);

  test('keys let in who has one, in either header', async () => {
    const { url } = await emulate({ keys: ['first', 'second'] });
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> => (await fetch(`${url}/v1/models`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'Bearer third' })).toBe(401);
    expect(await status({ authorization: 'Bearer second' })).toBe(200);
    expect(await status({ 'x-api-key': 'first' })).toBe(200);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test('a request id comes back where it is asked to', async () => {
    const { url } = await emulate({ http: { echoRequestId: true } });
    expect((await fetch(`${url}/v1/models`, { headers: { 'x-request-id': 'mine' } })).headers.get('x-request-id')).toBe('mine');
    expect((await fetch(`${url}/v1/models`)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('HTTPS', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '1'], {
      stdio: 'ignore',
    });
    const { url } = await emulate({ http: { tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } } });
    const status = await new Promise((resolve, reject) => {
      const request = httpsRequest(`${url.replace('http:', 'https:')}/health`, { ca: readFileSync(cert), servername: 'localhost' }, (response) =>
        resolve(response.statusCode),
      );
      request.on('error', reject);
      request.end();
    });
    expect(status).toBe(200);
  });
});

describe('the end', () => {
  test('streams that finish in time finish; nothing new is taken in', async () => {
    const { url, emulator } = await emulate({ speed: 20 });
    const stream = raw(url, requestOf('/v1/completions', JSON.stringify({ prompt: 'a', max_tokens: 800, ignore_eos: true, stream: true })), {
      patience: 10_000,
    });
    await expect.poll(() => emulator.engine.inFlight).toBe(1);
    const stopped = emulator.stop(10_000);
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    await stopped;
    const { text, end } = await stream;
    expect([text.includes('[DONE]'), text.includes('"error"'), end]).toEqual([true, false, 'closed']);
  });

  test('those that do not are told so', async () => {
    const { url, emulator } = await emulate({ speed: 1 });
    const body = { prompt: 'a', max_tokens: 50_000, ignore_eos: true };
    const stream = raw(url, requestOf('/v1/completions', JSON.stringify({ ...body, stream: true })), { patience: 10_000 });
    const whole = raw(url, requestOf('/v1/completions', JSON.stringify(body)), { patience: 10_000 });
    await expect.poll(() => emulator.engine.inFlight).toBe(2);
    await emulator.stop(50);
    expect((await stream).text).toMatch(/"error":\{"message":"The request failed: the emulator shut down".*\n\ndata: \[DONE\]/);
    expect((await whole).text).toMatch(/^HTTP\/1\.1 503/);
    expect(emulator.engine.simulation.table.inUse).toBe(0);
  });
});
