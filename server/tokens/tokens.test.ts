import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'cborg';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import { stoppedBy, type Answer, type AnswerRequest } from './answer.ts';
import { BlockHashes, bytesOf, extraKeys, shortHash, type BlockHash } from './block-hash.ts';
import { datasetAnswers } from './dataset.ts';
import { echo } from './echo.ts';
import { Filler, fillerAnswers } from './filler.ts';
import { shipped } from './shipped.ts';
import { spelled } from './spelled.ts';
import { tokenizerFrom } from './tokenizer-json.ts';
import type { Tokenizer } from './tokenizer.ts';
import { UpstreamError, upstreamAnswers } from './upstream.ts';

const folder = fileURLToPath(new URL('../../tests/fixtures/tokenizer', import.meta.url));
const own = tokenizerFrom(folder);
const tokenizers: readonly Tokenizer[] = [shipped, own];
const asked = (of: Partial<AnswerRequest> = {}): AnswerRequest => ({ seed: 1, prompt: [], said: '', most: 100, least: 0, ignoreEnd: false, ...of });
const whole = (answer: Answer): string => answer.text(0, answer.tokens);
const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'tokens-')), 'rows.jsonl');
  writeFileSync(path, text);
  return path;
};

describe('tokenizers', () => {
  test('what is encoded is decoded to the same text', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tokenizers), fc.string({ unit: 'grapheme', maxLength: 60 }), (tokenizer, text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  test('a tokenizer.json gives the ids that the tokenizers library of its format gives', () => {
    const samples = JSON.parse(readFileSync(join(folder, 'encoded.json'), 'utf8')) as readonly { readonly text: string; readonly ids: readonly number[] }[];
    expect(samples.length).toBeGreaterThan(3);
    for (const { text, ids } of samples) expect(own.encode(text), text).toEqual(ids);
  });

  test('the shipped one gives the published ids of o200k_base', () => {
    expect(shipped.encode('hello world')).toEqual([24912, 2375]);
    expect(shipped.encode('a <|endoftext|> b')).not.toContain(199_999);
    expect(shipped.decode([24912, 999_999, 2375])).toBe('hello\u{fffd} world');
  });

  test('a file that is none is refused with its place', () => {
    for (const [text, message] of [
      ['[]', 'holds no object'],
      ['{', 'is no JSON'],
      ['{"model":{"type":"Nothing"}}', 'is no tokenizer'],
    ] as const)
      expect(() => tokenizerFrom(file(text))).toThrow(message);
    expect(() => tokenizerFrom('/nowhere/tokenizer.json')).toThrow('no such file');
  });
});

describe('answers', () => {
  test('text comes in parts that add up to it, and never inside a character', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...tokenizers),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (tokenizer, text, step) => {
          const ids = tokenizer.encode(text);
          const answer = spelled(tokenizer, ids, 'stop');
          const parts = Array.from({ length: Math.ceil(ids.length / step) }, (_, i) => answer.text(i * step, (i + 1) * step));
          expect(parts.join('')).toBe(text);
          for (const part of parts) expect(part.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  test.each(tokenizers)('filler of N tokens is counted as N tokens by $name, wherever it is cut, and follows from its seed', (tokenizer) => {
    const filler = new Filler(tokenizer);
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 400 }), fc.nat(3), (seed, tokens, blocks) => {
        const text = filler.text(seed, 0, tokens) + Array.from({ length: blocks }, (_, block) => filler.text(block, 0, 16, true)).join('');
        expect(tokenizer.encode(text)).toHaveLength(tokens + 16 * blocks);
        expect(tokenizer.encode(text).slice(0, tokens)).toEqual(filler.ids(seed, 0, tokens));
      }),
    );
    expect(filler.text(5, 0, 50)).toBe(new Filler(tokenizer).text(5, 0, 50));
    expect(filler.text(5, 0, 50)).not.toBe(filler.text(6, 0, 50));
  });

  test('filler is refused where a vocabulary has no words', () => {
    const letters: Tokenizer = { name: 'letters', vocabulary: 256, encode: (text) => [...Buffer.from(text)], decode: (ids) => Buffer.from(ids).toString() };
    expect(() => new Filler(letters)).toThrow(InputError);
  });

  test('an answer has its natural length within the limits of the request', () => {
    const source = fillerAnswers(new Filler(shipped), () => 40);
    const of = (request: Partial<AnswerRequest>): unknown => {
      const { tokens, finish } = source.answer(asked(request)) as Answer;
      return [tokens, finish];
    };
    expect(of({})).toEqual([40, 'stop']);
    expect(of({ most: 40 })).toEqual([40, 'stop']);
    expect(of({ most: 39 })).toEqual([39, 'length']);
    expect(of({ least: 60 })).toEqual([60, 'stop']);
    expect(of({ ignoreEnd: true })).toEqual([100, 'length']);
  });

  test('a stop string ends an answer before it, or behind it where that is asked for, never before min_tokens', () => {
    const answer = spelled(shipped, shipped.encode('one two three, and two more'), 'length');
    const stopped = stoppedBy(answer, ['zzz', 'two']);
    expect([whole(stopped), stopped.tokens, stopped.finish, stopped.stoppedAt]).toEqual(['one ', 2, 'stop', 'two']);
    expect(whole(stoppedBy(answer, ['wo th']))).toBe('one t');
    expect(whole(stoppedBy(answer, ['two'], 3))).toBe('one two three, and ');
    expect(whole(stoppedBy(answer, ['wo th'], 0, true))).toBe('one two th');
    expect(whole(stoppedBy(answer, ['thre'], 2, true))).toBe('one two thre');
    expect(whole(stoppedBy(answer, ['thre', 'two'], 2))).toBe('one two ');
    expect(stoppedBy(answer, ['nine'])).toBe(answer);
  });

  test('an echo says what was said, and goes on with it', () => {
    const source = echo(shipped);
    expect(whole(source.answer(asked({ said: 'hello world' })) as Answer)).toBe('hello world');
    expect((source.answer(asked({ said: 'hello world', ignoreEnd: true, most: 5 })) as Answer).tokens).toBe(5);
    expect((source.answer(asked({ said: '' })) as Answer).tokens).toBe(0);
  });

  test('a data set answers its prompts with their answers, others with one of its rows', () => {
    const rows = [
      { prompt: 'ping', completion: 'pong' },
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'who?' },
          { role: 'assistant', content: 'me' },
        ],
      },
      {
        conversations: [
          { from: 'human', value: 'up' },
          { from: 'gpt', value: 'down' },
        ],
      },
    ];
    const source = datasetAnswers(file(rows.map((row) => JSON.stringify(row)).join('\n')), shipped);
    const answered = (said: string, of: Partial<AnswerRequest> = {}): Answer => source.answer(asked({ said, ...of })) as Answer;
    expect([whole(answered('ping')), whole(answered('who?')), whole(answered('up'))]).toEqual(['pong', 'me', 'down']);
    expect(['pong', 'me', 'down']).toContain(whole(answered('something else')));
    expect(answered('ping', { ignoreEnd: true, most: 30 }).tokens).toBe(30);
    expect(() => datasetAnswers(file('{"prompt":"a"}\nnope\n{"messages":[]}'), shipped)).toThrow(
      /rows.jsonl:1: has no answer[\s\S]*rows.jsonl:2: is no JSON[\s\S]*rows.jsonl:3/,
    );
  });

  test('an upstream is asked for the whole answer, and its errors keep their status', async () => {
    const heard: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      void (async () => {
        let text = '';
        for await (const part of request) text += String(part);
        heard.push({ url: request.url, ...(JSON.parse(text) as object) });
        const failing = heard.length > 1;
        response.writeHead(failing ? 429 : 200, { 'content-type': 'application/json' });
        response.end(failing ? '{"error":{}}' : JSON.stringify({ choices: [{ message: { content: 'a real answer' }, finish_reason: 'stop' }] }));
      })();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const source = upstreamAnswers({ url, model: 'real' }, shipped);
    const forward = { route: '/v1/chat/completions', body: { model: 'twin', messages: [], stream: true } };
    const answer = await source.answer(asked({ forward }));
    expect([whole(answer), answer.finish]).toEqual(['a real answer', 'stop']);
    expect(heard[0]).toMatchObject({ url: '/v1/chat/completions', model: 'real', stream: false });
    await expect(source.answer(asked({ forward }))).rejects.toMatchObject({ status: 429 });
    server.close();
    await new Promise((done) => server.once('close', done));
    await expect(source.answer(asked({ forward }))).rejects.toBeInstanceOf(UpstreamError);
  });
});

