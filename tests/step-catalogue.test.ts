import { describe, expect, test } from 'vitest';
import { dataNames, parseFile } from '../cli/data.ts';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import { readStack } from '../schema/stack.ts';
import type { Library } from '../src/catalogue/library.ts';
import { InputError } from '../src/base/errors.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import type { Layout } from '../src/model/layout.ts';
import { precisionOf } from '../src/model/precision.ts';

const machines = dataNames('machines').map((name) => loadMachine(name));
const models = dataNames('models').map((name) => loadModel(name));

describe.each(machines.map((machine) => [machine.name, machine] as const))('%s under its own stack', (_, machine) => {
  test('prices every model of the catalogue in BF16 on one die, or in 8 bit where it multiplies that', () => {
    const stack = loadStack(machine.stack);
    for (const model of models) {
      for (const weights of ['bf16', 'fp8', 'int8'] as const) {
        if (weights !== 'bf16' && machine.chip.die.matrix.peaks[weights] === undefined) continue;
        const layout: Layout = {
          dies: 1,
          tensor: 1,
          pipeline: 1,
          attention: 'tensor',
          experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
          microbatches: 1,
          draftTokens: model.draft === undefined ? 0 : 1,
        };
        const precision = precisionOf(model, { weights, experts: weights, activations: weights });
        const pricer = stepPricer({ machine, model, precision, layout, stack, role: 'merged' });
        const rank = {
          decodeSequences: 7,
          queryTokens: 1 + layout.draftTokens,
          decodeContext: 9000,
          prefillTokens: 300,
          prefillSequences: 2,
          prefillPairs: 30_000,
          prefillContext: 400,
        };
        const { time } = pricer.cost({ rank, instanceTokens: 307 + 7 * layout.draftTokens });
        expect(time > 0 && Number.isFinite(time), `${model.name} in ${weights}`).toBe(true);
        expect(new Set(pricer.doubts.map(({ rule, where }) => rule + where)).size).toBe(pricer.doubts.length);
      }
    }
  });
});

