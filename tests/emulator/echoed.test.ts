import { describe, expect, test } from 'vitest';
import { echo } from '../../server/tokens/echo.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emulate } from './running.ts';

interface Logprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly (number | null)[];
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
  readonly text_offset: readonly number[];
}
interface Choice {
  readonly index: number;
  readonly text: string;
  readonly finish_reason: string | null;
  readonly logprobs: Logprobs | null;
}
interface Completion {
  readonly choices: readonly Choice[];
  readonly usage?: object | null;
}

const { url, emulator } = await emulate();

async function ask(body: object, at: string = url): Promise<Response> {
  return fetch(`${at}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ seed: 3, ...body }) });
}

async function complete(body: object, at: string = url): Promise<Completion> {
  return (await (await ask(body, at)).json()) as Completion;
}

/** The events of a stream as if they had come at once. */
async function streamed(body: object, at: string = url): Promise<Completion> {
  const text = await (await ask({ ...body, stream: true, stream_options: { include_usage: true } }, at)).text();
  const frames = text.split('\n\n').filter((frame) => frame.startsWith('data: {'));
  const events = frames.map((frame) => JSON.parse(frame.slice('data: '.length)) as Completion);
  const indices = [...new Set(events.flatMap(({ choices }) => choices.map(({ index }) => index)))].toSorted((a, b) => a - b);
  const choices = indices.map((index) => {
    const parts = events.flatMap((event) => event.choices.filter((choice) => choice.index === index));
    const all = <K extends keyof Logprobs>(key: K): Logprobs[K][number][] => parts.flatMap(({ logprobs }) => [...(logprobs?.[key] ?? [])]);
    const logprobs = {
      tokens: all('tokens'),
      token_logprobs: all('token_logprobs'),
      top_logprobs: all('top_logprobs'),
      text_offset: all('text_offset'),
    } as Logprobs;
    return { index, text: parts.map(({ text: said }) => said).join(''), finish_reason: parts.at(-1)?.finish_reason ?? null, logprobs };
  });
  return { choices, usage: events.at(-1)?.usage ?? null };
}

describe.each([
  ['at once', complete],
  ['in a stream', streamed],
])('a prompt that is echoed, %s', (_, answered) => {
  test('has log probabilities before those of the answer, but for its first token', async () => {
    const { choices } = await answered({ prompt: ['hello world', 'Once upon a time'], n: 2, max_tokens: 3, logprobs: 2, echo: true });
    expect(choices).toHaveLength(4);
    for (const { index, text, logprobs } of choices) {
      const said = index < 2 ? 'hello world' : 'Once upon a time';
      const { tokens, token_logprobs: own, top_logprobs: top, text_offset: offsets } = logprobs as Logprobs;
      const prompt = shipped.encode(said).length;
      expect(text.startsWith(said)).toBe(true);
      expect(tokens.join('')).toBe(text);
      expect(tokens.slice(0, prompt).join('')).toBe(said);
      expect([tokens, own, top, offsets].map(({ length }) => length)).toEqual(Array.from({ length: 4 }, () => prompt + 3));
      expect(tokens.map((token, i) => text.slice(offsets[i], (offsets[i] ?? 0) + token.length))).toEqual(tokens);
      expect([own[0], top[0]]).toEqual([null, null]);
      expect(tokens.map((token, i) => top[i]?.[token] ?? null)).toEqual(own);
      for (const value of top.flatMap((one) => Object.values(one ?? {}))) expect(String(value)).toMatch(/^-\d+(\.\d{1,3})?$/);
    }
  });

  test('changes nothing of what is said of the answer', async () => {
    const body = { prompt: 'hello world', max_tokens: 5, logprobs: 1 };
    const [alone, behind] = [await answered(body), await answered({ ...body, echo: true })];
    const prompt = shipped.encode('hello world').length;
    expect(behind.choices[0]?.logprobs?.tokens.slice(prompt)).toEqual(alone.choices[0]?.logprobs?.tokens);
    expect(behind.choices[0]?.logprobs?.token_logprobs.slice(prompt)).toEqual(alone.choices[0]?.logprobs?.token_logprobs);
    expect(behind.usage).toEqual(alone.usage);
  });

  test('is scored alone where no token is asked for', async () => {
    const prompt = 'The quick brown fox jumps over the lazy dog.';
    const { choices, usage } = await answered({ prompt, max_tokens: 0, logprobs: 1, echo: true });
    expect(choices).toMatchObject([{ text: prompt, finish_reason: 'length' }]);
    const count = shipped.encode(prompt).length;
    expect(choices[0]?.logprobs?.tokens).toEqual(shipped.encode(prompt).map((id) => shipped.decode([id])));
    expect(choices[0]?.logprobs?.token_logprobs.filter((one) => one !== null && one < 0)).toHaveLength(count - 1);
    expect(usage).toMatchObject({ prompt_tokens: count, completion_tokens: 0, total_tokens: count });
    expect(emulator.engine.inFlight).toBe(0);
  });

  test('has as many log probabilities as tokens where several are one character, and offsets in characters', async () => {
    const { url: at } = await emulate({}, { answers: echo(shipped) });
    const prompt = 'naïve 👩‍👩‍👧 𝒳 漢字 end';
    const { choices } = await answered({ prompt, max_tokens: 100, logprobs: 0, echo: true }, at);
    const ids = shipped.encode(prompt);
    const { text, logprobs } = choices[0] as Choice;
    expect(text).toBe(prompt + prompt);
    expect(logprobs?.tokens).toEqual([...ids, ...ids].map((id) => shipped.decode([id])));
    const characters = Array.from(text);
    expect(characters.slice(logprobs?.text_offset.at(-1)).join('')).toBe(logprobs?.tokens.at(-1));
    expect(characters.slice(logprobs?.text_offset[ids.length - 1], characters.length / 2).join('')).toBe(logprobs?.tokens.at(-1));
  });
});

test('prompts are scored at every door of a deployment that decodes elsewhere', async () => {
  const { emulator: split, url: front } = await emulate({ instancePorts: 0 }, { scenario: 'examples/cloudmatrix384-deepseek-r1.yaml' });
  const doors = [split.instancePorts[0], split.instancePorts.at(-1)].map((port) => `http://127.0.0.1:${port}`);
  for (const door of [front, ...doors]) {
    const { choices, usage } = await complete({ prompt: 'one two', max_tokens: 0, logprobs: 1, echo: true }, door);
    expect(choices).toMatchObject([{ text: 'one two', finish_reason: 'length', logprobs: { tokens: ['one', ' two'] } }]);
    expect(usage).toMatchObject({ completion_tokens: 0 });
  }
});

