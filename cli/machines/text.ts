import { formatQuantity, significant } from '../../src/base/quantity.ts';
import { figuresOf, kindsOf, type NamedFigure } from '../../src/catalogue/figures.ts';
import type { NumberFormat } from '../../src/catalogue/format.ts';
import { type Machine, type Path, type Plane } from '../../src/catalogue/machine.ts';
import { totalsOf, type LevelTotals, type PeakTotal, type PlaneTotals } from '../../src/catalogue/totals.ts';
import { boundsOf, sourcesOf } from '../../src/report/energy/sources.ts';
import { table } from '../table.ts';

const whole = (count: number): string => count.toLocaleString('en-US');
const plural = (count: number, noun: string): string => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
const opUnit = (format: NumberFormat): string => (format.startsWith('int') ? 'op/s' : 'flop/s');
const quantity = (value: number, unit: string): string => formatQuantity(value, unit, 4);

/** A rate of the whole machine in tera, the scale in which machines are compared. */
const tera = (value: number, unit: string): string => `${significant(value / 1e12, 4)} T${unit}`;

/** One line a machine, and how to read it. */
export function listMachines(machines: readonly Machine[]): string {
  const rows = machines.map((machine) => {
    const totals = totalsOf(machine);
    const kinds = kindsOf(figuresOf(machine));
    const fabric = totals.planes.find(({ role }) => role === 'scale-up');
    return [
      machine.name + (machine.scalable ? '*N' : ''),
      whole(totals.chips),
      whole(totals.dies),
      formatQuantity(totals.memory.capacity, 'B'),
      tera(totals.memory.bandwidth, 'B/s'),
      peakText(totals.peaks, ['bf16']),
      peakText(totals.peaks, ['fp8', 'int8']),
      fabric === undefined ? '–' : formatQuantity(fabric.oneWay, 'B/s'),
      machine.power === undefined ? '–' : `${machine.power.kind === 'estimate' ? '~' : ''}${formatQuantity(machine.power.value, 'W')}`,
      `${kinds.sheet} + ${kinds.measured} + ${kinds.estimate}`,
    ];
  });
  const headers = ['machine', 'chips', 'dies', 'HBM', 'HBM rate', 'BF16', 'FP8 or INT8', 'scale-up', 'power', 'figures'];
  return [
    table(headers, rows, { align: ['left', ...headers.slice(1).map(() => 'right' as const)] }),
    '',
    'Totals of a whole machine, added up from its parts: dense peaks, scale-up one way from all chips; power all in (~ estimate).',
    'Figures: how many stand behind a machine from sheets + measured + estimates. name*N is N nodes of a machine (hgx-h200*4).',
    'supernode machines NAME shows one with its sources; the path of a machine file of your own works as well.',
  ].join('\n');
}

/** The first of these formats that the matrix engines know. */
function peakText(peaks: readonly PeakTotal[], formats: readonly NumberFormat[]): string {
  const format = formats.find((candidate) => peaks.some((peak) => peak.format === candidate));
  const peak = peaks.find((candidate) => candidate.format === format);
  return peak === undefined ? '–' : formatQuantity(peak.total, opUnit(peak.format));
}

/** Everything about one machine: parts, totals, planes, paths, figures with their sources. */
export function showMachine(machine: Machine): string {
  const sections: [string, string][] = [
    ['Parts', partsOf(machine)],
    ['Totals, from the parts', totalsTable(machine)],
    ['Planes', planesTable(machine)],
    ['Paths, point to point', pathsTable(machine)],
    ['Figures', figuresTable(machine)],
    ['Notes', [...machine.notes, ...machine.chip.notes].map((note) => `  - ${note}`).join('\n')],
  ];
  const body = sections.filter(([, text]) => text !== '').map(([title, text]) => `${title}\n${text}`);
  return [`${machine.title} (${machine.name})`, ...body].join('\n\n');
}

function partsOf(machine: Machine): string {
  const { chip, node, racks } = machine;
  const { die } = chip;
  const rows = [
    [
      'nodes',
      `${whole(machine.nodes)}, each ${node.chips} x ${chip.title}${node.cpus === 0 ? '' : `, ${node.cpus} x ${node.cpu}`}, ${quantity(node.dram.value, 'B')} DRAM`,
    ],
    ['chip', `${chip.vendor} ${chip.title} (${chip.name}), ${plural(chip.dies, 'die')}, ${quantity(chip.power.max.value, 'W')}`],
    [
      'die',
      `${die.matrix.cores.value} matrix and ${die.vector.cores.value} vector cores, ${quantity(die.memory.capacity.value, 'B')} HBM at ${quantity(die.memory.bandwidth.value, 'B/s')}`,
    ],
    ...(racks === undefined ? [] : [['racks', `${racks.compute} compute (${plural(racks.nodesPerRack, 'node')} each), ${racks.communication} communication`]]),
    ['stack', machine.stack],
  ];
  return table(['', ''], rows, { indent: 2 });
}

