import { expect, test } from 'vitest';
import { originsOf } from '../../cli/emulate/origins.ts';
import { emulate } from './running.ts';

const page = 'https://app.example.com';
const beforehand = {
  method: 'OPTIONS',
  headers: { origin: page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type' },
};
/** What an answer says to a browser. */
function saidIn({ status, headers }: Response): object {
  const named = (name: string): string | null => headers.get(`access-control-allow-${name}`);
  return { status, origin: named('origin'), methods: named('methods')?.includes('POST') ?? null, headers: named('headers') };
}

test('a page of any origin may use the API by default: what is streamed, what is refused, and what is asked beforehand without a key', async () => {
  const { url } = await emulate({ keys: ['secret'] });
  const at = `${url}/v1/chat/completions`;
  const ask = (more: object, key = 'secret'): Promise<Response> =>
    fetch(at, {
      method: 'POST',
      headers: { origin: page, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2, ...more }),
    });
  expect(saidIn(await fetch(at, beforehand))).toEqual({ status: 200, origin: '*', methods: true, headers: 'authorization, content-type' });
  const read = { origin: '*', methods: null, headers: null };
  expect(saidIn(await ask({}))).toEqual({ status: 200, ...read });
  expect(saidIn(await ask({ stream: true }))).toEqual({ status: 200, ...read });
  expect(saidIn(await ask({}, 'wrong'))).toEqual({ status: 401, ...read });
  expect(saidIn(await ask({ model: 'nobody' }))).toEqual({ status: 404, ...read });
  expect(saidIn(await fetch(`${url}/health`))).toMatchObject({ origin: null });
  expect((await fetch(at, { method: 'OPTIONS' })).status).toBe(405);
});

test('only pages of the origins that are named may where some are', async () => {
  const { url } = await emulate({ http: { origins: [page] } });
  const at = `${url}/v1/models`;
  const from = (origin: string): Promise<Response> => fetch(at, { headers: { origin } });
  expect(saidIn(await from(page))).toMatchObject({ status: 200, origin: page });
  expect(saidIn(await from('https://other.example.com'))).toMatchObject({ status: 200, origin: null });
  expect((await from('https://other.example.com')).headers.get('vary')).toBe('Origin');
  expect(saidIn(await fetch(at, beforehand))).toMatchObject({ status: 200, origin: page });
  const other = { ...beforehand, headers: { ...beforehand.headers, origin: 'https://other.example.com' } };
  expect(saidIn(await fetch(at, other))).toMatchObject({ status: 400, origin: null });
});

test('no page of another origin administers it', async () => {
  const { url } = await emulate();
  expect(saidIn(await fetch(`${url}/admin/state`, { headers: { origin: page } }))).toMatchObject({ status: 200, origin: null });
  expect(saidIn(await fetch(`${url}/admin/faults`, beforehand))).toMatchObject({ status: 405, origin: null });
});

test('origins are taken one by one or as vLLM takes them, and what is none is named', () => {
  expect(originsOf(['*'])).toEqual(['*']);
  for (const given of [[page, 'http://localhost:3000'], `${page},http://localhost:3000`, `["${page}", "http://localhost:3000"]`])
    expect(originsOf(given)).toEqual([page, 'http://localhost:3000']);
  expect(() => originsOf(['https://a.example/path', 'here', page])).toThrow(/"https:\/\/a\.example\/path"\n.*"here"$/);
});
