import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = new URL('../README.md', import.meta.url);
const block = /(```text\n\$ npm start\n)[\s\S]*?(```)/;

function printed(...words: readonly string[]): string {
  const environment = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const { stdout, stderr, status } = spawnSync(process.execPath, ['cli/supernode.js', ...words], { cwd: root, encoding: 'utf8', env: environment });
  expect(status, stderr).toBe(0);
  return stdout;
}

/** The head of the report: what it says in words, and the table in short. */
function head(): string {
  const [text, rest] = printed('simulate', 'examples/cloudmatrix384-deepseek-r1.yaml').split(/^── Latency/m);
  expect(rest).toBeDefined();
  return `${(text ?? '').trim()}\n`;
}

/** A page as it is and as it would be with what the program prints today, which `npm run docs` writes into it. */
function compared(page: URL, anew: (text: string) => string): { readonly now: string; readonly today: string } {
  const text = anew(readFileSync(page, 'utf8'));
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, text);
  return { now: readFileSync(page, 'utf8'), today: text };
}

test('the output in the README is what the program prints (npm run docs writes it anew)', () => {
  const { now, today } = compared(readme, (text) => text.replace(block, (_, start: string, end: string) => `${start}${head()}${end}`));
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

test.each(shown)('the lines of output in docs/guide/%s.md are what the program prints (npm run docs writes their figures anew)', (page) => {
  const example = /(```text\n\$ supernode ((?:.*\\\n)*.*)\n)([\s\S]*?)(\n```)/g;
  const { now, today } = compared(new URL(`../docs/guide/${page}.md`, import.meta.url), (text) => {
    expect(text).toMatch(example);
    return text.replaceAll(example, (_, start: string, command: string, lines: string, end: string) => {
      const output = printed(...command.replaceAll('\\\n', ' ').trim().split(/\s+/)).split('\n');
      return `${start}${reprinted(lines.split('\n'), output).join('\n')}${end}`;
    });
  });
  expect(now).toBe(today);
});