function totalsTable(machine: Machine): string {
  const totals = totalsOf(machine);
  const rows = [
    ['chips, dies, CPUs', `${whole(totals.chips)}, ${whole(totals.dies)}, ${whole(totals.cpus)}`, ''],
    ['HBM', quantity(totals.memory.capacity, 'B'), `at ${tera(totals.memory.bandwidth, 'B/s')}`],
    ['host DRAM', quantity(totals.dram, 'B'), ''],
    ...totals.peaks.map((peak) => [`${peak.format.toUpperCase()}, dense`, quantity(peak.total, opUnit(peak.format)), peakBasis(peak)]),
    ...totals.planes.flatMap((plane) => planeRows(plane)),
    ...(totals.opticalModules === 0
      ? []
      : [
          [
            'optical modules',
            whole(totals.opticalModules),
            totals.planes
              .map(opticsText)
              .filter((text) => text !== '')
              .join(', '),
          ],
        ]),
    ['power of the chips', quantity(totals.chipPower, 'W'), 'thermal design power, hosts and fabric not counted'],
    ...(machine.draws === undefined ? [] : [partsRow(machine)]),
    ...(machine.power === undefined ? [] : [['power, all in', quantity(machine.power.value, 'W'), `${machine.power.kind}, stated: ${machine.power.source}`]]),
  ];
  return table(['', '', ''], rows, { align: ['left', 'right', 'left'], indent: 2 });
}

function partsRow(machine: Machine): string[] {
  const { idle, max } = boundsOf(sourcesOf(machine), totalsOf(machine).chips);
  return [
    'power of all parts',
    quantity(max, 'W'),
    `at most, ${quantity(idle, 'W')} idle: chips, ${machine.draws?.map(({ name }) => name).join(', ')}, losses`,
  ];
}

function peakBasis({ format, perDie, total, alternatives }: PeakTotal): string {
  const basis = `at ${quantity(perDie.value, opUnit(format))} a die`;
  const others = (perDie.alternatives ?? []).map(
    ({ value }, i) => `${quantity(alternatives[i] ?? total, opUnit(format))} at ${quantity(value, opUnit(format))}`,
  );
  return others.length === 0 ? basis : `${basis}; also published: ${others.join(', ')}`;
}

function planeRows(plane: PlaneTotals): string[][] {
  const cpus = plane.cpuOneWay === 0 ? '' : `; CPUs ${quantity(plane.cpuOneWay, 'B/s')} one way`;
  return [
    [
      `${plane.name} (${plane.role})`,
      quantity(plane.oneWay, 'B/s'),
      `one way, ${quantity(plane.bothWays, 'B/s')} both ways, ${plural(plane.domains, 'domain')}${cpus}`,
    ],
    ...plane.levels.map((level) => [`  switch chips, ${level.name}`, whole(level.chips), uplinksText(level)]),
  ];
}

function uplinksText({ uplinks, linkBandwidth, uplinkBandwidth }: LevelTotals): string {
  if (uplinks === 0) return 'top level';
  return `${whole(uplinks)} links up of ${quantity(linkBandwidth, 'B/s')}, ${quantity(uplinkBandwidth, 'B/s')} one way`;
}

function opticsText({ name, opticalModules }: PlaneTotals): string {
  return opticalModules === 0 ? '' : `${name} ${whole(opticalModules)}`;
}

function planesTable(machine: Machine): string {
  const rows = machine.planes.map((plane) => [
    plane.name,
    plane.role,
    `${quantity(plane.port.bandwidth.value, 'B/s')} a ${plane.port.owner}`,
    quantity(plane.port.latency.value, 's'),
    plane.cpuPort === undefined ? '–' : quantity(plane.cpuPort.value, 'B/s'),
    `${significant(plane.efficiency.value * 100)} %`,
    whole(plane.domainChips),
    whole(plane.subPlanes),
    switchesOf(plane),
  ]);
  const headers = ['plane', 'role', 'port, one way', 'latency', 'a CPU', 'one stream', 'chips a domain', 'sub-planes', 'switches'];
  const right = 'right' as const;
  return table(headers, rows, { align: ['left', 'left', right, right, right, right, right, right, 'left'], indent: 2 });
}

function switchesOf(plane: Plane): string {
  if (plane.levels.length === 0) return 'none stated';
  return plane.levels.map(({ name, chips, per }) => `${name}: ${chips} a ${per}`).join(', ');
}

function pathsTable(machine: Machine): string {
  const paths = machine.planes.flatMap((plane) => plane.paths.map((path): [Plane, Path] => [plane, path]));
  if (paths.length === 0) return '';
  const distances = { package: 'in a package', node: 'in a node', machine: 'between nodes' };
  const rows = paths.map(([plane, { from, to, operation, scope, bandwidth, latency }]) => [
    plane.name,
    `${from} – ${to}`,
    operation,
    distances[scope],
    quantity(bandwidth.value, 'B/s'),
    quantity(latency.value, 's'),
    bandwidth.kind,
  ]);
  return table(['plane', 'ends', 'operation', 'distance', 'one way', 'latency', 'kind'], rows, {
    align: ['left', 'left', 'left', 'left', 'right', 'right', 'left'],
    indent: 2,
  });
}

function figuresTable(machine: Machine): string {
  const rows = figuresOf(machine).flatMap((named) => [
    [named.name, valueText(named, named.figure.value), named.figure.kind, named.figure.source],
    ...(named.figure.alternatives ?? []).map((other) => ['  also published', valueText(named, other.value), other.kind, other.source]),
  ]);
  return table(['figure', 'value', 'kind', 'source'], rows, { align: ['left', 'right', 'left', 'left'], indent: 2 });
}

function valueText({ unit }: NamedFigure, value: number): string {
  if (unit === '') return Number.isInteger(value) ? whole(value) : significant(value);
  if (unit === '$/s') return `${significant(value * 3600)} $/h`;
  return quantity(value, unit);
}
