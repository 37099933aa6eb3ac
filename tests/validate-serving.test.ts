import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';
import { readPoints } from '../schema/points/read-points.ts';
import type { ServingPoint } from '../schema/points/point.ts';
import { cardOf } from '../cli/validate-points/models.ts';
import { leftOutBy, speculative } from '../cli/validate-points/rules.ts';
import { scenarioOf } from '../cli/validate-points/scenario.ts';
import { judge, scoreOf } from '../cli/validate-points/score.ts';
import { PointCatalogue } from '../cli/validate-points/catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-serving-'));
const measured = fileURLToPath(new URL('../../shared/measured/', import.meta.url));

afterAll(() => {
  rmSync(folder, { recursive: true });
});
const header =
  'mode,model,system,backend,backend_version,precision,input_tokens,output_tokens,concurrency,tp,pp,attention_dp,moe_tp,moe_ep,ttft_ms,tpot_ms,measured';
const row = (of: Readonly<Record<string, string | number>> = {}): string => {
  const cells: Readonly<Record<string, string | number>> = {
    mode: 'agg',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    system: 'h100_sxm',
    backend: 'vllm',
    backend_version: '0.19.0',
    precision: '',
    input_tokens: 256,
    output_tokens: 64,
    concurrency: 8,
    tp: 1,
    pp: 1,
    attention_dp: '',
    moe_tp: 1,
    moe_ep: 1,
    ttft_ms: 40,
    tpot_ms: 8,
    measured: '2026-04-01',
    ...of,
  };
  return header
    .split(',')
    .map((name) => cells[name] ?? '')
    .join(',');
};
const table = (...rows: readonly string[]): string => [header, ...rows, ''].join('\n');
const points = (...rows: readonly string[]): readonly ServingPoint[] => readPoints(table(...rows), 'points.csv');

describe('tables of serving points', () => {
  test('cells read into SI units, empty ones as unknown, empty and zero degrees as one', () => {
    const [point] = points(row({ attention_dp: 0, concurrency: '', tp: 2 }));
    expect(point).toMatchObject({ line: 2, ttft: 0.04, tpot: 0.008, concurrency: undefined, layout: { tensor: 2, data: 1, pipeline: 1 } });
  });

  test('everything that is wrong is listed by its line, with exit code 2', async () => {
    const file = join(folder, 'bad.csv');
    writeFileSync(file, [header, row({ tp: 'x', ttft_ms: -1 }), `${row()},1`, row({ output_tokens: 1.5 }), ''].join('\n'));
    const { code, err } = await supernode('validate', '--points', file);
    expect(code).toBe(2);
    for (const part of ['line 2: tp: expected', 'line 2: ttft_ms: expected', 'line 3: expected 17 columns, got 18', 'line 4: output_tokens: expected'])
      expect(err).toContain(part);
  });

  test.each([
    ['mode,model\nagg,x\n', 'expected a column tpot_ms'],
    [`${header},concurency\n`, 'unknown column "concurency" (did you mean "concurrency"?)'],
    [`${header}\n`, 'a header and no rows'],
    ['', 'the table is empty'],
  ])('a table of another layout is refused', (text, problem) => {
    expect(() => readPoints(text, 'points.csv')).toThrow(problem);
  });
});

describe('which rows count', () => {
  test('repeats of a key share one weight', () => {
    const rows = points(row(), row({ tpot_ms: 16, measured: '2026-05-01' }), row({ concurrency: 16, tpot_ms: 10 }));
    const judged = judge(rows, new Map(rows.map(({ key }) => [key, { ttft: 0.04, tpot: 0.008 }])), new Set());
    expect(judged.map(({ weight }) => weight)).toEqual([0.5, 0.5, 1]);
    expect(scoreOf(judged, 'tpot')).toMatchObject({ rows: 3, keys: 2, median: expect.closeTo(0.2, 9) as number });
  });

  test('concurrency 4 is fitted on, first tokens that queued are not scored', () => {
    const rows = points(row({ concurrency: 4 }), row({ ttft_ms: 6000 }));
    expect(rows.map((point) => leftOutBy(point, new Set()))).toEqual(['concurrency4', undefined]);
    const judged = judge(rows, new Map(rows.map(({ key }) => [key, { ttft: 1, tpot: 1 }])), new Set());
    expect(judged.map(({ ttftError }) => ttftError === undefined)).toEqual([false, true]);
  });

  test('speculation is told by quick campaigns and by quicker repeats, in models that can draft alone', () => {
    const rows = points(
      row({ concurrency: 4, tpot_ms: 4, measured: 'quick' }),
      row({ concurrency: 64, tpot_ms: 15, measured: 'quick' }),
      row({ concurrency: 4, tpot_ms: 9, measured: 'slow' }),
      row({ concurrency: 8, tpot_ms: 10, measured: 'slow' }),
      row({ concurrency: 8, tpot_ms: 7.5, measured: 'slow' }),
      row({ concurrency: 16, tpot_ms: 12, measured: 'slow' }),
    );
    expect([...speculative(rows, () => true)].map(({ line }) => line).toSorted((a, b) => a - b)).toEqual([2, 3, 6]);
    expect(speculative(rows, () => false).size).toBe(0);
  });
});

