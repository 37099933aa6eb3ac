import { describe, expect, test } from 'vitest';
import { streamModes } from '../../server/faults/stream-fault.ts';
import { raw, requestOf } from './raw.ts';
import { emulate } from './running.ts';

const { url, emulator } = await emulate({ speed: 1 });
const chat = JSON.stringify({
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
  max_tokens: 60,
  ignore_eos: true,
  stream_options: { include_usage: true },
});

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('faults of requests', () => {
  test('a header forces a status', async () => {
    const response = await post('/v1/chat/completions', chat, { 'x-return-error': '503' });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 503, type: 'ServiceUnavailableError' } });
    expect((await post('/v1/chat/completions', chat, { 'x-return-error': 'soon' })).status).toBe(400);
  });

  test('by share and type, the same requests in each run of a seed', async () => {
    const statuses = async (): Promise<readonly number[]> => {
      const { url: own } = await emulate({
        injected: { failureShare: 0.5, failures: ['rate_limit', 'server_error'], streamShare: 0, streamFaults: streamModes },
      });
      const found: number[] = [];
      for (let i = 0; i < 30; i++)
        found.push(
          (await fetch(`${own}/v1/completions`, { method: 'POST', body: '{"prompt":"a","max_tokens":1}', headers: { 'content-type': 'application/json' } }))
            .status,
        );
      return found;
    };
    const first = await statuses();
    expect(new Set(first)).toEqual(new Set([200, 429, 503]));
    expect(await statuses()).toEqual(first);
  });
});

describe('faults of streams', () => {
  const streamed = async (fault: string, body = chat) => {
    const { text, end } = await raw(url, requestOf('/v1/chat/completions', body, { 'x-supernode-fault': fault }), { patience: 1500 });
    return { text, end, contents: [...text.matchAll(/"content":"[^"]+"/g)].length };
  };

  test('without one a stream is whole', async () => {
    const { text, end } = await streamed('no_done;after_chunks=999999');
    expect(end).toBe('closed');
    expect(text).toContain('"completion_tokens":60');
  });

  test.each([
    ['cut_between_frames;after_chunks=3', 3, /\n\n\r\n$/, 'closed'],
    ['cut_mid_frame;after_chunks=2', 2, /data: [^\n]*\r\n$/, 'closed'],
    ['error_400_in_sse;after_chunks=4', 4, /"code":400\}\}\n\n/, 'closed'],
    ['stall;after_chunks=2', 2, /\n\n\r\n$/, 'open'],
    ['no_done', undefined, /"usage":\{[^\n]*\n\n\r\n0\r\n\r\n$/, 'closed'],
    ['no_usage', undefined, /"finish_reason":"length"[^\n]*\n\ndata: \[DONE\]/, 'closed'],
  ])('%s', async (fault, chunks, tail, end) => {
    const first = await streamed(fault);
    expect(first.contents).toBe(chunks ?? first.contents);
    expect(first.text).toMatch(tail);
    expect(first.end).toBe(end);
  });

  test('a reset', async () => {
    expect((await streamed('reset;after_chunks=1')).end).toBe('reset');
  });

  test('a stall that passes loses nothing', async () => {
    const { text } = await streamed('stall;after_chunks=2;delay_ms=50');
    const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join('');
    const { text: other } = await streamed('no_usage', chat.replace('"stream"', '"seed":5,"stream"'));
    expect(said.length).toBeGreaterThan(10);
    expect(other).toContain('[DONE]');
    expect(text).toContain('[DONE]');
  });

  test('an error instead of a stream', async () => {
    const envelope = await post('/v1/chat/completions', chat, { 'x-supernode-fault': 'error_envelope_200' });
    expect([envelope.status, await envelope.json()]).toEqual([200, expect.objectContaining({ error: expect.objectContaining({ code: 500 }) as unknown })]);
    expect((await post('/v1/chat/completions', chat, { 'x-supernode-fault': 'cancelled_499' })).status).toBe(499);
  });

  test('a call of a function is cut in its middle', async () => {
    const body = JSON.stringify({
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      tool_choice: 'required',
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { where: { type: 'string' } }, required: ['where'] } } }],
    });
    const { text, end } = await streamed('mid_tool_call;after_chunks=2', body);
    expect(end).toBe('closed');
    expect(text).toContain('"name":"look"');
    expect(text).not.toContain('finish_reason":"tool_calls"');
  });

  test('what is no fault is told what there is', async () => {
    const response = await post('/v1/chat/completions', chat, { 'x-supernode-fault': 'explode' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('cut_between_frames');
  });
});

