/** The compiled cost against the exact one over random compositions: `npx node bench/surface.ts`. Fails where the worst is 0.1 % off. */
import process from 'node:process';
import { compositions } from '../src/cost/compositions.contract.ts';
import { stream } from '../src/kernel/random.ts';
import type { InstanceBatch } from '../src/cost/batch.ts';
import { dataRanks, type Layout } from '../src/model/layout.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import { SurfacePricer } from '../src/cost/surface.ts';
import { leastTime } from './least.ts';
import { settings } from './step-settings.ts';

const count = 10_000;
const repeats = 20;
const limit = 1e-3;

function row(cells: readonly string[]): void {
  process.stdout.write(`${cells.map((cell, i) => (i < 2 ? cell.padEnd(i === 0 ? 44 : 9) : cell.padStart(13))).join('')}\n`);
}

/** Steps that follow each other: every sequence grows by what it decodes, and in one of five steps up to three come or go. */
function walk(layout: Layout): readonly InstanceBatch[] {
  const random = stream(1, 'walk');
  const queryTokens = 1 + layout.draftTokens;
  let sequences = 96;
  let each = 4000;
  return Array.from({ length: 2000 }, () => {
    each += queryTokens;
    if (random.uniform() < 0.2) sequences = Math.min(128, Math.max(64, sequences + Math.floor(random.uniform() * 7) - 3));
    const rank = { decodeSequences: sequences, queryTokens, decodeContext: sequences * each };
    const none = { prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
    return { rank: { ...rank, ...none }, instanceTokens: sequences * queryTokens * dataRanks(layout) };
  });
}

row(['', 'batches', 'worst', 'exact', 'first read', 'read', 'in a walk', 'listed', 'compiled']);
for (const named of settings) {
  const pricer = stepPricer(named.setting);
  for (const kind of named.kinds) {
    const batches = compositions({ ...named, kinds: [kind] }, Math.ceil(count / named.kinds.length));
    const exact = batches.map((batch) => pricer.cost(batch));
    const exactTime = leastTime(batches.slice(0, 500), repeats, (batch) => pricer.cost(batch));
    const surface = new SurfacePricer(pricer);
    const start = performance.now();
    const first = batches.map((batch) => surface.cost(batch));
    const firstTime = (performance.now() - start) / 1000 / batches.length;
    const { evaluations } = surface;
    const least = leastTime(batches, repeats, (batch) => surface.cost(batch));
    const steps = kind === 'decode' ? walk(named.setting.layout) : [];
    for (const batch of steps) surface.cost(batch);
    const walked = kind === 'decode' ? leastTime(steps, repeats, (batch) => surface.cost(batch)) : undefined;
    const worst = Math.max(...first.map(({ time }, i) => Math.abs(time / (exact[i]?.time ?? 0) - 1)));
    const compiled = batches.filter((batch) => surface.compiles(batch)).length;
    const each = (time: number): string => `${(time * 1e9).toFixed(0)} ns`;
    row([
      named.name,
      kind,
      `${(worst * 100).toFixed(4)} %`,
      each(exactTime),
      each(firstTime),
      each(least),
      walked === undefined ? '' : each(walked),
      `${evaluations}`,
      `${((compiled / batches.length) * 100).toFixed(0)} %`,
    ]);
    if (!(worst < limit)) throw new Error(`${named.name}, ${kind}: ${worst} off the exact cost`);
  }
}
