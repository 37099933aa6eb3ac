import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { contextAt } from '../cli/scenario.ts';
import { freshIntervals } from '../cli/validate/intervals.ts';
import { judgeAll } from '../cli/validate/judge.ts';
import { caseJsonSchema } from '../schema/case/json-schema.ts';
import { readCase } from '../schema/case/read.ts';
import { InputError } from '../src/base/errors.ts';
import { caseKinds } from '../src/ledger/case.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
}

const schema = caseJsonSchema() as Node;
const guide = readFileSync(new URL('../docs/guide/validate.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => parse(text) as Readonly<Record<string, unknown>>);
const context = {
  ...contextAt(fileURLToPath(new URL('../', import.meta.url))),
  scenario: (path: string, at: string): never => {
    throw new InputError([{ path: at, message: `no such scenario file: ${path}` }]);
  },
};

function nodes(node: Node, path: string): readonly (readonly [string, Node])[] {
  return [[path, node], ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) => nodes(inner, `${path}.${key}`))];
}

describe('the format of a case', () => {
  test('the JSON Schema for editors is the schema of the door (`npx vitest run tests/ledger-guide.test.ts -u` writes it)', async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../schema/case.schema.json');
  });

  test('every key is documented in the schema and in the guide', () => {
    const all = nodes(schema, 'case');
    expect(all.filter(([, { description = '' }]) => !/\w.*\.$/.test(description)).map(([path]) => path)).toEqual([]);
    const keys = all.slice(1).map(([path]) => path.split('.').at(-1) ?? '');
    expect([...new Set(keys)].filter((key) => !guide.includes(`\`${key}\``))).toEqual([]);
  });

  test('the guide has an example of each kind and of each question, and all of them run', async () => {
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(caseKinds));
    for (const key of ['operator', 'path', 'collective', 'exchange', 'step', 'layer', 'simulate', 'system', 'gain'])
      expect(
        examples.some((example) => key in example),
        key,
      ).toBe(true);
    const cases = await Promise.all(examples.map((example, i) => readCase(example, `example ${i + 1}`, context)));
    for (const { predicted } of judgeAll(cases, freshIntervals)) expect(Number.isFinite(predicted)).toBe(true);
  });
});

describe('an exchange', () => {
  const ask = async (keys: Readonly<Record<string, unknown>>, measured: string): Promise<number> => {
    const exchange = { machine: 'hgx-h800*1', stack: 'sglang', operation: 'dispatch', ranks: 8, tokens: 128, hidden: 7168, experts: 8, format: 'fp8', ...keys };
    const base = { id: 'x', title: 'x', kind: 'link', basis: 'predicted', source: { document: 'x', tag: 'P' }, tolerance: '10 %' };
    const [judged] = judgeAll([await readCase({ ...base, exchange, measured }, 'x', context)], freshIntervals);
    return judged?.predicted ?? Number.NaN;
  };

  test.each(['low-latency', 'throughput'])(
    'has the bandwidth of the copies that are counted over its time (%s kernels, which send a row to each expert or rank)',
    async (kernel) => {
      const [time, rate] = [await ask({ kernel }, '1 us'), await ask({ kernel, figure: 'bandwidth', copies: 5.25 }, '1 GB/s')];
      expect((rate * time) / (128 * 5.25 * (7168 + 224))).toBeCloseTo(1, 9);
    },
  );

  test('takes longer over the plane between nodes alone', async () => {
    const [both, alone] = [await ask({}, '1 us'), await ask({ plane: 'rdma' }, '1 us')];
    expect(alone).toBeGreaterThan(2 * both);
    await expect(ask({ plane: 'pcie' }, '1 us')).rejects.toThrow(/exchange\.plane/);
  });
});

