import { describe, expect, test } from 'vitest';
import { emulate } from './running.ts';

const { url } = await emulate({ dialect: 'sglang', sleepMode: true });
const model = 'llama-3.1-8b';

type Json = Record<string, unknown>;

async function post(path: string, body: unknown): Promise<{ readonly status: number; readonly json: Json; readonly text: string }> {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
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

  test('what is asleep takes no requests', async () => {
    expect((await post('/sleep?level=1', {})).status).toBe(200);
    expect(await (await fetch(`${url}/is_sleeping`)).json()).toEqual({ is_sleeping: true });
    expect((await post('/v1/completions', { prompt: 'a' })).status).toBe(503);
    expect((await post('/wake_up?tags=kv_cache', {})).status).toBe(200);
    expect((await post('/v1/completions', { prompt: 'a' })).status).toBe(200);
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
});
