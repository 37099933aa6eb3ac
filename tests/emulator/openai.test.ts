import OpenAI, { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { echo } from '../../server/tokens/echo.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emulate } from './running.ts';

const { url, emulator } = await emulate();
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const model = 'llama-3.1-8b';
const messages = [{ role: 'user' as const, content: 'Say something.' }];
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 5 } }, required: ['city', 'days'] },
    },
  },
];

describe('the openai SDK', () => {
  test('lists models', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual([model]);
  });

  test('asks for one model, whose name may have slashes, and is told of none that there is not', async () => {
    const names = ['meta-llama/Llama-3.1-8B', 'short'];
    for (const dialect of ['vllm', 'sglang'] as const) {
      const { url: own } = await emulate({ dialect, models: { served: names } });
      const { models } = new OpenAI({ baseURL: `${own}/v1`, apiKey: 'none', maxRetries: 0 });
      const { data } = await models.list();
      expect([await models.retrieve(names[0] ?? ''), await models.retrieve('short')]).toEqual(data);
      expect(await (await fetch(`${own}/v1/models/${names[0]}`)).json()).toEqual(data[0]);
      expect(data.map((card) => [card.owned_by, 'permission' in card])).toEqual(names.map(() => [dialect, dialect === 'vllm']));
      const problem = { status: 404, error: { message: expect.stringContaining('nobody/at-all') as string, type: 'NotFoundError', code: 404, param: 'model' } };
      await expect(models.retrieve('nobody/at-all')).rejects.toMatchObject(problem);
      expect((await fetch(`${own}/v1/models/%ff`)).status).toBe(404);
    }
  });

  test('streams a chat: the role first, then text, usage at the end', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      max_tokens: 12,
      ignore_eos: true,
      stream_options: { include_usage: true },
    } as never);
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test('what is streamed is what is answered at once, for the same seed', async () => {
    const whole = await client.chat.completions.create({ model, messages, seed: 7, n: 2 });
    const stream = client.chat.completions.stream({ model, messages, seed: 7, n: 2 });
    const streamed = await stream.finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(whole.choices.map(({ message }) => message.content));
    expect(whole.choices[0]?.message.content).not.toBe(whole.choices[1]?.message.content);
  });

  test('tells usage with each chunk where both are asked for, the first of them too', async () => {
    const counts = async (stream_options: object, more: object): Promise<readonly unknown[]> => {
      const response = await fetch(`${url}/v1/${'prompt' in more ? 'completions' : 'chat/completions'}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ stream: true, max_tokens: 3, stream_options, ...more }),
      });
      const frames = (await response.text()).split('\n\n').filter((frame) => frame.startsWith('data: {'));
      return frames.map((frame) => (JSON.parse(frame.slice('data: '.length)) as OpenAI.Completion).usage?.completion_tokens);
    };
    const both = { include_usage: true, continuous_usage_stats: true };
    const ofChat = await counts(both, { messages });
    expect([ofChat[0], ofChat.at(-2), ofChat.at(-1)]).toEqual([0, 3, 3]);
    expect(await counts(both, { messages, tools, tool_choice: 'required' })).not.toContain(undefined);
    expect(await counts(both, { prompt: 'Hello' })).not.toContain(undefined);
    for (const asked of [{ messages }, { prompt: 'Hello' }])
      expect(new Set(await counts({ continuous_usage_stats: true }, asked)), JSON.stringify(asked)).toEqual(new Set([undefined]));
  });

  test('tells the token ids of prompts with those of answers, where it is asked to', async () => {
    interface Ids {
      readonly prompt_token_ids?: readonly number[];
    }
    const ids = async (
      body: object,
    ): Promise<{ readonly all: readonly (readonly number[] | undefined)[]; readonly prompts: readonly (readonly number[])[] }> => {
      const response = await fetch(`${url}/v1/${'prompt' in body ? 'completions' : 'chat/completions'}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ max_tokens: 3, return_token_ids: true, ...body }),
      });
      const text = await response.text();
      const parts = text.startsWith('data: ') ? text.split('\n\n').flatMap((frame) => (frame.startsWith('data: {') ? [frame.slice(6)] : [])) : [text];
      const told = parts.map((part) => JSON.parse(part) as Ids & { readonly choices: readonly Ids[] });
      const all = told.flatMap((part) => ('prompt' in body ? part.choices.map((choice) => choice.prompt_token_ids) : [part.prompt_token_ids]));
      return { all, prompts: all.flatMap((one) => (one === undefined ? [] : [one])) };
    };
    const { tokens } = (await (await fetch(`${url}/tokenize`, { method: 'POST', body: JSON.stringify({ messages }) })).json()) as { readonly tokens: unknown };
    for (const stream of [false, true]) {
      const chat = await ids({ messages, stream });
      expect([chat.prompts, chat.all[0]]).toEqual([[tokens], tokens]);
      expect((await ids({ prompt: ['Hello', [1, 2]], stream })).prompts).toEqual([shipped.encode('Hello'), [1, 2]]);
    }
    expect((await ids({ messages, return_token_ids: false })).all).toEqual([undefined]);
  });

  test('completes a prompt', async () => {
    const completion = await client.completions.create({ model, prompt: 'Once upon a time', max_tokens: 100 });
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', index: 0 });
    expect(completion.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 40, total_tokens: 44 });
  });

  test('completes several prompts, each so many times', async () => {
    const { choices, usage } = await client.completions.create({ model, prompt: ['One', 'Two', 'Three'], n: 2, max_tokens: 3, echo: true });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(choices.map(({ text }) => /^[A-Z][a-z]+/.exec(text)?.[0].slice(0, 3))).toEqual(['One', 'One', 'Two', 'Two', 'Thr', 'Thr']);
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 18 });
  });

  test('finds a prompt again in the cache', async () => {
    const long = [{ role: 'user' as const, content: 'word '.repeat(600) }];
    await client.chat.completions.create({ model, messages: long, max_tokens: 1 });
    const { usage } = await client.chat.completions.create({ model, messages: long, max_tokens: 1 });
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(500);
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeLessThan(usage?.prompt_tokens ?? 0);
    const salted = await client.chat.completions.create({ model, messages: long, max_tokens: 1, cache_salt: 'mine' } as never);
    expect((salted as OpenAI.ChatCompletion).usage?.prompt_tokens_details?.cached_tokens).toBe(0);
  });

  test('finds what it said before in the cache, when the conversation goes on', async () => {
    const asked = [{ role: 'user' as const, content: 'Tell me a long story, and spare me nothing of it.' }];
    const first = await client.chat.completions.create({ model, messages: asked, max_tokens: 500, ignore_eos: true } as never);
    const { usage: before, choices } = first as OpenAI.ChatCompletion;
    const said = { role: 'assistant' as const, content: choices[0]?.message.content ?? '' };
    const { usage } = await client.chat.completions.create({ model, messages: [...asked, said, { role: 'user', content: 'Go on.' }], max_tokens: 1 });
    // All but the last token of the answer, in blocks of 16 tokens.
    expect(usage?.prompt_tokens_details?.cached_tokens).toBe(Math.floor(((before?.total_tokens ?? 0) - 1) / 16) * 16);
  });

  test('calls functions with arguments of their shape, at once and in a stream', async () => {
    const ask = { model, messages, tools, tool_choice: 'required' as const, seed: 3 };
    const { choices } = await client.chat.completions.create(ask);
    const [call] = choices[0]?.message.tool_calls ?? [];
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    const given = JSON.parse(call?.type === 'function' ? call.function.arguments : '') as { readonly city: unknown; readonly days: number };
    expect(given).toEqual({
      city: expect.any(String) as unknown,
      days: expect.toSatisfy((days: number) => Number.isInteger(days) && days >= 1 && days <= 5) as unknown,
    });
    const streamed = await client.chat.completions.stream(ask).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: JSON.stringify(given) } }]);
  });

  test('calls a function it may call now and then', async () => {
    const reasons = new Set<string>();
    for (let seed = 0; seed < 12; seed++)
      reasons.add((await client.chat.completions.create({ model, messages, tools, seed, max_tokens: 60 })).choices[0]?.finish_reason ?? '');
    expect(reasons).toEqual(new Set(['stop', 'tool_calls']));
  });

  test('answers in the shape of a schema', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
      required: ['name', 'tags'],
    };
    const { choices } = await client.chat.completions.create({
      model,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'thing', schema } },
    });
    const value = JSON.parse(choices[0]?.message.content ?? '') as { readonly name: unknown; readonly tags: readonly unknown[] };
    expect(typeof value.name).toBe('string');
    expect(value.tags.every((tag) => tag === 'a' || tag === 'b')).toBe(true);
  });

  test('stops at a string, and says at which', async () => {
    const { choices } = await client.chat.completions.create({ model, messages, stop: ['.'], max_tokens: 200, seed: 1 });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: '.' });
    expect(choices[0]?.message.content).not.toContain('.');
  });

  test.each(['stays out of', 'belongs to'])('the string that stops it %s the text, at once and in a stream', async (kept) => {
    const body = { model, stop: [' g', 'g'], min_tokens: 20, max_tokens: 40, seed: 3, include_stop_str_in_output: kept === 'belongs to' };
    const full = (await client.completions.create({ model, prompt: 'Hello', max_tokens: 40, seed: 3 })).choices[0]?.text ?? '';
    const chat = (await client.chat.completions.create({ model, messages, max_tokens: 40, seed: 3 })).choices[0]?.message.content ?? '';
    const { choices } = await client.completions.create({ ...body, prompt: 'Hello' } as never);
    const chats = await client.chat.completions.create({ ...body, messages } as never);
    const streamed = await client.chat.completions.stream({ ...body, messages } as never).finalChatCompletion();
    let parts = '';
    for await (const chunk of (await client.completions.create({
      ...body,
      prompt: 'Hello',
      stream: true,
    } as never)) as unknown as AsyncIterable<OpenAI.Completion>)
      parts += chunk.choices[0]?.text ?? '';
    const [text, said] = [choices[0]?.text ?? '', (chats as OpenAI.ChatCompletion).choices[0]?.message.content ?? ''];
    expect([text.length < full.length, full.startsWith(text)]).toEqual([true, true]);
    expect([said.length < chat.length, chat.startsWith(said)]).toEqual([true, true]);
    expect([text, said].map((one) => one.endsWith('g'))).toEqual([kept === 'belongs to', kept === 'belongs to']);
    expect([parts, streamed.choices[0]?.message.content]).toEqual([text, said]);
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: expect.stringMatching(/^ ?g$/) as unknown });
  });

  test('goes on to the last token where it is told to, and for as long as it is told to', async () => {
    const count = async (more: object): Promise<number | undefined> =>
      ((await client.completions.create({ model, prompt: 'a', ...more } as never)) as OpenAI.Completion).usage?.completion_tokens;
    expect(await count({ max_tokens: 90 })).toBe(40);
    expect(await count({ max_tokens: 90, ignore_eos: true })).toBe(90);
    expect(await count({ max_tokens: 90, min_tokens: 60 })).toBe(60);
    expect(await count({})).toBe(16);
  });

  test('gives log probabilities of as many tokens as it says', async () => {
    const { choices } = await client.chat.completions.create({ model, messages, max_tokens: 5, logprobs: true, top_logprobs: 2 });
    const content = choices[0]?.logprobs?.content ?? [];
    expect(content).toHaveLength(5);
    expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content);
    for (const { logprob, top_logprobs: top } of content) expect([logprob <= 0, top.length]).toEqual([true, 2]);
    const completion = await client.completions.create({ model, prompt: 'a', max_tokens: 4, logprobs: 1 });
    expect(completion.choices[0]?.logprobs?.tokens?.join('')).toBe(completion.choices[0]?.text);
  });

  test('gives log probabilities and ids of tokens that are a part of a character, in a stream as at once', async () => {
    const { url: at } = await emulate({}, { answers: echo(shipped) });
    const echoing = new OpenAI({ baseURL: `${at}/v1`, apiKey: 'none' });
    const said = '👩‍👩‍👧 𝒳 漢字';
    const ids = shipped.encode(said);
    const body = { model, messages: [{ role: 'user' as const, content: said }], logprobs: true, return_token_ids: true };
    const { choices } = await echoing.chat.completions.create(body);
    const own: unknown[] = [];
    const parts: { readonly text: string; readonly ids: readonly number[] }[] = [];
    for await (const chunk of await echoing.chat.completions.create({ ...body, stream: true })) {
      const [choice] = chunk.choices as readonly (OpenAI.ChatCompletionChunk.Choice & { readonly token_ids?: readonly number[] })[];
      own.push(...(choice?.logprobs?.content ?? []));
      parts.push({ text: choice?.delta.content ?? '', ids: choice?.token_ids ?? [] });
    }
    expect(choices[0]?.logprobs?.content).toHaveLength(ids.length);
    expect(own).toEqual(choices[0]?.logprobs?.content);
    expect(parts.flatMap((part) => part.ids)).toEqual(ids);
    expect(parts.map(({ text }) => text).join('')).toBe(said);
  });

  test.each([
    [{ model: 'other' }, 404, 'model', 'NotFoundError'],
    [{ max_tokens: 10_000_000 }, 400, 'messages', 'BadRequestError'],
    [{ max_tokens: 0 }, 400, 'max_tokens', 'BadRequestError'],
    [{ min_tokens: 20, max_tokens: 10 }, 400, 'min_tokens', 'BadRequestError'],
    [{ temperature: -1 }, 400, 'temperature', 'BadRequestError'],
    [{ messages: [] }, 400, 'messages', 'BadRequestError'],
    [{ stop: '' }, 400, 'stop', 'BadRequestError'],
    [{ stop: ['.', ''] }, 400, 'stop[1]', 'BadRequestError'],
    [{ stream_options: { include_usage: true } }, 400, 'stream_options', 'BadRequestError'],
    [{ stream: false, stream_options: {} }, 400, 'stream_options', 'BadRequestError'],
  ])('is told what is wrong with %j', async (wrong, status, param, type) => {
    const error: unknown = await client.chat.completions.create({ model, messages, ...wrong } as never).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, param, type, code: status });
  });

  test('is told that options of a stream need one, where it completes a prompt', async () => {
    const body = { model, prompt: 'a', max_tokens: 2 };
    const error: unknown = await client.completions.create({ ...body, stream_options: { include_usage: true } }).catch((problem: unknown) => problem);
    expect(error).toMatchObject({ status: 400, param: 'stream_options', type: 'BadRequestError', code: 400 });
    expect((await client.completions.create({ ...body, stream_options: null })).usage?.completion_tokens).toBe(2);
  });

  test('a stream that is aborted frees what the engine held', async () => {
    const abort = new AbortController();
    const stream = await client.chat.completions.create({ model, messages, stream: true, max_tokens: 100_000, ignore_eos: true } as never, {
      signal: abort.signal,
    });
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const _ of stream as unknown as AsyncIterable<unknown>) if (++seen === 5) abort.abort();
    };
    await read().catch(() => {});
    await expect.poll(() => emulator.engine.inFlight).toBe(0);
    const used = emulator.engine.simulation.pools.flatMap(({ instances }) => instances.flatMap(({ ranks }) => ranks.map(({ usedBlocks }) => usedBlocks)));
    expect(used).toEqual([0]);
    expect(emulator.engine.simulation.causes.get('the client went away')).toBe(1);
  });
});
