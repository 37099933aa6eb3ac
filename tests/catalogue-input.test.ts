import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { readChip } from '../schema/chip.ts';
import { readMachine } from '../schema/machine.ts';
import { InputError, type Issue } from '../src/base/errors.ts';

interface Tree {
  [key: string]: Tree;
}

const data = (file: string): string => readFileSync(new URL(`../data/${file}.yaml`, import.meta.url), 'utf8');

/** A good file with changes: `die.memory.capacity.value` set to something else, or taken out when the new value is undefined. */
function changed(file: string, changes: Readonly<Record<string, unknown>>): unknown {
  const tree = parse(data(file)) as Tree;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<Tree>((node, key) => node[key] as Tree, tree);
    if (value === undefined) delete parent[last];
    else parent[last] = value as Tree;
  }
  return tree;
}

function issuesOf(read: () => unknown): readonly Issue[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
  return [];
}

const chipIssues = (changes: Readonly<Record<string, unknown>>) => issuesOf(() => readChip(changed('chips/ascend-910c', changes), 'my-chip.yaml'));
const machineIssues = (changes: Readonly<Record<string, unknown>>) =>
  issuesOf(() => readMachine(changed('machines/cloudmatrix384', changes), 'my-machine.yaml', (name) => loadChip(name)));

const figure = { value: '1 TB/s', kind: 'sheet', source: 'a sheet' };

