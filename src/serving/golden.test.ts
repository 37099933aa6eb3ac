import { describe, expect, test } from 'vitest';
import { runsOf } from '../kernel/id-runs.ts';
import { stream } from '../kernel/random.ts';
import { exponential } from '../kernel/variates.ts';
import { listed, syntheticPricer } from './cases.contract.ts';
import { metricsOf } from './compared.contract.ts';
import { mergedPlant, splitPlant } from './plants.contract.ts';
import type { Plant } from './plant.ts';
import { finished, type Run } from './run.contract.ts';
import { emptyArrival, type Arrival } from './traffic/arrival.ts';

/** FNV-1a of a text's code units, as eight digits. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}

/** Requests of conversations: a prompt repeats what a family of prompts begins with. */
function conversations(seed: number, count: number, rate: number): readonly Arrival[] {
  const random = stream(seed, 'golden');
  const upTo = (most: number): number => Math.floor(random.uniform() * most);
  let arrivedAt = 0;
  return Array.from({ length: count }, () => {
    const family = upTo(20);
    const shared = upTo(12);
    const own = 1000 + upTo(1e6) * 40;
    const inputTokens = 16 + upTo(600);
    const blocks = Array.from({ length: Math.ceil(inputTokens / 32) }, (_, depth) => (depth < shared ? family * 40 : own) + depth);
    return {
      ...emptyArrival(),
      arrivedAt: (arrivedAt += exponential(random) / rate),
      inputTokens,
      outputTokens: 1 + upTo(200),
      blockTokens: 32,
      prefix: runsOf(blocks),
    };
  });
}

const pricer = syntheticPricer([700, 2, 0.02, 0.01, 3, 0.3], 1.07);
const size = { kvBlocks: 400, blockTokens: 16, watermarkBlocks: 4, maxSequences: 24, tokenBudget: 512, pricer } as const;
const plant = { maxContext: 2000, slo: { ttft: 0.2, tpot: 0.02 }, seed: 42 } as const;
const scenarios: readonly { readonly name: string; readonly plant: Plant; readonly hash: string; readonly concurrency?: number }[] = [
  { name: 'merged instances with prefix caching', plant: mergedPlant({ ...size, instances: 2, prefixCaching: true }, plant), hash: '92ca624d' },
  {
    name: 'prefill and decode pools with a pooled cache and speculation',
    plant: splitPlant(
      { ...size, instances: 2 },
      { ...size, ranks: 4, acceptance: [0.7] },
      {
        ...plant,
        firstToken: 'decode',
      },
      { bytesPerToken: 70_272, sourcesPerRank: 2, sourceBandwidth: 3.1e9, sinkBandwidth: 1.7e9, latency: 0.0003 },
      {
        bytesPerToken: 70_272,
        capacity: 3e8,
        blockTokens: 128,
        poolBandwidth: 2e9,
        rankBandwidth: 1.3e9,
        nodeBandwidths: [7e8, 6e8, 5e8],
        latency: 0.00011,
        ttl: 0.4,
        storage: { capacity: 5e8, bandwidth: 1e9, latency: 0.0007, write: 'back' },
      },
    ),
    hash: '100fcffa',
  },
  { name: 'closed loop', plant: mergedPlant({ ...size, ranks: 2, acceptance: [0.8, 0.5] }, plant), concurrency: 60, hash: 'd5f9d955' },
];

describe('bytes that are the same in Node and in browsers', () => {
  test.for(scenarios)('TIM-3 $name', ({ plant, concurrency, hash: expected }) => {
    const run: Run = finished(plant, listed(conversations(3, 600, 250), concurrency));
    expect(hash(JSON.stringify([run.events, metricsOf(run)]))).toBe(expected);
  });
});
