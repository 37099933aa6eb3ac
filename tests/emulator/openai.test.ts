import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { emulate } from './running.ts';

const { url } = await emulate();
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const model = 'llama-3.1-8b';

describe('the openai SDK', () => {
  test('lists models', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual([model]);
  });

  test('streams a chat: the role first, then text, usage at the end', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Say something.' }],
      stream: true,
      max_tokens: 12,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
  });

  test('completes a prompt', async () => {
    const completion = await client.completions.create({ model, prompt: 'Once upon a time', max_tokens: 100 });
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', index: 0 });
    expect(completion.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 40, total_tokens: 44 });
  });
});
