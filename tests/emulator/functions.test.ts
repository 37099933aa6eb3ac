import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import type { AnswerSource } from '../../server/tokens/answer.ts';
import { spelled } from '../../server/tokens/spelled.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emulate } from './running.ts';

type Json = Record<string, unknown>;

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 5 } },
  required: ['city', 'days'],
};
const functions = ['weather', 'tides', 'traffic'].map((name) => ({ name, description: `Tells the ${name}.`, parameters }));
const toolsOf = {
  chat: functions.map((one) => ({ type: 'function', function: one })),
  responses: functions.map((one) => ({ type: 'function', ...one })),
  messages: functions.map(({ name, description }) => ({ name, description, input_schema: parameters })),
} as const;
const pathOf = { chat: '/v1/chat/completions', responses: '/v1/responses', messages: '/v1/messages' } as const;
type Api = keyof typeof pathOf;

async function post(url: string, api: Api, body: Json): Promise<{ readonly status: number; readonly text: string; readonly json: Json }> {
  const response = await fetch(`${url}${pathOf[api]}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') ? (JSON.parse(text) as Json) : {} };
}

/** Data of the events of a stream. */
function events(text: string): readonly Json[] {
  return text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Json] : []));
}

/** What was asked to be called, in the words of none of the APIs; undefined where something was said instead. */
function callOf(api: Api, json: Json): readonly [name: unknown, given: unknown] | undefined {
  if (api === 'chat') {
    const [choice] = json['choices'] as readonly { readonly message: { readonly tool_calls: readonly { readonly function: Json }[] } }[];
    const call = choice?.message.tool_calls[0]?.function;
    return call === undefined ? undefined : [call['name'], JSON.parse(String(call['arguments']))];
  }
  const [item] = json[api === 'responses' ? 'output' : 'content'] as readonly Json[];
  if (api === 'responses') return item?.['type'] === 'function_call' ? [item['name'], JSON.parse(String(item['arguments']))] : undefined;
  return item?.['type'] === 'tool_use' ? [item['name'], item['input']] : undefined;
}

function askOf(api: Api, more: Json = {}): Json {
  const asked = api === 'responses' ? { input: 'Look.' } : { messages: [{ role: 'user', content: 'Look.' }] };
  return { ...asked, tools: toolsOf[api], ...(api === 'messages' ? { max_tokens: 200 } : {}), ...more };
}

const apis = ['chat', 'responses', 'messages'] as const;

test('the same functions are called with the same arguments, whichever API asks', async () => {
  const told = await Promise.all(
    apis.map(async (api) => {
      const { url } = await emulate();
      const calls: unknown[] = [];
      for (let k = 0; k < 12; k++) calls.push(callOf(api, (await post(url, api, askOf(api))).json));
      return calls;
    }),
  );
  const [first = []] = told;
  expect(new Set(first.map((call) => (Array.isArray(call) ? (call[0] as unknown) : 'said'))).size).toBeGreaterThan(2);
  for (const other of told) expect(other).toEqual(first);
});

describe.each(apis)('%s', async (api) => {
  const { url } = await emulate({ toolShare: 1 });
  const named = {
    chat: { type: 'function', function: { name: 'tides' } },
    responses: { type: 'function', name: 'tides' },
    messages: { type: 'tool', name: 'tides' },
  };
  const without = { chat: 'none', responses: 'none', messages: { type: 'none' } };

  test('calls what it is told to, or nothing', async () => {
    for (let k = 0; k < 5; k++) expect(callOf(api, (await post(url, api, askOf(api, { tool_choice: named[api] }))).json)?.[0]).toBe('tides');
    expect(callOf(api, (await post(url, api, askOf(api, { tool_choice: without[api] }))).json)).toBeUndefined();
    const unknown = JSON.parse(JSON.stringify(named[api]).replace('tides', 'nobody')) as Json;
    expect((await post(url, api, askOf(api, { tool_choice: unknown }))).text).toContain('not among the tools');
    expect((await post(url, api, askOf(api, { tool_choice: api === 'messages' ? { type: 'any' } : 'required', tools: [] }))).status).toBe(400);
    expect((await post(url, api, askOf(api, { tools: [{ type: 'function' }] }))).status).toBe(400);
  });

  test('counts functions, what they were called with and what they gave as chat does', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'tides', arguments: '{"city":"harbour"}' } };
    const said = { role: 'user', content: 'And then?' };
    const turns = {
      chat: {
        messages: [
          { role: 'user', content: 'Look.' },
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'call_1', content: 'High at noon.' },
          said,
        ],
      },
      responses: {
        input: [
          { role: 'user', content: 'Look.' },
          { type: 'function_call', call_id: 'call_1', ...call.function },
          { type: 'function_call_output', call_id: 'call_1', output: 'High at noon.' },
          said,
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: 'Look.' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'tides', input: { city: 'harbour' } }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'High at noon.' }] },
              { type: 'text', text: 'And then?' },
            ],
          },
        ],
      },
    } as const;
    const prompt = async (of: Api): Promise<number> => {
      const { usage } = (await post(url, of, askOf(of, turns[of]))).json as { readonly usage: Record<string, number> };
      return (usage['prompt_tokens'] ?? usage['input_tokens'] ?? 0) + (usage['cache_read_input_tokens'] ?? 0);
    };
    expect(await prompt(api)).toBe(await prompt('chat'));
  });
});

describe('in events', () => {
  test('of responses the arguments come piece by piece, as the openai SDK puts them together', async () => {
    const { url } = await emulate({ toolShare: 1 });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
    const ask = { ...askOf('responses'), model: 'llama-3.1-8b', seed: 5 } as unknown as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    const whole = await client.responses.create(ask);
    const stream = client.responses.stream(ask as never);
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    const streamed = await stream.finalResponse();
    const calls = [whole, streamed].map(({ output, status }) => [
      status,
      output.map((item) => (item.type === 'function_call' ? [item.name, item.arguments, item.status, item.call_id] : [])),
    ]);
    expect(calls[1]).toEqual(calls[0]);
    expect(whole.output).toMatchObject([{ type: 'function_call', status: 'completed', call_id: expect.stringMatching(/^call_/) as string }]);
    expect([...new Set(types)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  test('of messages the input comes piece by piece', async () => {
    const [at, once] = await Promise.all([emulate({ toolShare: 1, speed: 1 }), emulate({ toolShare: 1 })]);
    const told = events((await post(at.url, 'messages', askOf('messages', { stream: true }))).text);
    const { content, stop_reason: reason } = (await post(once.url, 'messages', askOf('messages'))).json as {
      readonly content: readonly Json[];
      readonly stop_reason: string;
    };
    expect(told.find(({ type }) => type === 'content_block_start')).toMatchObject({ index: 0, content_block: { ...content[0], input: {} } });
    const deltas = told.flatMap(({ type, delta }) => (type === 'content_block_delta' ? [delta as Json] : []));
    expect(new Set(deltas.map(({ type }) => type))).toEqual(new Set(['input_json_delta']));
    expect(deltas.length).toBeGreaterThan(1);
    expect(JSON.parse(deltas.map(({ partial_json: part }) => String(part)).join(''))).toEqual(content[0]?.['input']);
    expect([reason, (told.at(-2)?.['delta'] as Json | undefined)?.['stop_reason']]).toEqual(['tool_use', 'tool_use']);
  });
});

test('calls that are cut off say so', async () => {
  const { url } = await emulate({ toolShare: 1 });
  const response = (await post(url, 'responses', askOf('responses', { max_output_tokens: 3 }))).json;
  expect(response).toMatchObject({ status: 'incomplete', output: [{ type: 'function_call', status: 'incomplete' }] });
  const message = (await post(url, 'messages', askOf('messages', { max_tokens: 3 }))).json;
  expect(message).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'tool_use', input: {} }] });
});

test('whoever answers instead is asked for a chat', async () => {
  const asked: Json[] = [];
  const answers: AnswerSource = {
    answer: ({ forward }) => {
      asked.push({ ...forward });
      return spelled(shipped, shipped.encode('Fine.'), 'stop');
    },
  };
  const { url } = await emulate({ toolShare: 0 }, { answers });
  for (const api of ['responses', 'messages'] as const) await post(url, api, askOf(api));
  for (const one of asked) expect(one).toMatchObject({ route: pathOf.chat, body: { messages: [{ role: 'user', content: 'Look.' }], tools: toolsOf.chat } });
  expect(asked.length).toBe(2);
});
