import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { raw, requestOf } from './raw.ts';
import { emulate } from './running.ts';

const faults: unknown[] = [];
const { url, emulator } = await emulate({ onFault: (error) => faults.push(error), http: { maxBody: 65_536, requestTimeout: 1500, idleTimeout: 1500 } });

const chatPath = '/v1/chat/completions';
const textPath = '/v1/completions';
/** Head of a POST with these lines, and what follows it. */
const post = (lines: readonly string[], body = ''): string =>
  `POST ${textPath} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
const get = (...lines: readonly string[]): string => `GET /health HTTP/1.1\r\nhost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
/** A request with this body as bytes. */
const bytes = (...body: readonly number[]): Uint8Array =>
  Buffer.concat([Buffer.from(post(['connection: close', `content-length: ${body.length + 13}`], '{"prompt":"')), Buffer.from(body), Buffer.from('"}')]);
const smuggled = 'GET /admin/state HTTP/1.1\r\nhost: a\r\n\r\n';

/** What is no request at all, or one with a broken frame: bytes, and the statuses that may answer them. */
const frames: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['no HTTP', 'hello\r\n\r\n', /400/],
  ['TLS to a plain port', new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), /400/],
  ['zeros', new Uint8Array(64), /400/],
  ['a bad version', 'GET / HTTP/9.9\r\n\r\n', /400|505/],
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', /400/],
  ['a bad method', 'FETCH /health HTTP/1.1\r\nhost: a\r\n\r\n', /400|405/],
  ['spaces in a header name', 'GET /health HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n', /400/],
  ['a bare line feed in a header', 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\u0000b\r\n\r\n', /400/],
  ['two lengths', `POST ${chatPath} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}`, /400/],
  ['a length and chunks', `POST ${chatPath} HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, /400/],
  ['a negative length', `POST ${chatPath} HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n`, /400/],
  ['a bad chunk size', `POST ${chatPath} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`, /400/],
  ['a header flood', `GET /health HTTP/1.1\r\nhost: a\r\n${Array.from({ length: 3000 }, (_, i) => `x-${i}: ${'y'.repeat(20)}\r\n`).join('')}\r\n`, /431/],
  ['one long header', `GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, /431/],
  ['a long address', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, /431|414|404/],
  ['a path that is no path', 'GET //[ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', /404/],
  ['a path out of the tree', 'GET /../../etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', /404/],
  ['a path with a NUL', 'GET /%00 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', /404/],
  [
    'a body that is not UTF-8',
    Buffer.concat([
      Buffer.from(`POST ${textPath} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"prompt":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('}'),
    ]),
    /400/,
  ],
  [
    'a body that is cut inside a character',
    Buffer.concat([Buffer.from(`POST ${textPath} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\n`), Buffer.from([0xc3])]),
    /400/,
  ],
  ['a compressed body', requestOf(textPath, '{}', { 'content-encoding': 'gzip' }), /415/],
  ['a form', requestOf(textPath, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }), /415/],
  ['a body that is said to be huge', requestOf(textPath, '', { 'content-length': '99999999999' }), /413/],
  ['a body that is huge', requestOf(textPath, `{"prompt":"${'a'.repeat(80_000)}"}`), /413/],
  [
    'a body in chunks without end',
    `POST ${textPath} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${'1000\r\n'.concat('a'.repeat(4096), '\r\n').repeat(20)}`,
    /413/,
  ],
  ['a request that stops in its head', `POST ${textPath} HTTP/1.1\r\nhost: a\r\n`, /408/],
  ['a request that stops in its body', `POST ${textPath} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"prompt":`, /408/],
  // Two readers of these would see two different requests.
  ['a length before chunks', post(['content-length: 4', 'transfer-encoding: chunked'], `0\r\n\r\n${smuggled}`), /400/],
  ['chunks before a length', post(['transfer-encoding: chunked', 'content-length: 4'], `0\r\n\r\n${smuggled}`), /400/],
  ['chunks that are spelled otherwise', post(['transfer-encoding: xchunked'], '0\r\n\r\n'), /400|501/],
  ['chunks behind another encoding', post(['transfer-encoding: chunked, identity'], '0\r\n\r\n'), /400|501/],
  ['chunks twice', post(['transfer-encoding: chunked', 'transfer-encoding: identity'], '0\r\n\r\n'), /400|501/],
  ['chunks with a space before the colon', post(['transfer-encoding : chunked'], '0\r\n\r\n'), /400/],
  ['a length with a sign', post(['content-length: +2'], '{}'), /400/],
  ['a length in hexadecimals', post(['content-length: 0x2'], '{}'), /400/],
  ['a length with a fraction', post(['content-length: 2.0'], '{}'), /400/],
  ['a length in a list', post(['content-length: 2, 2'], '{}'), /400/],
  ['a length that is empty', post(['content-length:'], '{}'), /400/],
  ['a length beyond numbers', post(['content-length: 99999999999999999999999999'], '{}'), /400|413/],
  ['two equal lengths', post(['content-length: 2', 'content-length: 2'], '{}'), /400/],
  ['a header that is folded', post(['x: a', ' b', 'content-length: 2'], '{}'), /400/],
  ['a header without a colon', get('nonsense'), /400/],
  ['a header without a name', get(': a'), /400/],
  ['a header with a return inside', get('x: a\rb'), /400/],
  ['a header of control characters', get('x: \u0001\u0002'), /400/],
  ['two hosts', get('host: b'), /400/],
  ['a chunk of a negative size', post(['transfer-encoding: chunked'], '-1\r\n'), /400/],
  ['a chunk size beyond numbers', post(['transfer-encoding: chunked'], 'ffffffffffffffffff\r\n'), /400/],
  ['a chunk that is longer than it says', post(['transfer-encoding: chunked'], '1\r\nabc\r\n0\r\n\r\n'), /400/],
  ['a chunk with an endless extension', post(['transfer-encoding: chunked'], `1;${'a'.repeat(40_000)}\r\n`), /400|413|431/],
  ['chunks with a flood of trailers', post(['transfer-encoding: chunked', 'connection: close'], `2\r\n{}\r\n0\r\n${'x: y\r\n'.repeat(5000)}\r\n`), /400|431/],
  ['a request behind a body that is too long', `${post(['content-length: 2'], '{}')}nonsense`, /400/],
  ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /400|505/],
  ['a tunnel', 'CONNECT a:80 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', /400|404|405/],
  ['a trace', 'TRACE /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', /400|405/],
  ['a method in small letters', 'get /health HTTP/1.1\r\nhost: a\r\n\r\n', /400/],
  ['HTTP/1.1 without a path', 'GET HTTP/1.1\r\nhost: a\r\n\r\n', /400/],
  ['a path in another character set', Buffer.from('GET /\u00ff\u00fe HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 'latin1'), /400|404/],
  ['an expectation that there is not', post(['content-length: 2', 'expect: 200-ok', 'connection: close'], '{}'), /417|400/],
  ['a flood of cookies', get(`cookie: ${'a=b; '.repeat(8000)}`), /431/],
  ['a body in two parts', requestOf(textPath, '--x\r\n\r\n{}\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }), /415/],
  ['a picture', requestOf(textPath, 'GIF89a', { 'content-type': 'image/gif' }), /415/],
  ['XML', requestOf(textPath, '<a/>', { 'content-type': 'application/xml' }), /415/],
  ['a content type that is none', requestOf(textPath, '{"prompt":"a"}', { 'content-type': ';;;' }), /415/],
  ['a body that is compressed twice', requestOf(textPath, '{}', { 'content-encoding': 'gzip, br' }), /415/],
  ['an overlong character', bytes(0xc0, 0xaf), /400/],
  ['half of a pair of UTF-16', bytes(0xed, 0xa0, 0x80), /400/],
  ['a character beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80), /400/],
  ['a character that is cut off', bytes(0xf0, 0x9f, 0x98), /400/],
  ['a byte that begins nothing', bytes(0x80), /400/],
  [
    'UTF-16',
    Buffer.concat([Buffer.from(post(['connection: close', 'content-length: 32'])), Buffer.from('\ufeff{"prompt":"aaa"}', 'utf16le').subarray(0, 32)]),
    /400/,
  ],
];

describe('broken frames', () => {
  test.each(frames)('%s', async (_, sent, status) => {
    const { text, end } = await raw(url, sent, { patience: 8000 });
    const [first = ''] = text.split('\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 4\d\d|^HTTP\/1\.1 50[15]/);
    expect(first).toMatch(status);
    // What was hidden behind it was not taken for a request.
    expect(text).not.toContain('"simulated"');
    expect(end).not.toBe('open');
  });

  test('a request that comes byte by byte is not waited for beyond its time', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.on('error', () => {});
    const begun = performance.now();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const drip = setInterval(() => socket.write('x'), 50);
    socket.write('GET /health HTTP/1.1\r\nx: ');
    await closed;
    clearInterval(drip);
    expect(said).toContain('408');
    expect(performance.now() - begun).toBeLessThan(8000);
  }, 20_000);

  test('hundreds of half-open sockets keep nobody from being served', async () => {
    const { hostname, port } = new URL(url);
    const sockets = Array.from({ length: 400 }, (_, i) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {}).resume();
      socket.write('POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"prompt":'.slice(0, i % 60));
      return socket;
    });
    const begun = performance.now();
    const { text } = await raw(url, requestOf(textPath, '{"prompt":"a","max_tokens":2}'));
    expect(text).toContain('HTTP/1.1 200');
    expect(performance.now() - begun).toBeLessThan(3000);
    // All of them are let go in time.
    await expect.poll(() => sockets.every(({ closed }) => closed), { timeout: 15_000 }).toBe(true);
  }, 20_000);

  test('a client that closes its half of the connection is taken to have gone, as it is by servers', async () => {
    const { text, end } = await raw(url, requestOf(textPath, '{"prompt":"a","max_tokens":5000,"ignore_eos":true}'), { half: true });
    expect([text, end]).toEqual(['', 'closed']);
    await expect.poll(() => emulator.engine.inFlight).toBe(0);
  });

  test('behind all of that it serves, and nothing is left', async () => {
    const { text } = await raw(url, requestOf(textPath, '{"prompt":"a","max_tokens":2}'));
    expect(text).toContain('"completion_tokens":2');
    expect(faults).toEqual([]);
    expect(emulator.engine.simulation.table.inUse).toBe(0);
  });
});
