import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

const readme = new URL('../README.md', import.meta.url);
const block = /(```text\n\$ npm start\n)[\s\S]*?(```)/;

async function printed(...words: readonly string[]): Promise<string> {
  vi.stubEnv('NO_COLOR', '1');
  vi.stubEnv('FORCE_COLOR', '0');
  const { code, out, err } = await supernode(...words).finally(() => vi.unstubAllEnvs());
  expect(code, err).toBe(0);
  return out;
}

/** The head of the report: what it says in words, and the table in short. */
async function head(): Promise<string> {
  const [text, rest] = (await printed('simulate', 'examples/cloudmatrix384-deepseek-r1.yaml')).split(/^── Latency/m);
  expect(rest).toBeDefined();
  return `${(text ?? '').trim()}\n`;
}

/** A page as it is and as it would be with what the program prints today, which `npm run docs` writes into it. */
function compared(page: URL, anew: (text: string) => string): { readonly now: string; readonly today: string } {
  const text = anew(readFileSync(page, 'utf8'));
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, text);
  return { now: readFileSync(page, 'utf8'), today: text };
}

test('the output in the README is what the program prints (npm run docs writes it anew)', async () => {
  const top = await head();
  const { now, today } = compared(readme, (text) => text.replace(block, (_, start: string, end: string) => `${start}${top}${end}`));
  expect(now).toBe(today);
});

/** Pages that show parts of what a command prints on what the project brings with it; `...` stands for what is left out. */
const shown = ['step', 'machines', 'models', 'what-limits', 'context-cache'] as const;

/** A line without its figures, bars and gaps: what makes two lines the same one, before and after a change of the model. */
const words = (line: string): string =>
  line
    .replaceAll(/[\d.,]+/g, '0')
    .replaceAll(/[\s█▒─]+/g, ' ')
    .trim();

/** Lines of a page as the program prints them today, each behind the one before it. */
function reprinted(lines: readonly string[], output: readonly string[]): readonly string[] {
  let next = 0;
  return lines.map((line) => {
    if (line.trim() === '...' || line === '') return line;
    const found = output.findIndex((candidate, i) => i >= next && words(candidate) === words(line));
    if (found === -1) return `no longer printed: ${line}`;
    next = found + 1;
    return output[found] ?? '';
  });
}

test.each(shown)('the lines of output in docs/guide/%s.md are what the program prints (npm run docs writes their figures anew)', async (name) => {
  const example = /(```text\n\$ supernode ((?:.*\\\n)*.*)\n)([\s\S]*?)(\n```)/g;
  const page = new URL(`../docs/guide/${name}.md`, import.meta.url);
  const outputs: string[][] = [];
  for (const [, , command = ''] of readFileSync(page, 'utf8').matchAll(example))
    outputs.push((await printed(...command.replaceAll('\\\n', ' ').trim().split(/\s+/))).split('\n'));
  expect(outputs).not.toEqual([]);
  const { now, today } = compared(page, (text) => {
    let next = 0;
    return text.replaceAll(
      example,
      (_, start: string, _command: string, lines: string, end: string) => `${start}${reprinted(lines.split('\n'), outputs[next++] ?? []).join('\n')}${end}`,
    );
  });
  expect(now).toBe(today);
});