describe('stack files', () => {
  const library = (name: string): Library => ({ name, title: name, collectives: [], exchanges: [] });
  const good = parseFile(new URL('../data/stacks/vllm.yaml', import.meta.url).pathname) as Record<string, unknown>;
  const without = (key: string): Record<string, unknown> => Object.fromEntries(Object.entries(good).filter(([name]) => name !== key));
  const streams = { name: 'all', stages: ['attention-core', 'gate'], 'matrix-share': 0.7, 'vector-share': 1, 'memory-share': 1 };

  test('chips that share a generation with an entry exist', () => {
    const generations = new Set(machines.map(({ chip }) => chip.generation));
    const stacks = dataNames('stacks').map((name) => loadStack(name));
    const named = stacks.flatMap(({ efficiencies, exchanges, collectives }) => [
      ...efficiencies.map(({ generation }) => generation),
      ...[...collectives, ...exchanges].flatMap((entry) => entry.generations ?? []),
    ]);
    expect(named.filter((generation) => generation !== undefined && !generations.has(generation))).toEqual([]);
  });

  test.each<[string, unknown, readonly RegExp[]]>([
    ['a list', [], [/expected a map with the keys name/]],
    ['a missing key', without('reserve'), [/reserve: expected a map with the keys value/]],
    ['an unknown key', { ...good, 'host-gapp': 1 }, [/host-gapp: unknown key \(did you mean "host-gap"\?\)/]],
    [
      'a bare number for a time',
      { ...good, 'host-gap': { value: 3, kind: 'estimate', source: 'x' } },
      [/host-gap.value: expected a quantity of time.*bare number 3/],
    ],
    ['bytes for a time', { ...good, 'host-gap': { value: '3 GB', kind: 'estimate', source: 'x' } }, [/host-gap.value: "3 GB" is a quantity of bytes/]],
    ['a share above one', { ...good, 'memory-utilisation': { value: 1.2, kind: 'estimate', source: 'x' } }, [/memory-utilisation.value: expected a share/]],
    ['no source', { ...good, reserve: { value: '1 GB', kind: 'estimate' } }, [/reserve.source: expected the source/]],
    [
      'an unknown class of operators',
      { ...good, efficiencies: [{ operator: 'gem', compute: good['memory-utilisation'], memory: good['memory-utilisation'], floor: good['host-gap'] }] },
      [/efficiencies\[0\].operator: .*did you mean "gemm"/],
    ],
    [
      'a class without an entry for any chip',
      { ...good, efficiencies: (good['efficiencies'] as { operator: string }[]).filter(({ operator }) => operator !== 'vector') },
      [/efficiencies: no entry for vector/],
    ],
    [
      'streams that take more than the die',
      { ...good, streams: { source: 'x', prefill: [streams, { ...streams, name: 'more' }], decode: [] } },
      [/streams.prefill: attention-core is on two streams/, /more than one matrix engine/],
    ],
    [
      'an unknown stage',
      { ...good, streams: { source: 'x', prefill: [{ ...streams, stages: ['attention-cor'] }], decode: [] } },
      [/streams.prefill\[0\].stages\[0\]: .*did you mean "attention-core"/],
    ],
    [
      'turns that leave a stage out',
      { ...good, streams: { source: 'x', prefill: [], decode: [], turns: { decode: [['gate', 'dispatch'], ['wait']] } } },
      [/streams.turns.decode: expected attention-core in one turn/, /expected experts in one turn/],
    ],
    [
      'turns out of order',
      {
        ...good,
        streams: {
          source: 'x',
          prefill: [],
          decode: [],
          turns: {
            decode: [
              ['experts', 'dense'],
              ['attention-prologue', 'attention-core', 'attention-output', 'gate', 'dispatch', 'combine', 'wait'],
              ['shared-expert'],
            ],
          },
        },
      },
      [/streams.turns.decode: experts has its turn before what it needs/, /shared-expert has its turn behind the wait/],
    ],
    ['a base that nobody knows', { name: 'mine', extends: 'sgland' }, [/extends: expected the name of a stack of the catalogue, got "sgland"/]],
    ['a base that extends another', { name: 'mine', extends: 'deepseek' }, [/extends: deepseek extends another stack itself/]],
    ['no block', { ...good, 'block-tokens': 0 }, [/block-tokens: expected a whole number of at least 1, got 0/]],
  ])('%s is refused', (_, value, messages) => {
    let text = '';
    try {
      readStack(value, '', { library, stack: (name) => (name === 'deepseek' ? { extends: 'sglang' } : undefined) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      text = error.message;
    }
    for (const message of messages) expect(text).toMatch(message);
  });

  const undivided: Layout = {
    dies: 1,
    tensor: 1,
    pipeline: 1,
    attention: 'tensor',
    experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
    microbatches: 1,
    draftTokens: 0,
  };

  test('kernels that are those of another stack are priced by its cells, in every version', () => {
    const kernel = { class: 'gemm', format: 'fp8-block', stack: 'sglang', source: 'x' };
    expect(readStack({ ...good, 'same-kernels': [kernel] }, '', { library }).kernels).toEqual([{ ...kernel, use: 'fp8-block' }]);
    const price = (stack: string): number => {
      const machine = loadMachine('gb200-nvl72');
      const model = loadModel('deepseek-v3');
      const layout: Layout = { ...undivided, dies: 32, experts: { ...undivided.experts, parallel: 32 } };
      const pricer = stepPricer({ machine, model, precision: precisionOf(model, {}), layout, stack: loadStack(stack), role: 'decode' });
      const rank = { decodeSequences: 64, queryTokens: 1, decodeContext: 65_536, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
      return pricer.explain({ rank, instanceTokens: 2048 }).operators.find(({ name }) => name === 'output-projection')?.time ?? Number.NaN;
    };
    expect(price('sglang')).toBe(price('tensorrt-llm'));
    expect(price('sglang@0.5.9')).toBe(price('tensorrt-llm'));
  });

  test.each(['vllm', 'sglang', 'tensorrt-llm'].flatMap((stack) => ['hgx-h100', 'hgx-h200', 'hgx-b200'].map((machine) => [stack, machine] as const)))(
    'under %s on %s experts of half the bytes take less time where reading them binds',
    (stack, machine) => {
      const model = loadModel('mixtral-8x7b');
      const layout: Layout = { ...undivided, dies: 2, tensor: 2 };
      const rank = { decodeSequences: 32, queryTokens: 1, decodeContext: 32_768, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
      const [wide = Number.NaN, narrow] = (['bf16', 'fp8'] as const).map((weights) => {
        const setting = {
          machine: loadMachine(machine),
          model,
          precision: precisionOf(model, { weights }),
          layout,
          stack: loadStack(stack),
          role: 'decode',
        } as const;
        const { operators } = stepPricer(setting).explain({ rank, instanceTokens: 32 });
        return operators.filter(({ name }) => name.startsWith('expert-')).reduce((sum, { exposed }) => sum + exposed, 0);
      });
      expect(narrow).toBeLessThan(wide);
    },
  );

  test('one that extends another states what sets it apart and runs its kernels', () => {
    const mine = readStack({ extends: 'base', name: 'mine', 'block-tokens': 32 }, '', { library, stack: (name) => (name === 'base' ? good : undefined) });
    const base = readStack(good, '', { library });
    expect(mine).toEqual({ ...base, name: 'mine', base: 'base', blockTokens: 32 });
  });
});
