import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, streamText, tool } from 'ai';
import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { KvSubscriber, type Heard } from '../../server/kv-events/subscriber.ts';
import { kvEventsDefaults } from '../../server/kv-events/endpoint.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emulate } from './running.ts';

describe('@ai-sdk/openai-compatible', async () => {
  const { url } = await emulate();
  const provider = createOpenAICompatible({ name: 'supernode', baseURL: `${url}/v1`, includeUsage: true });
  const model = provider('llama-3.1-8b');

  test('generates text', async () => {
    const { text, finishReason, usage } = await generateText({ model, prompt: 'Tell me something.', maxRetries: 0 });
    expect(text.length).toBeGreaterThan(20);
    expect([finishReason, usage.outputTokens]).toEqual(['stop', 40]);
  });

  test('streams it', async () => {
    const result = streamText({ model, prompt: 'Tell me something.', maxOutputTokens: 9, maxRetries: 0 });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text.length).toBeGreaterThan(9);
    expect([await result.finishReason, (await result.usage).outputTokens]).toEqual(['length', 9]);
  });

  test('calls a function', async () => {
    const look = tool({
      inputSchema: jsonSchema<{ readonly where: string }>({ type: 'object', properties: { where: { type: 'string' } }, required: ['where'] }),
    });
    const { toolCalls } = await generateText({ model, prompt: 'Look.', tools: { look } as never, toolChoice: 'required', maxRetries: 0 });
    expect(toolCalls).toMatchObject([{ toolName: 'look', input: { where: expect.any(String) as unknown } }]);
  });
});

describe('a scraper', () => {
  test('counts what clients were served', async () => {
    const { url } = await emulate();
    const ask = (n: number): Promise<Response> =>
      fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'One two three', max_tokens: n, ignore_eos: true }),
      });
    for (const n of [3, 5, 7]) await (await ask(n)).text();
    const families = new Map(parsePrometheus(await (await fetch(`${url}/metrics`)).text()).map((family) => [family.name, family]));
    const value = (name: string): unknown => families.get(name)?.metrics[0];
    expect(value('vllm:generation_tokens_total')).toMatchObject({ value: '15', labels: { model_name: 'llama-3.1-8b', engine: '0' } });
    expect(value('vllm:prompt_tokens_total')).toMatchObject({ value: '9' });
    expect(families.get('vllm:time_to_first_token_seconds')?.metrics[0]).toMatchObject({ buckets: { '+Inf': '3' } });
    expect(families.get('vllm:request_success_total')?.metrics).toContainEqual(
      expect.objectContaining({ value: '3', labels: expect.objectContaining({ finished_reason: 'length' }) as unknown }),
    );
  });
});

describe('a subscriber to KV events', () => {
  test.each(['map', 'positional'] as const)('hears in the %s dialect of the blocks that a later prompt hits', async (format) => {
    const endpoint = `ipc:///tmp/supernode-kv-${process.pid}-${format}`;
    const { url, emulator } = await emulate({ kvEvents: { config: { ...kvEventsDefaults, endpoint, topic: `kv@here@${format}` }, format } });
    const heard: Heard[] = [];
    const subscriber = await KvSubscriber.open({ endpoint }, (batch) => heard.push(batch));
    const ask = async (text: string): Promise<number> => {
      const body = JSON.stringify({ prompt: text, max_tokens: 1 });
      const response = await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const { usage } = (await response.json()) as { readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } } };
      return usage.prompt_tokens_details.cached_tokens;
    };
    // A subscription takes a moment to get through: ask until it has.
    await expect
      .poll(async () => {
        await ask(`warm ${heard.length} ${performance.now()} `.repeat(20));
        return heard.length;
      })
      .toBeGreaterThan(0);
    const prompt = 'All happy families are alike; each unhappy family is unhappy in its own way. '.repeat(10).trim();
    expect(await ask(prompt)).toBe(0);
    const blocks = shipped.encode(prompt).slice(0, 160);
    const stored = (): readonly number[] => heard.flatMap(({ events }) => events.flatMap((event) => (event.kind === 'stored' ? event.tokens : [])));
    await expect.poll(() => stored().slice(-blocks.length)).toEqual(blocks);
    expect(heard[0]?.topic).toBe(`kv@here@${format}`);
    expect(await ask(`${prompt} And so on.`)).toBe(blocks.length);
    await subscriber.close();
    await emulator.stop(0);
  });
});

describe('a client of the conductor', () => {
  test('is refused where none is served, and answered where one is', async () => {
    const query = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', token_ids: [1, 2, 3], block_size: 16 }),
    };
    const { url: none } = await emulate();
    expect((await fetch(`${none}/query`, query)).status).toBe(404);
    const { url } = await emulate({ conductor: true });
    expect((await fetch(`${url}/query`, query)).status).toBe(200);
  });
});
