import { expect, test } from 'vitest';
import { echo } from '../../server/tokens/echo.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emulate } from './running.ts';

/** What is quoted in JSON, what has several bytes, and what several tokens share. */
const said = `He said "no\\yes"\n\tand 5 < 6 — naïve, 漢字, 👩‍👩‍👧‍👦 ${'words and more words '.repeat(12)}"`;
const chat = { messages: [{ role: 'user', content: said }] };
const asked = ['street', 'town', 'country', 'reason', 'colour'];
const parameters = { type: 'object', properties: Object.fromEntries(asked.map((name) => [name, { type: 'string' }])), required: asked };
const tools = [{ type: 'function', function: { name: 'find', parameters } }];

interface Event {
  readonly choices: readonly { readonly index: number; readonly text?: string; readonly delta?: Delta }[];
}
interface Delta {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[];
}

/** Events of a stream that was asked for with a header, so that nothing in it is prepared, or without. */
async function events(url: string, path: string, body: object, spoiled: boolean): Promise<readonly Event[]> {
  const headers = { 'content-type': 'application/json', ...(spoiled ? { 'x-supernode-fault': 'no_usage' } : {}) };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify({ ...body, stream: true, seed: 5 }) });
  const frames = (await response.text()).split('\n\n');
  expect(frames.splice(-2)).toEqual(['data: [DONE]', '']);
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as Event);
}

/** What is said in each choice, and the events without their words and names, each kind once. */
function read(all: readonly Event[]): { readonly texts: readonly string[]; readonly kinds: readonly string[] } {
  const texts: string[] = [];
  for (const { choices } of all)
    for (const { index, text, delta } of choices)
      texts[index] = (texts[index] ?? '') + (text ?? delta?.content ?? delta?.tool_calls?.map((call) => call.function.arguments).join('') ?? '');
  const kind = (event: Event): string =>
    JSON.stringify(event, (key, value: unknown) =>
      key === 'id' || key === 'created' || ((key === 'text' || key === 'content' || key === 'arguments') && typeof value === 'string') ? typeof value : value,
    );
  return { texts, kinds: [...new Set(all.map(kind))].toSorted((a, b) => (a < b ? -1 : 1)) };
}

test.for([
  ['a chat', '/v1/chat/completions', chat],
  ['several choices', '/v1/chat/completions', { ...chat, n: 3 }],
  ['a call of a function', '/v1/chat/completions', { ...chat, tools, tool_choice: 'required' }],
  ['a completion', '/v1/completions', { prompt: said, max_tokens: 200 }],
  ['several prompts', '/v1/completions', { prompt: [said, 'plain words only '.repeat(30)], max_tokens: 200, echo: true }],
] as const)('%s: what is prepared once for all events of a stream says the same as events that are worded one by one', async ([, path, body]) => {
  const { url } = await emulate({ speed: 1 }, { answers: echo(shipped) });
  const [prepared, one] = [await events(url, path, body, false), await events(url, path, body, true)];
  expect(prepared.length).toBeGreaterThan(5);
  expect(read(prepared)).toEqual(read(one));
});
