import process from 'node:process';
import { expect, test } from 'vitest';
import { mix } from '../../src/kernel/random.ts';
import { emulate } from './running.ts';

/** Bodies that are right, by their routes. */
const valid: Readonly<Record<string, readonly object[]>> = {
  '/v1/chat/completions': [
    {
      model: 'llama-3.1-8b',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      ],
      max_tokens: 9,
      stream: true,
      n: 2,
      stop: ['x'],
      seed: 3,
      stream_options: { include_usage: true },
    },
    {
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } } } }],
      tool_choice: 'required',
      temperature: 1,
    },
    {
      messages: [{ role: 'user', content: 'Hi' }],
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'x',
          schema: { $defs: { n: { anyOf: [{ $ref: '#/$defs/n' }, { type: 'null' }] } }, type: 'array', items: { $ref: '#/$defs/n' }, minItems: 2 },
        },
      },
    },
    {
      messages: [{ role: 'user', content: 'Hi' }],
      structured_outputs: { regex: '(a|b)+[0-9]{2,5}' },
      logprobs: true,
      top_logprobs: 3,
      max_completion_tokens: 20,
    },
    {
      messages: [{ role: 'user', content: 'Hi' }],
      guided_grammar: 'root ::= "a" root? [x-z]',
      cache_salt: 's',
      priority: 3,
      ignore_eos: true,
      max_tokens: 5,
      cache_hit_threshold: 0.1,
    },
  ],
  '/v1/completions': [
    { prompt: 'Once upon', max_tokens: 5, logprobs: 2, echo: true, stream: true },
    { prompt: 'Once upon', max_tokens: 5, prompt_logprobs: 2 },
    { prompt: [[1, 2, 3], [4]], max_tokens: 3, min_tokens: 2, n: 2, kv_transfer_params: { do_remote_decode: true, remote_block_ids: [1] } },
  ],
  '/v1/responses': [
    { input: [{ role: 'user', content: 'Hi' }], max_output_tokens: 5, stream: true, text: { format: { type: 'json_schema', schema: { type: 'boolean' } } } },
    {
      input: [
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'a' }] },
      ],
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }, { type: 'web_search' }],
      tool_choice: { type: 'function', name: 'f' },
      stream: true,
    },
  ],
  '/v1/messages': [
    { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5, system: 'a', stop_sequences: ['b'], stream: true },
    {
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', content: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
      max_tokens: 50,
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: 'f' },
    },
  ],
  '/v1/embeddings': [{ input: ['a', 'b'], dimensions: 4, encoding_format: 'base64' }],
  '/inference/v1/generate': [{ token_ids: [1, 2], sampling_params: { max_tokens: 3, seed: 1 }, stream: true }],
  '/tokenize': [{ messages: [{ role: 'user', content: 'a' }], return_token_strs: true }, { prompt: 'a' }],
  '/detokenize': [{ tokens: [1, 2, 3] }],
  '/v1/chat/completions/render': [{ messages: [{ role: 'user', content: 'a' }] }],
  '/v1/completions/render': [{ prompt: 'a' }],
  '/v1/load_lora_adapter': [{ lora_name: 'a', lora_path: '/a' }],
  '/v1/unload_lora_adapter': [{ lora_name: 'a' }],
  '/generate': [
    { text: ['a', 'b'], sampling_params: { max_new_tokens: 4, stop: 'x', regex: 'a+' }, stream: true },
    { input_ids: [1], sampling_params: { ebnf: 'root ::= "a"' } },
  ],
  '/abort_request': [{ rid: 'a', abort_all: false }],
  '/register': [{ endpoint: 'ipc:///tmp/supernode-fuzz-none', type: 'vLLM', modelname: 'm', instance_id: 'i', block_size: 16, dp_rank: 0 }],
  '/unregister': [{ modelname: 'm', instance_id: 'i' }],
  '/query': [{ model: 'm', token_ids: [1, 2, 3], block_size: 16 }],
  '/query_by_hash': [{ seq_hashes: [1, 2] }],
  '/admin/config': [{ toolShare: 0.5, maxInFlight: 500, cacheShare: 0 }],
  '/admin/faults': [{ faults: [{ at: '1 h', slow: 'gpu 0:50%', for: '1 s' }] }, { drill: 'hang', part: 'gpu 0', for: '1 ms' }],
  '/admin/scale': [{ pool: 'merged', instances: 1 }],
};
const hostile: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  1e308,
  -0,
  2 ** 31,
  2 ** 53,
  '',
  'x',
  '\u0000',
  '\ud800',
  '🙂'.repeat(50),
  'a'.repeat(5000),
  [],
  [null],
  [[[[]]]],
  {},
  { a: 1 },
  '__proto__',
  { constructor: 1 },
];

