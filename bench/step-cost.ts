/** Time of an exact step cost, minimum over repeats: `npx node bench/step-cost.ts`. */
import process from 'node:process';
import { stages } from '../src/model/operator.ts';
import { compositions } from '../src/cost/compositions.contract.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import { leastTime } from './least.ts';
import { settings } from './step-settings.ts';

const batchesEach = 500;
const repeats = 30;

for (const named of settings) {
  const pricer = stepPricer(named.setting);
  for (const kind of named.kinds) {
    const batches = compositions({ ...named, kinds: [kind] }, batchesEach);
    for (const batch of batches) pricer.cost(batch);
    const least = leastTime(batches, repeats, (batch) => pricer.cost(batch));
    const launches = batches.map((batch) => pricer.plan(batch).reduce((sum, { group }) => sum + group.operators.length, 0));
    const last = pricer.cost(batches[0] as (typeof batches)[number]);
    if (last.stages.length !== stages.length + 1) throw new Error(`${named.name}: ${last.stages.length} parts of a step`);
    process.stdout.write(`${named.name.padEnd(44)}${kind.padEnd(9)}${(least * 1e6).toFixed(1).padStart(8)} us   ${Math.max(...launches)} operators listed\n`);
  }
}
