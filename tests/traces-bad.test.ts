import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { loadTrace } from '../cli/traces.ts';
import { linesOf } from '../schema/traces/lines.ts';
import { formatNamed, readTrace } from '../schema/traces/read-trace.ts';
import { InputError, type Issue } from '../src/base/errors.ts';

async function* chunks(...parts: readonly string[]): AsyncGenerator<string> {
  yield* parts;
}

/** The problems of a text, in the format that it tells or in the named one. */
async function problemsOf(text: string, format?: string): Promise<readonly Issue[]> {
  try {
    await readTrace(linesOf(chunks(text)), 'trace', format === undefined ? undefined : formatNamed(format, 'format'));
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
  return [];
}

const csv = (...rows: readonly string[]) => ['arrived_at,input_tokens,output_tokens', ...rows, ''].join('\n');
const azure = (...rows: readonly string[]) => ['TIMESTAMP,ContextTokens,GeneratedTokens', ...rows, ''].join('\r\n');
const mooncake = (fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ timestamp: 0, input_length: 600, output_length: 5, hash_ids: [1, 2], ...fields });
const servingSim = (fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ arrival_time_ns: 0, input_toks: 33, output_toks: 5, hash_ids: [0, 1], ...fields });

describe('a bad trace is refused with its line', () => {
  test.each<readonly [string, string, string, RegExp]>([
    ['an empty file', '', 'trace', /the file is empty/],
    ['only blank lines', '\n  \n\n', 'trace', /the file is empty/],
    ['only a header', csv(), 'trace', /no requests/],
    ['only an Azure header', azure(), 'trace', /no requests/],
    ['a negative time', csv('-1,10,10'), 'trace: line 2', /at least 0, got -1 s/],
    ['a time that is not a number', csv('NaN,10,10'), 'trace: line 2', /time in seconds, got "NaN"/],
    ['an infinite time', csv('1e999,10,10'), 'trace: line 2', /finite/],
    ['no time', csv(',10,10'), 'trace: line 2', /nothing there; expected a time/],
    ['unsorted times', csv('5,10,10', '4,10,10'), 'trace: line 3', /4 s is before line 2 \(5 s\)/],
    ['no prompt', csv('0,0,10'), 'trace: line 2', /input_tokens: 0 tokens; a request without a prompt/],
    ['no output', csv('0,10,0'), 'trace: line 2', /output_tokens: 0 tokens; .* leave it out/],
    ['a negative length', csv('0,-5,10'), 'trace: line 2', /at least 1 token, got -5/],
    ['half a token', csv('0,10.5,10'), 'trace: line 2', /whole number of tokens, got 10.5/],
    ['an absurd length', csv('0,10000001,10'), 'trace: line 2', /at most 10000000 tokens, got 10000001/],
    ['a missing length', csv('0,10,'), 'trace: line 2', /output_tokens: nothing there/],
    ['a length in words', csv('0,many,10'), 'trace: line 2', /got "many"/],
    ['a row too short', csv('0,10'), 'trace: line 2', /expected 3 fields as in the header, got 2/],
    ['a row too long', csv('0,10,10,10'), 'trace: line 2', /expected 3 fields as in the header, got 4/],
    ['a misspelt column', 'arrived_at,input_token,output_tokens\n0,1,1\n', 'trace: line 1', /missing input_tokens \(is it "input_token"\?\)/],
    ['a column twice', 'arrived_at,input_tokens,output_tokens,output_tokens\n0,1,1,1\n', 'trace: line 1', /"output_tokens" is there twice/],
    ['lengths without times', 'num_prefill_tokens,num_decode_tokens\n1,1\n', 'trace: line 1', /missing arrived_at/],
    ['other columns', 'a,b,c\n1,2,3\n', 'trace: line 1', /unknown trace format with the columns a, b, c; expected one of mooncake/],
    ['other keys', '{"ts":0,"il":5}\n', 'trace: line 1', /unknown trace format with the keys ts, il/],
    ['a JSON list', '[{"timestamp":0}]', 'trace: line 1', /one JSON object a line/],
    ['an Azure time without a day', azure('18:17:03.97,10,10'), 'trace: line 2', /time in UTC such as/],
    ['an Azure time that is not in UTC', azure('2023-11-16 18:17:03.97+02:00,10,10'), 'trace: line 2', /time in UTC/],
    ['the thirtieth of February', azure('2023-02-30 18:17:03,10,10'), 'trace: line 2', /time in UTC/],
    ['the hour 25', azure('2023-02-03 25:17:03,10,10'), 'trace: line 2', /time in UTC/],
    ['an earlier day', azure('2023-11-16 00:00:01,10,10', '2023-11-15 23:00:00,10,10'), 'trace: line 3', /earlier day/],
    ['broken JSON', `${mooncake({})}\n{"timestamp": 5, "input_length"`, 'trace: line 2', /broken JSON/],
    ['NaN in JSON', `${mooncake({})}\n{"timestamp": NaN, "input_length": 5}`, 'trace: line 2', /NaN is not a number of JSON/],
    ['a number on a line', `${mooncake({})}\n17`, 'trace: line 2', /one JSON object a line, got 17/],
    ['a missing field', mooncake({ output_length: undefined }), 'trace: line 1', /missing field "output_length"/],
    ['a number as text', mooncake({ input_length: '600' }), 'trace: line 1', /input_length: expected a number, got "600"/],
    ['no hash ids', mooncake({ hash_ids: undefined }), 'trace: line 1', /missing field "hash_ids"/],
    ['too few hash ids', mooncake({ hash_ids: [1] }), 'trace: line 1', /expected 2 block ids \(600 tokens in blocks of 512\), got 1/],
    ['too many hash ids', mooncake({ hash_ids: [1, 2, 3] }), 'trace: line 1', /expected 2 block ids .* got 3/],
    ['a hash id that is none', mooncake({ hash_ids: [1, null] }), 'trace: line 1', /block ids, got null/],
    ['hash ids in no list', mooncake({ hash_ids: 7 }), 'trace: line 1', /expected a list of block ids, got 7/],
    [
      'partial blocks where full ones count',
      servingSim({ hash_ids: [0, 1, 2] }),
      'trace: line 1',
      /expected 2 block ids \(33 tokens in full blocks of 16\), got 3/,
    ],
    ['blocks from the second line on', `${servingSim({ hash_ids: undefined })}\n${servingSim({})}`, 'trace: line 2', /expected none, as on the lines before/],
    ['blocks that stop', `${servingSim({})}\n${servingSim({ hash_ids: undefined })}`, 'trace: line 2', /missing field "hash_ids"/],
  ])('%s', async (_, text, path, message) => {
    const problems = await problemsOf(text);
    expect(problems.map((problem) => problem.path)).toContain(path);
    expect(problems.find((problem) => problem.path === path)?.message).toMatch(message);
    expect(problems).toHaveLength(1);
  });

  test('every problem is listed, with its own line, blank lines counted', async () => {
    const problems = await problemsOf(csv('0,10,10', '', '-1,0,x', '3,10,10', '2,10,99999999'));
    expect(problems.map(({ path, message }) => `${path} ${message.split(':')[0]}`)).toEqual([
      'trace: line 4 output_tokens',
      'trace: line 4 arrived_at',
      'trace: line 4 input_tokens',
      'trace: line 6 arrived_at',
      'trace: line 6 output_tokens',
    ]);
  });

  test('twenty problems are listed and the rest counted', async () => {
    const problems = await problemsOf(csv(...Array.from({ length: 500 }, () => '0,10,0')));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toEqual({ path: 'trace', message: 'and 480 more problems' });
  });

  test('a named format is held to', async () => {
    expect((await problemsOf(csv('0,1,1'), 'azure')).map(({ message }) => message)).toEqual([expect.stringMatching(/missing TIMESTAMP/)]);
    expect((await problemsOf(csv('0,1,1'), 'mooncake'))[0]?.message).toMatch(/broken JSON/);
    expect(() => formatNamed('moonkake', '--format')).toThrow(/did you mean "mooncake"/);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'supernode-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  test.each([
    ['a file that is not there', () => join(folder, 'nowhere.csv'), /no such trace file/],
    ['a folder', () => folder, /is a folder; expected a trace file/],
    [
      'a gzip file that ends early',
      () => file('cut.csv.gz', gzipSync(csv(...Array.from({ length: 5000 }, (_, i) => `${i},${i + 1},7`))).subarray(0, 900)),
      /unexpected end of file/,
    ],
    [
      'a gzip file with broken data',
      () => file('broken.gz', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from('not gzip')])),
      /unknown compression|incorrect|invalid/,
    ],
    ['bytes that are no text', () => file('noise.csv', Buffer.from([0, 255, 254, 10, 3, 10])), /unknown trace format/],
    ['an empty gzip file', () => file('empty.gz', gzipSync('')), /the file is empty/],
  ])('%s is refused', async (_, path, message) => {
    const given = path();
    await expect(loadTrace(given)).rejects.toThrow(InputError);
    await expect(loadTrace(given)).rejects.toThrow(message);
  });

  test('gzip is told by the bytes, not by the name', async () => {
    const text = csv('0,10,10', '1.5,20,20');
    const plain = await loadTrace(file('plain.csv', text));
    expect(plain.count).toBe(2);
    expect(await loadTrace(file('packed.csv', gzipSync(text)))).toEqual(plain);
    expect(await loadTrace(file('plain.gz', text))).toEqual(plain);
  });
});
