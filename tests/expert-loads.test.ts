import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCounts, readImbalance, readPlacements } from '../schema/experts/files.ts';
import { layerBalances, meanBalance, placed, powerLawLayers, placedLoad } from '../src/model/placement/placed.ts';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import { readStepFlags } from '../schema/step/request.ts';
import { Problems } from '../schema/scenario/problems.ts';
import type { ExpertLoad } from '../src/model/layout.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import { loadScenario } from '../cli/scenario.ts';
import { InputError } from '../src/base/errors.ts';
import { supernode } from './fixtures/command-line.ts';

const moe = new URL('../../shared/moe/', import.meta.url);
const there = existsSync(moe);
const path = (name: string): string => new URL(name, moe).pathname;
const mixtral =
  'step --machine hgx-h100 --model mixtral-8x7b --phase decode --gpus 8 --expert-parallel 8 --batch 64/gpu --context 2000 --no-intervals --json'.split(' ');
const r1 =
  'step --machine cloudmatrix384 --model deepseek-r1 --phase decode --npus 16 --expert-parallel 32 --redundant 32 --batch 32/npu --context 4096 --weights int8 --no-intervals --json'.split(
    ' ',
  );

interface Load {
  readonly imbalance: number;
  readonly byLayer: readonly number[];
  readonly balancedness: number;
}

async function loadOf(...args: readonly string[]): Promise<Load> {
  const { code, out, err } = await supernode(...args);
  expect([code, err]).toEqual([0, '']);
  return (JSON.parse(out) as { expertLoad: Load }).expertLoad;
}

test('counts, placements and tables are read or refused with what is wrong', () => {
  const lines = '{"domain":"a","counts":[1,2]}\n{"domain":"b","counts":[3,4]}\n';
  expect(readCounts(lines, { domain: 'b' }).value).toEqual([[3, 4]]);
  expect(readCounts(lines).problem).toMatch(/differ in domain \(a, b\)/);
  expect(readCounts(lines, { domain: 'c' }).problem).toBe('no line has domain c');
  expect(readCounts('[[1,2],[3]]').problem).toMatch(/2, 1 experts; expected as many in each/);
  expect(readCounts('{"layers":[[1,2],[0,5]]}').value).toEqual([
    [1, 2],
    [0, 5],
  ]);
  expect(readCounts('[[0,0]]').problem).toMatch(/no expert got a token/);
  expect(readCounts('hello').problem).toMatch(/expected counts of experts/);
  expect(readPlacements('{"layers":[[[0,1],[2]]]}').value).toEqual([[[0, 1], [2]]]);
  expect(readPlacements('[1]').problem).toMatch(/expected the experts of each rank/);
  const table = 'setting,layer,imbalance_ratio\nplain,3,0.5\nplain,average,1.5\nother,3,0.1\nother,4,0.3\n';
  expect(readImbalance(table, { setting: 'plain' }).value).toBe(1.5);
  expect(readImbalance(table, { setting: 'other' }).value).toBeCloseTo(0.2, 12);
  expect(readImbalance(table).problem).toMatch(/differ in setting \(plain, other\)/);
  expect(readImbalance('a,b\n1,2').problem).toMatch(/column imbalance_ratio/);
});

