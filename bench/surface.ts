/** The compiled cost against the exact one over random compositions: `npx node bench/surface.ts`. Fails where the worst is 0.1 % off. */
import process from 'node:process';
import { compositions } from '../src/cost/compositions.contract.ts';
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

row(['', 'batches', 'worst', 'exact', 'first read', 'read', 'listed', 'compiled']);
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
      `${evaluations}`,
      `${((compiled / batches.length) * 100).toFixed(0)} %`,
    ]);
    if (!(worst < limit)) throw new Error(`${named.name}, ${kind}: ${worst} off the exact cost`);
  }
}