test('without an echo no token is nothing to ask for', async () => {
  for (const body of [{}, { echo: false }, { echo: true, min_tokens: 1 }]) {
    const response = await ask({ prompt: 'a', max_tokens: 0, logprobs: 1, ...body });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: expect.objectContaining({ param: 'min_tokens' in body ? 'min_tokens' : 'max_tokens' }) as unknown },
    ]);
  }
});

test('an upstream is asked for the answer without the prompt, and not at all where only the prompt is wanted', async () => {
  let asked = 0;
  const { url: at } = await emulate(
    {},
    {
      answers: {
        answer: (request) => {
          asked++;
          expect(JSON.stringify(request.forward?.body)).not.toContain('echo');
          return echo(shipped).answer(request);
        },
      },
    },
  );
  expect((await complete({ prompt: 'one two', max_tokens: 9, echo: true }, at)).choices[0]?.text).toBe('one twoone two');
  expect((await complete({ prompt: 'one two', max_tokens: 0, echo: true }, at)).choices[0]?.text).toBe('one two');
  expect(asked).toBe(1);
});

test('a prompt that is scored is computed whole, one that is only echoed is not', async () => {
  const cached = async (more: object): Promise<unknown> => (await complete({ prompt: 'echo '.repeat(200), max_tokens: 2, ...more })).usage;
  const told = (tokens: number): object => ({ prompt_tokens_details: { cached_tokens: tokens } });
  for (const scored of [{ logprobs: 0 }, { logprobs: 1, max_tokens: 0 }]) expect(await cached({ echo: true, ...scored })).toMatchObject(told(0));
  // Nothing of them is left in the cache.
  expect(await cached({ echo: true })).toMatchObject(told(0));
  for (const scored of [{ logprobs: 0 }, { logprobs: 1, max_tokens: 0 }]) expect(await cached({ echo: true, ...scored })).toMatchObject(told(0));
  for (const usual of [{ echo: true }, { logprobs: 1 }, { echo: true, max_tokens: 0 }]) expect(await cached(usual)).toMatchObject(told(192));
});