const badChips: readonly [what: string, changes: Record<string, unknown>, path: string, message: RegExp][] = [
  ['an unknown key', { vendr: 'x' }, 'vendr', /unknown key \(did you mean "vendor"\?\); expected one of name, title/],
  ['an unknown key far inside', { 'die.memory.bandwith': figure }, 'die.memory.bandwith', /did you mean "bandwidth"/],
  ['an unknown format', { 'die.matrix.peaks.bf61': { peak: figure } }, 'die.matrix.peaks.bf61', /did you mean "bf16"/],
  ['a missing name', { name: undefined }, 'name', /expected the name of the chip, got nothing/],
  ['an empty title', { title: '  ' }, 'title', /expected a title, got " {2}"/],
  ['zero dies', { dies: 0 }, 'dies', /whole number of at least 1, got 0/],
  ['half a die', { dies: 1.5 }, 'dies', /whole number of at least 1, got 1.5/],
  ['dies as text', { dies: 'two' }, 'dies', /whole number of at least 1, got "two"/],
  ['NaN cores', { 'die.matrix.cores.value': NaN }, 'die.matrix.cores.value', /whole number of at least 1, got NaN/],
  ['a bare number', { 'die.memory.capacity.value': 64 }, 'die.memory.capacity.value', /text with its unit \(B, .*got the bare number 64/],
  ['a missing unit', { 'die.memory.capacity.value': '64' }, 'die.memory.capacity.value', /expected a unit .*write it like "64 GB"/],
  ['a unit of the wrong kind', { 'die.memory.capacity.value': '1.6 TB/s' }, 'die.memory.capacity.value', /is a quantity of bandwidth; expected one of bytes/],
  ['an unknown unit', { 'die.memory.bandwidth.value': '1.6 XB/s' }, 'die.memory.bandwidth.value', /unknown unit "XB\/s"/],
  ['NaN with a unit', { 'die.memory.bandwidth.value': 'NaN TB/s' }, 'die.memory.bandwidth.value', /expected a quantity such as/],
  ['infinity', { 'die.memory.bandwidth.value': '1e999 B/s' }, 'die.memory.bandwidth.value', /finite/],
  ['a negative rate', { 'die.vector.peak.value': '-22 TFLOPS' }, 'die.vector.peak.value', /positive quantity, got "-22 TFLOPS"/],
  ['a rate of zero', { 'die.vector.peak.value': '0 TFLOPS' }, 'die.vector.peak.value', /positive quantity/],
  ['a wrong kind of figure', { 'power.max.kind': 'guess' }, 'power.max.kind', /expected one of sheet, measured, estimate, got "guess"/],
  ['a misspelt kind of figure', { 'power.max.kind': 'mesured' }, 'power.max.kind', /did you mean "measured"/],
  ['a missing source', { 'power.max.source': undefined }, 'power.max.source', /expected the source of the figure, got nothing/],
  ['an empty source', { 'power.max.source': '' }, 'power.max.source', /expected the source of the figure/],
  ['a figure that is only a value', { 'power.max': '775 W' }, 'power.max', /expected a map with the keys value, kind, source, alternatives, got "775 W"/],
  ['an alternative without a source', { 'die.memory.capacity.alternatives.0.source': undefined }, 'die.memory.capacity.alternatives[0].source', /got nothing/],
  ['a peak missing', { 'die.matrix.peaks.bf16.peak': undefined }, 'die.matrix.peaks.bf16.peak', /got nothing/],
  ['no peaks at all', { 'die.matrix.peaks': {} }, 'die.matrix.peaks', /peak of at least one format/],
  ['a ceiling above the peak', { 'die.matrix.peaks.int8.ceiling.value': '800 TOPS' }, 'die.matrix.peaks.int8.ceiling', /at most the peak of 752\.0 T/],
  ['idle above the maximum', { 'power.idle.value': '1 kW' }, 'power.idle', /at most the 775 W of power\.max, got 1000 W/],
  ['notes that are no list', { notes: 'a note' }, 'notes', /expected a list, got "a note"/],
];

const badMachines: readonly [what: string, changes: Record<string, unknown>, path: string, message: RegExp][] = [
  ['an unknown key', { 'planes.1.subplanes': 7 }, 'planes[1].subplanes', /did you mean "sub-planes"/],
  ['no nodes', { nodes: 0 }, 'nodes', /whole number of at least 1, got 0/],
  ['negative nodes', { nodes: -48 }, 'nodes', /at least 1, got -48/],
  ['no chips in a node', { 'node.chips': 0 }, 'node.chips', /at least 1/],
  ['an unknown chip', { chip: 'ascend-901c' }, 'chip', /unknown chip: .*did you mean "ascend-910c"/],
  ['a chip file that is not there', { chip: './none.yaml' }, 'chip', /no such chip file: \.\/none\.yaml/],
  ['a chip that is no text', { chip: 910 }, 'chip', /expected the name of a chip or the path of its file, got 910/],
  ['no planes', { planes: [] }, 'planes', /at least 1 item/],
  ['planes that are a map', { planes: { ub: {} } }, 'planes', /expected a list, got a map/],
  ['a role that does not exist', { 'planes.1.role': 'scaleup' }, 'planes[1].role', /did you mean "scale-up"/],
  ['a role twice', { 'planes.2.role': 'scale-up' }, 'planes', /at most one plane of the role scale-up, got ub and rdma/],
  ['a name twice', { 'planes.2.name': 'ub' }, 'planes', /a name of its own for every plane, got "ub" more than once/],
  ['a port owner that does not exist', { 'planes.1.port.owner': 'npu' }, 'planes[1].port.owner', /expected one of die, chip, cpu, node/],
  ['an efficiency in percent', { 'planes.1.efficiency.value': 83.7 }, 'planes[1].efficiency.value', /share above 0 and at most 1, got 83\.7/],
  ['an efficiency of zero', { 'planes.1.efficiency.value': 0 }, 'planes[1].efficiency.value', /share above 0/],
  ['a latency without its unit', { 'planes.1.port.latency.value': '2' }, 'planes[1].port.latency.value', /bare number 2/],
  ['a domain that the chips do not fill', { 'planes.1.domain-chips': 100 }, 'planes[1].domain-chips', /divisor of the 384 chips \(48 nodes x 8\), got 100/],
  ['a scale-out plane that is too small', { 'planes.2.domain-chips': 256 }, 'planes[2].domain-chips', /at least the 384 chips/],
  ['a package plane over two chips', { 'planes.0.domain-chips': 2 }, 'planes[0].domain-chips', /expected 1, as the plane sio joins the dies of one chip/],
  ['more uplinks than ports', { 'planes.1.levels.0.uplinks': 32 }, 'planes[1].levels[0].uplinks', /at most the 5376 ports of the level L2, got 10752 links/],
  ['uplinks that do not spread', { 'planes.1.levels.0.uplinks': 15 }, 'planes[1].levels[0].uplinks', /equally many links to each of the 16 L2 chips/],
  [
    'a level without chips and ports',
    { 'planes.1.levels.1.chips': undefined, 'planes.1.levels.1.ports': undefined },
    'planes[1].levels[1].chips',
    /or the ports of one chip/,
  ],
  ['a level without links up', { 'planes.1.levels.0.uplinks': 0 }, 'planes[1].levels[0].uplinks', /links from L1 to the next level L2, got 0/],
  ['links above the top', { 'planes.1.levels.1.uplinks': 4 }, 'planes[1].levels[1].uplinks', /expected 0 at the top level L2/],
  ['links that do not divide the port', { 'planes.1.levels.0.link-bandwidth.value': '20 GB/s' }, 'planes[1].levels[0].link-bandwidth', /whole number of links/],
  ['a level counted by nothing known', { 'planes.1.levels.0.per': 'rack' }, 'planes[1].levels[0].per', /expected one of node, sub-plane, rail, machine/],
  [
    'a path faster than its port',
    { 'planes.1.paths.0.bandwidth.value': '400 GB/s' },
    'planes[1].paths[0].bandwidth',
    /at most the port's 196\.0 GB\/s, got 400\.0 GB\/s/,
  ],
  ['a path with an unknown end', { 'planes.1.paths.0.to': 'gpu' }, 'planes[1].paths[0].to', /did you mean "cpu"/],
  ['racks too few', { 'racks.compute': 10 }, 'racks', /room for 48 nodes, got 10 compute racks of 4 = 40/],
  ['a package path on a chip of one die', { chip: 'ascend-910b' }, 'planes[0].paths[0].scope', /as ascend-910b has one die/],
  ['a price without a currency', { 'price.value': '8200000' }, 'price.value', /bare number 8200000/],
  ['scalable as text', { scalable: 'yes' }, 'scalable', /expected true or false, got "yes"/],
  ['a missing stack', { stack: undefined }, 'stack', /expected the name of a software stack, got nothing/],
];

describe('bad chips are refused with their place and what would be right', () => {
  test('the good file is good', () => {
    expect(chipIssues({})).toEqual([]);
  });
  test.each(badChips)('%s', (_, changes, path, message) => {
    const issues = chipIssues(changes);
    expect(issues.map((issue) => issue.path)).toEqual([`my-chip.yaml: ${path}`]);
    expect(issues[0]?.message).toMatch(message);
  });
});

describe('bad machines are refused with their place and what would be right', () => {
  test('the good file is good', () => {
    expect(machineIssues({})).toEqual([]);
  });
  test.each(badMachines)('%s', (_, changes, path, message) => {
    const issues = machineIssues(changes);
    expect(issues.map((issue) => issue.path)).toContain(`my-machine.yaml: ${path}`);
    expect(issues.find((issue) => issue.path === `my-machine.yaml: ${path}`)?.message).toMatch(message);
  });
});

describe('every problem is in the one error', () => {
  test('of a chip', () => {
    const issues = chipIssues({ dies: 0, 'die.memory.capacity.value': '64', 'power.max.source': '', speed: 3, colour: 'red' });
    expect(issues.map(({ path }) => path).sort()).toEqual(
      ['colour', 'die.memory.capacity.value', 'dies', 'power.max.source', 'speed'].map((key) => `my-chip.yaml: ${key}`),
    );
  });

  test('of a machine and of the chip that it names', () => {
    const issues = machineIssues({ chip: 'h10O', nodes: -1, 'planes.1.role': 'fabric', 'node.dram.value': '1 TB/s' });
    expect(issues.map(({ path }) => path).sort()).toEqual(['chip', 'node.dram.value', 'nodes', 'planes[1].role'].map((key) => `my-machine.yaml: ${key}`));
  });

  test('of planes that contradict each other', () => {
    const issues = machineIssues({ 'planes.2.role': 'scale-up', 'planes.1.levels.0.uplinks': 32, 'racks.compute': 1 });
    expect(issues.length).toBeGreaterThanOrEqual(3);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'supernode-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test.each([
    ['empty.yaml', '', /the file is empty/],
    ['blank.yaml', ' \n\n', /the file is empty/],
    ['comment.yaml', '# nothing yet\n', /expected a map with the keys name, title, chip.*got nothing/],
    ['list.yaml', '- name: x\n', /expected a map with the keys .*got a list/],
    ['text.yaml', 'just words\n', /expected a map with the keys .*got "just words"/],
    ['broken.yaml', 'name: "x\nnodes: 4\n', /./],
    ['broken.json', '{ "name": ', /./],
  ])('%s is refused by its name', (name, text, message) => {
    const path = file(name, text);
    const issues = issuesOf(() => loadMachine(path));
    expect(issues[0]?.path.slice(0, path.length)).toBe(path);
    expect(issues[0]?.message).toMatch(message);
  });

  test('a machine of the user with a chip of the user, found beside it', () => {
    file('chip.yaml', data('chips/h100').replace('name: h100', 'name: mine'));
    const path = file('machine.yaml', data('machines/hgx-h100').replace('chip: h100', 'chip: ./chip.yaml'));
    expect(loadMachine(`${path}*3`).chip.name).toBe('mine');
    expect(loadMachine('machine.yaml', 'machine', folder).nodes).toBe(1);
  });

  test('a broken chip of the user is reported with its own file and the faults of the machine', () => {
    file('bad-chip.yaml', data('chips/h100').replace('dies: 1', 'dies: 0'));
    const path = file('bad-machine.yaml', data('machines/hgx-h100').replace('chip: h100', 'chip: ./bad-chip.yaml').replace('nodes: 1', 'nodes: 0'));
    expect(issuesOf(() => loadMachine(path)).map((issue) => issue.path)).toEqual([`${path}: nodes`, './bad-chip.yaml: dies']);
  });

  test('one that extends another states what sets it apart, of its planes too', () => {
    const path = file(
      'extended.yaml',
      'extends: hgx-h100\nname: mine\nplanes:\n  - name: nvlink\n    domain-chips: 4\n  - name: more\n    role: package\n    domain-chips: 1\n    port: PORT\n    efficiency: SHARE\n'
        .replace('PORT', '{ owner: node, bandwidth: { value: 10 GB/s, kind: sheet, source: s }, latency: { value: 5 us, kind: sheet, source: s } }')
        .replace('SHARE', '{ value: 0.9, kind: sheet, source: s }'),
    );
    const [mine, base] = [loadMachine(path), loadMachine('hgx-h100')];
    const named = ({ planes }: typeof base, name: string) => planes.find((plane) => plane.name === name);
    expect({ ...mine, planes: [] }).toEqual({ ...base, name: 'mine', planes: [] });
    expect(mine.planes.map(({ name }) => name)).toEqual([...base.planes.map(({ name }) => name), 'more']);
    expect(named(mine, 'nvlink')).toEqual({ ...named(base, 'nvlink'), domainChips: 4 });
    for (const { name } of base.planes.filter((plane) => plane.name !== 'nvlink')) expect(named(mine, name)).toEqual(named(base, name));
  });

  test('a plane of one that extends another is named by its place in the file, one that it inherits by its name', () => {
    const planes = ['{ name: more, role: scale-out, efficency: 1 }', '{ name: nvlink, rails: 0 }'];
    const path = file('wrong.yaml', `extends: hgx-h100\nname: mine\nplanes: [${planes.join(', ')}]\n`);
    const places = issuesOf(() => loadMachine(path)).map((issue) => issue.path.replace(`${path}: `, ''));
    expect(places).toEqual(['planes[1].rails', 'planes[0].port', 'planes[0].efficiency', 'planes[0].efficency']);
    const apart = file('apart.yaml', 'extends: cloudmatrix384\nname: mine\nnodes: 47\nplanes: [{ name: vpc, rails: 2 }]\n');
    expect(issuesOf(() => loadMachine(apart)).map((issue) => issue.path.replace(`${apart}: `, ''))).toContain('planes (ub of cloudmatrix384).domain-chips');
  });

  test.each([
    ['a base that nobody knows', 'extends: hgx-h1000', /expected the name of a machine of the catalogue, got "hgx-h1000"/],
    ['a base that is no name', 'extends: [hgx-h100]', /expected the name of a machine of the catalogue/],
  ])('%s is refused', (_, text, message) => {
    const path = file('based.yaml', text);
    const issues = issuesOf(() => loadMachine(path));
    expect(issues.map((issue) => issue.path)).toEqual([`${path}: extends`]);
    expect(issues[0]?.message).toMatch(message);
  });

  test.each([
    ['cloudmatrix348', 'machine', /did you mean "cloudmatrix384"/],
    ['no/such/file.yaml', 'machine', /no such machine file: no\/such\/file\.yaml/],
    ['hgx-h200*0', 'machine', /whole number of nodes of at least 1, such as "hgx-h200\*4", got "0"/],
    ['hgx-h200*', 'machine', /got ""/],
    ['hgx-h200*1.5', 'machine', /got "1\.5"/],
    ['cloudmatrix384*2', 'machine', /the 48 nodes of cloudmatrix384, which is not scalable, got 2/],
  ])('%s is refused', (name, path, message) => {
    const issues = issuesOf(() => loadMachine(name));
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(issues[0]?.message).toMatch(message);
  });
});
