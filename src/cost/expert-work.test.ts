import { expect, test } from 'vitest';
import type { Cell } from '../catalogue/cell.ts';
import { stepBuilder } from '../model/operators/step.ts';
import { precisionOf } from '../model/precision.ts';
import type { ComputeOperator } from '../model/operator.ts';
import { expertMlp } from './calibration/families/expert-mlp.ts';
import { Pricing } from './pricing.ts';
import { decoding, machines, models, stacks, uniform } from './settings.contract.ts';

const score = { rows: 100, median: 0.03, p90: 0.1, p99: 0.2 };
const machine = machines.hopperLarge;
const layout = { ...uniform, dies: 4, tensor: 4 };

function cell(floor: number): Cell {
  return {
    chip: machine.chip.name,
    generation: machine.chip.generation,
    stack: stacks.vllm.name,
    class: 'expert-mlp',
    format: 'bf16',
    parameters: Object.fromEntries(expertMlp.parameters.map(({ name, start }) => [name, name === 'floor' ? floor : start])),
    fit: score,
    heldOut: score,
    excluded: 0,
    source: 'test',
  };
}

/** Prices of the operators of a layer with experts. */
function layer(cells: readonly Cell[], tokens: number) {
  const model = models.mixtral;
  const group = stepBuilder(
    model,
    precisionOf(model, {}),
    layout,
  )(decoding(layout, tokens, 1000)).find(({ operators }) => operators.some(({ name }) => name === 'expert-gate-up'));
  const pricing = new Pricing(machine, { ...stacks.vllm, cells }, ['low-latency']);
  const prices = pricing.group(group?.operators ?? [], pricing.launching(group?.operators ?? [], []));
  return (group?.operators ?? []).map((operator, i) => ({ operator, time: prices[i]?.time ?? 0 }));
}

function experts(priced: ReturnType<typeof layer>): number {
  return priced.filter(({ operator }) => operator.kind === 'compute' && operator.experts !== undefined).reduce((sum, { time }) => sum + time, 0);
}

test('a cell prices the experts of a layer as one, and its time is spread over all of their operators', () => {
  const slow = layer([cell(4e-4)], 64);
  const quick = layer([cell(1e-4)], 64);
  expect(experts(slow) - experts(quick)).toBeCloseTo(3e-4, 9);
  const parts = slow.filter(({ operator }) => operator.kind === 'compute' && operator.experts !== undefined);
  expect(parts.map(({ operator }) => operator.name)).toEqual(['expert-permute', 'expert-gate-up', 'expert-activation', 'expert-down', 'weighted-sum']);
  for (const { time } of parts) expect(time).toBeGreaterThan(0);
});

test('a part costs the same asked alone and among the others', () => {
  const model = models.mixtral;
  const operators = stepBuilder(model, precisionOf(model, {}), layout)(decoding(layout, 64, 1000)).flatMap((group) => group.operators);
  const pricing = new Pricing(machine, { ...stacks.vllm, cells: [cell(1e-4)] }, ['low-latency']);
  const together = pricing.group(operators, pricing.launching(operators, []));
  const down = operators.findIndex(({ name }) => name === 'expert-down');
  const apart = new Pricing(machine, { ...stacks.vllm, cells: [cell(1e-4)] }, ['low-latency']);
  const one = [operators[down] as ComputeOperator];
  const [alone] = apart.group(one, apart.launching(one, []));
  expect(alone?.time).toBe(together[down]?.time);
});

test('more tokens never make experts quicker', () => {
  let before = 0;
  for (const tokens of [1, 2, 4, 8, 16, 64, 256, 1024]) {
    const time = experts(layer([cell(1e-4)], tokens));
    expect(time).toBeGreaterThanOrEqual(before * 0.999);
    before = time;
  }
});

test('a fused shared expert is one more routed expert of every token: the same products in fewer launches, and apart where experts are spread', () => {
  const model = models.r1;
  const productsOf = (dies: number, parallel: number, fusedShared: boolean): readonly ComputeOperator[] => {
    const on = { ...uniform, dies, tensor: dies, experts: { ...uniform.experts, parallel } };
    return stepBuilder(model, precisionOf(model, {}), on, { fusedShared })(decoding(on, 64, 1000))
      .flatMap(({ operators }) => operators)
      .filter((operator) => operator.kind === 'compute')
      .filter(({ name }) => /^(shared|expert)-(gate-up|down)$/.test(name));
  };
  const flop = (products: readonly ComputeOperator[]): number => products.reduce((sum, { matrixFlop }) => sum + matrixFlop, 0);
  const [apart, fused] = [productsOf(8, 1, false), productsOf(8, 1, true)];
  expect(apart.map(({ name }) => name)).toEqual(['shared-gate-up', 'shared-down', 'expert-gate-up', 'expert-down']);
  expect(fused.map(({ name }) => name)).toEqual(['expert-gate-up', 'expert-down']);
  expect(flop(fused) / flop(apart)).toBeCloseTo(1, 12);
  expect(fused[0]?.experts).toMatchObject({ perToken: 9, experts: 257, local: 257 });
  expect(productsOf(8, 8, true)).toEqual(productsOf(8, 8, false));
});