describe('prompt_logprobs', () => {
  type Scored = readonly (Readonly<Record<string, { readonly logprob: number; readonly rank: number; readonly decoded_token: string }>> | null)[];
  const post = async (path: string, body: object): Promise<{ readonly status: number; readonly json: Readonly<Record<string, unknown>> }> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ max_tokens: 2, ...body }),
    });
    return { status: response.status, json: (await response.json()) as Readonly<Record<string, unknown>> };
  };
  const scoresOf = ({ json }: { readonly json: Readonly<Record<string, unknown>> }): Scored | null => json['prompt_logprobs'] as Scored | null;
  const ofChoice = async (body: object): Promise<Scored | null> => {
    const { json } = await post('/v1/completions', body);
    return scoresOf({ json: (json['choices'] as readonly Readonly<Record<string, unknown>>[])[0] ?? {} });
  };

  test('score each token of a prompt as its echo does, with as many that it was chosen among', async () => {
    const prompt = 'All happy families are alike.';
    const ids = shipped.encode(prompt);
    const scored = await ofChoice({ prompt, prompt_logprobs: 3 });
    const { choices } = await complete({ prompt, max_tokens: 1, echo: true, logprobs: 3 });
    expect(scored?.map((among, i) => among?.[String(ids[i])]?.logprob ?? null)).toEqual(choices[0]?.logprobs?.token_logprobs.slice(0, ids.length));
    expect(scored?.[0]).toBeNull();
    scored?.slice(1).forEach((among, i) => {
      const told = Object.values(among ?? {}).toSorted((a, b) => a.rank - b.rank);
      expect(told.map(({ rank }) => rank)).toEqual([1, 2, 3]);
      expect(told[0]?.decoded_token).toBe(shipped.decode([ids[i + 1] ?? -1]));
    });
    expect(await ofChoice({ prompt, prompt_logprobs: 3 })).toEqual(scored);
    expect((await ofChoice({ prompt, prompt_logprobs: 0 }))?.slice(1).map((among) => Object.keys(among ?? {}))).toEqual(ids.slice(1).map((id) => [String(id)]));
    expect(await ofChoice({ prompt })).toBeNull();
  });

  test('score conversations and token ids too, marks of the template among them', async () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const { tokens } = (await post('/tokenize', { messages })).json as { readonly tokens: readonly number[] };
    const chat = scoresOf(await post('/v1/chat/completions', { messages, prompt_logprobs: 1 }));
    expect(chat?.slice(1).map((among) => Number(Object.keys(among ?? {})[0]))).toEqual(tokens.slice(1));
    expect(chat?.flatMap((among) => Object.values(among ?? {})).some(({ decoded_token: text }) => text.startsWith('<|im_end|>'))).toBe(true);
    expect(scoresOf(await post('/inference/v1/generate', { token_ids: [1, 2, 3], sampling_params: { prompt_logprobs: 2 } }))).toHaveLength(3);
  });

  test('take the whole prompt, whatever is cached of it', async () => {
    const cached = async (more: object): Promise<unknown> => {
      const { usage } = (await post('/v1/completions', { prompt: 'score '.repeat(200), ...more })).json as {
        readonly usage: Readonly<Record<string, unknown>>;
      };
      return usage['prompt_tokens_details'];
    };
    await cached({});
    expect([await cached({ prompt_logprobs: 0 }), await cached({})]).toEqual([{ cached_tokens: 0 }, { cached_tokens: 192 }]);
  });

  test.each([{ stream: true, prompt_logprobs: 1 }, { prompt_logprobs: 21 }, { prompt_logprobs: -1 }])('are refused as %j', async (body) => {
    const said = { prompt: 'Hi', messages: [{ role: 'user', content: 'Hi' }] };
    for (const path of ['/v1/completions', '/v1/chat/completions'])
      expect(await post(path, { ...said, ...body })).toMatchObject({ status: 400, json: { error: { param: 'prompt_logprobs' } } });
  });
});
