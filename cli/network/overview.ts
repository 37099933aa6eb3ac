import { formatQuantity } from '../../src/base/quantity.ts';
import { count } from '../../src/report/wording.ts';
import type { Network } from '../../schema/network.ts';
import { linkCounts, type Fabric } from '../../src/network/topology/fabric.ts';
import { table } from '../table.ts';

const whole = (many: number): string => many.toLocaleString('en-US');
const rate = (value: number): string => formatQuantity(value, 'B/s', 4);

/** Every plane with its ports, switches and links, and a picture of each that has switches. */
export function showNetwork({ machine, planes, faults }: Network): string {
  const rows = planes.map(({ fabric, capacity }) => {
    const { plane } = fabric;
    const switches = fabric.vertices.filter(({ kind }) => kind === 'switch').length;
    const left = capacity.reduce((sum, value) => sum + value, 0) / fabric.cables.reduce((sum, { links, rate: each }) => sum + links * each, 0);
    return [
      plane.name,
      plane.role,
      portsText(fabric),
      `${rate(plane.port.bandwidth.value)} a ${plane.port.owner}`,
      switches === 0 ? '–' : whole(switches),
      whole(linkCounts(fabric).reduce((sum, { links }) => sum + links, 0)),
      formatQuantity(plane.port.latency.value, 's'),
      ...(faults.length === 0 ? [] : [left === 1 ? 'all' : `${(100 * left).toFixed(2)} %`]),
    ];
  });
  const headers = ['plane', 'role', 'ports', 'port, one way', 'switch chips', 'links', 'latency', ...(faults.length === 0 ? [] : ['capacity left'])];
  return [
    `${machine.title} (${machine.name}): the network`,
    ...(faults.length === 0 ? [] : ['', `Faults: ${faults.join('; ')}`]),
    '',
    table(headers, rows, { align: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'] }),
    ...planes.flatMap(({ fabric }) => (fabric.plane.levels.length === 0 ? [] : ['', picture(fabric)])),
    '',
    'Rates are one way. Ask: --path A B, --collective OP --size S --ranks N, --dispatch or --combine --ep N --tokens T; --fail and --slow change the links.',
  ].join('\n');
}

function portsText({ vertices, machine }: Fabric): string {
  const count = (kind: string): number => vertices.filter((vertex) => vertex.kind === kind).length;
  const words = { die: 'dies', chip: `${machine.chip.word}s`, cpu: 'CPUs', node: 'nodes' };
  return (['die', 'chip', 'cpu', 'node'] as const)
    .filter((kind) => count(kind) > 0)
    .map((kind) => `${whole(count(kind))} ${count(kind) === 1 ? words[kind].slice(0, -1) : words[kind]}`)
    .join(', ');
}

/** Levels from the top down with the links between them. */
function picture(fabric: Fabric): string {
  const { plane } = fabric;
  const lanes = [...(plane.subPlanes > 1 ? [`${plane.subPlanes} sub-planes`] : []), ...(plane.rails > 1 ? [`${plane.rails} rails`] : [])];
  const lines = [`${plane.name}${lanes.length === 0 ? '' : `: ${lanes.join(', ')}`}`];
  const counts = linkCounts(fabric);
  const unit = { node: 'node', 'sub-plane': 'sub-plane', rail: 'rail', machine: 'machine' };
  const into = (name: string): void => {
    const links = counts
      .filter(({ to }) => to === name)
      .map(({ from, links: many, rate: each }) => `${count(many, 'link')} of ${rate(each)} from every ${from}: ${rate(many * each)}`);
    lines.push(`    │    ${links.join(', ')}`);
  };
  for (const level of plane.levels.toReversed()) {
    const chips = fabric.vertices.filter(({ name }) => name === level.name).length;
    lines.push(
      `  [${level.name}]  ${whole(chips)} ${chips === 1 ? 'chip' : 'chips'}, ${level.chips} a ${unit[level.per]}${level.ports === undefined ? '' : `, ${level.ports} ports down each`}`,
    );
    into(level.name);
  }
  lines.push(`  (${portsText(fabric)})`);
  return lines.join('\n');
}
