import { describe, expect, test } from 'vitest';
import type { AccessRecord } from '../../server/http/server.ts';
import { emulate } from './running.ts';

type Json = Record<string, unknown>;

function post(to: string, body: object): Promise<Response> {
  return fetch(to, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** Data of the events of a stream. */
function events(text: string): readonly Json[] {
  return text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Json] : []));
}

const long = { max_new_tokens: 3000, ignore_eos: true };
/** Two at once, the others wait. */
const narrow = { flags: { set: ['deployment.merged.max-num-seqs=2/rank'] } };

describe('the load of ranks', () => {
  test('is what they run and what waits for them, with its tokens', async () => {
    const { url, emulator } = await emulate({ dialect: 'sglang', speed: 1, instancePorts: 0 }, narrow);
    const loads = async (to = url): Promise<readonly Record<string, number>[]> => (await (await fetch(`${to}/get_load`)).json()) as never;
    const idle = [{ dp_rank: 0, num_reqs: 0, num_waiting_reqs: 0, num_tokens: 0 }];
    expect(await loads()).toEqual(idle);
    const text = 'word '.repeat(100);
    const asked = Array.from({ length: 5 }, (_, i) => post(`${url}/generate`, { text: `${i} ${text}`, sampling_params: long }));
    await expect.poll(() => loads()).toMatchObject([{ num_reqs: 5, num_waiting_reqs: 3 }]);
    const [load] = await loads();
    // Five prompts of a hundred tokens, and what two of them have said: less than that of which they are capable.
    expect(load?.['num_tokens']).toBeGreaterThan(500);
    expect(load?.['num_tokens']).toBeLessThan(5 * 100 + 2 * 3000);
    expect(await loads(`http://127.0.0.1:${emulator.instancePorts[0]}`)).toMatchObject([{ dp_rank: 0, num_reqs: 5 }]);
    expect((await post(`${url}/abort_request`, { abort_all: true })).status).toBe(200);
    for (const answer of await Promise.all(asked)) expect(await answer.json()).toMatchObject({ meta_info: { finish_reason: { type: 'abort' } } });
    expect(await loads()).toEqual(idle);
  });

  test('is told for each of them, counted through', async () => {
    const { url } = await emulate({ dialect: 'sglang' }, { flags: { set: ['deployment.merged.instances=2'] } });
    expect(((await (await fetch(`${url}/get_load`)).json()) as readonly Json[]).map(({ dp_rank: rank }) => rank)).toEqual([0, 1]);
  });
});

