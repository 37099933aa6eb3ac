import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { requestOf } from './raw.ts';
import { emulate } from './running.ts';

const faults: unknown[] = [];
const { url, emulator } = await emulate({
  sleepMode: true,
  onFault: (error) => faults.push(error),
  http: { maxBody: 65_536, requestTimeout: 1500, idleTimeout: 1500 },
});

const chatPath = '/v1/chat/completions';
const textPath = '/v1/completions';
const say = [{ role: 'user', content: 'Hi' }];
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
/** A schema whose values have no end, and branch. */
const endless = { type: 'object', required: ['a', 'b', 'c'], properties: { a: { $ref: '#' }, b: { $ref: '#' }, c: { $ref: '#' } } };
const wrong: readonly unknown[] = [null, true, -1, 1.5, 'text', [], {}, [[]], [null], 1e308];

/** Values that no field takes, by field of a chat. */
const chatFields: Readonly<Record<string, readonly unknown[]>> = {
  messages: [
    ...wrong,
    [{ role: 'king', content: 'a' }],
    [{ content: 'a' }],
    [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }],
    [{ role: 'user', content: 3 }],
  ],
  max_tokens: [0, -1, 1.5, '5', [], {}, true, 2 ** 40],
  max_completion_tokens: [0, -5, 'many', [], 1e300],
  n: [0, -1, 1.5, 129, '1', [], {}],
  stream: ['yes', 1, [], {}],
  stop: [1, {}, [1], [[]], Array.from({ length: 65 }, () => 'x'), true],
  temperature: [-1, 'hot', [], {}, 101],
  top_p: [0, -1, 2, 'x', []],
  seed: [1.5, 'x', [], {}, 1e300],
  tools: ['x', {}, [1], [{ type: 'function' }], [{ type: 'function', function: {} }], [{ type: 'other', function: { name: 'a' } }]],
  tool_choice: ['maybe', 1, { type: 'function', function: { name: 'nobody' } }, 'required'],
  top_logprobs: [-1, 21, 5, 'x'],
  logprobs: ['x', 1, []],
  response_format: ['json', 1, [], { type: 'xml' }, { type: 'json_schema', json_schema: 3 }],
  stream_options: ['x', 1, { include_usage: 'x' }],
  min_tokens: [-1, 'x', 2 ** 40],
  priority: [1.5, 'x', 2 ** 40],
  logit_bias: ['x', 1, { a: 'b' }],
  frequency_penalty: [-3, 3, 'x'],
  presence_penalty: [-3, 3, 'x'],
  ignore_eos: ['x', 1],
  include_stop_str_in_output: ['x', 1, []],
  cache_salt: ['', 1, []],
  guided_choice: [[], 'x', [1]],
  guided_regex: [1, [], '(', 'a(?=b)', 'a{99999999}', '('.repeat(9000), 'x'.repeat(10_001), '(a{200}){200}'],
  guided_grammar: [1, '', 'root', 'root ::= other', 'root ::= root', `root ::= ${'('.repeat(5000)}`, 'root ::= "a"'.padEnd(10_001)],
  guided_json: [1, '{', [], { type: 'string', pattern: '(' }, endless, { anyOf: [{ $ref: '#' }] }, { type: 'array', minItems: 1, items: { $ref: '#' } }],
  structured_outputs: [1, 'x', { regex: 1 }, { grammar: {} }, { structural_tag: {} }],
  cache_hit_threshold: [-0.1, 1.1, 'x', []],
  model: [1, [], {}, 'nobody', 'x'.repeat(2000)],
};
const textFields: Readonly<Record<string, readonly unknown[]>> = {
  prompt: [null, true, 1, {}, [], [[]], [-1], [1.5], [2 ** 31], [['a']], [null], ['a', null], Array.from({ length: 1025 }, () => 'a')],
  logprobs: [true, -1, 21, 'x'],
  echo: ['x', 1],
  max_tokens: [0, -1, 1e12, 'x'],
  stream: ['x', 3],
  min_tokens: [17],
  n: [0, 1000],
};