describe('what is wrong with a case', () => {
  const good = { ...examples.find(({ kind }) => kind === 'link') };
  const problems = async (value: unknown): Promise<readonly string[]> => {
    try {
      await readCase(value, 'a.yaml', context);
    } catch (error) {
      if (error instanceof InputError) return error.issues.map(({ path, message }) => `${path}: ${message}`);
      throw error;
    }
    return [];
  };

  test('nothing, where nothing is', async () => {
    expect(await problems(good)).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['a unit of another quantity', { measured: '166 us' }, /measured: the question asks for a figure such as/],
    ['a bare number for a rate', { measured: 166 }, /measured: the question asks/],
    ['no figure at all', { measured: 'fast' }, /measured: expected a figure with its unit/],
    ['points of a figure that is no gain', { tolerance: '10 points' }, /tolerance: expected "10 %" or "exact"/],
    ['an unknown key', { colour: 'red' }, /colour: unknown key/],
    ['two questions', { system: { figure: 'chips', machine: 'cloudmatrix384' } }, /system: a case asks one question; "path" is there already/],
    ['no question', { path: undefined }, /expected one of operator, path/],
    ['a name with blanks', { id: 'My Case' }, /id: expected small letters/],
    ['an unknown machine', { path: { machine: 'cloudmatrix', scope: 'machine', operation: 'read', figure: 'latency' } }, /path\.machine: unknown machine/],
    ['an unknown plane', { path: { machine: 'hgx-h100', plane: 'ub', scope: 'node', operation: 'read', figure: 'latency' } }, /path\.plane: expected one of/],
    ['no source', { source: undefined }, /source: expected a source/],
    ['a source without a tag', { source: { document: 'x' } }, /source\.tag: expected one of P/],
  ])('%s', async (_, change, complaint) => {
    const { length, 0: first } = await problems({ ...good, ...change });
    expect(length).toBe(1);
    expect(first).toMatch(complaint);
  });

  test('a model with experts without a word on their load', async () => {
    const { experts, ...silent } = { ...examples.find(({ kind }) => kind === 'layer') };
    expect(experts).toBeDefined();
    expect(await problems(silent)).toEqual([expect.stringMatching(/experts: the model has experts/)]);
  });

  test('operators left out of a layer that its stages do not have; one that shared its launch leaves the others one of their own', async () => {
    const layer = examples.find(({ kind }) => kind === 'layer') as { readonly layer: Readonly<Record<string, unknown>> };
    const leaving = (...without: readonly string[]): unknown => ({ ...layer, layer: { ...layer.layer, ...(without.length === 0 ? {} : { without }) } });
    expect(await problems(leaving('router', 'attention-norm'))).toEqual([
      expect.stringMatching(/layer\.without: expected operators of its stages.*, got router$/),
    ]);
    const predicted = async (...without: readonly string[]): Promise<number> =>
      judgeAll([await readCase(leaving(...without), 'x', context)], freshIntervals)[0]?.predicted ?? Number.NaN;
    const [all, norm, both] = [await predicted(), await predicted('attention-norm'), await predicted('attention-norm', 'attention-quantise')];
    expect(norm).toBeLessThan(all);
    expect(norm - both).toBeGreaterThan(2e-6);
  });

  test('every size of a launch that is missing or unknown, and flags of a step that do not go together', async () => {
    const operator = { machine: 'hgx-h800', stack: 'sglang', class: 'gemm', format: 'fp8-block', shape: { m: 1, n: 2, depth: 3 } };
    expect(await problems({ ...good, path: undefined, operator, measured: '1 us' })).toEqual([
      expect.stringMatching(/operator\.shape\.depth: unknown size; gemm has m, n, k, groups/),
      expect.stringMatching(/operator\.shape\.k: expected a number above zero, got nothing/),
    ]);
    const step = { machine: 'hgx-h100', model: 'llama-3.1-8b', phase: 'decode', gpus: 1, tokens: '8/gpu' };
    const told = await problems({ ...good, path: undefined, step, measured: '1 ms' });
    expect(told).toEqual(expect.arrayContaining([expect.stringMatching(/step\.tokens: belongs to/), expect.stringMatching(/step\.batch: expected a count/)]));
  });
});
