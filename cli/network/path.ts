import { formatQuantity, formatTime } from '../../src/base/quantity.ts';
import type { PathCost, PathQuestion } from '../../src/network/path.ts';
import { count } from '../../src/report/wording.ts';
import type { Network } from '../../schema/network.ts';
import { table } from '../table.ts';

const rate = (value: number): string => formatQuantity(value, 'B/s', 4);
const scopes = { package: 'in a package', node: 'in a node', machine: 'between nodes' };

/** A path over the nearest plane, hop by hop, with what takes the time, beside the other planes that join the ends. */
export function showPath(
  { machine, faults }: Network,
  { from, to, operation, bytes }: PathQuestion,
  paths: readonly PathCost[],
  lost: readonly string[],
): string {
  const [best] = paths;
  const title = `${machine.title}: ${from.text} ${operation === 'read' ? 'reads from' : 'writes to'} ${to.text}, ${formatQuantity(bytes, 'B', 4)}`;
  const head = [title, ...(faults.length === 0 ? [] : [`Faults: ${faults.join('; ')}`])];
  if (best === undefined) return [...head, '', `No way is left on ${lost.join(' or ')}.`].join('\n');
  const moving = best.time - best.latency;
  const fullest = best.hops.reduce((a, b) => (b.load > a.load + 1e-9 ? b : a));
  return [
    ...head,
    '',
    `Over ${best.plane.name} (${best.plane.role}), ${scopes[best.scope]}: ${formatTime(best.time, 4)}`,
    table(
      ['', '', ''],
      [
        ['latency of a small message', formatTime(best.latency), best.measured ? 'measured path' : "the plane's port; no measured path"],
        ['bytes', formatTime(moving, 4), `at ${rate(best.bandwidth)}: ${(100 * best.efficiency).toFixed(1)} % of ${rate(best.capacity)} of links`],
        [
          'bound by',
          fullest.from === fullest.to ? fullest.from : `${fullest.from} – ${fullest.to}`,
          `${count(fullest.links, 'link')}, ${rate(fullest.capacity)}`,
        ],
      ],
      { indent: 2, align: ['left', 'right', 'left'] },
    ),
    '',
    table(
      ['from', 'to', 'ways', 'links', 'capacity', 'load'],
      best.hops.map((hop) => [hop.from, hop.to, `${hop.ways}`, `${hop.links}`, rate(hop.capacity), `${(100 * hop.load).toFixed(0)} %`]),
      { indent: 2, align: ['left', 'left', 'right', 'right', 'right', 'right'] },
    ),
    ...(paths.length > 1
      ? [
          '',
          'Other planes between the same ends',
          table(
            ['plane', 'role', 'latency', 'rate', 'time'],
            paths.slice(1).map((path) => [path.plane.name, path.plane.role, formatTime(path.latency), rate(path.bandwidth), formatTime(path.time, 4)]),
            { indent: 2, align: ['left', 'left', 'right', 'right', 'right'] },
          ),
        ]
      : []),
    ...(lost.length === 0 ? [] : ['', `No way is left on ${lost.join(' or ')}.`]),
  ].join('\n');
}
