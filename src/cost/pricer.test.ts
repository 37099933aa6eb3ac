import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { ContextLayout, Layout } from '../model/layout.ts';
import { headLike, type Drafter } from '../model/drafter.ts';
import type { DraftModule, Model } from '../model/model.ts';
import { precisionOf } from '../model/precision.ts';
import { stages } from '../model/operator.ts';
import { exchangeModel } from '../network/exchange.ts';
import { slowed } from '../network/slowed.ts';
import { paceOf } from './batch.ts';
import type { StepSetting } from './check.ts';
import { stepPricer } from './pricer.ts';
import { peakOf } from './rates.ts';
import { decoding, machines, models, none, prefilling, publishedDecode, publishedPrefill, scaled, stacks, uniform } from './settings.contract.ts';

const settings = new Map<string, StepSetting>([
  ['published decode', publishedDecode],
  ['published prefill', publishedPrefill],
  ['dense, tensor', on(models.llama, { ...uniform, dies: 4, tensor: 4 })],
  ['experts, tensor', on(models.r1, { ...uniform, dies: 8, tensor: 8 }, 'fp8')],
  ['experts in the tensor group', on(models.qwen, { ...uniform, dies: 4, tensor: 4, experts: { ...uniform.experts, parallel: 4 } })],
  ['windows and sinks', on(models.oss, uniform)],
  ['sparse index', on(models.sparse, { ...uniform, dies: 8, experts: { ...uniform.experts, parallel: 8 } })],
  [
    'many nodes',
    {
      ...on(models.r1, { ...uniform, dies: 32, experts: { parallel: 32, sharedDies: 0, redundant: 0, load: { kind: 'skew', skew: 0.11 } }, microbatches: 2 }),
      role: 'decode',
      stack: stacks.sglang,
      machine: { ...machines.hopperLarge, nodes: 4 },
    },
  ],
  ['sequences over dies', on(models.llama, { ...uniform, dies: 8, tensor: 4, context: { parallel: 2, exchange: 'ring', decode: 1 } })],
  ['KV over dies', on(models.r1, { ...uniform, dies: 8, tensor: 8, context: { parallel: 1, exchange: 'all-gather', decode: 8 } }, 'fp8')],
  [
    'experts apart',
    {
      ...publishedDecode,
      layout: {
        ...publishedDecode.layout,
        dies: 96,
        experts: { ...publishedDecode.layout.experts, parallel: 64, sharedDies: 0, redundant: 0, apart: true },
        microbatches: 3,
      },
    },
  ],
  ['mixture, pipeline', on(models.mixtral, { ...uniform, dies: 4, tensor: 2, pipeline: 2 })],
]);

function on(model: Model, layout: Layout, weights?: 'fp8'): StepSetting {
  return { machine: machines.hopperLarge, model, precision: precisionOf(model, { weights }), layout, stack: stacks.vllm, role: 'merged' };
}

const decodeBatch = fc.record({
  sequences: fc.integer({ min: 1, max: 256 }),
  context: fc.integer({ min: 1, max: 40_000 }),
  prompts: fc.integer({ min: 0, max: 8 }),
  length: fc.integer({ min: 1, max: 9000 }),
});

function batchOf(setting: StepSetting, { sequences, context, prompts, length }: { sequences: number; context: number; prompts: number; length: number }) {
  if (setting.role === 'prefill') return prefilling(setting.layout, prompts + 1, length);
  const decode = decoding(setting.layout, sequences, context);
  if (setting.role === 'decode' || prompts === 0) return decode;
  const prefill = prefilling(setting.layout, prompts, length);
  const rank = {
    ...prefill.rank,
    decodeSequences: decode.rank.decodeSequences,
    queryTokens: decode.rank.queryTokens,
    decodeContext: decode.rank.decodeContext,
  };
  return { rank, instanceTokens: decode.instanceTokens + prefill.instanceTokens };
}