describe('rows as scenarios', () => {
  const catalogue = new PointCatalogue();
  const reasonOf = async (of: Readonly<Record<string, string | number>>): Promise<string | undefined> => {
    const [point] = points(row(of));
    if (point === undefined) throw new Error('no row');
    return (await scenarioOf(point, catalogue)).reason;
  };

  test('published names find their cards', () => {
    const names = [
      'Qwen/Qwen3-235B-A22B-FP8',
      'nvidia/DeepSeek-R1-NVFP4',
      'meta-llama/Meta-Llama-3.1-8B-Instruct',
      'zhipuai/GLM-5',
      'nvidia/Llama-3.3-70B-Instruct-FP4',
      'a/b',
    ];
    expect(names.map((name) => cardOf(name, catalogue.conventions.models))).toEqual([
      'qwen3-235b-a22b',
      'deepseek-r1',
      'llama-3.1-8b',
      'glm-5',
      'llama-3.1-70b',
      undefined,
    ]);
  });

  test.each([
    [{ model: 'who/knows' }, 'no model card for who/knows'],
    [{ system: 'abacus' }, 'no machine for the system abacus'],
    [{ backend: 'handwritten' }, 'no stack for the backend handwritten'],
    [{ mode: 'both' }, 'unknown mode "both"'],
    [{ concurrency: '' }, 'concurrency is not stated'],
    [{ tp: '' }, 'no tensor-parallel degree'],
    [{ precision: 'fp3' }, 'nothing says how a checkpoint in fp3 is stored'],
    [{ model: 'meta-llama/Meta-Llama-3.1-405B' }, 'per die'],
    [{ mode: 'disagg' }, 'prefill and decode workers are not stated'],
  ])('a row that cannot be predicted says why: %o', async (of, reason) => {
    expect(await reasonOf(of)).toContain(reason);
  });

  test.each([
    ['fp8', 8, 8],
    ['fp8', 4, 1],
    ['fp4', 8, 1],
  ])('slices of experts that would cut a block of scales are whole experts: MiniMax-M2.5 in %s over %i dies', async (precision, tp, parallel) => {
    const [point] = points(row({ model: 'MiniMaxAI/MiniMax-M2.5', system: 'b200_sxm', precision, tp, moe_tp: tp, moe_ep: 1 }));
    if (point === undefined) throw new Error('no row');
    const { scenario, reason } = await scenarioOf(point, catalogue);
    expect(reason).toBeUndefined();
    expect(scenario?.deployment).toMatchObject({ layout: { dies: tp, tensor: tp, experts: { parallel } } });
  });

  test('a row has its loop, its lengths, its layout, its formats and its version', async () => {
    const [point] = points(
      row({
        model: 'deepseek-ai/DeepSeek-R1',
        system: 'b200_sxm',
        backend: 'trtllm',
        backend_version: '1.2.0rc6.post2',
        precision: 'fp4',
        tp: 1,
        attention_dp: 8,
        moe_ep: 8,
      }),
    );
    if (point === undefined) throw new Error('no row');
    const { scenario } = await scenarioOf(point, catalogue);
    expect(scenario?.workload).toMatchObject({
      arrivals: { kind: 'closed', concurrency: 8 },
      input: { kind: 'uniform', min: 205, max: 256 },
      output: { kind: 'uniform', min: 51, max: 64 },
      requests: 80,
      reuse: undefined,
    });
    expect(scenario?.deployment).toMatchObject({ layout: { dies: 8, tensor: 1, experts: { parallel: 8 } }, prefixCaching: false });
    expect(scenario?.precision).toMatchObject({ experts: 'fp4', weights: 'bf16' });
    expect(scenario?.stack.ahead).toBe(true);
    expect(scenario?.stack.intake?.request.value).toBeGreaterThan(0);
  });
});

