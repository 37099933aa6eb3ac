import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataNames } from '../cli/data.ts';
import type { DataFolder } from '../schema/catalogue/catalogue.ts';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const folders: readonly DataFolder[] = ['chips', 'machines', 'models', 'stacks'];

/** Makers, libraries and frameworks that stand behind the names of the catalogue. */
const makers = [
  'ascend',
  'cloudmatrix',
  'huawei',
  'nvidia',
  'hopper',
  'blackwell',
  'nvlink',
  'nvswitch',
  'nvl72',
  'cann',
  'cuda',
  'hccl',
  'nccl',
  'deepep',
  'deepgemm',
  'flashmla',
  'flashinfer',
  'vllm',
  'sglang',
  'tensorrt',
  'deepseek',
  'qwen',
  'llama',
  'mixtral',
  'kimi',
  'gpt-oss',
];

/** Names that begin a word and go on as they like: `hopper`, `deepseek-v3`. */
const pattern = (names: readonly string[]): RegExp =>
  new RegExp(`(?<![a-z0-9])(?:${names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(?![a-z0-9])`, 'i');

function sources(): readonly string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(file));
}

test('no chip, machine, model, stack or library of the catalogue is named in the engine', () => {
  const named = pattern([...folders.flatMap((folder) => dataNames(folder)), ...makers]);
  const found = sources().flatMap((file) =>
    readFileSync(join(src, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (named.test(line) ? [`src/${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test('the search finds what it is for', () => {
  const named = pattern(['h100', 'ascend', 'gpt-oss']);
  expect(['if (chip === "h100")', '// as on an Ascend die', 'gpt-oss-20b'].every((line) => named.test(line))).toBe(true);
  expect(['ascending', 'h1000', 'graph100s'].some((line) => named.test(line))).toBe(false);
});
