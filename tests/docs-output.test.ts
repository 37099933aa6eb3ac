import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = new URL('../README.md', import.meta.url);
const block = /(```text\n\$ npm start\n)[\s\S]*?(```)/;

/** The head of the report: what it says in words, and the table in short. */
function head(): string {
  const command = ['cli/supernode.js', 'simulate', 'examples/cloudmatrix384-deepseek-r1.yaml'];
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } });
  const [text, rest] = stdout.split(/^── Latency/m);
  expect(rest, stderr).toBeDefined();
  return `${(text ?? '').trim()}\n`;
}

test('the output in the README is what the program prints (npm run docs writes it anew)', () => {
  const text = readFileSync(readme, 'utf8');
  const anew = text.replace(block, (_, start: string, end: string) => `${start}${head()}${end}`);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(readme, anew);
  expect(readFileSync(readme, 'utf8')).toBe(anew);
});