test('a whole table is scored, told as text and as JSON, twice the same', async () => {
  const file = join(folder, 'points.csv');
  writeFileSync(file, table(row(), row({ concurrency: 4 }), row({ concurrency: 16, ttft_ms: 9000, tpot_ms: 9 }), row({ model: 'who/knows' })));
  const { code, out } = await supernode('validate', '--points', file, '--json');
  expect(code).toBe(0);
  const json = JSON.parse(out) as Readonly<Record<string, unknown>> & { readonly points: readonly { readonly predicted: { readonly tpot: number } }[] };
  expect(json).toMatchObject({
    schema: 'supernode/validate-points/1',
    rows: 4,
    scored: 2,
    ttft: { rows: 1 },
    notScored: [
      { reason: 'at concurrency 4: overheads are fitted there', rows: 1 },
      { reason: 'no model card for who/knows', rows: 1 },
    ],
  });
  for (const { predicted } of json.points) expect(predicted.tpot).toBeGreaterThan(0.003);
  expect((await supernode('validate', '--points', file, '--json')).out).toBe(out);
  expect((await supernode('validate', '--points', file)).out).toContain('TPOT median error');
  expect((await supernode('validate', '--points', join(folder, 'none.csv'))).err).toContain('no such file');
  expect((await supernode('validate', '--points', file, '--chip', 'h100')).err).toContain('--chip: means nothing beside --points');
});

describe('recorded runs', () => {
  const root = join(folder, 'runs');
  const run0 = join(root, 'bench', 'RTX4090', 'Llama-3.1-8B', 'vllm');
  const engine = {
    model: 'meta-llama/Llama-3.1-8B',
    tensor_parallel_size: 1,
    data_parallel_size: 1,
    enable_expert_parallel: false,
    max_num_seqs: 256,
    max_num_batched_tokens: 2048,
  };
  const meta = { vllm_version: '0.19.0', engine_kwargs: engine, dataset_path: 'none.jsonl', kv_cache: { num_gpu_blocks: 2588, gpu_memory_utilization: 0.9 } };
  const request = (i: number): object => ({ input_toks: 100, output_toks: 20, queued_ts: 10 + i, first_token_ts: 10.03 + i, last_token_ts: 10.43 + i });

  test('a run is replayed beside its measurements', async () => {
    mkdirSync(run0, { recursive: true });
    writeFileSync(join(run0, 'meta.json'), JSON.stringify(meta));
    writeFileSync(join(run0, 'requests.jsonl'), Array.from({ length: 12 }, (_, i) => JSON.stringify(request(i))).join('\n'));
    const { code, out } = await supernode('validate', '--runs', root, '--json');
    expect(code).toBe(0);
    const { runs } = JSON.parse(out) as {
      readonly runs: readonly {
        readonly measured: { readonly ttft: { readonly mean: number } };
        readonly predicted: { readonly tpot: { readonly mean: number } };
        readonly kvBlocks: { readonly measured: number; readonly predicted: number };
      }[];
    };
    const [first] = runs;
    expect(first?.measured.ttft.mean).toBeCloseTo(0.03, 9);
    expect(first?.predicted.tpot.mean).toBeGreaterThan(0.01);
    expect(Math.abs((first?.kvBlocks.predicted ?? 0) / (first?.kvBlocks.measured ?? 1) - 1)).toBeLessThan(0.02);
  });

  test('what is wrong with it is told, with exit code 2', async () => {
    writeFileSync(join(run0, 'requests.jsonl'), `${JSON.stringify(request(0))}\n{"input_toks": 0}\n`);
    const { code, err } = await supernode('validate', '--runs', root);
    expect(code).toBe(2);
    expect(err).toContain('requests.jsonl: line 2');
    expect((await supernode('validate', '--runs', folder)).code).toBe(2);
    expect((await supernode('validate', '--runs', join(folder, 'nowhere'))).err).toContain('no such folder');
  });
});

describe.skipIf(!existsSync(measured))('the published points (skipped without ../shared)', () => {
  test('every row is read and becomes a scenario, but for those that do not fit or do not say enough', async () => {
    const file = join(measured, 'serving_points.csv');
    const rows = readPoints(readFileSync(file, 'utf8'), file);
    expect(rows).toHaveLength(1573);
    const catalogue = new PointCatalogue();
    const reasons = new Map<string, number>();
    for (const point of rows) {
      const { reason } = await scenarioOf(point, catalogue);
      if (reason !== undefined) reasons.set(`${point.mode} ${reason}`, (reasons.get(`${point.mode} ${reason}`) ?? 0) + 1);
    }
    expect([...reasons.keys()].filter((reason) => !/per die|KV blocks|concurrency is not stated/.test(reason))).toEqual([]);
    const aggregated = [...reasons].filter(([reason]) => reason.startsWith('agg')).reduce((sum, [, count]) => sum + count, 0);
    expect(aggregated).toBeLessThan(10);
  });
});