describe.each([...settings])('%s', (_, setting) => {
  const pricer = stepPricer(setting);

  test('planes that it does not use may be slow', () => {
    const others = setting.machine.planes.map(({ name }) => (pricer.planes.has(name) ? 1 : 0.01));
    const slower = stepPricer({ ...setting, machine: slowed(setting.machine, others) });
    fc.assert(
      fc.property(decodeBatch, (shape) => {
        const batch = batchOf(setting, shape);
        expect(slower.cost(batch).time).toBe(pricer.cost(batch).time);
      }),
      { numRuns: 20 },
    );
  });

  test('parts that operators are answerable for sum to the step, and so do stages', () => {
    fc.assert(
      fc.property(decodeBatch, (shape) => {
        const batch = batchOf(setting, shape);
        const { time, hostGap, operators, groups } = pricer.explain(batch);
        const sum = operators.reduce((total, { exposed }) => total + exposed, hostGap);
        expect(Math.abs(sum / time - 1)).toBeLessThan(1e-12);
        const grouped = groups.reduce((total, group) => total + group.time, hostGap);
        expect(Math.abs(grouped / time - 1)).toBeLessThan(1e-12);
        const cost = pricer.cost(batch);
        expect(cost.time).toBe(time);
        expect(cost.stages).toHaveLength(stages.length + 1);
        expect(cost.stages.reduce((total, part) => total + part, 0)).toBe(time);
        for (const value of [...cost.stages, ...cost.busy]) expect(value >= 0 && Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('no engine of the die is busy longer than the step, and no operator passes the ceiling of the chip', () => {
    fc.assert(
      fc.property(decodeBatch, (shape) => {
        const { operators, engines, time } = pricer.explain(batchOf(setting, shape));
        for (const engine of engines) expect(engine.busy).toBeLessThanOrEqual(time * (1 + 1e-9));
        const { die } = setting.machine.chip;
        const most = Math.max(
          ...Object.keys(die.matrix.peaks).map((format) => {
            const peak = peakOf(die, format as 'bf16');
            return peak?.ceiling?.value ?? peak?.peak.value ?? 0;
          }),
        );
        for (const { flop, time: one, bytes, stage } of operators) {
          if (one === 0) continue;
          expect(flop / one).toBeLessThanOrEqual(most + die.vector.peak.value);
          const traffic = stage === 'dispatch' || stage === 'combine' || flop === 0 ? 0 : bytes;
          expect(traffic / one).toBeLessThanOrEqual(die.memory.bandwidth.value);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('more work never takes less time', () => {
    fc.assert(
      fc.property(decodeBatch, fc.constantFrom('sequences', 'context', 'prompts', 'length'), fc.integer({ min: 2, max: 5 }), (shape, key, factor) => {
        const small = { ...shape, sequences: shape.sequences + 1, prompts: shape.prompts + 1 };
        const large = { ...small, [key]: small[key] * factor };
        expect(pricer.cost(batchOf(setting, large)).time).toBeGreaterThanOrEqual(pricer.cost(batchOf(setting, small)).time * (1 - 1e-9));
      }),
      { numRuns: 50 },
    );
  });

  test.each(['memory', 'matrix', 'scale-up'] as const)('a better %s never makes the step longer', (part) => {
    const better = stepPricer({ ...setting, machine: scaled(setting.machine, part, 2) });
    fc.assert(
      fc.property(decodeBatch, (shape) => {
        const batch = batchOf(setting, { ...shape, sequences: shape.sequences + 1 });
        expect(better.cost(batch).time).toBeLessThanOrEqual(pricer.cost(batch).time * (1 + 1e-9));
      }),
      { numRuns: 20 },
    );
  });
});

test.each([
  ['published decode', ['ub']],
  ['published prefill', ['ub']],
  ['dense, tensor', ['nvlink']],
  ['many nodes', ['nvlink', 'rdma']],
  ['sparse index', ['nvlink']],
])('planes that it uses: %s', (name, planes) => {
  expect([...stepPricer(settings.get(name) as StepSetting).planes].toSorted()).toEqual(planes);
});

describe('what moves the step', () => {
  const timeOf = (setting: StepSetting, sequences: number, context: number, name: string): number => {
    const { operators } = stepPricer(setting).explain(decoding(setting.layout, sequences, context));
    return operators.filter((operator) => operator.name === name && operator.group !== 'draft').reduce((sum, { time }) => sum + time, 0);
  };
  const dense = on(models.llama, { ...uniform, dies: 4, tensor: 4 });

  test('context moves attention and nothing else', () => {
    expect(timeOf(dense, 64, 8192, 'attention-decode')).toBeGreaterThan(1.8 * timeOf(dense, 64, 4096, 'attention-decode'));
    expect(timeOf(dense, 64, 8192, 'dense-gate-up')).toBe(timeOf(dense, 64, 4096, 'dense-gate-up'));
  });

  test('bandwidth moves the weights of a small batch, the peak those of a large one', () => {
    const quick = { ...dense, machine: scaled(dense.machine, 'memory', 2) };
    const strong = { ...dense, machine: scaled(dense.machine, 'matrix', 2) };
    expect(timeOf(quick, 4, 1024, 'dense-gate-up')).toBeLessThan(0.6 * timeOf(dense, 4, 1024, 'dense-gate-up'));
    expect(timeOf(strong, 4, 1024, 'dense-gate-up')).toBe(timeOf(dense, 4, 1024, 'dense-gate-up'));
    expect(timeOf(strong, 2048, 16, 'dense-gate-up')).toBeLessThan(0.6 * timeOf(dense, 2048, 16, 'dense-gate-up'));
  });

  test('a wider tensor group has smaller products and a longer all-reduce', () => {
    const wider = { ...dense, layout: { ...dense.layout, dies: 8, tensor: 8 } };
    expect(timeOf(wider, 64, 2048, 'dense-gate-up')).toBeLessThan(timeOf(dense, 64, 2048, 'dense-gate-up'));
    expect(timeOf(wider, 64, 2048, 'attention-all-reduce')).toBeGreaterThan(timeOf(dense, 64, 2048, 'attention-all-reduce'));
  });

  test('a wider expert group dispatches for longer and reads fewer experts', () => {
    const many = settings.get('many nodes');
    if (many === undefined) throw new Error('no such setting');
    const narrow = { ...many, layout: { ...many.layout, dies: 8, experts: { ...many.layout.experts, parallel: 8 } } };
    expect(timeOf(many, 64, 2048, 'dispatch')).toBeGreaterThan(timeOf(narrow, 64, 2048, 'dispatch'));
    expect(timeOf(many, 64, 2048, 'expert-gate-up')).toBeLessThan(timeOf(narrow, 64, 2048, 'expert-gate-up'));
  });

  test('skew of the expert load moves the experts in proportion to their rows', () => {
    const large = {
      ...publishedPrefill,
      layout: { ...publishedPrefill.layout, experts: { ...publishedPrefill.layout.experts, load: { kind: 'skew', skew: 0.5 } as const } },
    };
    const batch = prefilling(publishedPrefill.layout, 64, 4096);
    const rows = (setting: StepSetting): number =>
      stepPricer(setting)
        .explain(batch)
        .operators.find(({ name, group }) => name === 'expert-gate-up' && group.startsWith('experts'))?.flop ?? 0;
    expect(rows(large) / rows(publishedPrefill)).toBeCloseTo(1.5, 12);
  });

  test('a window stops attention from growing', () => {
    const oss = on(models.oss, uniform);
    const seen = (context: number): number =>
      stepPricer(oss)
        .explain(decoding(uniform, 8, context))
        .operators.find(({ name, group }) => name === 'attention-decode' && group.startsWith('window'))?.bytes ?? 0;
    expect(seen(4096)).toBe(seen(128));
    expect(seen(64)).toBeLessThan(seen(128));
  });

  test('a sparse index lets attention read no more than its top keys', () => {
    const sparse = on(models.sparse, { ...uniform, dies: 8, experts: { ...uniform.experts, parallel: 8 } });
    const seen = (name: string, context: number): number =>
      stepPricer(sparse)
        .explain(decoding(sparse.layout, 8, context))
        .operators.find((operator) => operator.name === name)?.flop ?? 0;
    expect(seen('sparse-attention-decode', 65_536)).toBe(seen('sparse-attention-decode', 2048));
    expect(seen('index-scores', 65_536)).toBeGreaterThan(20 * seen('index-scores', 2048));
  });
});

describe('an exchange without cores of its own', () => {
  const apart = settings.get('many nodes') as StepSetting;
  const layerOf = (setting: StepSetting, sequences: number): Map<string, number> =>
    new Map(
      stepPricer(setting)
        .explain(decoding(setting.layout, sequences, 2000))
        .operators.filter(({ group }) => group === 'experts-layers')
        .map(({ name, time }) => [name, time]),
    );
  const sum = (times: Map<string, number>, names: readonly string[]): number => names.reduce((total, name) => total + (times.get(name) ?? Number.NaN), 0);
  const kernels = { dispatch: ['dispatch-quantise', 'dispatch-copy'], combine: ['combine-copy', 'weighted-sum'] } as const;

  test('sends and receives on those of the attention: all of it takes as long as the kernel in one piece, which has no launches beside it', () => {
    const whole = { ...apart, layout: { ...apart.layout, microbatches: 1 as const } };
    for (const tokens of [16, 64, 256])
      for (const [operation, halves] of Object.entries(kernels)) {
        const one = layerOf(whole, tokens);
        expect(sum(one, halves)).toBe(0);
        expect(sum(layerOf(apart, 2 * tokens), [operation, ...halves]) / (one.get(operation) ?? Number.NaN)).toBeCloseTo(1, 9);
      }
  });

  test('its launches take of the cores no less than the same kernels do inside a node', () => {
    const { kernel } = exchangeModel(apart.machine, apart.stack, 'low-latency', 32);
    const inside = apart.stack.exchanges.find(
      ({ library, plane, generations }) => library === kernel?.library && plane === 'scale-up' && generations?.[0] === 'hopper',
    );
    const times = layerOf(apart, 32);
    for (const [operation, halves] of Object.entries(kernels) as ['dispatch' | 'combine', readonly string[]][])
      expect(sum(times, halves)).toBeGreaterThan(inside?.[operation].start.value ?? Infinity);
  });
});

describe('counts of the published decode', () => {
  const { operators } = stepPricer(publishedDecode).explain(decoding(publishedDecode.layout, 48, 4096));
  const one = (name: string) => operators.find((operator) => operator.name === name && operator.group.startsWith('experts'));

  test('a die of a shared copy gets 480 rows of each microbatch: the flop of its expert say so', () => {
    expect((one('expert-gate-up')?.flop ?? 0) / (2 * 2 * 2048 * 7168)).toBeCloseTo(480, 9);
  });

  test('attention has 2 x 128 heads x (576 + 512) flop for each of two query tokens and each cached one', () => {
    expect(one('attention-decode')?.flop).toBe(2 * 128 * (576 + 512) * 2 * 24 * 4096);
  });

  test('a dispatched row is 7.5 KiB and goes to 9 experts', () => {
    expect(one('dispatch')?.bytes).toBe(48 * 9 * 7680);
  });
});

test('what is assumed of a draft is a doubt: the form of a head, the time of a lookup', () => {
  const module = headLike(models.llama, undefined);
  const doubtsOf = (drafter: Drafter) =>
    stepPricer(on(models.llama, { ...uniform, dies: 4, tensor: 4, draftTokens: 2, drafter })).doubts.map(({ rule }) => rule);
  const head = { kind: 'head', name: 'head', module: module as DraftModule } as const;
  expect(doubtsOf({ ...head, assumed: true })).toContain('draft-head-form');
  expect(doubtsOf(head)).not.toContain('draft-head-form');
  expect(doubtsOf({ kind: 'lookup' })).toContain('draft-lookup');
});

describe('a pipeline', () => {
  const staged = (pipeline: number, model = models.llama): StepSetting => on(model, { ...uniform, dies: 2 * pipeline, tensor: 2, pipeline });

  test('its stages, the sends between them and the host are the step', () => {
    for (const [pipeline, model] of [
      [2, models.llama],
      [4, models.llama],
      [3, models.mixtral],
    ] as const)
      for (const batch of [decoding(staged(pipeline).layout, 32, 4000), prefilling(staged(pipeline).layout, 4, 1000)]) {
        const { time, pipeline: parts } = stepPricer(staged(pipeline, model)).cost(batch);
        expect(parts?.stages).toHaveLength(pipeline);
        const sum = (parts?.stages ?? []).reduce((total, stage) => total + stage, 0) + (pipeline - 1) * (parts?.send ?? 0) + (parts?.host ?? 0);
        expect(sum / time).toBeCloseTo(1, 12);
      }
  });

  test('one batch alone takes longer for its sends than without, and a batch follows the other within the longest stage', () => {
    const batch = decoding(uniform, 32, 4000);
    const whole = stepPricer(on(models.llama, { ...uniform, dies: 2, tensor: 2 }, 'fp8')).cost(batch);
    const cost = stepPricer({ ...staged(2), precision: precisionOf(models.llama, { weights: 'fp8' }) }).cost(batch);
    expect(cost.time).toBeCloseTo(whole.time + (cost.pipeline?.send ?? 0), 9);
    expect(paceOf(cost, 2)).toBe(Math.max(cost.time / 2, ...(cost.pipeline?.stages ?? [])));
    expect(paceOf(cost, 1)).toBe(cost.time);
    expect(paceOf(whole, 8)).toBe(whole.time);
  });

  test('the stage with head and embedding has the whole of them', () => {
    const setting = staged(4);
    const { pipeline } = stepPricer(setting).cost(decoding(setting.layout, 64, 1000));
    const [first = 0, second = 0, third = 0, last = 0] = pipeline?.stages ?? [];
    expect(second).toBeCloseTo(third, 12);
    expect(first).toBeGreaterThan(second);
    expect(last).toBeGreaterThan(first);
  });

  test('does not combine with two microbatches', () => {
    const setting = staged(2);
    expect(() => stepPricer({ ...setting, layout: { ...setting.layout, microbatches: 2 } })).toThrow(/two microbatches do not combine/);
  });
});

describe('sequences over several dies', () => {
  const parted = (context: Partial<ContextLayout>, tensor: number, dies = 8): Layout => ({
    ...uniform,
    dies,
    tensor,
    context: { parallel: 1, exchange: 'all-gather', decode: 1, ...context },
  });
  const long = (layout: Layout, machine = machines.hopper) =>
    stepPricer({ ...on(models.llama, layout), machine, role: 'prefill' }).cost(prefilling(layout, 1, 65_536)).time;

  test('a long prompt is done the sooner the more dies share it, gathered or around a ring', () => {
    for (const exchange of ['all-gather', 'ring'] as const) {
      const of = (parallel: number): number => long(parted(parallel === 1 ? {} : { parallel, exchange }, 2, 2 * parallel));
      for (const parallel of [1, 2]) expect(of(2 * parallel)).toBeLessThan(0.6 * of(parallel));
    }
  });

  test('a ring hides what it passes behind the attention, as long as that takes longer', () => {
    const gathered = long(parted({ parallel: 4 }, 2));
    expect(long(parted({ parallel: 4, exchange: 'ring' }, 2))).toBeLessThan(gathered);
    const slow = scaled(machines.hopper, 'scale-up', 1e-3);
    const [around, bound] = [{ parallel: 4, exchange: 'ring' } as const, (operator: { bound: string }) => operator.bound];
    const core = (machine: typeof slow) => {
      const layout = parted(around, 2);
      const { operators } = stepPricer({ ...on(models.llama, layout), machine, role: 'prefill' }).explain(prefilling(layout, 1, 65_536));
      return operators.find(({ name }) => name === 'attention-prefill');
    };
    expect(core(machines.hopper)).toMatchObject({ bound: 'compute' });
    expect(bound(core(slow) ?? { bound: '' })).toBe('network');
    expect(core(slow)?.time).toBeGreaterThan(2 * (core(machines.hopper)?.time ?? 0));
  });

  test('KV over more dies makes steps over long contexts quicker, and over short ones slower', () => {
    const step = (decode: number, context: number) => {
      const layout = parted({ decode }, 8);
      return stepPricer(on(models.r1, layout)).cost(decoding(layout, 64, context)).time;
    };
    expect(step(8, 32_768)).toBeLessThan(0.7 * step(1, 32_768));
    expect(step(8, 128)).toBeGreaterThan(step(1, 128));
  });

  test.each<[string, StepSetting, RegExp]>([
    ['prompts split where nothing prefills', { ...on(models.llama, parted({ parallel: 4 }, 2)), role: 'decode' }, /serves prefill/],
    ['KV spread where nothing decodes', { ...on(models.r1, parted({ decode: 8 }, 8)), role: 'prefill' }, /prompts are split by context-parallel/],
    ['a ring of one', on(models.llama, parted({ exchange: 'ring' }, 8)), /needs context-parallel above 1/],
    ['copies of heads that there are not', on(models.llama, parted({ decode: 2 }, 8)), /each of the 8 KV heads of .* on 1 of them, got 2/],
    ['a part that does not divide', on(models.r1, parted({ decode: 3 }, 8)), /3 does not divide the 8 tensor-parallel dies/],
    ['an index over spread keys', on(models.sparse, parted({ decode: 8 }, 8)), /picks keys from one die/],
    [
      'tokens split twice',
      { ...publishedPrefill, layout: { ...publishedPrefill.layout, dies: 64, context: { parallel: 2, exchange: 'all-gather', decode: 1 } } },
      /does not combine with sp-tp-sp/,
    ],
  ])('%s', (_, setting, message) => {
    expect(() => stepPricer(setting)).toThrow(message);
  });
});

describe('what cannot be priced is refused', () => {
  test.each<[string, StepSetting, RegExp]>([
    ['a format that the chip does not multiply', { ...publishedDecode, precision: precisionOf(models.r1) }, /does not multiply fp8; expected one of/],
    ['heads that do not divide', on(models.llama, { ...uniform, dies: 3, tensor: 3 }), /3 does not divide the 64 attention heads/],
    ['tokens split in decode', { ...publishedPrefill, role: 'decode' }, /serves prefill, not decode/],
    ['a draft without a module', on(models.llama, { ...uniform, draftTokens: 1 }), /no draft module/],
    [
      'two microbatches on a stack without streams',
      { ...publishedDecode, stack: { ...stacks.cann, streams: { source: '', prefill: [], decode: [] } } },
      /no streams for two microbatches/,
    ],
    [
      'experts that do not divide',
      { ...publishedDecode, layout: { ...publishedDecode.layout, experts: { ...publishedDecode.layout.experts, parallel: 300 } } },
      /300 expert ranks do not divide the 320 dies/,
    ],
  ])('%s', (_, setting, message) => {
    expect(() => stepPricer(setting)).toThrow(InputError);
    expect(() => stepPricer(setting)).toThrow(message);
  });
});

test('an empty batch takes the host gap and the floors, not a fault', () => {
  const { time } = stepPricer(publishedDecode).cost({ rank: none, instanceTokens: 0 });
  expect(Number.isFinite(time) && time >= 0).toBe(true);
});