/** Draws that follow from a seed. */
class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = mix(seed);
  }

  below(count: number): number {
    this.#state = mix(this.#state + 0x9e3779b9);
    return this.#state % Math.max(1, count);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** The same value with some part of it changed, dropped, doubled or renamed. */
function changed(value: unknown, draws: Draws): unknown {
  const stop = draws.below(4) === 0;
  if (typeof value !== 'object' || value === null || stop) return draws.of(hostile);
  if (Array.isArray(value)) {
    const list: unknown[] = [...(value as unknown[])];
    const at = draws.below(list.length + 1);
    const what = draws.below(4);
    if (what === 0) list.splice(at, 1);
    else if (what === 1) list.splice(at, 0, ...Array.from({ length: draws.of([1, 2, 70]) }, () => list[at % Math.max(1, list.length)] ?? draws.of(hostile)));
    else list[at] = changed(list[at], draws);
    return list;
  }
  const entries = Object.entries(value);
  const at = draws.below(entries.length);
  const [key = 'x', inner] = entries[at] ?? [];
  const what = draws.below(6);
  if (what === 0) entries.splice(at, 1);
  else if (what === 1) entries.push([draws.of(['__proto__', 'constructor', 'toString', '', 'a'.repeat(300), `${key} `]), draws.of(hostile)]);
  else entries[at] = [key, changed(inner, draws)];
  return Object.fromEntries(entries);
}

/** A body that is broken in its values, or in its text. */
function broken(body: object, draws: Draws): string | Uint8Array<ArrayBuffer> {
  let value: unknown = body;
  for (let i = draws.below(3); i >= 0; i--) value = changed(value, draws);
  const text = JSON.stringify(value) ?? '';
  if (draws.below(4) > 0) return text;
  const bytes = Uint8Array.from(Buffer.from(text));
  for (let i = draws.below(4); i >= 0; i--) bytes[draws.below(bytes.length)] = draws.below(256);
  return draws.below(2) === 0 ? bytes : bytes.slice(0, draws.below(bytes.length));
}

test('bodies that were right before they were broken are answered in time, never with a fault of the server, and leave nothing', async () => {
  const faults: unknown[] = [];
  const { url, emulator } = await emulate({
    speed: 1000,
    conductor: true,
    sleepMode: true,
    models: { maxContext: 4000 },
    dialect: 'sglang',
    onFault: (error) => faults.push(error),
  });
  const seed = Number(process.env['SUPERNODE_FUZZ_SEED'] ?? 1);
  const count = Number(process.env['SUPERNODE_FUZZ_COUNT'] ?? 3000);
  const paths = Object.keys(valid);
  const statuses = new Map<number, number>();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const draws = new Draws(seed * 1_000_003 + number);
      const path = draws.of(paths);
      const body = broken(draws.of(valid[path] as readonly object[]), draws);
      const told = `seed ${seed}, request ${number}: ${path} ${typeof body === 'string' ? body.slice(0, 500) : Buffer.from(body).toString('latin1').slice(0, 500)}`;
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      const text = await response.text();
      const { status } = response;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500) throw new Error(`${status} for ${told}: ${text.slice(0, 300)}`);
      if (status >= 400 && (JSON.parse(text) as { readonly error?: { readonly message?: unknown } }).error?.message === undefined)
        throw new Error(`no message for ${told}: ${text}`);
      if (text.startsWith('data: ') && !/data: \[DONE\]\n\n$|"type":"response\.(completed|incomplete)"|message_stop/.test(text))
        throw new Error(`no end for ${told}: ${text.slice(-300)}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  expect(faults).toEqual([]);
  // Both kinds of answers were seen.
  expect(statuses.get(200)).toBeGreaterThan(count / 20);
  expect(statuses.get(400)).toBeGreaterThan(count / 3);
  await expect.poll(() => emulator.engine.inFlight).toBe(0);
  expect(emulator.engine.simulation.table.inUse).toBe(0);
}, 120_000);
