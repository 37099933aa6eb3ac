import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../../cli/machines.ts';
import { dataNames } from '../../../cli/data.ts';
import { chipCount, dieCount } from '../../../src/catalogue/machine.ts';
import { fabricOf } from '../../../src/network/topology/build.ts';
import { parseEnd } from '../../../src/network/topology/end.ts';
import { shippedCells, shippedFacts } from '../../build/shipped.ts';
import { Calibration } from '../../worker/calibration.ts';
import { Engine } from '../../worker/engine.ts';
import type { Opened } from '../../../src/report/live/opened.ts';
import { partAt, partNamed, planOf, type Part } from './plan.ts';
import { ramp, type Palette } from './ramp.ts';
import { dieUses, modes, sceneOf } from './scene.ts';
import { containing, neighbour } from './walk.ts';

const colours = Object.fromEntries(['page', 'card', 'track', 'spare', 'quiet'].map((name) => [name, '#fff'])) as unknown as Palette;
const palette: Palette = {
  ...colours,
  prefill: '#1f5fc4',
  decode: '#0c7d6d',
  merged: '#8e3aa8',
  cache: '#b7791f',
  'line-2': '#c2560c',
  'line-4': '#8e3aa8',
  warn: '#a3500b',
  bad: '#b3261e',
  track: '#e9edf3',
};

function overlap(a: Part, b: Part): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe.each(dataNames('machines'))('the map of %s', (name) => {
  const machine = loadMachine(name);
  const plan = planOf(machine);

  test('has every part once, in its node or rack, beside the others of its kind, under its name', () => {
    const stated = machine.planes.flatMap((plane) => fabricOf(machine, plane).vertices.filter(({ kind }) => kind === 'switch'));
    expect([plan.dies.length, plan.chips.length, plan.cpus.length, plan.nodes.length, plan.switches.length]).toEqual([
      dieCount(machine),
      chipCount(machine),
      machine.nodes * machine.node.cpus,
      machine.nodes,
      stated.length,
    ]);
    for (const list of [plan.racks, plan.nodes, plan.chips, plan.dies, plan.cpus, plan.switches])
      for (let i = 1; i < list.length; i++)
        for (let j = Math.max(0, i - 40); j < i; j++) expect(overlap(list[i] as Part, list[j] as Part), `${list[i]?.name} over ${list[j]?.name}`).toBe(false);
    const fabrics = machine.planes.map((plane) => fabricOf(machine, plane));
    for (const part of [plan.dies, plan.chips, plan.cpus, plan.nodes, plan.switches].flatMap((list) => [list[0], list.at(-1)])) {
      if (part === undefined) continue;
      expect(partNamed(plan, part.name)).toBe(part);
      // Its corner is its own: smaller parts begin inside.
      expect(partAt(plan, part.x + 0.5, part.y + 0.5, true)).toBe(part);
      expect(parseEnd(machine, fabrics, part.name)).toMatchObject({ value: { kind: part.kind } });
      expect(part.kind === 'node' ? part : containing(plan, part)).toBeDefined();
    }
  });

  test('is walked with the keys, there and back', () => {
    const [first, second] = plan.chips;
    if (first === undefined || second === undefined) return;
    expect(neighbour(plan, first, 'ArrowRight')).toBe(second);
    expect(neighbour(plan, second, 'ArrowLeft')).toBe(first);
    expect(neighbour(plan, neighbour(plan, first, 'PageUp'), 'PageDown')).toBe(first);
  });
});

test('what nothing runs on looks unlike what is used, whatever the map is coloured by', async () => {
  const calibration = new Calibration(shippedCells().map(({ files, ...group }) => ({ ...group, load: async () => files })));
  const engine = new Engine(shippedFacts(), calibration, 'test', () => performance.now());
  const scenario = shippedFacts().examples['cloudmatrix384-deepseek-r1']?.scenario ?? {};
  const opened = (await engine.answer({ ask: 'open', name: 'test', scenario, files: [] })) as Opened;
  const plan = planOf(opened.machine);
  const uses = dieUses(opened, undefined);
  expect(uses.filter((use) => use !== undefined)).toHaveLength(512);
  for (const mode of modes.filter((one) => one !== 'links')) {
    const { dies } = sceneOf(plan, palette, mode, opened, engine.frame(), uses);
    const spare = new Set(dies.filter((_, die) => uses[die] === undefined));
    const used = new Set(dies.filter((_, die) => uses[die] !== undefined));
    expect(spare.size).toBe(1);
    for (const colour of [...spare, ...used]) expect(colour).toMatch(/^rgb\(\d+ \d+ \d+\)$|^#[\da-f]{3,6}$/);
    expect([...used].filter((colour) => spare.has(colour))).toEqual([]);
  }
});

test('a ramp goes from one colour to the other, however they are written', () => {
  expect([ramp('#fff', '#000')(0), ramp('#ffffff', '#000000')(0.5), ramp('#fff', '#000')(1), ramp('#fff', '#000')(7)]).toEqual([
    'rgb(255 255 255)',
    'rgb(128 128 128)',
    'rgb(0 0 0)',
    'rgb(0 0 0)',
  ]);
});