describe.skipIf(!there)('measured loads (skipped without ../shared/moe)', () => {
  test('counts of Mixtral: each layer has its own imbalance, popularity of the text and chance of the step together', async () => {
    const where = 'model=mistralai/Mixtral-8x7B-v0.1,domain=arxiv,rank=topk';
    const { imbalance, byLayer, balancedness } = await loadOf(...mixtral, '--expert-load', path('olmoe_mixtral_expert_counts.jsonl'), '--expert-where', where);
    expect(byLayer).toHaveLength(3);
    expect(imbalance).toBeCloseTo(byLayer.reduce((sum, value) => sum + value, 0) / 3, 12);
    expect(balancedness).toBeCloseTo(1 / (1 + imbalance), 12);
    // One expert a GPU: the largest count of a layer over its mean is the least there can be.
    expect(Math.min(...byLayer)).toBeGreaterThan(0.13);
    expect(Math.max(...byLayer)).toBeLessThan(0.6);
  });

  test('the table of ranks: 1.56 without a balancer', async () => {
    const { imbalance, byLayer } = await loadOf(...r1, '--expert-load', path('trtllm_deepseek-r1_rank_imbalance.csv'), '--expert-where', 'setting=no_eplb');
    expect([imbalance, byLayer]).toEqual([1.564272, []]);
  });

  test('every published placement on 32 ranks holds every expert, and one made for other loads balances worse than one made for these', async () => {
    for (const name of ['omni_placement_dsv3_gsm8k_decode_32ranks_10redundant_layers.json.gz', 'omni_placement_dsv3_supersuperrr4_32ranks.json.gz']) {
      const published = await loadOf(...r1, '--expert-load', 'power:0.6', '--expert-placement', path(name));
      const own = await loadOf(...r1, '--expert-load', 'power:0.6', '--expert-placement', 'eplb');
      expect(published.imbalance).toBeGreaterThan(own.imbalance);
    }
    const { code, err } = await supernode(
      ...r1,
      '--expert-load',
      'power:0.6',
      '--expert-placement',
      path('omni_placement_dsv3_rand_64ranks_58redundant_layers.json.gz'),
    );
    expect(code).toBe(2);
    expect(err).toMatch(/places experts on 64 ranks, not on 32/);
  });

  test('a scenario takes counts, a table and placements by path', async () => {
    const example = new URL('../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url).pathname;
    const skews = await Promise.all(
      [`{ imbalance: ${path('trtllm_deepseek-r1_rank_imbalance.csv')}, where: { setting: no_eplb } }`, '{ power: 0.6, placement: eplb }', '{ power: 0.6 }'].map(
        async (load) => {
          const { deployment } = await loadScenario(example, { set: [`deployment.prefill.experts.load=${load}`] });
          return deployment.kind === 'merged' ? undefined : deployment.prefill.layout.experts.load;
        },
      ),
    );
    expect(skews[0]).toEqual({ kind: 'skew', skew: 1.564272 });
    const last = (load: ExpertLoad | undefined): number => (load?.kind === 'placed' ? (load.imbalances.at(-1) ?? 0) : NaN);
    expect(last(skews[1])).toBeLessThan(0.1);
    expect(last(skews[2])).toBeGreaterThan(0.5);
  });
});

test('what a scenario names and is not there, or does not fit, is refused', async () => {
  const example = new URL('../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'supernode-'));
  const eight = join(folder, 'eight.json');
  writeFileSync(eight, '[[1,2,3,4,5,6,7,8]]');
  const issues = async (load: string): Promise<string> => {
    try {
      await loadScenario(example, { set: [`deployment.decode.experts.load=${load}`] });
      return 'fine';
    } catch (error) {
      if (error instanceof InputError) return error.issues.map(({ path: at, message }) => `${at}: ${message}`).join('\n');
      throw error;
    }
  };
  expect(await issues('{ counts: nowhere.json }')).toMatch(/decode\.experts\.load: no such file: nowhere\.json/);
  expect(await issues(`{ counts: ${eight} }`)).toMatch(/load\.counts: .*counts 8 experts in a layer; expected 256/);
  expect(await issues('{ power: 0.6, placement: elpb }')).toMatch(/no such file: elpb/);
  expect(await issues('{ skew: 0.1, power: 0.6 }')).toMatch(/expected uniform, \{ skew: X \}/);
});

test('layers at their mean imbalance take within 1 % what they take one by one', () => {
  const machine = loadMachine('cloudmatrix384', '');
  const model = loadModel('deepseek-r1', '');
  const flags = {
    phase: 'decode',
    npus: '160',
    expertParallel: '320',
    sharedDies: '32',
    redundant: '32',
    microbatches: '2',
    mtp: '1:0.7',
    context: '4096',
    weights: 'int8',
  };
  for (const batch of ['24/npu', '96/npu']) {
    const { setting, batch: own } = readStepFlags({ ...flags, batch }, { machine, model, stack: loadStack(machine.stack, '') }, new Problems(''));
    const timeAt = (skew: number): number =>
      stepPricer({ ...setting, layout: { ...setting.layout, experts: { ...setting.layout.experts, load: { kind: 'skew', skew } } } }).cost(own).time;
    const layers = powerLawLayers(256, 0.6);
    const on = layers.map((loads) => placed('eplb', loads, { slots: 288, ranks: 288, nodes: 18 }));
    const each = layerBalances(layers, on, own.instanceTokens * 4).map(({ imbalance }) => imbalance);
    const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
    const oneByOne = each.reduce((sum, imbalance) => sum + timeAt(imbalance), 0) / each.length;
    expect(Math.abs(timeAt(mean) / oneByOne - 1)).toBeLessThan(0.01);
  }
});

test('a placed load is read off between steps that were worked out: within 3 points of what it is there', () => {
  const layers = powerLawLayers(64, 0.8).slice(0, 4);
  const on = layers.map((loads) => placed('eplb', loads, { slots: 80, ranks: 16, nodes: 1 }));
  const load = placedLoad(layers, on);
  if (load.kind !== 'placed') throw new Error(load.kind);
  for (const rows of [128, 700, 3000, 100_000]) {
    const { imbalance } = meanBalance(layerBalances(layers, on, rows));
    const at = load.rows.findIndex((other) => other >= rows);
    const [low = 1, high = 1] = [load.rows[at - 1], load.rows[at]];
    const share = (1 / Math.sqrt(low) - 1 / Math.sqrt(rows)) / (1 / Math.sqrt(low) - 1 / Math.sqrt(high));
    const read = (load.imbalances[at - 1] ?? 0) * (1 - share) + (load.imbalances[at] ?? 0) * share;
    expect(Math.abs(read - imbalance)).toBeLessThan(0.03);
  }
});
