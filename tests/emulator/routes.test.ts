import { describe, expect, test } from 'vitest';
import { swapTime } from '../../src/serving/control/weights.ts';
import { emulate } from './running.ts';

const { url } = await emulate({ dialect: 'sglang', sleepMode: true });
/** Of vLLM's dialect. */
const { url: vllm } = await emulate();
const model = 'llama-3.1-8b';

type Json = Record<string, unknown>;

async function post(path: string, body: unknown, at = url): Promise<{ readonly status: number; readonly json: Json; readonly text: string }> {
  const response = await fetch(`${at}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as Json) : {} };
}

/** Data of the events of a stream. */
function events(text: string): readonly Json[] {
  return text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Json] : []));
}

describe('routes', () => {
  test('tokenize and detokenize are inverse', async () => {
    const { json } = await post('/tokenize', { prompt: 'All happy families are alike.' });
    expect(json).toMatchObject({ count: 6, token_strs: null });
    expect((await post('/detokenize', { tokens: json['tokens'] })).json).toEqual({ prompt: 'All happy families are alike.' });
  });

  test('a conversation is counted as it is rendered, and as it is charged', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Who are you?' }] },
    ];
    const { json } = await post('/tokenize', { messages });
    const rendered = await post('/v1/chat/completions/render', { messages });
    expect(rendered.json['token_ids']).toEqual(json['tokens']);
    const { json: answer } = await post('/v1/chat/completions', { messages, max_tokens: 3 });
    expect(answer['usage']).toMatchObject({ prompt_tokens: json['count'], completion_tokens: 3 });
  });

  test('responses: whole, and in events', async () => {
    const { json } = await post('/v1/responses', { model, input: 'Hello', max_output_tokens: 5 });
    expect(json).toMatchObject({ object: 'response', status: 'incomplete', usage: { output_tokens: 5 }, output: [{ role: 'assistant' }] });
    const { text } = await post('/v1/responses', { model, input: 'Hello', stream: true });
    const types = events(text).map(({ type }) => type);
    expect(types.slice(0, 4)).toEqual(['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added']);
    expect(types.at(-1)).toBe('response.completed');
    expect(events(text).map(({ sequence_number: number }) => number)).toEqual(types.map((_, i) => i));
    const deltas = events(text).flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : []));
    expect(events(text).find(({ type }) => type === 'response.output_text.done')?.['text']).toBe(deltas.join(''));
  });

  test.each(['json_object', 'json_schema'])('responses are a JSON object where their format is %s', async (type) => {
    const { json } = await post('/v1/responses', { input: 'Hello', text: { format: { type, schema: { type: 'object' } } } });
    const [said] = json['output'] as readonly { readonly content: readonly { readonly text: string }[] }[];
    expect(JSON.parse(said?.content[0]?.text ?? '')).toEqual(expect.any(Object));
  });

  test("messages: whole, in events, and problems in Anthropic's shape", async () => {
    const ask = { model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 6 };
    expect((await post('/v1/messages', ask)).json).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'max_tokens',
      usage: { output_tokens: 6 },
    });
    const { text } = await post('/v1/messages', { ...ask, stream: true });
    const types = events(text).map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['message_start', 'content_block_start', 'content_block_delta']);
    expect(types.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
    expect((await post('/v1/messages', { ...ask, model: 'other' })).json).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });

  test('embeddings have length 1, are equal for equal inputs, and take the time of a prefill', async () => {
    const { json } = await post('/v1/embeddings', { model, input: ['one', 'two', 'one'], dimensions: 8 });
    const vectors = (json['data'] as readonly { readonly embedding: readonly number[] }[]).map(({ embedding }) => embedding);
    expect(vectors[0]).toEqual(vectors[2]);
    expect(vectors[0]).not.toEqual(vectors[1]);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(json['usage']).toMatchObject({ prompt_tokens: 3, total_tokens: 3 });
  });

  test('tokens in, tokens out', async () => {
    const { json } = await post('/inference/v1/generate', { token_ids: [1, 2, 3], sampling_params: { max_tokens: 7, ignore_eos: true } });
    const [choice] = json['choices'] as readonly { readonly token_ids: readonly number[] }[];
    expect(choice?.token_ids).toHaveLength(7);
    const { text } = await post('/inference/v1/generate', { token_ids: [1, 2, 3], sampling_params: { max_tokens: 7, ignore_eos: true }, stream: true });
    expect(events(text).flatMap((event) => (event['choices'] as readonly { readonly token_ids: readonly number[] }[])[0]?.token_ids ?? [])).toHaveLength(7);
  });

  test('adapters are loaded, listed with their parent, served and unloaded', async () => {
    expect((await post('/v1/chat/completions', { model: 'poems', messages: [{ role: 'user', content: 'Hi' }] })).status).toBe(404);
    expect((await post('/v1/load_lora_adapter', { lora_name: 'poems', lora_path: '/adapters/poems' })).status).toBe(200);
    expect((await post('/v1/load_lora_adapter', { lora_name: 'poems', lora_path: '/adapters/poems' })).status).toBe(400);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly Json[] };
    expect(data.find(({ id }) => id === 'poems')).toMatchObject({ parent: model, root: '/adapters/poems' });
    expect((await post('/v1/chat/completions', { model: 'poems', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2 })).json).toMatchObject({
      model: 'poems',
    });
    expect((await post('/v1/unload_lora_adapter', { lora_name: 'poems' })).status).toBe(200);
    expect((await post('/v1/unload_lora_adapter', { lora_name: 'poems' })).status).toBe(404);
  });

  test('adapters that are there from the beginning, and whom metrics name while requests run with them', async () => {
    const { url: own } = await emulate({ adapters: ['poems=/adapters/poems', 'songs=/adapters/songs'], speed: 5 });
    const { data } = (await (await fetch(`${own}/v1/models`)).json()) as { readonly data: readonly Json[] };
    expect(data.map(({ id }) => id)).toEqual([model, 'poems', 'songs']);
    const told = async (): Promise<string | undefined> =>
      /^vllm:lora_requests_info\{max_lora="32",running_lora_adapters="(.*?)",waiting_lora_adapters="(.*?)"\}/m
        .exec(await (await fetch(`${own}/metrics`)).text())
        ?.slice(1)
        .join(' / ');
    expect(await told()).toBe(' / ');
    const body = JSON.stringify({ model: 'songs', prompt: 'a', max_tokens: 500, ignore_eos: true });
    const answer = fetch(`${own}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await expect.poll(told).toBe('songs / ');
    await (await answer).text();
    expect(await told()).toBe(' / ');
    for (const wrong of [['poems'], ['a=b', 'a=c']]) await expect(emulate({ adapters: wrong })).rejects.toThrow('--lora-modules');
  });

  test('what is asleep takes no requests until all of it is awake, and has forgotten its prefixes', async () => {
    const long = { prompt: 'word '.repeat(200), max_tokens: 1 };
    const cached = async (): Promise<unknown> => (await post('/v1/completions', long)).json['usage'];
    await cached();
    expect(await cached()).toMatchObject({ prompt_tokens_details: { cached_tokens: 192 } });
    expect((await post('/sleep?level=3', {})).status).toBe(400);
    expect((await post('/sleep?level=1', {})).status).toBe(200);
    expect(await (await fetch(`${url}/is_sleeping`)).json()).toEqual({ is_sleeping: true });
    expect((await post('/v1/completions', { prompt: 'a' })).status).toBe(503);
    expect((await post('/wake_up?tags=none', {})).status).toBe(400);
    expect((await post('/wake_up?tags=weights', {})).status).toBe(200);
    expect((await post('/v1/completions', { prompt: 'a' })).status).toBe(503);
    expect((await post('/wake_up?tags=kv_cache', {})).status).toBe(200);
    expect(await cached()).toMatchObject({ prompt_tokens_details: { cached_tokens: 0 } });
  });

  test('falling asleep and waking take as long as the weights take over the link to the host', async () => {
    const { url: own, emulator } = await emulate({ sleepMode: true, speed: 2 });
    const took = async (path: string): Promise<number> => {
      const begun = emulator.engine.pace.now;
      await (await fetch(`${own}${path}`, { method: 'POST' })).text();
      return emulator.engine.pace.now - begun;
    };
    // 16.06 GB of BF16 weights over PCIe 5.0: 0.3 s each way, and what a request takes here.
    const swap = Math.max(...emulator.engine.run.deployed.pools.map(({ setting }) => swapTime(setting)));
    expect(swap).toBeGreaterThan(0.25);
    expect(swap).toBeLessThan(0.4);
    const metrics = async (): Promise<string> => (await fetch(`${own}/metrics`)).text();
    for (const [path, least] of [
      ['/sleep', swap],
      ['/wake_up', swap],
      ['/sleep?level=2', 0],
    ] as const) {
      const time = await took(path);
      expect(time).toBeGreaterThanOrEqual(0.99 * least);
      expect(time).toBeLessThan(least + 1);
    }
    expect(await metrics()).toMatch(/^vllm:engine_sleep_state\{.*sleep_state="discard_all"\} 1$/m);
    await took('/wake_up');
    expect(await metrics()).toMatch(/^vllm:engine_sleep_state\{.*sleep_state="awake"\} 1$/m);
  });

  test('caches are emptied when they are told to be', async () => {
    const [vllm, sglang] = [await emulate({ kvMetrics: true }), await emulate({ dialect: 'sglang' })];
    const send = (to: string, path: string, method = 'POST'): Promise<Response> => fetch(`${to}${path}`, { method });
    const cached = async (to: string): Promise<unknown> => {
      const response = await fetch(`${to}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'word '.repeat(200), max_tokens: 1 }),
      });
      return ((await response.json()) as { readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } } }).usage.prompt_tokens_details
        .cached_tokens;
    };
    for (const [{ url: to }, path] of [
      [vllm, '/reset_prefix_cache'],
      [sglang, '/flush_cache'],
    ] as const) {
      expect([await cached(to), await cached(to)]).toEqual([0, 192]);
      expect((await send(to, path)).status).toBe(200);
      expect(await cached(to)).toBe(0);
    }
    // Twelve blocks, found once by the second request.
    expect(await (await fetch(`${vllm.url}/metrics`)).text()).toMatch(/^vllm:kv_block_reuse_gap_seconds_count\{.*\} 12$/m);
    expect((await send(sglang.url, '/flush_cache', 'GET')).status).toBe(200);
    const busy = fetch(`${sglang.url}/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'a', sampling_params: { max_new_tokens: 3000, ignore_eos: true } }),
    });
    await expect.poll(() => sglang.emulator.engine.inFlight).toBe(1);
    expect((await send(sglang.url, '/flush_cache')).status).toBe(400);
    await (await busy).text();
  });

  test('a prompt of which less is cached than is asked for is not answered, and says so', async () => {
    const { url: own, emulator } = await emulate();
    const ask = async (more: object, headers: Readonly<Record<string, string>> = {}): Promise<Json> => {
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'word '.repeat(300) }], max_tokens: 4, ignore_eos: true, ...more });
      const response = await fetch(`${own}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
      const text = await response.text();
      return (text.startsWith('data: ') ? events(text).at(-1) : JSON.parse(text)) as Json;
    };
    const turnedBack = { choices: [{ finish_reason: 'cache_threshold' }] };
    const answered = { choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 4 } };
    expect(await ask({ cache_hit_threshold: 0.5 })).toMatchObject({ ...turnedBack, usage: { completion_tokens: 0 } });
    expect(await ask({ cache_hit_threshold: 0.5, stream: true })).toMatchObject(turnedBack);
    expect(await ask({ cache_hit_threshold: 0 })).toMatchObject(answered);
    expect(await ask({ cache_hit_threshold: 0.5 })).toMatchObject(answered);
    expect(await ask({}, { 'X-Cache-Threshold-Finish-Reason': 'true' })).toMatchObject(turnedBack);
    const { status } = await fetch(`${own}/admin/config`, { method: 'POST', body: '{"cacheShare":1}' });
    expect(status).toBe(200);
    expect(await ask({})).toMatchObject(turnedBack);
    expect(await (await fetch(`${own}/metrics`)).text()).toMatch(/^vllm:request_success_total\{.*finished_reason="abort".*\} 3$/m);
    expect(emulator.engine.simulation.table.inUse).toBe(0);
  });

  test('answers match an expression, a grammar or a choice, in the words of each server; what none is made of is refused', async () => {
    const said = async (more: object, at = vllm): Promise<unknown> => {
      const { json } = await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }], ...more }, at);
      return (json['choices'] as readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[])[0]?.message.content;
    };
    expect(await said({ structured_outputs: { regex: '[A-Z]{3}-\\d{4}' } })).toMatch(/^[A-Z]{3}-\d{4}$/);
    expect(await said({ guided_regex: '(red|green) \\d' })).toMatch(/^(red|green) \d$/);
    expect(await said({ structured_outputs: { grammar: 'root ::= "SELECT " [a-z]+ " FROM " [a-z]+' } })).toMatch(/^SELECT [a-z]+ FROM [a-z]+$/);
    expect(await said({ structured_outputs: { choice: ['yes', 'no'] } })).toMatch(/^(yes|no)$/);
    expect(await said({ guided_regex: 'x*', seed: 3 })).toMatch(/^x*$/);
    const sglang = await post('/generate', { text: 'Go', sampling_params: { regex: '\\d{5}' } });
    expect(sglang.json['text']).toMatch(/^\d{5}$/);
    expect(await said({ regex: '\\d{5}' }, url)).toMatch(/^\d{5}$/);
    expect(await said({ ebnf: 'root ::= "SELECT " [a-z]+' }, url)).toMatch(/^SELECT [a-z]+$/);
    for (const structured_outputs of [{ regex: 'a(?=b)' }, { regex: 5 }, { grammar: 'start: "a"' }, { structural_tag: {} }])
      expect((await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }], structured_outputs }, vllm)).status).toBe(400);
  });

  test.each([
    {
      response_format: { type: 'json_schema', json_schema: { name: 'thing', schema: { type: 'object', properties: { a: { const: 'b' } }, required: ['a'] } } },
    },
    { guided_json: { type: 'object', properties: { a: { const: 'b' } }, required: ['a'] } },
    { guided_regex: '\\{"a":"b"\\}' },
    { guided_choice: ['{"a":"b"}'] },
  ])('a string stops an answer of the shape of %j as it stops any', async (shape) => {
    const ask = async (more: object): Promise<Json> => {
      const { json } = await post('/v1/completions', { prompt: 'Go', max_tokens: 40, ...shape, ...more }, vllm);
      return (json['choices'] as readonly Json[])[0] as Json;
    };
    expect(await ask({ stop: ['b'] })).toMatchObject({ text: '{"a":"', finish_reason: 'stop', stop_reason: 'b' });
    expect(await ask({ stop: ':', include_stop_str_in_output: true })).toMatchObject({ text: '{"a":', finish_reason: 'stop', stop_reason: ':' });
    expect(await ask({ stop: 'z' })).toMatchObject({ text: '{"a":"b"}', finish_reason: 'stop', stop_reason: null });
    expect(await ask({ stop: 'b', max_tokens: 1 })).toMatchObject({ finish_reason: 'length', stop_reason: null });
  });

  test('health, ping, version, load, metrics', async () => {
    for (const path of ['/health', '/health/ready', '/ping', '/health_generate']) expect((await fetch(`${url}${path}`)).status).toBe(200);
    expect(await (await fetch(`${url}/version`)).json()).toEqual({ version: '0.0.0-test' });
    expect(await (await fetch(`${url}/load`)).json()).toEqual({ server_load: 0 });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^sglang:num_running_reqs\{.*\} 0$/m);
  });

  test('SGLang generate: a whole text, and events that each hold all of it so far', async () => {
    const sampling_params = { max_new_tokens: 5, ignore_eos: true };
    const { json } = await post('/generate', { text: 'Hello', sampling_params });
    expect(json).toMatchObject({ meta_info: { prompt_tokens: 1, completion_tokens: 5, finish_reason: { type: 'length', length: 5 } } });
    const { text } = await post('/generate', { text: 'Hello', sampling_params, stream: true });
    const texts = events(text).map((event) => String(event['text']));
    for (const [i, each] of texts.entries()) expect(each.startsWith(texts[i - 1] ?? '')).toBe(true);
  });

  test('SGLang generate: events say which of several answers they are of', async () => {
    const { text } = await post('/generate', { text: 'Hello', sampling_params: { max_new_tokens: 2, n: 3 }, stream: true });
    expect(new Set(events(text).map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
    const alone = await post('/generate', { text: 'Hello', sampling_params: { max_new_tokens: 2 }, stream: true });
    expect(events(alone.text).every((event) => !('index' in event))).toBe(true);
  });

  test('answers are named as the client names its request, in its header or in its body', async () => {
    const body = { prompt: 'Hi', messages: [{ role: 'user', content: 'Hi' }], input: 'Hi', token_ids: [1], sampling_params: {}, max_tokens: 1 };
    const named = async (path: string, more: object, headers: Readonly<Record<string, string>>): Promise<unknown> => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...body, ...more }),
      });
      const text = await response.text();
      const answer = text.startsWith('data: ') ? events(text)[0] : (JSON.parse(text) as Json);
      return answer?.['id'] ?? answer?.['request_id'];
    };
    for (const [path, prefix] of [
      ['/v1/chat/completions', 'chatcmpl-'],
      ['/v1/completions', 'cmpl-'],
      ['/v1/embeddings', 'embd-'],
      ['/inference/v1/generate', ''],
    ] as const) {
      expect(await named(path, {}, { 'x-request-id': 'mine' })).toBe(`${prefix}mine`);
      expect(await named(path, { request_id: 'body' }, {})).toBe(`${prefix}body`);
      expect(await named(path, { request_id: 'body' }, { 'x-request-id': 'mine' })).toBe(`${prefix}mine`);
      expect(await named(path, {}, {})).not.toBe(await named(path, {}, {}));
    }
    expect(await named('/v1/chat/completions', { stream: true }, { 'x-request-id': 'mine' })).toBe('chatcmpl-mine');
    const ids = async (more: object): Promise<readonly unknown[]> => {
      const { json } = await post('/generate', { text: 'Hi', sampling_params: { max_new_tokens: 1 }, ...more });
      return [json].flat().map((one) => (one['meta_info'] as Json)['id']);
    };
    expect(await ids({ rid: 'mine' })).toEqual(['mine']);
    expect(await ids({ rid: ['a', 'b'], text: ['Hi', 'Ho'] })).toEqual(['a', 'b']);
    expect(await ids({ rid: 'mine', text: ['Hi', 'Ho'] })).toEqual(['mine_0', 'mine_1']);
    expect((await post('/generate', { rid: ['a'], text: ['Hi', 'Ho'] })).json).toMatchObject({ error: { code: 400, param: 'rid' } });
  });

  test('SGLang generate: log probabilities of answers, and of prompts from where they are asked for', async () => {
    type Scored = readonly [number | null, number, string | null];
    const about = async (more: object): Promise<Record<string, readonly Scored[] & readonly (readonly Scored[])[]>> =>
      (await post('/generate', { text: 'one two three', sampling_params: { max_new_tokens: 2, ignore_eos: true }, ...more })).json['meta_info'] as never;
    expect(await about({})).not.toHaveProperty('output_token_logprobs');
    const own = await about({ return_logprob: true, top_logprobs_num: 3, return_text_in_logprobs: true });
    expect(own['input_token_logprobs']).toEqual([]);
    expect(own['output_token_logprobs']).toEqual(Array.from({ length: 2 }, () => [expect.any(Number), expect.any(Number), expect.any(String)]));
    expect(own['output_top_logprobs']?.map((top) => [top.length, top[0]])).toEqual(own['output_token_logprobs']?.map((one) => [3, one]));
    const scored = await about({ return_logprob: true, logprob_start_len: 0, sampling_params: { max_new_tokens: 0 } });
    expect(scored['input_token_logprobs']?.map(([logprob, , text]) => [logprob === null, text])).toEqual([
      [true, null],
      [false, null],
      [false, null],
    ]);
    expect((await about({ return_logprob: true, logprob_start_len: 2 }))['input_token_logprobs']).toEqual(scored['input_token_logprobs']?.slice(2));
  });

  test('SGLang generate: no new token is a prefill', async () => {
    const { json } = await post('/generate', { text: 'Hello', sampling_params: { max_new_tokens: 0 } });
    expect(json).toMatchObject({
      text: '',
      output_ids: [],
      meta_info: { prompt_tokens: 1, completion_tokens: 0, finish_reason: { type: 'length', length: 0 } },
    });
  });

  test('SGLang leaves the string that stops an answer in it where it is told not to trim', async () => {
    const regex = 'one, two, three';
    const generated = async (more: object): Promise<unknown> =>
      (await post('/generate', { text: 'Go', sampling_params: { regex, stop: [' two'], ...more } })).json['text'];
    expect([await generated({}), await generated({ no_stop_trim: false }), await generated({ no_stop_trim: true })]).toEqual(['one,', 'one,', 'one, two']);
    const chat = { messages: [{ role: 'user', content: 'Go' }], regex, stop: ' two', no_stop_trim: true };
    expect((await post('/v1/chat/completions', chat)).json['choices']).toMatchObject([{ message: { content: 'one, two' } }]);
  });
});
