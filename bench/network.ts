/**
 * Sharing the supernode's fabric anew: flows, classes, links and the least time: `npx node bench/network.ts`. Fails where a time is over its budget:
 * 20 ms for an all-to-all of all dies beside KV pushes, 50 ms for one of all packages alone, 50 ms for what a fault leaves of one.
 */
import process from 'node:process';
import { loadMachine } from '../cli/machines.ts';
import { planeOf } from '../src/catalogue/machine.ts';
import { fabricOf } from '../src/network/topology/build.ts';
import { parseFault } from '../src/network/topology/end.ts';
import { capacitiesOf } from '../src/network/topology/faults.ts';
import { shareLeft } from '../src/network/flows/left.ts';
import { shareOf } from '../src/network/flows/share.ts';
import { Structure } from '../src/network/flows/structure.ts';
import type { Traffic } from '../src/network/flows/traffic.ts';

const machine = loadMachine('cloudmatrix384');
const plane = planeOf(machine, 'scale-up');
if (plane === undefined) throw new Error('no scale-up plane');
const fabric = fabricOf(machine, plane);
const dies = Array.from({ length: 768 }, (_, i) => i);
const whole: Traffic = { kind: 'all-to-all', members: dies };
const packages: Traffic = { kind: 'all-to-all', members: dies.filter((die) => die % 2 === 0) };
/** Without any symmetry between them. */
const pushes = (count: number): readonly Traffic[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'stream', from: (i * 37) % 256, to: 256 + ((i * 53) % 512) }));

const cases: readonly (readonly [name: string, traffic: readonly Traffic[], budget: number])[] = [
  ['all-to-all of 384 packages', [packages], 50],
  ['all-to-all of 768 dies', [whole], 20],
  ['the same beside 16 KV pushes', [whole, ...pushes(16)], 20],
  // Pushes between so many ends leave hardly any two flows alike; printed, not held.
  ['the same beside 32 KV pushes', [whole, ...pushes(32)], Infinity],
  ['the same beside 64 KV pushes', [whole, ...pushes(64)], Infinity],
];

const started = performance.now();
const structure = new Structure(fabric, capacitiesOf(fabric, []));
process.stdout.write(
  `fabric of ${fabric.vertices.length} ends and switches, ${fabric.cables.length} cables: ${(performance.now() - started).toFixed(1)} ms once\n`,
);
process.stdout.write(`${''.padEnd(34)}${['flows', 'classes', 'links', 'of', 'least time'].map((head) => head.padStart(12)).join('')}\n`);
for (const [name, traffic, budget] of cases) {
  let least = Infinity;
  let found = shareOf(structure, traffic);
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    found = shareOf(structure, traffic);
    least = Math.min(least, performance.now() - start);
  }
  const flows = found.flows.reduce((sum, flow) => sum + flow.flows, 0);
  const cells = [flows, found.flows.length, found.links.length, 2 * fabric.cables.length].map((count) => count.toLocaleString('en-US').padStart(12));
  process.stdout.write(`${name.padEnd(34)}${cells.join('')}${`${least.toFixed(1)} ms`.padStart(12)}\n`);
  if (!(least < budget)) throw new Error(`${name}: ${least.toFixed(1)} ms, expected less than ${budget} ms`);
}

process.stdout.write('\nwhat faults leave of an all-to-all of 320 dies\n');
const group = dies.slice(0, 320);
for (const [text, budget] of [
  ['l2 3', 50],
  ['l1 0.2', 50],
  ['sub-plane 3', 50],
  ['npu 17', 50],
] as const) {
  const { value: faults = [] } = parseFault(machine, [fabric], text, false);
  const capacity = capacitiesOf(
    fabric,
    faults.map(({ fault }) => fault),
  );
  let least = Infinity;
  let left = 0;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    left = shareLeft(fabric, capacity, group);
    least = Math.min(least, performance.now() - start);
  }
  process.stdout.write(`${text.padEnd(34)}${`${(100 * left).toFixed(1)} % left`.padStart(48)}${`${least.toFixed(1)} ms`.padStart(12)}\n`);
  if (!(least < budget)) throw new Error(`${text}: ${least.toFixed(1)} ms, expected less than ${budget} ms`);
}