const bodies: readonly (readonly [string, string, string])[] = [
  ...Object.entries(chatFields).flatMap(([field, values]) =>
    values.map(
      (value) => [`chat ${field}`, chatPath, JSON.stringify({ messages: say, tools: field === 'tool_choice' ? [] : undefined, [field]: value })] as const,
    ),
  ),
  ...Object.entries(textFields).flatMap(([field, values]) =>
    values.map((value) => [`completion ${field}`, textPath, JSON.stringify({ prompt: 'a', [field]: value })] as const),
  ),
  ...[
    '',
    '{',
    '{"',
    'null',
    '[]',
    '3',
    '"text"',
    'true',
    '{"messages":}',
    '{"messages":[',
    '{"a":1}}',
    "{'a':1}",
    '{"a":01}',
    '{"a":NaN}',
    '\u0000',
    '{"a":"\u0001"}',
    'a=b',
    '<xml/>',
  ].flatMap((text) => [chatPath, textPath, '/tokenize', '/v1/embeddings'].map((path) => [`body ${JSON.stringify(text)} to ${path}`, path, text] as const)),
  ['lists nested deep', chatPath, deep(10_000)],
  ['a field nested deep', chatPath, `{"messages":${JSON.stringify(say)},"chat_template_kwargs":${deep(5000)}}`],
  ['maps nested deep', chatPath, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
  ['a schema nested deep', chatPath, JSON.stringify({ messages: say, guided_json: JSON.parse('{"a":'.repeat(100) + '1' + '}'.repeat(100)) as unknown })],
  ['a message with one lone surrogate', chatPath, '{"messages":[{"role":"user","content":3,"x":"\\ud800"}]}'],
  ['detokenize of what is no token', '/detokenize', '{"tokens":["a"]}'],
  ['detokenize of negative ids', '/detokenize', '{"tokens":[-1]}'],
  ['embeddings of nothing', '/v1/embeddings', '{"input":[]}'],
  ['generate without ids', '/inference/v1/generate', '{"sampling_params":{}}'],
  ['responses without input', '/v1/responses', '{"input":[]}'],
  ['messages without a length', '/v1/messages', JSON.stringify({ messages: say })],
  ['embeddings of more than may be', '/v1/embeddings', JSON.stringify({ input: Array.from({ length: 2049 }, () => 'a') })],
  ['embeddings in a form that there is not', '/v1/embeddings', '{"input":"a","encoding_format":"gif"}'],
  ['embeddings without dimensions', '/v1/embeddings', '{"input":"a","dimensions":0}'],
  ['tokenize of nothing', '/tokenize', '{}'],
  ['tokenize of messages without a role', '/tokenize', '{"messages":[{}]}'],
  ['detokenize of nothing', '/detokenize', '{}'],
  ['generate with ids that are none', '/inference/v1/generate', '{"token_ids":[1e30],"sampling_params":{}}'],
  ['generate of nothing', '/inference/v1/generate', '{"token_ids":[],"sampling_params":{}}'],
  ['generate with wrong parameters', '/inference/v1/generate', '{"token_ids":[1],"sampling_params":{"max_tokens":"x"}}'],
  ['responses of a model that there is not', '/v1/responses', '{"input":"a","model":"nobody"}'],
  [
    'responses of a schema that nothing is',
    '/v1/responses',
    '{"input":"a","text":{"format":{"type":"json_schema","schema":{"properties":{"a":{"type":"integer","minimum":2,"maximum":1}}}}}}',
  ],
  ['responses of a number', '/v1/responses', '{"input":5}'],
  ['responses with a schema that is none', '/v1/responses', '{"input":"a","text":{"format":5}}'],
  ['messages of a wrong role', '/v1/messages', '{"max_tokens":5,"messages":[{"role":"king","content":"a"}]}'],
  ['messages of nothing', '/v1/messages', '{"max_tokens":5,"messages":[]}'],
  ['messages without tokens', '/v1/messages', JSON.stringify({ messages: say, max_tokens: 0 })],
  ['a rendered chat of nothing', '/v1/chat/completions/render', '{"messages":[]}'],
  ['a rendered completion of nothing', '/v1/completions/render', '{"prompt":{}}'],
  ['faults that are none', '/admin/faults', '{"faults":[]}'],
  ['neither faults nor a drill', '/admin/faults', '{}'],
  ['faults of a kind that there is not', '/admin/faults', '{"faults":[{"melt":"gpu 0"}]}'],
  ['faults of a part that there is not', '/admin/faults', '{"faults":[{"kill":"gpu -1"}]}'],
  ['faults for a time that is none', '/admin/faults', '{"faults":[{"kill":"gpu 0","for":"soon"}]}'],
  ['a drill that there is not', '/admin/faults', '{"drill":"dance","part":"gpu 0","for":"1 s"}'],
  ['a drill without a part', '/admin/faults', '{"drill":"flap","for":"1 s"}'],
  ['a drill for ever', '/admin/faults', '{"drill":"flap","part":"gpu 0","for":"1 s","times":1e9}'],
  ['a drill that adds less than one', '/admin/faults', '{"drill":"add","instances":-1}'],
  ['settings that there are not', '/admin/config', '{"speed":1}'],
  ['settings out of bounds', '/admin/config', '{"failureShare":2}'],
  ['more instances where none come', '/admin/scale', '{"instances":3}'],
  ['a level of sleep that there is not', '/sleep?level=%00', ''],
  ['a route that there is not', '/v1/chat/completions/', '{"messages":[]}'],
  ['a route that is only read', '/v1/models', '{}'],
  ['an adapter without a name', '/v1/load_lora_adapter', '{"lora_path":"x"}'],
  ['an adapter of a wrong kind', '/v1/unload_lora_adapter', '{"lora_name":[1]}'],
];

describe('hostile input', () => {
  test('there is enough of it', () => {
    expect(new Set(bodies.map(([, path, body]) => `${path} ${body}`)).size).toBeGreaterThanOrEqual(250);
  });

  test('every malformed body is answered with a status from 400 to 499 and an error in its shape', async () => {
    for (const [name, path, body] of bodies) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(5000),
      });
      const text = await response.text();
      expect([name, response.status, text], name).toEqual([
        name,
        expect.toSatisfy((status: number) => status >= 400 && status < 500),
        expect.stringContaining('"error"'),
      ]);
      expect((JSON.parse(text) as { readonly error: { readonly message: string } }).error.message, name).not.toBe('');
    }
    expect(faults).toEqual([]);
  }, 60_000);

  test('half-open sockets and clients that vanish leave nothing behind', async () => {
    const { hostname, port } = new URL(url);
    const stream = requestOf(chatPath, JSON.stringify({ messages: say, stream: true, max_tokens: 5000, ignore_eos: true }));
    for (let i = 0; i < 40; i++) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      socket.write(stream.slice(0, i % 2 === 0 ? stream.length : 10 * i));
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (i % 4 < 2) socket.resetAndDestroy();
      else socket.destroy();
    }
    await expect.poll(() => emulator.engine.inFlight, { timeout: 5000 }).toBe(0);
    expect(emulator.engine.simulation.table.inUse).toBe(0);
  }, 20_000);

  test('behind all of that it serves', async () => {
    const response = await fetch(`${url}${textPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"a","max_tokens":2}',
    });
    expect(await response.json()).toMatchObject({ usage: { completion_tokens: 2 } });
    expect(faults).toEqual([]);
  });
});
