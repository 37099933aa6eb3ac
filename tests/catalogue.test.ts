import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { dataNames } from '../cli/data.ts';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { figuresOf, kindsOf } from '../src/catalogue/figures.ts';
import { planeOf } from '../src/catalogue/machine.ts';
import { totalsOf } from '../src/catalogue/totals.ts';

const example = fileURLToPath(new URL('../examples/machines/supernode-64.yaml', import.meta.url));
const plane = (machine: string, role: string) => totalsOf(loadMachine(machine)).planes.find((candidate) => candidate.role === role);

describe('totals come out of the parts', () => {
  const supernode = totalsOf(loadMachine('cloudmatrix384'));

  test('CloudMatrix384: chips, switches, links, memory', () => {
    expect([supernode.chips, supernode.dies, supernode.cpus]).toEqual([384, 768, 192]);
    expect(supernode.memory).toEqual({ capacity: 49.152e12, bandwidth: 1228.8e12 });
    const fabric = supernode.planes.find(({ role }) => role === 'scale-up');
    expect(fabric?.levels.map(({ name, chips, uplinks, linkBandwidth }) => [name, chips, uplinks, linkBandwidth])).toEqual([
      ['L1', 336, 5376, 28e9],
      ['L2', 112, 0, 28e9],
    ]);
    // Nothing is oversubscribed: what the dies inject goes up.
    expect(fabric?.oneWay).toBe(150.528e12);
    expect(fabric?.levels[0]?.uplinkBandwidth).toBe(fabric?.oneWay);
    expect(fabric?.cpuOneWay).toBe(192 * 160e9);
    expect([supernode.opticalModules, fabric?.opticalModules]).toEqual([6912, 5376]);
    expect(loadMachine('cloudmatrix384').racks).toEqual({ compute: 12, communication: 4, nodesPerRack: 4 });
  });

  test('CloudMatrix384: peaks by each published peak of a die', () => {
    const bf16 = supernode.peaks.find(({ format }) => format === 'bf16');
    expect(bf16?.total).toBeCloseTo(288.768e15, -3);
    expect(bf16?.alternatives[0]).toBeCloseTo(299.52e15, -3);
    expect(supernode.peaks.find(({ format }) => format === 'int8')?.total).toBeCloseTo(577.536e15, -3);
    expect(supernode.peaks.some(({ format }) => format === 'fp8')).toBe(false);
  });

  test('CloudMatrix384 has its planes and the storage bandwidth of its front end', () => {
    const machine = loadMachine('cloudmatrix384');
    expect(machine.planes.map(({ name, role }) => `${name} ${role}`)).toEqual(['sio package', 'ub scale-up', 'rdma scale-out', 'vpc front-end']);
    expect(plane('cloudmatrix384', 'front-end')?.oneWay).toBe(2.4e12);
    expect(plane('cloudmatrix384', 'scale-out')?.oneWay).toBe(384 * 50e9);
    const read = planeOf(machine, 'scale-up')?.paths.find(({ from, to, operation, scope }) => `${from}${to}${operation}${scope}` === 'diediereadmachine');
    expect(read?.bandwidth.value).toBe(164e9);
    expect(read?.latency.value).toBeCloseTo(1.9e-6, 12);
  });

  test.each([
    ['gb200-nvl72', 14.3e12, 180e15],
    ['gb300-nvl72', 21.5e12, 180e15],
  ])('%s: 72 GPUs, 36 CPUs, 18 switch chips, 130 TB/s both ways', (name, memory, bf16) => {
    const totals = totalsOf(loadMachine(name));
    expect([totals.chips, totals.cpus, totals.switchChips]).toEqual([72, 36, 18]);
    expect(plane(name, 'scale-up')?.bothWays).toBe(129.6e12);
    expect(totals.memory.bandwidth).toBe(576e12);
    expect(totals.memory.capacity / memory).toBeCloseTo(1, 2);
    expect(totals.peaks.find(({ format }) => format === 'bf16')?.total).toBe(bf16);
  });

  test('the nominal memory of a GB200 adds up to the 13.8 TB that are published', () => {
    const nominal = loadChip('gb200').die.memory.capacity.alternatives?.[0]?.value ?? 0;
    expect(72 * nominal).toBe(13.824e12);
  });

  test('a scalable machine grows with its nodes and so does what is stated for the whole', () => {
    const [one, four, map] = [loadMachine('hgx-h200'), loadMachine('hgx-h200*4'), loadMachine({ machine: 'hgx-h200', nodes: 4 })];
    expect(four).toEqual(map);
    expect([four.nodes, totalsOf(four).chips, totalsOf(four).switchChips]).toEqual([4, 32, 16]);
    expect(four.power?.value).toBe(4 * (one.power?.value ?? 0));
    expect(four.hourly).toEqual(one.hourly);
    expect(planeOf(four, 'scale-up')?.domainChips).toBe(8);
  });

  test('a machine of the user goes by the same door', () => {
    const totals = totalsOf(loadMachine(example));
    expect([totals.chips, totals.dies, totals.cpus]).toEqual([64, 128, 32]);
    expect(totals.planes.flatMap(({ levels }) => levels.map(({ chips, uplinks }) => [chips, uplinks]))).toEqual([
      [56, 896],
      [28, 0],
    ]);
  });
});