describe('hashes of blocks', () => {
  const hashes = new BlockHashes('0');
  const hex = (hash: BlockHash): string => Buffer.from(bytesOf(hash)).toString('hex');

  // Computed with Python: hashlib.sha256(cbor2.dumps(value, canonical=True)), as vLLM does.
  test('are those that vLLM makes with sha256_cbor', () => {
    expect(hex(hashes.root)).toBe('4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e');
    const first = hashes.of(hashes.root, [1, 2, 3, 300, 70_000, 0, 23, 24]);
    expect(hex(first)).toBe('d527330747ba8065630a80b42cd69182f47a4ca8bef86fba66ca996705d56794');
    expect(shortHash(first)).toBe(7_406_901_204_922_754_964n);
    expect(hex(hashes.of(first, [5], ['ad', 's']))).toBe('0c1d5ff6ead36d854b5376d75849054e7f6965cea063389e8823e4a136b9eb8e');
  });

  test('are of the CBOR that a library writes', () => {
    const token = fc.oneof(fc.nat(30), fc.nat(300), fc.nat(70_000), fc.nat(2 ** 31 - 1), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 40));
    const extra = fc.option(fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.nat(500)), { maxLength: 3 }), { nil: null });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 300 }), extra, (tokens, keys) => {
        const made = hashes.of(hashes.root, tokens, keys);
        const bytes = encode([bytesOf(hashes.root), tokens, keys]);
        expect(hex(made)).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(hashes.of(hashes.root, [9, ...tokens, 9], keys, 1, tokens.length + 1)).toBe(made);
      }),
    );
  });

  test('a salt is on the first block only, an adapter on all', () => {
    expect(extraKeys(true, { lora: 'ad', salt: 's' })).toEqual(['ad', 's']);
    expect(extraKeys(false, { lora: 'ad', salt: 's' })).toEqual(['ad']);
    expect(extraKeys(false, { salt: 's' })).toBeNull();
  });
});
