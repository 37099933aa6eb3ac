import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { eplb } from '../src/model/placement/eplb.ts';
import { balanceOf, contiguous, rankLoads, type Placement } from '../src/model/placement/placement.ts';
import { powerLaw, stepBalance } from '../src/model/placement/popularity.ts';

const file = new URL('../../shared/moe/trtllm_deepseek-r1_rank_imbalance.csv', import.meta.url);
const experts = 256;
const layers = 58;

interface Row {
  readonly setting: string;
  readonly ranks: number;
  readonly slots: number;
  readonly tokens: number;
  readonly spread: number;
  readonly imbalance: number;
}

function average(setting: string): Row {
  const rows = readFileSync(file, 'utf8').split('\n').slice(1);
  const [, ranks, slots, , mean, std, ratio] = (rows.find((row) => row.startsWith(`${setting},`) && row.includes(',average,')) ?? '').split(',').map(Number);
  return { setting, ranks: ranks ?? 0, slots: slots ?? 0, tokens: mean ?? 0, spread: (std ?? 0) / (mean ?? 1), imbalance: ratio ?? 0 };
}

function mean(of: (layer: number) => number): number {
  let sum = 0;
  for (let layer = 0; layer < layers; layer++) sum += of(layer);
  return sum / layers;
}

function spreadOf(placement: Placement, shares: readonly number[]): number {
  const loads = rankLoads(placement, shares);
  const middle = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  return Math.sqrt(loads.reduce((sum, load) => sum + (load - middle) ** 2, 0) / loads.length) / middle;
}

test.skipIf(!existsSync(file))('the published rank imbalance of R1, with the exponent taken from its spread alone', () => {
  const [plain, balanced] = [average('no_eplb'), average('offline_eplb')];
  const at = contiguous(experts, plain.slots, plain.ranks);
  let exponent = 0;
  while (mean((layer) => spreadOf(at, powerLaw(experts, exponent, layer))) < plain.spread) exponent += 0.02;
  const without = mean((layer) => stepBalance(at, powerLaw(experts, exponent, layer), plain.ranks * plain.tokens, layer).imbalance);
  const own = (layer: number): Placement => eplb(powerLaw(experts, exponent, layer), { slots: balanced.slots, ranks: balanced.ranks, groups: 1, nodes: 1 });
  const within = mean((layer) => stepBalance(own(layer), powerLaw(experts, exponent, layer), balanced.ranks * balanced.tokens, layer).imbalance);
  const packing = mean((layer) => balanceOf(rankLoads(own(layer), powerLaw(experts, exponent, layer))).imbalance);
  process.stdout.write(
    `\nR1, ranks without balancing: spread ${plain.spread.toFixed(2)} -> exponent ${exponent.toFixed(2)}; imbalance ${plain.imbalance.toFixed(2)} published, ${without.toFixed(2)} here\n` +
      `balanced over ${balanced.ranks} ranks: ${balanced.imbalance.toFixed(3)} published, ${within.toFixed(3)} here (packing alone ${packing.toFixed(3)}); what is left is traffic that changes after it was counted\n`,
  );
  expect(Math.abs(without / plain.imbalance - 1)).toBeLessThan(0.3);
  expect(within).toBeLessThan(balanced.imbalance);
  expect(within).toBeGreaterThan(0.4 * balanced.imbalance);
});

if (!existsSync(file)) process.stdout.write('placement: ../shared/moe is absent, the published imbalance is not checked\n');