describe('a request that is aborted', () => {
  test('ends where it is and says so, and leaves the others alone', async () => {
    const { url, emulator } = await emulate({ dialect: 'sglang', speed: 1 }, narrow);
    const messages = [{ role: 'user', content: 'Go on.' }];
    const told = [
      post(`${url}/generate`, { rid: 'one', text: 'Go on.', sampling_params: long, stream: true }),
      post(`${url}/generate`, { rid: 'other', text: ['Go on.', 'And on.'], sampling_params: { ...long, max_new_tokens: 150 } }),
      post(`${url}/v1/chat/completions`, { rid: 'chat', messages, max_tokens: 3000, ignore_eos: true }),
      post(`${url}/v1/completions`, { rid: 'chat2', prompt: 'Go on.', max_tokens: 150, ignore_eos: true, stream: true }),
    ] as const;
    await expect.poll(() => emulator.engine.inFlight).toBe(5);
    const [one] = told;
    // Some of it has come out.
    const reader = (await one).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? '';
    for (const rid of ['one', 'chat', 'nobody', '']) expect((await post(`${url}/abort_request`, { rid })).status).toBe(200);
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) text += next.value;
    const last = events(text).at(-1)?.['meta_info'] as Json;
    expect(last).toMatchObject({ id: 'one', finish_reason: { type: 'abort', message: 'Aborted' } });
    expect(last['completion_tokens']).toBeGreaterThan(0);
    expect(last['completion_tokens']).toBeLessThan(3000);
    const [, other, chat, completion] = await Promise.all(told);
    expect(await chat.json()).toMatchObject({ id: 'chat', choices: [{ finish_reason: 'abort', stop_reason: null }] });
    expect(await other.json()).toMatchObject([{ meta_info: { completion_tokens: 150 } }, { meta_info: { completion_tokens: 150 } }]);
    expect(events(await completion.text()).at(-1)).toMatchObject({ id: 'chat2', choices: [{ finish_reason: 'length' }] });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^sglang:num_aborted_requests_total\{.*\} 2$/m);
    expect(emulator.engine.simulation.table.inUse).toBe(0);
  });

  test('may be one of several answers to a request, which all end', async () => {
    const { url, emulator } = await emulate({ dialect: 'sglang', speed: 1 });
    const asked = post(`${url}/generate`, { rid: 'many', text: 'Go on.', sampling_params: { ...long, n: 3 } });
    await expect.poll(() => emulator.engine.inFlight).toBe(3);
    await post(`${url}/abort_request`, { rid: 'many' });
    const parts = (await (await asked).json()) as readonly { readonly meta_info: Json }[];
    expect(parts.map(({ meta_info: { finish_reason: reason } }) => (reason as Json)['type'])).toEqual(['abort', 'abort', 'abort']);
  });

  test.each([
    ['/v1/responses', { input: 'Go on.' }, { status: 'cancelled', output: [{ status: 'incomplete' }], incomplete_details: null }],
    ['/v1/messages', { messages: [{ role: 'user', content: 'Go on.' }], max_tokens: 3000 }, { stop_reason: 'end_turn' }],
  ])('ends at %s too', async (path, body, ended) => {
    const { url, emulator } = await emulate({ dialect: 'sglang', speed: 1 });
    const asked = post(`${url}${path}`, { ...body, ignore_eos: true });
    await expect.poll(() => emulator.engine.inFlight).toBe(1);
    await post(`${url}/abort_request`, { abort_all: true });
    expect(await (await asked).json()).toMatchObject(ended);
  });
});

test('what SGLang alone knows is passed over by vLLM, and the log says so', async () => {
  const log: AccessRecord[] = [];
  const { url } = await emulate({ onAccess: (record) => log.push(record) });
  const ask = async (more: object): Promise<unknown> => {
    const response = await post(`${url}/v1/completions`, { prompt: 'Go', seed: 3, max_tokens: 20, ...more });
    const { id, choices } = (await response.json()) as { readonly id: string; readonly choices: unknown };
    return [id.startsWith('cmpl-'), choices];
  };
  const plain = await ask({});
  expect(await ask({ regex: '\\d{5}', ebnf: 'root ::= "a"', rid: 'mine' })).toEqual(plain);
  expect(await ask({ regex: 5 })).toEqual(plain);
  const [stopped] = [await ask({ stop: ' ' })];
  expect(await ask({ stop: ' ', no_stop_trim: true })).toEqual(stopped);
  await expect.poll(() => log.map(({ notes }) => notes['ignored'])).toEqual([undefined, 'rid, regex, ebnf', 'regex', undefined, 'no_stop_trim']);
  expect((await post(`${url}/abort_request`, { abort_all: true })).status).toBe(404);
});

test('shapes in the words of vLLM are passed over by SGLang, and the log says so', async () => {
  const log: AccessRecord[] = [];
  const { url } = await emulate({ dialect: 'sglang', onAccess: (record) => log.push(record) });
  const ask = async (more: object): Promise<unknown> => {
    const response = await post(`${url}/v1/completions`, { prompt: 'Go', seed: 3, max_tokens: 20, ...more });
    return ((await response.json()) as { readonly choices: unknown }).choices;
  };
  const plain = await ask({});
  const shapes = { guided_json: {}, guided_regex: '\\d{5}', guided_grammar: 'root ::= "a"', guided_choice: ['a'], structured_outputs: { regex: 'a' } };
  expect(await ask(shapes)).toEqual(plain);
  expect(await ask({ regex: 'b{5}', guided_regex: 5 })).toMatchObject([{ text: 'bbbbb' }]);
  await expect.poll(() => log.map(({ notes }) => notes['ignored'])).toEqual([undefined, Object.keys(shapes).join(', '), 'guided_regex']);
});
