import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageSource } from '../cli/ui/source.ts';
import { staticServer } from '../cli/ui/static-server.ts';
import { supernode } from './fixtures/command-line.ts';

const outside = mkdtempSync(join(tmpdir(), 'supernode-ui-'));
const folder = join(outside, 'site');
mkdirSync(join(folder, 'assets'), { recursive: true });
writeFileSync(join(folder, 'index.html'), '<p>page</p>');
writeFileSync(join(folder, 'assets', 'a-1.js'), 'code');
writeFileSync(join(outside, 'secret.txt'), 'secret');
const server = staticServer(folder, { '/scenario.json': () => '{}' });

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

/** The path goes as it stands: fetch would tidy it up. */
function asked(path: string, method = 'GET'): Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get({ port: (server.address() as AddressInfo).port, path, method, host: '127.0.0.1' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }));
    }).on('error', reject);
  });
}

test.each([
  ['/', 200, 'text/html; charset=utf-8', '<p>page</p>'],
  ['/assets/a-1.js', 200, 'text/javascript; charset=utf-8', 'code'],
  ['/scenario.json', 200, 'application/json; charset=utf-8', '{}'],
  ['/none', 404, 'text/plain; charset=utf-8', 'no such file\n'],
  ['/assets', 404, 'text/plain; charset=utf-8', 'no such file\n'],
  ['/../secret.txt', 404, 'text/plain; charset=utf-8', 'no such file\n'],
  ['/%2e%2e/secret.txt', 404, 'text/plain; charset=utf-8', 'no such file\n'],
  ['/..%2fsecret.txt', 404, 'text/plain; charset=utf-8', 'no such file\n'],
  ['/%', 400, 'text/plain; charset=utf-8', 'expected a path\n'],
])('%s is answered with %i, and nothing outside of the folder is read', async (path, status, type, body) => {
  expect(await asked(path)).toEqual({ status, type, body });
});

test('the page is read and not written', async () => {
  expect((await asked('/', 'POST')).status).toBe(405);
});

test('a scenario comes with the files that it names, and those that they name', () => {
  const place = mkdtempSync(join(tmpdir(), 'supernode-source-'));
  mkdirSync(join(place, 'machines'));
  writeFileSync(join(place, 'chip.yaml'), 'name: chip');
  writeFileSync(join(place, 'machines', 'box.yaml'), 'chip: ../chip.yaml');
  writeFileSync(join(place, 'chat.csv'), 'a,b');
  writeFileSync(join(place, 'run.yaml'), 'machine: machines/box.yaml\nworkload: { trace: chat.csv, note: none.csv }');
  expect(pageSource(join(place, 'run.yaml'))).toEqual({
    name: 'run',
    value: { machine: 'machines/box.yaml', workload: { trace: 'chat.csv', note: 'none.csv' } },
    files: [
      { name: 'box.yaml', text: 'chip: ../chip.yaml' },
      { name: 'chip.yaml', text: 'name: chip' },
      { name: 'chat.csv', text: 'a,b' },
    ],
  });
});

test('a file that is not there, and a port that is none: exit 2', async () => {
  const { code, err } = await supernode('ui', 'none.yaml', '--port', '0');
  expect([code, err]).toEqual([2, expect.stringMatching(/none\.yaml: no such scenario file|the page is not built yet/)]);
  for (const port of ['x', '99999']) {
    const refused = await supernode('ui', '--port', port);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(`expected a whole number from 0 to 65535, got "${port}"`)]);
  }
});
