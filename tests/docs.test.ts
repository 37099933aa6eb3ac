import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { verbs } from '../cli/verbs.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const underDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file));
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...underDocs].filter((file) => file.endsWith('.md')).toSorted();
const told = pages.filter((page) => page === 'README.md' || page.startsWith(join('docs', 'guide')));

const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** The name by which a heading is linked to. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function brokenLinks(page: string): readonly string[] {
  const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((link) => {
    const [file = '', heading] = link.split('#');
    const path = file === '' ? join(root, page) : join(root, dirname(page), file);
    if (!existsSync(path)) return true;
    if (heading === undefined) return false;
    const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => anchor(text));
    return !headings.includes(heading);
  });
}

/** Command lines of fenced blocks, without prompt, comment and what they are piped or redirected into. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.replaceAll('\\\n', ' '));
  const inline = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`((?:npx )?supernode [a-z][^`]*)`/g)].map(([, code = '']) => code);
  return [...blocks.flatMap((block) => block.split('\n')), ...inline].flatMap((line) => {
    const [, command] = /^\s*(?:\$ )?(?:npx )?supernode (.+)$/.exec(line) ?? [];
    return command === undefined ? [] : [command.replace(/\s(?:#|\||>).*$/, '').trim()];
  });
}

/** What is wrong with a command line, or nothing. */
async function complaint(line: string): Promise<string | undefined> {
  const words = (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/^["']|["']$/g, ''));
  const verb = verbs.find(({ name }) => name === words[0]);
  if (verb === undefined) return words[0]?.startsWith('--') === true ? undefined : `no verb ${words[0]}`;
  const top = (await verb.load()).command();
  const inner: Command | undefined = top.commands.find((command) => command.name() === words[1]);
  const command = (inner ?? top).exitOverride().configureOutput({ writeErr: () => {} });
  const { operands, unknown } = command.parseOptions(words.slice(inner === undefined ? 1 : 2));
  const flags = unknown.filter((word) => word.startsWith('-') && word !== '--help');
  if (flags.length > 0) return `no flag ${flags.join(', ')}`;
  const missing = operands.filter((operand) => operand.startsWith('examples/') && !existsSync(join(root, operand)));
  return missing.length > 0 ? `no file ${missing.join(', ')}` : undefined;
}

describe.each(pages)('%s', (page) => {
  test('its links lead somewhere', () => {
    expect(brokenLinks(page)).toEqual([]);
  });
});

describe.each(told)('%s', (page) => {
  test('its command lines use verbs, flags and examples that exist', async () => {
    const complaints = await Promise.all(commandLines(read(page)).map(async (line) => ({ line, wrong: await complaint(line) })));
    expect(complaints.filter(({ wrong }) => wrong !== undefined)).toEqual([]);
  });
});

test('the guide names every page of the guide', () => {
  const index = read(join('docs', 'guide', 'README.md'));
  const others = told.filter((page) => page.startsWith('docs') && !page.endsWith('README.md')).map((page) => relative(join('docs', 'guide'), page));
  expect(others.filter((page) => !index.includes(`(${page})`))).toEqual([]);
});

test('the README says of every verb that it works', () => {
  const table = read('README.md').split('\n');
  for (const { name } of verbs) expect(table.find((line) => line.startsWith('|') && line.includes(`\`${name}\``) && line.endsWith('| works |'))).toBeDefined();
});