describe('the catalogue', () => {
  test('has the chips and machines that it promises', () => {
    expect(dataNames('chips')).toEqual([
      'a100',
      'ascend-910b',
      'ascend-910c',
      'b200',
      'b300',
      'gb200',
      'gb300',
      'h100',
      'h20',
      'h200',
      'h800',
      'rtx-4090',
      'rtx-pro-6000',
    ]);
    const machines = ['a100', 'b200', 'b300', 'h100', 'h20', 'h200', 'h800'].map((chip) => `hgx-${chip}`);
    expect(dataNames('machines')).toEqual([
      'atlas-910b-server',
      'cloudmatrix384',
      'gb200-nvl72',
      'gb300-nvl72',
      ...machines,
      'rtx-4090-workstation',
      'rtx-pro-6000-workstation',
    ]);
  });

  test.each(dataNames('chips'))('chip %s is named like its file', (name) => {
    expect(loadChip(name).name).toBe(name);
  });

  test.each(dataNames('machines'))('machine %s is named like its file and every figure has a source', (name) => {
    const machine = loadMachine(name);
    expect(machine.name).toBe(name);
    const figures = figuresOf(machine);
    expect(figures.filter(({ figure }) => figure.source.length <= 2)).toEqual([]);
    const { sheet, measured, estimate } = kindsOf(figures);
    expect(sheet + measured + estimate).toBe(figures.length);
  });

  test('no figure of a file is left out of the list of figures', () => {
    for (const [file, name] of [
      ['machines', 'cloudmatrix384'],
      ['machines', 'gb300-nvl72'],
    ] as const) {
      const machine = loadMachine(name);
      const stated = (folder: string, stem: string) =>
        (readFileSync(new URL(`../data/${folder}/${stem}.yaml`, import.meta.url), 'utf8').match(/\bkind: /g) ?? []).length;
      const listed = figuresOf(machine).reduce((sum, { figure }) => sum + 1 + (figure.alternatives?.length ?? 0), 0);
      expect(listed).toBe(stated(file, name) + stated('chips', machine.chip.name));
    }
  });

  test('the ceilings of a 910C die are those of its cores and clock', () => {
    const { peaks } = loadChip('ascend-910c').die.matrix;
    expect([peaks.bf16?.ceiling?.value, peaks.int8?.ceiling?.value]).toEqual([353.9e12, 707.8e12]);
    expect((24 * 8192 * 1.8e9) / (peaks.bf16?.ceiling?.value ?? 0)).toBeCloseTo(1, 3);
  });
});