describe('faults of the system', () => {
  test('a chip that is killed takes what its instance had; requests go on when it serves again', async () => {
    const { url: own, emulator: hit } = await emulate(
      { speed: 50 },
      { flags: { set: ['recovery={"detection":"1 s","restart":"2 s","retries":5,"spares":true}', 'faults=[{"at":"9000 s","kill":"gpu 7"}]'] } },
    );
    const ask = (): Promise<Response> =>
      fetch(`${own}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'Hello there', max_tokens: 3000, ignore_eos: true }),
      });
    const answers = Array.from({ length: 6 }, ask);
    await expect.poll(() => hit.engine.inFlight).toBe(6);
    const struck = await fetch(`${own}/admin/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ drill: 'kill+relaunch', part: 'gpu 0', for: '1 s' }),
    });
    expect(struck.status).toBe(202);
    for (const answer of await Promise.all(answers)) expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 3000 } });
    const state = (await (await fetch(`${own}/admin/state`)).json()) as { readonly faults: readonly { readonly text: string; readonly interrupted: number }[] };
    expect(state.faults).toMatchObject([{ text: 'gpu 0', kind: 'kill', interrupted: 6 }]);
  });

  test('what cannot be struck is told, all of it', async () => {
    const response = await post('/admin/faults', { faults: [{ kill: 'gpu 99' }, { slow: 'gpu 0' }, { kill: 'gpu 1', mtbf: '1 h' }] });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { readonly error: { readonly message: string } };
    for (const part of ['faults[0].kill', 'faults[1].slow', 'faults[2].mtbf']) expect(error.message).toContain(part);
  });

  test('settings are changed all at once or not at all', async () => {
    expect((await post('/admin/config', { failureShare: 1, maxInFlight: 0 })).status).toBe(400);
    expect((await post('/v1/completions', { prompt: 'a', max_tokens: 1 })).status).toBe(200);
    expect((await post('/admin/config', { failureShare: 1, failures: ['rate_limit'] })).status).toBe(200);
    expect((await post('/v1/completions', { prompt: 'a', max_tokens: 1 })).status).toBe(429);
    expect(await (await post('/admin/config', { failureShare: 0 })).json()).toMatchObject({ failureShare: 0, failures: ['rate_limit'], maxInFlight: 10_000 });
    expect(emulator.injector.faults.failureShare).toBe(0);
  });
});

test('beyond the door of clients nothing is administered without a token', async () => {
  const { url: closed } = await emulate({ admin: { here: false } });
  expect((await fetch(`${closed}/admin/state`)).status).toBe(404);
  const { url: guarded } = await emulate({ admin: { here: true, token: 'secret' } });
  expect((await fetch(`${guarded}/admin/state`)).status).toBe(401);
  expect((await fetch(`${guarded}/admin/state`, { headers: { authorization: 'Bearer secret' } })).status).toBe(200);
});

test('who looks on is told the run as its event log would be', async () => {
  const { url: own, emulator: watched } = await emulate();
  const abort = new AbortController();
  const response = await fetch(`${own}/admin/events`, { signal: abort.signal });
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(chunk);
  };
  const reading = read().catch(() => {});
  await expect.poll(() => text).toContain('event: head\ndata: {"schema":"supernode/events/1"');
  await fetch(`${own}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"a","max_tokens":3}' });
  await expect.poll(() => text).toContain('"kind":"finished"');
  const kinds = text.split('\n').flatMap((line) => (line.startsWith('data: {"kind"') ? [(JSON.parse(line.slice(6)) as { readonly kind: string }).kind] : []));
  expect(kinds.filter((kind) => kind !== 'step')).toEqual(['external', 'arrived', 'routed', 'scheduled', 'prefilled', 'first-token', 'finished']);
  abort.abort();
  await reading;
  expect(watched.engine.simulation.table.inUse).toBe(0);
});
